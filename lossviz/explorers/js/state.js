/**
 * What an explorer shows now, as values of its controls, and how a link holds it.
 *
 * A link's fragment is `#lv=NAME&control=value&...`. It comes from anywhere, so nothing of it is
 * used but values that a control itself could have: otherwise the view is the default one.
 */

/**
 * @typedef {Object} Control
 * @property {"select" | "range"} kind
 * @property {string} name
 * @property {string} label
 * @property {string | number} value the default
 * @property {boolean} more whether it is folded away under "More"
 * @property {[string, string][]} [options] value and text of each choice of a select
 * @property {number} [min]
 * @property {number} [max]
 * @property {number} [step]
 * @property {number} [digits] decimals that are shown
 */

/** @typedef {Object<string, string | number>} State */

const NUMBER = /^-?\d{1,9}(\.\d{1,9})?$/;

/**
 * @param {Control[]} controls
 * @returns {State}
 */
export function defaults(controls) {
  return Object.fromEntries(controls.map((control) => [control.name, control.value]));
}

/**
 * Return the value that a text stands for, or undefined where a control cannot have it.
 * @param {Control} control
 * @param {string} text
 */
export function allowed(control, text) {
  if (control.kind === "select") {
    return control.options.some(([value]) => value === text) ? text : undefined;
  }
  const value = NUMBER.test(text) ? Number(text) : NaN;
  return value >= control.min && value <= control.max ? value : undefined;
}

/**
 * Return the state that a link's fragment holds for an explorer, or null where it holds none, or
 * anything that no control could have.
 * @param {string} fragment with or without the leading #
 * @param {string} name of the explorer on its page
 * @param {Control[]} controls
 * @returns {State | null}
 */
export function fromFragment(fragment, name, controls) {
  const given = [...new URLSearchParams(fragment.replace(/^#/, ""))];
  if (given.length === 0 || given[0][0] !== "lv" || given[0][1] !== name) return null;
  const state = defaults(controls);
  for (const [key, text] of given.slice(1)) {
    const control = controls.find((each) => each.name === key);
    const value = control && allowed(control, text);
    if (value === undefined) return null;
    state[key] = value;
  }
  return state;
}

/**
 * Return the fragment that brings a state back: what differs from the default view.
 * @param {State} state
 * @param {string} name
 * @param {Control[]} controls
 */
export function toFragment(state, name, controls) {
  const changed = controls.filter((control) => state[control.name] !== control.value);
  const pairs = changed.map((control) => [control.name, String(state[control.name])]);
  return `#${new URLSearchParams([["lv", name], ...pairs])}`;
}
