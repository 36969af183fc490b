// What the server says of this page: its texts, the journey's forms, the shape of codes, and support.

export const { texts, start, forms, code, support, hint } = JSON.parse(document.getElementById("page").textContent);
export const { lang } = document.documentElement;

/** A text with its placeholders filled in. */
export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** An element with attributes and children. A text is never read as markup. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
