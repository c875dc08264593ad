/** A surface over a plane, seen from a side that a reader can turn. */

import { dot, outlined } from "./marks.js";
import { onArrows, onDrag } from "./panel.js";

/** Height of the box in which the surface stands, where half its width is 1. */
const TALL = 1.1;

/** Pixels that are kept free above it. */
const TITLE = 22;

/** Degrees per arrow key, and per pixel of a drag. */
const KEY = 5;
const DRAG = 0.5;

const LIGHT = [-0.4, 0.3, 0.87];

/**
 * @typedef {Object} Surface
 * @property {ArrayLike<number>} heights in [0, 1], row by row, x fastest
 * @property {number} side crossings along either axis
 * @property {(height: number) => number[]} colourOf red, green and blue, 0 to 255
 * @property {{x: number, y: number, height: number}[][]} lines to be drawn on it, x and y in [-1, 1]
 * @property {{x: number, y: number, height: number, text: string, colour: string, size?: number}[]}
 *   marks
 */

/**
 * Return where a point of the box is seen: without perspective, from far away.
 * @param {{x: number, y: number, height: number}} point x and y in [-1, 1], height in [0, 1]
 * @param {{turn: number, tilt: number}} view degrees around the upright, and above the ground
 * @returns {{right: number, up: number, far: number}}
 */
export function seen({ x, y, height }, { turn, tilt }) {
  const [around, above] = [(turn * Math.PI) / 180, (tilt * Math.PI) / 180];
  const right = x * Math.cos(around) - y * Math.sin(around);
  const back = x * Math.sin(around) + y * Math.cos(around);
  const z = TALL * (height - 0.5);
  return {
    right,
    up: z * Math.cos(above) + back * Math.sin(above),
    far: back * Math.cos(above) - z * Math.sin(above),
  };
}

/**
 * Return the squares of a surface, the farthest first, each with corners that are seen.
 * @param {ArrayLike<number>} heights
 * @param {number} side
 * @param {{turn: number, tilt: number}} view
 */
export function squares(heights, side, view) {
  const at = Array.from({ length: side * side }, (_, n) => {
    const [i, j] = [n % side, Math.floor(n / side)];
    return seen({ x: (2 * i) / (side - 1) - 1, y: (2 * j) / (side - 1) - 1, height: heights[n] }, view);
  });
  const found = [];
  for (let n = 0; n < side * (side - 1); n++) {
    if (n % side === side - 1) continue;
    const corners = [n, n + 1, n + side + 1, n + side];
    const height = corners.reduce((sum, each) => sum + heights[each], 0) / 4;
    const far = corners.reduce((sum, each) => sum + at[each].far, 0) / 4;
    found.push({ corners: corners.map((each) => at[each]), height, far, shade: shade(heights, n, side) });
  }
  return found.sort((a, b) => b.far - a.far);
}

/** Return how much light falls on a square, from its slopes. */
function shade(heights, n, side) {
  const scale = (TALL * (side - 1)) / 4;
  const east = scale * (heights[n + 1] + heights[n + side + 1] - heights[n] - heights[n + side]);
  const north = scale * (heights[n + side] + heights[n + side + 1] - heights[n] - heights[n + 1]);
  const facing = LIGHT[2] - LIGHT[0] * east - LIGHT[1] * north;
  return 0.65 + 0.35 * Math.max(0, facing / Math.hypot(1, east, north));
}

/**
 * Draw a surface, the farthest parts first, so that near ones hide them.
 * @param {import("./panel.js").Drawing} drawing
 * @param {Surface} surface
 * @param {{turn: number, tilt: number}} view
 */
export function drawSurface(drawing, surface, view) {
  const { ctx, width, height } = drawing;
  const tilt = (view.tilt * Math.PI) / 180;
  const highest = (TALL / 2) * Math.cos(tilt) + Math.SQRT2 * Math.sin(tilt); // at any turn
  const room = height - TITLE;
  const scale = Math.min(width / 2.95, (0.48 * room) / highest);
  const X = (point) => width / 2 + scale * point.right;
  const Y = (point) => TITLE + room / 2 - scale * point.up;
  const items = squares(surface.heights, surface.side, view).map((square) => {
    const shown = surface.colourOf(square.height).map((part) => Math.round(part * square.shade));
    return { far: square.far, draw: () => fill(ctx, square.corners, X, Y, `rgb(${shown.join(",")})`) };
  });
  for (const points of surface.lines) items.push(...pieces(ctx, points.map((p) => seen(p, view)), X, Y));
  items.sort((a, b) => b.far - a.far);
  drawFloor(drawing, view, X, Y);
  items.forEach((item) => item.draw());
  drawMarks(drawing, surface.marks, view, X, Y);
}

function fill(ctx, corners, X, Y, colour) {
  ctx.fillStyle = ctx.strokeStyle = colour;
  ctx.lineWidth = 0.6; // closes the gaps between neighbours
  ctx.beginPath();
  for (const corner of corners) ctx.lineTo(X(corner), Y(corner));
  ctx.closePath();
  ctx.fill();
  ctx.stroke();
}

/** Cut a line into pieces that the surface before it can hide; it lies just in front of its own. */
function pieces(ctx, points, X, Y) {
  return points.slice(1).map((point, n) => ({
    far: Math.min(point.far, points[n].far) - 0.05,
    draw: () => {
      ctx.strokeStyle = "white";
      ctx.lineWidth = 2;
      ctx.beginPath();
      ctx.moveTo(X(points[n]), Y(points[n]));
      ctx.lineTo(X(point), Y(point));
      ctx.stroke();
    },
  }));
}

/** Draw the ground's outline and the uprights at its corners. */
function drawFloor({ ctx, look }, view, X, Y) {
  const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]];
  const at = (height) => corners.map(([x, y]) => seen({ x, y, height }, view));
  const [low, high] = [at(0), at(1)];
  ctx.strokeStyle = look.text;
  ctx.globalAlpha = 0.5;
  ctx.lineWidth = 1;
  ctx.beginPath();
  low.forEach((corner, n) => {
    ctx.moveTo(X(high[n]), Y(high[n]));
    ctx.lineTo(X(corner), Y(corner));
    ctx.lineTo(X(low[(n + 1) % 4]), Y(low[(n + 1) % 4]));
  });
  ctx.stroke();
  ctx.globalAlpha = 1;
}

/** Draw marks with their names; they are seen through the surface, so that none is lost. */
function drawMarks({ ctx, look }, marks, view, X, Y) {
  const all = marks.map((mark) => ({ ...mark, at: seen(mark, view) }));
  for (const { at, colour, size } of all) dot(ctx, X(at), Y(at), { colour, size: size || 5 });
  for (const { at, text } of all) outlined(ctx, text, X(at), Y(at) - 7, look.font);
}

/**
 * Let pointers and arrow keys turn a view whose angles are controls `turn` and `tilt`.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./explorer.js").View} view
 */
export function turnable(canvas, view) {
  const by = ({ turn, tilt }, across, up) => ({ turn: around(turn + across), tilt: tilt + up });
  let angles = null; // finer than the controls' steps, or slow drags would be lost
  onDrag(canvas, (_, moved) => {
    if (moved[0] === 0 && moved[1] === 0) angles = view.state();
    angles = by(angles, DRAG * moved[0], DRAG * moved[1]);
    view.change(angles);
    const { tilt } = view.state();
    if (Math.abs(tilt - angles.tilt) > 1) angles.tilt = tilt; // it is at an end of its range
  });
  onArrows(canvas, (right, up) => view.change(by(view.state(), KEY * right, KEY * up)));
}

/** Return an angle within half a turn to either side. */
function around(angle) {
  return ((((angle + 180) % 360) + 360) % 360) - 180;
}
