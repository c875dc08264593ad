/** A frame with ticks on a canvas, and the scales that lead from numbers to its pixels. */

import { fixed } from "./format.js";

/**
 * @typedef {Object} Frame
 * @property {CanvasRenderingContext2D} ctx
 * @property {(x: number) => number} X pixel of a number
 * @property {(y: number) => number} Y
 * @property {(px: number) => number} fromX number of a pixel
 * @property {(py: number) => number} fromY
 * @property {{left: number, right: number, top: number, bottom: number}} box in pixels
 */

/**
 * Return about `count` round numbers between two ends, at least two.
 * @param {number} low
 * @param {number} high
 * @param {number} count
 * @returns {number[]}
 */
export function ticks(low, high, count) {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const steps = [10, 5, 2, 1, 0.5, 0.2, 0.1].map((factor) => factor * power);
  const usable = steps.filter((step) => multiples(low, high, step).length > 1);
  const wide = usable.filter((step) => step >= 0.999999 * rough);
  return multiples(low, high, wide.length ? wide[wide.length - 1] : usable[0]);
}

/** Return the multiples of a number between two ends; rounding lets no end itself go missing. */
function multiples(low, high, step) {
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => (first + i) * step);
}

/**
 * Return the decimals that tell ticks of this distance apart.
 * @param {number} step
 */
export function decimals(step) {
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
}

/**
 * @typedef {Object} FrameOptions
 * @property {[number, number]} x the ends of the horizontal axis
 * @property {[number, number]} y
 * @property {string} [title]
 * @property {string} [xlabel]
 * @property {string} [ylabel]
 * @property {boolean} [grid]
 * @property {[number, string][]} [xticks] places with names, in place of round numbers
 * @property {[number, string][]} [yticks]
 * @property {number} [left] pixels for what is written on the left
 */

/**
 * Return a frame's box on a canvas of some size, and its scales.
 * @param {{width: number, height: number}} size
 * @param {FrameOptions} options
 */
export function scales({ width, height }, options) {
  const left = options.left === undefined ? 46 : options.left;
  const box = { left, right: width - 10, top: options.title ? 26 : 10, bottom: height - 36 };
  const [x0, x1] = options.x;
  const [y0, y1] = options.y;
  const X = (x) => box.left + ((x - x0) / (x1 - x0)) * (box.right - box.left);
  const Y = (y) => box.bottom - ((y - y0) / (y1 - y0)) * (box.bottom - box.top);
  const fromX = (px) => x0 + ((px - box.left) / (box.right - box.left)) * (x1 - x0);
  const fromY = (py) => y0 + ((box.bottom - py) / (box.bottom - box.top)) * (y1 - y0);
  return { X, Y, fromX, fromY, box };
}

/**
 * Draw a frame, its ticks and labels.
 * @param {import("./panel.js").Drawing} drawing
 * @param {FrameOptions} options
 * @returns {Frame}
 */
export function frame(drawing, options) {
  const found = { ctx: drawing.ctx, ...scales(drawing, options) };
  drawTicks(found, options, drawing.look);
  drawWords(found, options, drawing);
  return found;
}

/**
 * Return named ticks at about `count` whole powers of ten, for an axis of logarithms.
 * @param {number} low log10 of the lower end
 * @param {number} high
 * @param {number} count
 * @returns {[number, string][]}
 */
export function powers(low, high, count) {
  const all = multiples(low, high, 1).map(Math.round);
  const every = Math.max(1, Math.ceil(all.length / count));
  return all.filter((power) => power % every === 0).map((power) => [power, `10${raised(power)}`]);
}

const raised = (power) => [...String(power)].map((sign) => RAISED[sign]).join("");
const RAISED = {
  "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹",
};

/** Return ticks with what is written beside them: those with names, or about `count` numbers. */
function written(named, ends, count) {
  if (named) return named;
  const places = ticks(...ends, count);
  const digits = places.length > 1 ? decimals(places[1] - places[0]) : 2;
  return places.map((value) => [value, fixed(value, digits)]);
}

function drawTicks({ ctx, X, Y, box }, options, look) {
  const wide = Math.max(2, Math.floor((box.right - box.left) / 70));
  const tall = Math.max(3, Math.floor((box.bottom - box.top) / 40));
  ctx.font = `12px ${look.font}`;
  ctx.fillStyle = look.text;
  ctx.strokeStyle = look.faint;
  ctx.lineWidth = 1;
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  for (const [value, text] of written(options.xticks, options.x, wide)) {
    if (options.grid !== false) line(ctx, X(value), box.top, X(value), box.bottom);
    ctx.fillText(text, X(value), box.bottom + 4);
  }
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const [value, text] of written(options.yticks, options.y, tall)) {
    if (options.grid !== false) line(ctx, box.left, Y(value), box.right, Y(value));
    ctx.fillText(text, box.left - 5, Y(value), box.left - 8);
  }
  ctx.strokeStyle = look.text;
  line(ctx, box.left, box.top, box.left, box.bottom);
  line(ctx, box.left, box.bottom, box.right, box.bottom);
}

function drawWords({ ctx, box }, options, { width, height, look }) {
  ctx.fillStyle = look.text;
  ctx.textAlign = "center";
  const middle = (box.left + box.right) / 2;
  /** Write words over or under the middle of the box, or as near to it as the canvas has room. */
  const write = (text, y) => {
    const half = Math.min(ctx.measureText(text).width, width - 8) / 2;
    ctx.fillText(text, Math.min(Math.max(middle, half + 4), width - half - 4), y, width - 8);
  };
  if (options.title) {
    ctx.font = `600 13px ${look.font}`;
    ctx.textBaseline = "top";
    write(options.title, 4);
  }
  ctx.font = `12px ${look.font}`;
  if (options.xlabel) {
    ctx.textBaseline = "bottom";
    write(options.xlabel, height - 2);
  }
  if (options.ylabel) {
    ctx.save();
    ctx.translate(11, (box.top + box.bottom) / 2);
    ctx.rotate(-Math.PI / 2);
    ctx.textBaseline = "middle";
    ctx.fillText(options.ylabel, 0, 0, box.bottom - box.top + 40);
    ctx.restore();
  }
}

/**
 * Draw one straight line.
 * @param {CanvasRenderingContext2D} ctx
 */
export function line(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

/**
 * Draw a curve through points of two arrays, cut off at the frame.
 * @param {Frame} frame
 * @param {ArrayLike<number>} xs
 * @param {ArrayLike<number>} ys
 * @param {{colour: string, width?: number, dashes?: number[]}} style
 */
export function curve(frame, xs, ys, style) {
  const { ctx } = frame;
  within(frame, () => {
    ctx.strokeStyle = style.colour;
    ctx.lineWidth = style.width || 2;
    ctx.setLineDash(style.dashes || []);
    ctx.beginPath();
    for (let i = 0; i < xs.length; i++) ctx.lineTo(frame.X(xs[i]), frame.Y(ys[i]));
    ctx.stroke();
  });
}

/**
 * Draw something that is cut off at the frame's box, and leave the context as it was.
 * @param {Frame} frame
 * @param {() => void} draw
 */
export function within({ ctx, box }, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
  ctx.clip();
  draw();
  ctx.restore();
}
