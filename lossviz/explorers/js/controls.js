/** Native controls with labels: the keyboard and screen readers work as everywhere else. */

import { fixed } from "./format.js";

/** JupyterLab takes the arrow keys from controls that do not say this. */
const KEEP_KEYS = "data-lm-suppress-shortcuts";

/**
 * Make an element.
 * @param {string} tag
 * @param {Object<string, string>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * Make a button.
 * @param {string} text
 * @param {() => void} act
 */
export function button(text, act) {
  const made = element("button", { type: "button", [KEEP_KEYS]: "true" }, text);
  made.addEventListener("click", act);
  return made;
}

/**
 * Make a labelled control.
 * @param {import("./state.js").Control} control
 * @param {string} id
 * @param {(value: string | number) => void} changed
 * @returns {{row: HTMLElement, show: (value: string | number) => void}}
 */
export function labelled(control, id, changed) {
  const label = element("label", { for: id }, control.label);
  const made = control.kind === "select" ? select(control, id, changed) : range(control, id, changed);
  return { row: element("div", { class: "lv-control" }, label, ...made.parts), show: made.show };
}

function select(control, id, changed) {
  const options = control.options.map(([value, text]) => element("option", { value }, text));
  const field = element("select", { id, name: control.name, [KEEP_KEYS]: "true" }, ...options);
  field.addEventListener("change", () => changed(field.value));
  return {
    parts: [field],
    show: (value) => {
      field.value = value;
    },
  };
}

function range(control, id, changed) {
  const { min, max, step, name } = control;
  const limits = { min: String(min), max: String(max), step: String(step) };
  const field = element("input", { type: "range", id, name, ...limits, [KEEP_KEYS]: "true" });
  const shown = element("output", { for: id });
  field.addEventListener("input", () => changed(Number(field.value)));
  return {
    parts: [field, shown],
    show: (value) => {
      field.value = String(value);
      shown.textContent = fixed(Number(value), control.digits);
      field.setAttribute("aria-valuetext", `${control.label} ${shown.textContent}`);
    },
  };
}
