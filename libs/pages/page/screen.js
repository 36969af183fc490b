// One screen at a time: a title, a text, a form, ways out, and what went wrong.

import { Field } from "./form.js";
import { element, filled, forms, lang, start, support, texts } from "./page.js";
import { phoneLink, showPairing } from "./pairing.js";

const at = (id) => document.getElementById(id);
const [entry, title, lead, failure, form, help] = ["entry", "title", "lead", "failure", "form", "help"].map(at);
const button = form.querySelector("button");
const name = document.title;
/** A journey without codes says nothing about them. */
const asksForCode = [start, ...forms.map(({ fields }) => fields)].flat().some(({ kind }) => kind === "code");

const FAILURES = {
  incomplete: [texts.incomplete_title],
  unreadable: [texts.unreadable_title, texts.unreadable_text],
  mistaken: [texts.unreadable_title],
  denied: [texts.denied_title, texts.denied_text, texts.denied_more],
  busy: [texts.busy_title, texts.busy_text],
  unavailable: [texts.unavailable_title, texts.unavailable_text],
  offline: [texts.offline_title, texts.offline_text],
};

let fields = [];
let shown = false;

/** The values of the form, by name; null, and a failure shown, if one of them cannot be right. */
export function values() {
  clearFailure();
  const wrong = fields.map((field) => ({ field, problem: field.problem })).filter(({ problem }) => problem);
  if (wrong.length === 0) return Object.fromEntries(fields.map(({ name, value }) => [name, value]));
  const list = wrong.map(({ field, problem }) => {
    field.mark(problem);
    const link = element("a", { href: `#${field.input.id}` }, problem);
    // Moves the focus itself, so that the address stays as it is.
    link.addEventListener("click", (event) => { event.preventDefault(); field.input.focus(); });
    return element("li", {}, link);
  });
  present(wrong.some(({ field, problem }) => problem === field.missing) ? "incomplete" : "mistaken", 0, element("ul", {}, ...list));
  return null;
}

/** Shows a screen. `escapes` are the labels of further buttons, each with what it does. */
export function show({ heading, text, inputs = [], pairing, renew, action, escapes = [] }) {
  clearFailure();
  title.textContent = heading;
  document.title = `${heading} · ${name}`;
  lead.textContent = text ?? "";
  showPairing(pairing, renew);
  fields = inputs.map((field, index) => new Field(field, index, pairing?.number));
  fields.forEach(({ input }, index) => { input.enterKeyHint = index + 1 < fields.length ? "next" : "go"; });
  at("fields").replaceChildren(...fields.map((field) => field.element));
  at("action").textContent = action;
  form.hidden = false;
  at("escapes").replaceChildren(...escapes.map(([label, leave]) => {
    const way = element("button", { type: "button", class: "secondary" }, label);
    way.addEventListener("click", leave);
    return way;
  }));
  // A screen with a number says itself how support is reached.
  help.hidden = !asksForCode || Boolean(pairing);
  // The first screen comes with the page, which is read from its top.
  if (shown) title.focus();
  shown = true;
}

/** Says that the last act failed, and why. */
export function fail({ name: failed, waitSeconds, url }) {
  // The other failures say nothing about the code: it is kept for the next try.
  if (failed === "denied") forgetCodes();
  clearFailure();
  const back = url ? [element("a", { href: url }, texts.back_to_application)] : [];
  present(failed, waitSeconds, ...back);
}

/** Shows the end. */
export function welcome() {
  for (const { input } of fields) input.value = "";
  showPairing(null);
  entry.hidden = true;
  at("welcome").hidden = false;
  const heading = at("welcome-title");
  heading.focus();
  document.title = `${heading.textContent} · ${name}`;
}

/** Empties the fields of codes. */
export function forgetCodes() {
  for (const field of fields) if (field.isCode) field.input.value = "";
}

/** While the server works, nothing can be changed or sent again. */
export function setBusy(busy) {
  // Not `disabled`: that would take the focus away from the button that was just pressed.
  for (const it of document.querySelectorAll("button")) it.setAttribute("aria-disabled", String(busy));
  for (const { input } of fields) input.readOnly = busy;
  at("progress").textContent = busy ? texts.checking : "";
}

function clearFailure() {
  failure.hidden = true;
  failure.replaceChildren();
  document.title = `${title.textContent} · ${name}`;
  for (const field of fields) field.mark(null);
}

/** Shows a failure, followed by `more`, and moves the focus there. */
function present(failed, waitSeconds, ...more) {
  const [heading, ...paragraphs] = FAILURES[failed];
  const wait = inWords(waitSeconds);
  failure.replaceChildren(
    element("h2", {}, heading), ...paragraphs.map((text) => element("p", {}, filled(text, { wait }))), ...more,
  );
  failure.hidden = false;
  failure.focus();
  document.title = `${texts.error}: ${document.title}`;
}

function inWords(seconds) {
  const [unit, count] = seconds > 0 && seconds < 60 ? ["second", seconds] : ["minute", Math.ceil(seconds / 60) || 1];
  return new Intl.NumberFormat(lang, { style: "unit", unit, unitDisplay: "long" }).format(count);
}

for (const it of document.querySelectorAll("[data-code]")) it.hidden = !asksForCode;
help.querySelector("p").append(texts.help_text);
if (support.phone) help.append(phoneLink());
if (support.hint) help.append(element("p", { class: "hint" }, support.hint));
