/** A canvas of the page, sharp on any screen, with a description in words. */

/**
 * @typedef {Object} Drawing
 * @property {CanvasRenderingContext2D} ctx in CSS pixels
 * @property {number} width
 * @property {number} height
 * @property {import("./colours.js").Look} look
 */

/**
 * @typedef {Object} PanelSpec
 * @property {string} name
 * @property {string} label what the canvas shows, the same at any state
 * @property {number} [aspect] width / height
 * @property {number} [least] width in pixels below which it takes a row of its own
 * @property {boolean} [keys] whether it takes the keyboard's focus
 */

/**
 * Make a canvas in a container.
 * @param {Element} parent
 * @param {PanelSpec} spec
 * @returns {HTMLCanvasElement}
 */
export function addPanel(parent, spec) {
  const canvas = document.createElement("canvas");
  canvas.className = "lv-panel";
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", spec.label);
  canvas.style.setProperty("--lv-least", `${spec.least || 240}px`);
  canvas.style.aspectRatio = String(spec.aspect || 1.25);
  if (spec.keys) canvas.tabIndex = 0;
  parent.append(canvas);
  return canvas;
}

/**
 * Empty a canvas, give it the pixels of its present size, and return what is drawn with.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./colours.js").Look} look
 * @returns {Drawing}
 */
export function drawingOn(canvas, look) {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { ctx, width: Math.max(1, width), height: Math.max(1, height), look };
}

/**
 * Return where a pointer is on a canvas, in its CSS pixels.
 * @param {HTMLCanvasElement} canvas
 * @param {PointerEvent} event
 * @returns {[number, number]}
 */
export function place(canvas, event) {
  const { left, top } = canvas.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

/**
 * Call back with the place of a pointer while it is pressed on a canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {(at: [number, number], moved: [number, number]) => void} act
 */
export function onDrag(canvas, act) {
  let last = null;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = place(canvas, event);
    act(last, [0, 0]);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const at = place(canvas, event);
    act(at, [at[0] - last[0], at[1] - last[1]]);
    last = at;
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, () => {
      last = null;
    });
  }
}

/**
 * Call back for arrow keys on a canvas that has the keyboard's focus.
 * @param {HTMLCanvasElement} canvas
 * @param {(right: number, up: number) => void} act with steps of 1, 0 or -1
 */
export function onArrows(canvas, act) {
  const ways = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  canvas.setAttribute("data-lm-suppress-shortcuts", "true"); // else JupyterLab takes the keys
  canvas.addEventListener("keydown", (event) => {
    const way = ways[event.key];
    if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act(...way);
  });
}
