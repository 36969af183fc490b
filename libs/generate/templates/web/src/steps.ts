// One function for each step at which the journey waits or ends. Change the texts as your page needs them.
import type { IdoServiceResponse } from "@transmitsecurity/platform-web-sdk/ido";

import { {% if !screens.start.is_empty() %}DENIED, LOGIN, TITLE, {% endif %}{% if !screens.forms.is_empty() %}formOf, {% endif %}isDenied, submit } from "./form";
import type { Screen } from "./screen";

export const APPLICATION = "{{ application }}";
{% if !screens.start.is_empty() %}
/** The form of the parameters that start the journey. */
export function onStart(): Screen {
  return {
    heading: TITLE,
    fields: [
{%- for field in screens.start %}
      { name: "{{ field.name }}", label: "{{ field.label }}", kind: "{{ field.kind.as_str() }}", autocomplete: "{{ field.autocomplete }}" },
{%- endfor %}
    ],
    action: { label: LOGIN, act: { kind: "start" } },
  };
}
{% endif %}
{%- for form in screens.forms %}
/** The form "{{ form.form_id }}" of: {% for step in form.steps %}{% if !loop.first %}, {% endif %}{{ step }}{% endfor %}. */
export function on{{ form.name }}(response: IdoServiceResponse): Screen {
  return formOf(response, [
{%- for field in form.fields %}
    { name: "{{ field.name }}", label: "{{ field.label }}", kind: "{{ field.kind.as_str() }}", autocomplete: "{{ field.autocomplete }}" },
{%- endfor %}
  ]);
}
{% endfor %}
/** A step that only tells something. */
export function onInformation({ data }: IdoServiceResponse): Screen {
  return { heading: data.title, text: data.text, action: submit(data.button_text) };
}

/**
 * The end of a journey that let the user in. Send `response.token` to your backend, which verifies it by
 * the keys at /.well-known/jwks.json; what the journey's last step gives stands in `response.data.json_data`.
 */
export function onSuccess(_response: IdoServiceResponse): Screen {
  return { heading: "You are back in", text: "A temporary code works once: yours is now used up." };
}

/** The end of a journey that was denied, or of a call that was refused. */
export function onRejection(response: IdoServiceResponse): Screen {
{%- if screens.start.is_empty() %}
  const text = isDenied(response) ? "This ended without a login." : String(response.data?.rejectionReason);
  return { heading: "You are not logged in", text, action: { label: "Start again", act: { kind: "begin" } } };
{%- else %}
  return { ...onStart(), error: isDenied(response) ? DENIED : String(response.data?.rejectionReason) };
{%- endif %}
}
