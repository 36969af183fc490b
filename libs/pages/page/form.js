// The fields of a form: what they are called, what they take, and what is wrong with it.

import { canBeCode, isNumber } from "./code.js";
import { code, element, filled, hint as identifier, texts } from "./page.js";

const shape = filled(code.alphabet === "digits" ? texts.code_shape_digits : texts.code_shape_base32, code);

/** What a kind of field says and how it behaves; a field's own label and `autocomplete` win. */
const KINDS = {
  identifier: { label: texts.identifier, missing: texts.identifier_missing, attributes: { autocomplete: "username" } },
  code: {
    label: texts.code, missing: texts.code_missing, hint: filled(texts.code_hint, { shape }),
    attributes: {
      class: "code", autocomplete: "one-time-code", inputmode: code.alphabet === "digits" ? "numeric" : "text",
    },
  },
  text: { attributes: {} },
};
const LITERAL = { autocapitalize: "off", autocorrect: "off", spellcheck: "false" };

export class Field {
  /** Of the `index`th field as the server describes it; `number` is a pairing number, which is no code. */
  constructor({ name, label, kind, autocomplete }, index, number) {
    const { label: usual, missing, hint, attributes } = KINDS[kind];
    const hasLabel = label !== name || !usual;
    this.name = name;
    this.isCode = kind === "code";
    this.missing = hasLabel ? filled(texts.field_missing, { label }) : missing;
    this.number = number;
    const id = `field-${index}`;
    const described = hint ? `${id}-hint ${id}-error` : `${id}-error`;
    this.input = element("input", {
      id, type: "text", required: "", "aria-describedby": described,
      ...attributes, ...(kind === "text" ? {} : LITERAL), ...(autocomplete ? { autocomplete } : {}),
    });
    if (kind === "identifier" && identifier) this.input.value = identifier;
    this.error = element("p", { id: `${id}-error`, class: "field-error" });
    this.element = element("div", { class: "field" }, element("label", { for: id }, hasLabel ? label : usual), this.input);
    if (hint) this.element.append(element("p", { id: `${id}-hint`, class: "hint" }, hint));
    this.element.append(this.error);
  }

  get value() {
    return this.input.value.trim();
  }

  /** What is wrong with the value, in words; null if nothing is. */
  get problem() {
    if (this.value === "") return this.missing;
    if (!this.isCode) return null;
    if (this.number && isNumber(this.value, this.number)) return texts.code_is_pairing_number;
    return canBeCode(this.value, code) ? null : filled(texts.code_unreadable, { shape });
  }

  /** Shows a problem, or none. */
  mark(problem) {
    if (problem) this.input.setAttribute("aria-invalid", "true");
    else this.input.removeAttribute("aria-invalid");
    this.error.textContent = problem ?? "";
  }
}
