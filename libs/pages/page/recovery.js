// The recovery page: runs one journey to its end, screen by screen. A denial is shown the same
// whatever its cause; the server does not tell either.

import { Journey } from "./journey.js";
import { forms, start, texts } from "./page.js";
import { NEW_NUMBER } from "./pairing.js";
import { fail, forgetCodes, setBusy, show, values, welcome } from "./screen.js";

const journey = new Journey(document.getElementById("entry").dataset);

/** What the button of the present screen does. */
let submit;
/** The step that is shown, and its number. */
let shown;
let busy = false;

document.getElementById("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!busy) submit();
});

// A page that comes back from the browser's cache, or is left, holds no code.
for (const moment of ["pagehide", "pageshow"]) window.addEventListener(moment, forgetCodes);

/** Starts the journey. One that needs parameters asks for those first. */
function begin() {
  if (start.length === 0) {
    perform(() => journey.start({}));
    return;
  }
  shown = undefined;
  showForm({ inputs: start }, (params) => journey.start(params));
}

async function perform(act) {
  if (busy) return;
  busy = true;
  setBusy(true);
  const outcome = await act();
  setBusy(false);
  busy = false;
  follow(outcome);
}

function follow(outcome) {
  switch (outcome.name) {
    case "waiting": {
      const again = outcome.error && identity(journey.step) === shown;
      if (!again) showStep(journey.step);
      if (outcome.error) fail({ name: outcome.error });
      break;
    }
    case "returning":
      // Replaces this page in the history, so that "back" does not return to it.
      setBusy(true);
      window.location.replace(outcome.url);
      break;
    case "accepted":
      welcome();
      break;
    case "rejected":
      // A start that was denied is tried again with the same form.
      if (start.length > 0 && !shown) fail({ name: "denied" });
      else showEnd(texts.rejected_title, texts.rejected_text);
      break;
    case "expired":
      showEnd(texts.expired_title, texts.expired_text);
      break;
    default:
      // Nothing is shown yet where the very start failed.
      if (!submit) showEnd(texts.title, "", texts.try_again);
      fail(outcome);
  }
}

function showStep(step) {
  const { title, text, button_text: action, app_data: data = {} } = step;
  const escapes = (step.escapes ?? []).map(({ id, display_name: label }) => [id, label, leave(id)]);
  shown = identity(step);
  if (step.type === "information") {
    present({ heading: title, text, action, escapes }, () => perform(() => journey.submit({})));
    return;
  }
  const inputs = forms.find(({ step: id }) => id === step.assertion_id)?.fields ?? [];
  const renew = escapes.find(([id]) => id === NEW_NUMBER)?.[2] ?? begin;
  showForm({ inputs, data, escapes, renew }, (input) => journey.submit(input));
}

/** Shows a form, whose `app_data` may give its title, text, button and pairing number. */
function showForm({ inputs, data = {}, escapes = [], renew }, send) {
  const has = (kind) => inputs.some((field) => field.kind === kind);
  const { pairing } = data;
  const usual = pairing ? "" : leadOf(has("identifier"), has("code"));
  present({
    heading: data.title ?? (pairing ? texts.pairing_title : texts.title),
    text: data.text ?? usual,
    action: data.button_text ?? (has("code") ? texts.redeem : texts.continue),
    inputs, pairing, renew, escapes,
  }, () => {
    const input = values();
    if (input) perform(() => send(input));
  });
}

function leadOf(hasIdentifier, hasCode) {
  if (hasIdentifier) return hasCode ? texts.lead_identifier_code : texts.lead_identifier;
  return hasCode ? texts.lead_code : "";
}

function showEnd(heading, text, action = texts.start_again) {
  shown = undefined;
  present({ heading, text, action }, journey.isRequest ? () => window.location.reload() : begin);
}

function present(screen, act) {
  submit = act;
  show({ ...screen, escapes: (screen.escapes ?? []).filter(([id]) => id !== NEW_NUMBER).map(([, ...rest]) => rest) });
}

function identity({ assertion_id: id, app_data: data }) {
  return `${id} ${data?.pairing?.number}`;
}

function leave(id) {
  return () => perform(() => journey.leave(id));
}

if (journey.step) showStep(journey.step);
else begin();
