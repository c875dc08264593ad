/** XOR landscape: planes through the nine-dimensional landscape, between its known loss levels. */

import { curve, frame, line, within } from "./axes.js";
import { viridis } from "./colours.js";
import { fixed } from "./format.js";
import { contour, heat, key } from "./heatmap.js";
import { dot, heading, outlined } from "./marks.js";
import { PATTERNS, TARGETS } from "./network.js";
import { onArrows, onDrag } from "./panel.js";
import { shape } from "./scatter.js";
import { drawSurface, turnable } from "./surface.js";
import { GRID, INPUTS, INPUT_SPAN, LINE, compute, evenly, leads, levelsOf } from "./xor_plane.js";

/** Losses above this are drawn as if they were this: twice that of outputs of 1/2. */
const CAP = 2 * Math.LN2;

/** Share of the way per arrow key. */
const KEY = 0.05;

const HERE = "#D55E00";

/** Dashes of the levels' lines, from the lowest level. */
const DASHES = [[], [], [6, 4], [2, 3]];

/** @type {import("./explorer.js").PanelSpec[]} */
const panels = [
  { name: "plane", label: "Loss in the plane; arrow keys move the point", least: 300, keys: true },
  { name: "surface", label: "Loss as a surface; arrow keys turn it", least: 300, keys: true },
  { name: "inputs", label: "Output over the input plane, with the four patterns", least: 300 },
  { name: "line", label: "Loss on the straight line between the first two points", least: 300 },
];

/** The frame in which a canvas was last drawn: where a pointer is, in shares of the way. */
const frames = new WeakMap();

function draw(drawings, result, state, data) {
  const marks = marksOf(state, data);
  const grid = { values: result.plane, side: GRID, x: result.windows[0], y: result.windows[1] };
  drawPlane(drawings.plane, grid, leads(state, data), marks, data);
  drawSurface(drawings.surface, surfaceOf(grid, marks), state);
  heading(drawings.surface, "the same as a surface: drag to turn");
  drawInputs(drawings.inputs, result);
  drawLine(drawings.line, result, state, data);
}

/** Return what is marked in the plane: the attractors that span it, and the chosen point. */
function marksOf(state, data) {
  const places = [[0, 0], [1, 0], [0, 1]];
  const attractors = levelsOf(state, data).map((level, n) => {
    const [a, b] = places[n];
    return level === null ? null : { a, b, text: data.levels[level].name, colour: "black" };
  });
  // Off its plane an attractor is not where it seems to be.
  const told = state.shift === 0 ? attractors.filter((mark) => mark) : [];
  return [...told, { a: state.along, b: state.across, text: "", colour: HERE }];
}

/** Return whether the plane holds a straight line between two attractors. */
function joined(marks) {
  return marks.filter((mark) => mark.text && mark.b === 0).length === 2;
}

const colourOf = (value) => viridis(value / CAP);

function drawPlane(drawing, grid, [xlabel, ylabel], marks, data) {
  const made = frame({ ...drawing, width: drawing.width - 84 }, {
    x: grid.x, y: grid.y, grid: false, title: "loss in the plane: drag the point",
    xlabel, ylabel,
  });
  frames.set(drawing.ctx.canvas, made);
  heat(made, grid, colourOf);
  data.levels.forEach((level, n) => {
    if (n > 0) contour(made, grid, level.loss, { colour: "white", dashes: DASHES[n] });
  });
  const known = data.levels.map((level, n) => ({ value: level.loss, text: level.name, dashes: DASHES[n] }));
  key(made, [0, CAP], colourOf, [...known, { value: CAP, text: "2 ln 2 +" }], drawing.look);
  within(made, () => drawMarks(made, marks, drawing.look.font));
}

function drawMarks({ ctx, X, Y }, marks, font) {
  ctx.strokeStyle = "white";
  ctx.lineWidth = 1.5;
  if (joined(marks)) line(ctx, X(0), Y(0), X(1), Y(0));
  for (const { a, b, text, colour } of marks) dot(ctx, X(a), Y(b), { colour, size: text ? 4 : 7 });
  for (const { a, b, text } of marks) outlined(ctx, text, X(a), Y(b) - 7, font);
}

function surfaceOf({ values, x, y }, marks) {
  const heights = Array.from(values, (value) => Math.min(value, CAP) / CAP);
  const place = (value, [low, high]) => (2 * (value - low)) / (high - low) - 1;
  const put = (a, b) => {
    const [u, v] = [place(a, x), place(b, y)];
    return { x: u, y: v, height: between(heights, u, v) };
  };
  const inside = (point) => Math.abs(point.x) <= 1 && Math.abs(point.y) <= 1;
  const shown = marks.map((mark) => ({ ...mark, ...put(mark.a, mark.b) })).filter(inside);
  const way = joined(marks) ? evenly(0, 1, LINE).map((share) => put(share, 0)).filter(inside) : [];
  return { heights, side: GRID, colourOf: (height) => viridis(height), lines: [way], marks: shown };
}

/** Return a height between crossings of the grid, for x and y in [-1, 1]. */
function between(heights, x, y) {
  const [u, v] = [x, y].map((each) => Math.min(GRID - 1, Math.max(0, ((each + 1) / 2) * (GRID - 1))));
  const [i, j] = [u, v].map((each) => Math.min(GRID - 2, Math.floor(each)));
  const row = (k) => heights[k * GRID + i] * (1 - u + i) + heights[k * GRID + i + 1] * (u - i);
  return row(j) * (1 - v + j) + row(j + 1) * (v - j);
}

/** Blue for 0, orange for 1, white between. */
function outputColour(output) {
  const [from, share] = output < 0.5 ? [[0, 114, 178], 2 * output] : [[230, 159, 0], 2 - 2 * output];
  return from.map((part) => Math.round(part + share * (255 - part)));
}

function drawInputs(drawing, result) {
  const made = frame(drawing, {
    x: INPUT_SPAN, y: INPUT_SPAN, grid: false, title: "output: blue 0, orange 1, line 1/2",
    xlabel: "first input", ylabel: "second input",
  });
  const grid = { values: result.inputs, side: INPUTS, x: INPUT_SPAN, y: INPUT_SPAN };
  heat(made, grid, outputColour);
  contour(made, grid, 0.5, { colour: "black", width: 2 });
  PATTERNS.forEach(([x, y], n) => {
    made.ctx.fillStyle = "black";
    shape(made.ctx, made.X(x), made.Y(y), 6, TARGETS[n] === 1 ? "triangle" : "circle");
    outlined(made.ctx, fixed(result.outputs[n], 2), made.X(x), made.Y(y) - 9, drawing.look.font);
  });
}

function drawLine(drawing, { line: losses }, state, data) {
  const [first, second] = levelsOf(state, data).map((level) => (data.levels[level] || {}).name);
  const most = Math.max(...losses, data.levels[data.levels.length - 1].loss);
  const made = frame(drawing, {
    x: [0, 1], y: [0, 1.08 * most], grid: false, title: "loss on the straight line", ylabel: "loss",
    xlabel: second === undefined ? leads(state, data)[0] : `from ${first} to ${second}`,
  });
  const { ctx, X, Y, box } = made;
  ctx.strokeStyle = drawing.look.text;
  data.levels.forEach((level, n) => {
    ctx.setLineDash(DASHES[n]);
    ctx.lineWidth = 1;
    line(ctx, box.left, Y(level.loss), box.right, Y(level.loss));
  });
  ctx.setLineDash([]);
  curve(made, evenly(0, 1, LINE), losses, { colour: drawing.look.text, width: 2.5 });
  const highest = losses.indexOf(Math.max(...losses));
  ctx.fillStyle = drawing.look.text;
  shape(ctx, X(highest / (LINE - 1)), Y(losses[highest]), 5, "diamond");
  const { along, across, shift } = state;
  if (across === 0 && shift === 0 && along >= 0 && along <= 1) {
    dot(ctx, X(along), Y(lossAt(losses, along)), { colour: HERE, size: 6 });
  }
}

/** Return the loss at a share of the straight line, between those that were computed. */
function lossAt(losses, share) {
  const place = share * (LINE - 1);
  const i = Math.min(LINE - 2, Math.floor(place));
  return losses[i] * (1 - place + i) + losses[i + 1] * (place - i);
}

function listen(canvases, view) {
  onDrag(canvases.plane, ([px, py]) => {
    const made = frames.get(canvases.plane);
    if (made) view.change({ along: made.fromX(px), across: made.fromY(py) });
  });
  onArrows(canvases.plane, (right, up) => {
    const { along, across } = view.state();
    view.change({ along: along + KEY * right, across: across + KEY * up });
  });
  turnable(canvases.surface, view);
}

/** @type {import("./explorer.js").Kind} */
export const kind = { panels, compute, draw, listen };
