// Shows one screen at a time. Every text is set as text, never as markup.
import type { Act, Field, Pairing, Screen } from "./screen";

const at = (id: string): HTMLElement => {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no element "${id}"`);
  return element;
};

let inputs: { field: Field; input: HTMLInputElement }[] = [];

/** Shows a screen; `perform` is called with what a button does and what the fields hold. */
export function show(screen: Screen, perform: (act: Act, input: Record<string, string>) => void): void {
  at("heading").textContent = screen.heading;
  at("text").textContent = screen.text ?? "";
  fail(screen.error ?? "");
  at("pairing").replaceChildren(...(screen.pairing ? pairingOf(screen.pairing) : []));
  showFields(screen.fields ?? []);
  const { action } = screen;
  at("form").hidden = !action;
  at("action").textContent = action?.label ?? "";
  at("form").onsubmit = (event) => {
    event.preventDefault();
    const empty = inputs.find(({ input }) => input.value.trim() === "");
    if (empty) {
      fail(`Fill in: ${empty.field.label}`);
      empty.input.focus();
    } else if (action) {
      perform(action.act, values());
    }
  };
  at("escapes").replaceChildren(...(screen.escapes ?? []).map(({ label, act }) => {
    const button = element("button", label);
    button.addEventListener("click", () => perform(act, {}));
    return button;
  }));
  at("heading").focus();
}

/** Says that something failed; the screen stays. */
export function fail(text: string): void {
  at("error").textContent = text;
}

/** While the server works, nothing can be pressed or changed. */
export function setBusy(busy: boolean): void {
  for (const { input } of inputs) input.readOnly = busy;
  for (const button of document.querySelectorAll("button")) button.disabled = busy;
}

function showFields(fields: Field[]): void {
  // A user ID stays when the form is shown again; a code never does.
  const kept = inputs.filter(({ field }) => field.kind !== "code").map(({ field, input }) => [field.name, input.value]);
  const values: Record<string, string> = Object.fromEntries(kept);
  inputs = fields.map((field) => {
    const input = element("input");
    input.value = values[field.name] ?? "";
    input.setAttribute("autocomplete", field.autocomplete || "off");
    if (field.kind !== "text") input.autocapitalize = "off";
    return { field, input };
  });
  at("fields").replaceChildren(...inputs.map(({ field, input }) => {
    const label = element("label", field.label);
    label.append(input);
    return label;
  }));
}

function values(): Record<string, string> {
  return Object.fromEntries(inputs.map(({ field, input }) => [field.name, input.value.trim()]));
}

function pairingOf({ number, expires_at: expiresAt }: Pairing): HTMLElement[] {
  const digits = element("output", number);
  digits.id = "number";
  const time = new Date(expiresAt).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  return [
    digits,
    element("p", `Valid until ${time}. Never read these digits to someone who called you.`),
    element("p", "Then enter the code that support gives you."),
  ];
}

function element<K extends keyof HTMLElementTagNameMap>(tag: K, text = ""): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
