// The pairing number: read to support, digit by digit, until it expires.

import { element, filled, lang, support, texts } from "./page.js";

/** The escape by which a form leads to a new number. */
export const NEW_NUMBER = "new_number";

const section = document.getElementById("pairing");
const status = document.getElementById("progress");

let timer;

/** The step, with the time at which its number expires told by this device's clock. */
export function forPage(step, date) {
  const pairing = step.app_data?.pairing;
  if (!pairing) return step;
  const ahead = date ? Date.now() - Date.parse(date) : 0;
  const expiresAt = new Date(pairing.expires_at).getTime() + ahead;
  return { ...step, app_data: { ...step.app_data, pairing: { ...pairing, expires_at: expiresAt } } };
}

/** Shows the number of a form, or none. `renew` gets a new one. */
export function showPairing(pairing, renew) {
  clearInterval(timer);
  section.hidden = !pairing;
  if (!pairing) return;
  const digits = element("li");
  section.replaceChildren(element("ol", { class: "steps" }, callStep(), digits, element("li", {}, texts.pairing_enter)));
  const isExpired = () => Date.now() >= pairing.expires_at;
  const expire = () => {
    clearInterval(timer);
    digits.replaceChildren(...expired(renew));
    digits.className = "expired";
  };
  if (isExpired()) {
    expire();
    return;
  }
  digits.append(...valid(pairing));
  // Not a timeout, which a device that sleeps would delay.
  timer = setInterval(() => {
    if (!isExpired()) return;
    expire();
    status.textContent = `${texts.pairing_expired_title}. ${texts.pairing_expired}`;
  }, 1000);
}

function callStep() {
  const { phone, hint } = support;
  const step = element("li", {}, phone ? phoneLink() : element("p", {}, texts.pairing_call));
  if (hint) step.append(element("p", { class: "hint" }, hint));
  return step;
}

/** The link that calls support. */
export function phoneLink() {
  // A zero in parentheses is dialled only where there is no country code.
  const dialled = support.phone.replace("(0)", "").replace(/[^+\d]/g, "");
  const link = element("a", { class: "phone", href: `tel:${dialled}` });
  link.append(filled(texts.call, support));
  return link;
}

function valid({ number, expires_at: expiresAt }) {
  const half = Math.ceil(number.length / 2);
  const group = (text) => element("span", { "aria-hidden": "true" }, text);
  const time = new Intl.DateTimeFormat(lang, { hour: "numeric", minute: "2-digit" }).format(expiresAt);
  return [
    element("p", {}, texts.pairing_read),
    element(
      "p", { class: "number", id: "number" },
      element("span", { class: "hidden-text" }, `${texts.pairing_number}: ${[...number].join(" ")}`),
      group(number.slice(0, half)), group(number.slice(half)),
    ),
    element("p", { class: "hint" }, filled(texts.pairing_valid, { time })),
    element("p", { class: "warning" }, texts.pairing_warning),
  ];
}

function expired(renew) {
  const button = element("button", { type: "button", class: "secondary" }, texts.pairing_new);
  button.addEventListener("click", renew);
  return [
    element("p", { class: "expired-title" }, texts.pairing_expired_title),
    element("p", { class: "hint" }, texts.pairing_expired),
    button,
  ];
}
