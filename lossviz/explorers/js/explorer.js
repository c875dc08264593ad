/**
 * What all explorers share: controls, panels, a status line, reset, a link to the present view.
 *
 * An explorer computes a result from the state of its controls and draws it. On a page it computes
 * in the browser; with a live kernel Python computes the same result, and only drawing is done here.
 */

import { lookOf } from "./colours.js";
import { button, element, labelled } from "./controls.js";
import { addPanel, drawingOn } from "./panel.js";
import { defaults, fromFragment, toFragment } from "./state.js";
import { unpacked } from "./unpack.js";

/**
 * @typedef {Object} Spec what Python sends
 * @property {string} name
 * @property {string} title
 * @property {string} prompt what to predict before playing
 * @property {string} note where the numbers come from, with the seed
 * @property {import("./state.js").Control[]} controls
 * @property {Object} data numbers, packed
 */

/**
 * @typedef {Object} Kind one kind of explorer
 * @property {import("./panel.js").PanelSpec[] | ((spec: Spec) => import("./panel.js").PanelSpec[])}
 *   panels the same for all, or those of what was measured
 * @property {(state: Object, data: Object) => Object} compute the result, with its summary `text`;
 *   the state that it belongs to is added
 * @property {(drawings: Object, result: Object, state: Object, data: Object) => void} draw
 * @property {(canvases: Object, view: View) => void} [listen] to pointers and keys on panels
 * @property {(result: Object) => {head: string[], rows: string[][], caption: string}} [table]
 */

/**
 * @typedef {Object} View what a panel's listeners may ask for and do
 * @property {() => Object} state
 * @property {() => Object} result
 * @property {(change: Object) => void} change take over values of controls, within their ranges
 */

/**
 * @typedef {Object} Kernel a live Python, where there is one
 * @property {(state: Object) => void} ask for the result of a state
 * @property {(told: (result: Object, state: Object) => void) => void} onResult
 */

/**
 * Fill a host element with an explorer.
 * @param {Element} host
 * @param {Spec} spec
 * @param {Kind} kind
 * @param {Kernel} [kernel]
 */
export function start(host, spec, kind, kernel) {
  const id = freeId(spec.name);
  const parts = build(host, spec, kind, id, (values) => change(values));
  const { controls } = spec;
  const links = !inNotebook(host);
  const data = unpacked(spec.data);
  let state = defaults(controls);
  let result = null;

  /** Draw the result; nothing is drawn before a kernel has sent the first one. */
  const draw = () => {
    if (!result) return;
    const look = lookOf(parts.root);
    const drawings = Object.fromEntries(
      Object.entries(parts.canvases).map(([name, canvas]) => [name, drawingOn(canvas, look)]),
    );
    kind.draw(drawings, result, result.state, data);
    if (parts.status.textContent !== result.text) parts.status.textContent = result.text;
    if (kind.table) fillTable(parts.table, kind.table(result));
  };
  const show = () => {
    for (const control of controls) parts.shows[control.name](state[control.name]);
    if (kernel) {
      kernel.ask(state);
    } else {
      result = { ...kind.compute(state, data), state };
      draw();
    }
  };
  const change = (values) => {
    state = { ...state, ...within(values, controls) };
    show();
  };
  if (kernel) {
    kernel.onResult((found) => {
      result = found;
      draw();
    });
  }

  const restore = () => (links ? fromFragment(location.hash, id, controls) : null);
  parts.buttons.append(button("Reset", () => change(defaults(controls))));
  if (links) parts.buttons.append(button("Copy link", () => copyLink(state, id, spec, parts.told)));
  if (kind.listen) kind.listen(parts.canvases, { state: () => state, result: () => result, change });

  const linked = restore();
  if (linked) state = { ...state, ...within(linked, controls) };
  show();
  if (linked) parts.root.scrollIntoView();
  addEventListener("hashchange", () => {
    const next = restore();
    if (!next || !parts.root.isConnected) return;
    change(next);
    parts.root.scrollIntoView();
  });
  redrawOnChange(parts, draw);
}

/** Return an id that no element has yet: NAME, NAME-2, NAME-3, ... in the order of the page. */
function freeId(name) {
  let id = name;
  for (let n = 2; document.getElementById(id); n++) id = `${name}-${n}`;
  return id;
}

/** Make everything that is seen, empty; `change` hears what a reader does with the controls. */
function build(host, spec, kind, id, change) {
  const title = element("p", { id: `${id}-title`, class: "lv-title" }, spec.title);
  const prompt = element("p", { class: "lv-prompt" }, element("strong", {}, "Predict first. "));
  prompt.append(spec.prompt);
  const inView = element("div", { class: "lv-controls" });
  const folded = element("div", { class: "lv-controls" });
  const shows = {};
  for (const control of spec.controls) {
    const { name, more } = control;
    const made = labelled(control, `${id}-${name}`, (value) => change({ [name]: value }));
    shows[name] = made.show;
    (more ? folded : inView).append(made.row);
  }
  const buttons = element("div", { class: "lv-buttons" });
  inView.append(buttons);
  const root = element(
    "div",
    { id, class: "lv-explorer", role: "group", "aria-labelledby": `${id}-title` },
    title,
    prompt,
    inView,
  );
  if (folded.childElementCount) {
    root.append(element("details", { class: "lv-more" }, element("summary", {}, "More"), folded));
  }
  const panels = element("div", { class: "lv-panels" });
  const shown = typeof kind.panels === "function" ? kind.panels(spec) : kind.panels;
  const canvases = Object.fromEntries(shown.map((each) => [each.name, addPanel(panels, each)]));
  const status = element("p", { class: "lv-status", "aria-live": "polite" });
  const table = element("div", { class: "lv-table", tabindex: "0", role: "region" });
  table.setAttribute("aria-labelledby", `${id}-title`);
  const told = element("p", { class: "lv-told" });
  root.append(panels, status, ...(kind.table ? [table] : []));
  root.append(element("p", { class: "lv-note" }, spec.note), told);
  host.append(root);
  host.classList.add("lv-running");
  return { root, canvases, shows, buttons, status, table, told };
}

/** Keep what is asked for within what the controls allow. */
function within(values, controls) {
  const kept = {};
  for (const control of controls) {
    const value = values[control.name];
    if (value === undefined) continue;
    if (control.kind === "select") {
      if (control.options.some(([each]) => each === value)) kept[control.name] = value;
    } else if (Number.isFinite(value)) {
      const steps = Math.round((value - control.min) / control.step);
      const near = Number((control.min + steps * control.step).toFixed(9));
      kept[control.name] = Math.min(control.max, Math.max(control.min, near));
    }
  }
  return kept;
}

/** In a notebook the page's address is not the book's. */
function inNotebook(host) {
  return host.closest(".jp-OutputArea, .jp-Notebook, .output_area, .cell-output-ipywidget") !== null;
}

/** Put the present view into the address, and the address on the clipboard where that is allowed. */
async function copyLink(state, id, spec, told) {
  history.replaceState(null, "", toFragment(state, id, spec.controls));
  try {
    await navigator.clipboard.writeText(location.href);
    told.textContent = "A link to this view is on the clipboard.";
  } catch {
    // Pages from files, and browsers that forbid it: the reader copies the address.
    told.textContent = "The page's address is now a link to this view.";
  }
}

/** Write a table's rows anew. */
function fillTable(place, { head, rows, caption }) {
  // A corner without a word heads nothing.
  const named = (scope, text) => (text ? element("th", { scope }, text) : element("td", {}));
  const line = ([first, ...rest]) =>
    element("tr", {}, named("row", first), ...rest.map((text) => element("td", {}, text)));
  place.replaceChildren(
    element(
      "table",
      {},
      element("caption", {}, caption),
      element("thead", {}, element("tr", {}, ...head.map((text) => named("col", text)))),
      element("tbody", {}, ...rows.map(line)),
    ),
  );
}

/** Draw again when the size or the colours of the page change. */
function redrawOnChange(parts, draw) {
  const sizes = new Map();
  new ResizeObserver((entries) => {
    const changed = entries.filter(({ target, contentRect }) => {
      const size = `${Math.round(contentRect.width)}x${Math.round(contentRect.height)}`;
      const differs = sizes.get(target) !== size;
      sizes.set(target, size);
      return differs;
    });
    if (changed.length) draw();
  }).observe(parts.root);
  const attributes = { attributes: true, attributeFilter: ["data-theme", "class"] };
  new MutationObserver(draw).observe(document.documentElement, attributes);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
