// One function for each step at which the journey waits or ends. Change the texts as your app needs them.
import PosternIdo

let application = "{{ application }}"
{% if !screens.start.is_empty() %}
/// The form of the parameters that start the journey.
func onStart() -> Screen {
    Screen(
        heading: title,
        fields: [
{%- for field in screens.start %}
            Field(name: "{{ field.name }}", label: "{{ field.label }}", kind: .{{ field.kind.as_str() }}),
{%- endfor %}
        ],
        action: Button(label: login, act: .start)
    )
}
{% endif %}
/// The screen of a response; nil where the journey has changed since this project was generated.
func screenOf(_ response: TSIdoServiceResponse) -> Screen? {
    switch response.journeyStepId {
    case .success: return onSuccess()
    case .rejection: return onRejection(response)
    case .information: return onInformation(response)
{%- for form in screens.forms %}
    case .custom(name: "{{ form.form_id }}"): return on{{ form.name }}(response)
{%- endfor %}
    case .custom: return nil
    }
}
{% for form in screens.forms %}
/// The form "{{ form.form_id }}" of: {% for step in form.steps %}{% if !loop.first %}, {% endif %}{{ step }}{% endfor %}.
private func on{{ form.name }}(_ response: TSIdoServiceResponse) -> Screen {
    formOf(
        response,
        [
{%- for field in form.fields %}
            Field(name: "{{ field.name }}", label: "{{ field.label }}", kind: .{{ field.kind.as_str() }}),
{%- endfor %}
        ]
    )
}
{% endfor %}
/// A step that only tells something.
private func onInformation(_ response: TSIdoServiceResponse) -> Screen {
    let text = { (name: String) in response.data?[name] as? String ?? "" }
    return Screen(heading: text("title"), text: text("text"), action: submit(text("button_text")))
}

/// The end of a journey that let the user in.
private func onSuccess() -> Screen {
    Screen(heading: "You are back in", text: "A temporary code works once: yours is now used up.")
}

/// The end of a journey that was denied.
private func onRejection(_ response: TSIdoServiceResponse) -> Screen {
{%- if screens.start.is_empty() %}
    let text = refusal(response) ?? "This ended without a login."
    return Screen(
        heading: "You are not logged in", text: text, action: Button(label: "Start again", act: .begin)
    )
{%- else %}
    var screen = onStart()
    screen.error = refusal(response) ?? denied
    return screen
{%- endif %}
}
