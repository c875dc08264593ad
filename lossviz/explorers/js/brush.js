/** A rectangle that a pointer draws on a canvas: a mouse, a pen, or a finger that starts sideways. */

import { place } from "./panel.js";

/** A press that moves less than this many pixels is no brush. */
const LEAST = 4;

/**
 * Call back with the two corners of the rectangle between where a pointer went down and where it
 * is; `undo` is called where the browser takes the pointer away, such as for scrolling.
 * @param {HTMLCanvasElement} canvas
 * @param {{draw: (from: [number, number], to: [number, number]) => void, begin: () => void,
 *   undo: () => void}} acts
 */
export function onBrush(canvas, { begin, draw, undo }) {
  let pressed = null;
  let moved = false;
  canvas.style.cursor = "crosshair";
  canvas.addEventListener("pointerdown", (event) => {
    if (pressed || event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    pressed = { id: event.pointerId, at: place(canvas, event) };
    moved = false;
    begin();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!pressed || event.pointerId !== pressed.id) return;
    const at = place(canvas, event);
    moved = moved || Math.hypot(at[0] - pressed.at[0], at[1] - pressed.at[1]) >= LEAST;
    if (moved) draw(pressed.at, at);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      if (!pressed || event.pointerId !== pressed.id) return;
      pressed = null;
      if (name === "pointercancel" && moved) undo();
    });
  }
}

/**
 * Return the two ends that a brush has along each axis, the smaller first.
 * @param {{fromX: (px: number) => number, fromY: (py: number) => number}} scales
 * @param {[number, number]} from a corner in pixels
 * @param {[number, number]} to the opposite corner
 * @returns {{x: [number, number], y: [number, number]}}
 */
export function brushed({ fromX, fromY }, from, to) {
  const ordered = (a, b) => [Math.min(a, b), Math.max(a, b)];
  return {
    x: ordered(fromX(from[0]), fromX(to[0])),
    y: ordered(fromY(from[1]), fromY(to[1])),
  };
}
