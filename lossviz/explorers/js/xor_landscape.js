/** XOR landscape: planes through the nine-dimensional landscape, between its known loss levels. */

import { curve, frame, line, within } from "./axes.js";
import { viridis } from "./colours.js";
import { fixed, percent } from "./format.js";
import { contour, heat, key } from "./heatmap.js";
import { PATTERNS, TARGETS, loss, netOutput, norm, outputs } from "./network.js";
import { onDrag } from "./panel.js";
import { shape } from "./scatter.js";
import { drawSurface, onArrows, turnable } from "./surface.js";
import { sigmoid } from "./zoo.js";

const GRID = 61;
const LINE = 101;
const INPUTS = 41;
const LENGTH = 10;
const INPUT_SPAN = [-0.5, 1.5];
const WEIGHTS = 9;

/** Losses above this are drawn as if they were this: twice that of outputs of 1/2. */
const CAP = 2 * Math.LN2;

/** Share of the way per arrow key. */
const KEY = 0.05;

const HERE = "#D55E00";
const DASHES = [null, [], [6, 4], [2, 3]];

/** @type {import("./explorer.js").PanelSpec[]} */
const panels = [
  { name: "plane", label: "Contours of the loss in the plane; arrow keys move the point", least: 300, keys: true },
  { name: "surface", label: "Loss as a surface over the plane; arrow keys turn it", least: 300, keys: true },
  { name: "inputs", label: "Output over the input plane, with the four patterns", least: 300 },
  { name: "line", label: "Loss on the straight line between the first two points", least: 300 },
];

/**
 * @param {Object} state
 * @param {Object} data levels, random directions, and for each activation a point near each level
 */
function compute(state, data) {
  const { activation } = state;
  const { origin, along, across, out, windows } = planeOf(state, data);
  const moved = plus(origin, out, state.shift);
  const at = (a, b) => plus(plus(moved, along, a), across, b);
  const [as, bs] = windows.map(([low, high]) => evenly(low, high, GRID));
  const point = at(state.along, state.across);
  const side = evenly(...INPUT_SPAN, INPUTS);
  const result = {
    windows,
    plane: bs.flatMap((b) => as.map((a) => loss(at(a, b), activation))),
    loss: loss(point, activation),
    outputs: outputs(point, activation),
    inputs: side.flatMap((y) => side.map((x) => sigmoid(netOutput(point, activation, [x, y])))),
    line: evenly(0, 1, LINE).map((share) => loss(plus(origin, along, share), activation)),
  };
  return { ...result, text: inWords(state, data, result) };
}

const evenly = (low, high, count) =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
const plus = (vector, other, factor) => vector.map((value, i) => value + factor * other[i]);
const times = (vector, factor) => vector.map((value) => factor * value);
const unit = (vector) => times(vector, 1 / norm(vector));

/** Return where the plane begins, its two directions, a unit vector out of it, and what is seen. */
function planeOf(state, data) {
  const points = vectors(data.functions[state.activation].points, 0, 4);
  const random = vectors(data.random, 3 * (Math.round(state.draw) - 1), 3);
  const place = (value) => data.levels.findIndex((level) => level.value === value);
  const [first, second, third] = [state.first, state.second, state.third].map(place);
  const origin = points[first];
  const known = [second !== first, ![-1, first, second].includes(third)];
  const along = known[0] ? plus(points[second], origin, -1) : times(unit(random[0]), LENGTH);
  const base = [unit(along)];
  const across = known[1]
    ? plus(points[third], origin, -1)
    : times(unit(orthogonal(random[1], base)), norm(along));
  base.push(unit(orthogonal(across, base)));
  const windows = known.map((each) => times(each ? [-0.5, 1.5] : [-1, 1], state.width));
  return { origin, along, across, out: unit(orthogonal(random[2], base)), windows };
}

/** Return some of many vectors that stand in a row. */
function vectors(numbers, start, count) {
  return Array.from({ length: count }, (_, n) => {
    const from = WEIGHTS * (start + n);
    return Array.from(numbers.slice(from, from + WEIGHTS));
  });
}

/** Return what is left of a vector without its parts along orthonormal others. */
function orthogonal(vector, base) {
  const part = (each) => vector.reduce((sum, value, i) => sum + value * each[i], 0);
  return base.reduce((left, each) => plus(left, each, -part(each)), vector);
}

/** Return the levels' names, and in words where the two directions lead. */
function named(state, data) {
  const of = (value) => (data.levels.find((level) => level.value === value) || {}).name;
  const [first, second, third] = [state.first, state.second, state.third].map(of);
  const random = "in a random direction";
  const leads = third !== undefined && third !== first && third !== second;
  return {
    first,
    second,
    third: leads ? third : null,
    along: first === second ? random : `towards ${second}`,
    across: leads ? `towards ${third}` : random,
  };
}

function inWords(state, data, result) {
  const { first, second, along, across } = named(state, data);
  const away = data.levels.map((level) => Math.abs(result.loss - level.loss));
  const nearest = data.levels[away.indexOf(Math.min(...away))];
  const right = result.outputs.filter((output, n) => output > 0.5 === (TARGETS[n] === 1)).length;
  return (
    `${data.functions[state.activation].label}, ${fixed(state.along, 2)} ${along} and ` +
    `${fixed(state.across, 2)} ${across}: loss ${fixed(result.loss, 3)}, nearest to the level ` +
    `${nearest.name} (${fixed(nearest.loss, 3)}). Outputs for 00, 01, 10 and 11: ` +
    `${result.outputs.map((output) => fixed(output, 2)).join(", ")}; ` +
    `${right === 4 ? "all four" : `${right} of 4`} are right. ` +
    barrierInWords(result.line, first, second)
  );
}

function barrierInWords(losses, first, second) {
  if (first === second) {
    return "Both directions start at the same attractor, so there is no way between two.";
  }
  const most = Math.max(...losses);
  const highest = Array.from(losses).indexOf(most);
  const last = losses.length - 1;
  const told = `The highest loss straight from ${first} to ${second} is ${fixed(most, 3)}`;
  if (highest === 0 || highest === last) {
    return `${told}, at ${highest === 0 ? "its start" : "its end"}: no barrier.`;
  }
  const rise = most - Math.max(losses[0], losses[last]);
  return `${told}, ${percent(highest / last)} of the way: a barrier of ${fixed(rise, 3)}.`;
}

/** The frame in which a canvas was last drawn: where a pointer is, in shares of the way. */
const frames = new WeakMap();

function draw(drawings, result, state, data) {
  const names = named(state, data);
  const marks = marksOf(names, state);
  const grid = { values: result.plane, side: GRID, x: result.windows[0], y: result.windows[1] };
  drawPlane(drawings.plane, grid, names, marks, data);
  drawSurface(drawings.surface, surfaceOf(grid, marks), state);
  heading(drawings.surface, "the same, as a surface: drag to turn");
  drawInputs(drawings.inputs, result);
  drawLine(drawings.line, result.line, names, state, data);
}

/** Return what is marked in the plane: the attractors that span it, and the chosen point. */
function marksOf(names, state) {
  const marks = [{ a: 0, b: 0, text: names.first, colour: "black" }];
  if (names.first !== names.second) marks.push({ a: 1, b: 0, text: names.second, colour: "black" });
  if (names.third) marks.push({ a: 0, b: 1, text: names.third, colour: "black" });
  // Off its plane an attractor is not where it seems to be.
  const told = state.shift === 0 ? marks : [];
  return [...told, { a: state.along, b: state.across, text: "", colour: HERE }];
}

const colourOf = (value) => viridis(value / CAP);

function drawPlane(drawing, grid, names, marks, data) {
  const made = frame({ ...drawing, width: drawing.width - 84 }, {
    x: grid.x, y: grid.y, grid: false, title: "loss in the plane: drag the point",
    xlabel: names.along, ylabel: names.across,
  });
  frames.set(drawing.ctx.canvas, made);
  heat(made, grid, colourOf);
  data.levels.forEach((level, n) => {
    if (n > 0) contour(made, grid, level.loss, { colour: "white", dashes: DASHES[n] });
  });
  const known = data.levels.map((level, n) => ({ value: level.loss, text: level.name, dashes: DASHES[n] }));
  key(made, [0, CAP], colourOf, [...known, { value: CAP, text: "2 ln 2 +" }], drawing.look);
  within(made, () => marks.forEach((mark) => drawMark(made, mark, drawing.look)));
}

function drawMark({ ctx, X, Y }, { a, b, text, colour }, look) {
  ctx.lineWidth = 2;
  ctx.strokeStyle = "white";
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.arc(X(a), Y(b), text ? 4 : 7, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
  outlined(ctx, text, X(a), Y(b) - 7, look);
}

/** Write white letters with a black rim: they are read on any colour. */
function outlined(ctx, text, x, y, look) {
  ctx.font = `600 13px ${look.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  ctx.lineWidth = 3;
  ctx.strokeStyle = "black";
  ctx.strokeText(text, x, y);
  ctx.fillStyle = "white";
  ctx.fillText(text, x, y);
}

function surfaceOf({ values, x, y }, marks) {
  const heights = Array.from(values, (value) => Math.min(value, CAP) / CAP);
  const place = (value, [low, high]) => (2 * (value - low)) / (high - low) - 1;
  const put = (a, b) => ({ x: place(a, x), y: place(b, y), height: between(heights, place(a, x), place(b, y)) });
  const inside = (point) => Math.abs(point.x) <= 1 && Math.abs(point.y) <= 1;
  const shown = marks.map((mark) => ({ ...mark, ...put(mark.a, mark.b) })).filter(inside);
  const ends = marks.filter((mark) => mark.b === 0 && mark.text).map((mark) => mark.a);
  const way = ends.length === 2 ? evenly(0, 1, LINE).map((share) => put(share, 0)).filter(inside) : [];
  return { heights, side: GRID, colourOf: (height) => viridis(height), lines: [way], marks: shown };
}

/** Return a height between crossings of the grid, for x and y in [-1, 1]. */
function between(heights, x, y) {
  const [u, v] = [x, y].map((each) => Math.min(GRID - 1, Math.max(0, ((each + 1) / 2) * (GRID - 1))));
  const [i, j] = [u, v].map((each) => Math.min(GRID - 2, Math.floor(each)));
  const row = (k) => heights[k * GRID + i] * (1 - u + i) + heights[k * GRID + i + 1] * (u - i);
  return row(j) * (1 - v + j) + row(j + 1) * (v - j);
}

function heading({ ctx, width, look }, text) {
  ctx.font = `600 13px ${look.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  ctx.fillStyle = look.text;
  ctx.fillText(text, width / 2, 4, width - 8);
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
    outlined(made.ctx, fixed(result.outputs[n], 2), made.X(x), made.Y(y) - 9, drawing.look);
  });
}

function drawLine(drawing, losses, names, state, data) {
  const most = Math.max(...losses, data.levels[data.levels.length - 1].loss);
  const made = frame(drawing, {
    x: [0, 1], y: [0, 1.08 * most], grid: false, title: "loss on the straight line",
    xlabel: names.first === names.second ? names.along : `from ${names.first} to ${names.second}`,
    ylabel: "loss",
  });
  const { ctx, X, Y, box } = made;
  ctx.strokeStyle = drawing.look.text;
  data.levels.forEach((level, n) => {
    ctx.setLineDash(DASHES[n] || []);
    ctx.lineWidth = 1;
    line(ctx, box.left, Y(level.loss), box.right, Y(level.loss));
  });
  ctx.setLineDash([]);
  curve(made, evenly(0, 1, LINE), losses, { colour: drawing.look.text, width: 2.5 });
  const highest = Array.from(losses).indexOf(Math.max(...losses));
  ctx.fillStyle = HERE;
  shape(ctx, X(highest / (LINE - 1)), Y(losses[highest]), 5, "diamond");
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
