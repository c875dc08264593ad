/** Curvature classifier: two eigenvalues and a tolerance, the class, and what descent does. */

import { curve, frame, line, within } from "./axes.js";
import { fixed } from "./format.js";
import { contour, heat } from "./heatmap.js";
import { heading } from "./marks.js";
import { shape } from "./scatter.js";
import { drawSurface, turnable } from "./surface.js";

const SIDE = 41;
const STEPS = 60;

/** Descent starts this far from the critical point, and has arrived this close to it. */
const START = 0.9;
const NEAR = 0.01;

/** The ruler of relative sizes ends here, as a power of ten. */
const LEAST = -12;

const CONTOURS = 8;

/** Colours of eigenvalues by their sign, on light and on dark ground. */
const SIGNS = { up: ["#D55E00", "#FF9A4D"], down: ["#5E3C99", "#B9A2E6"] };

const MEANING = {
  convex: "the ground rises in every direction",
  saddle: "the ground rises in one direction and falls in another",
  singular: "the second order does not decide along what counts as flat",
  concave: "the ground falls in every direction",
};

/** @type {import("./explorer.js").PanelSpec[]} */
const panels = [
  { name: "surface", label: "The ground as a surface; arrow keys turn it", least: 300, keys: true },
  { name: "map", label: "The ground's contours with the way of descent", least: 300 },
  { name: "ruler", label: "Sizes of both eigenvalues beside the tolerance", least: 300, aspect: 1.8 },
  { name: "losses", label: "Loss along the way of descent", least: 300, aspect: 1.8 },
];

/**
 * @param {{first: number, second: number, tolerance: number, angle: number, rate: number}} state
 */
function compute(state) {
  const values = [state.first, state.second];
  const { name, inertia } = classified(values, 10 ** state.tolerance);
  const path = descent(values, state);
  const side = Array.from({ length: SIDE }, (_, i) => (2 * i) / (SIDE - 1) - 1);
  const result = {
    class: name,
    inertia,
    sizes: sizesOf(values),
    heights: side.flatMap((y) => side.map((x) => loss(values, [x, y]))),
    path,
    losses: path.map((point) => loss(values, point)),
  };
  return { ...result, text: inWords(state, result) };
}

const loss = ([a, b], [x, y]) => (a * x * x + b * y * y) / 2;

/** Return the class and the numbers of positive, negative and zero eigenvalues. */
function classified(values, rtol) {
  const floor = rtol * Math.max(...values.map(Math.abs));
  const up = values.filter((value) => value > floor).length;
  const down = values.filter((value) => value < -floor).length;
  const zero = values.length - up - down;
  const name = zero ? "singular" : up && down ? "saddle" : up ? "convex" : "concave";
  return { name, inertia: [up, down, zero] };
}

/** Return the points of descent until it has left the square, or come near to the middle. */
function descent(values, { angle, rate }) {
  const start = (angle * Math.PI) / 180;
  // On an axis the other coordinate is 0, not what rounding makes of the cosine.
  const from = [angle === 90 ? 0 : START * Math.cos(start), angle === 0 ? 0 : START * Math.sin(start)];
  const path = [];
  for (let k = 0; k <= STEPS; k++) {
    const point = from.map((each, i) => (1 - rate * values[i]) ** k * each);
    path.push(point);
    if (isOutside(point) || Math.hypot(...point) <= NEAR) break;
  }
  return path;
}

const isOutside = (point) => Math.max(...point.map(Math.abs)) > 1;

/** Return log10 of sizes relative to the largest, not below the ruler's end. */
function sizesOf(values) {
  const largest = Math.max(...values.map(Math.abs));
  return values.map((value) => (value ? Math.max(LEAST, Math.log10(Math.abs(value) / largest)) : LEAST));
}

function inWords(state, { class: name, inertia, path }) {
  const factors = [state.first, state.second].map((value) => fixed(1 - state.rate * value, 3));
  const kinds = ["positive", "negative", "zero"];
  return (
    `Eigenvalues ${fixed(state.first, 2)} and ${fixed(state.second, 2)}, tolerance ` +
    `10^${fixed(state.tolerance, 1)}: ${name}, ${MEANING[name]}. ` +
    `Inertia: ${inertia.map((count, i) => `${count} ${kinds[i]}`).join(", ")}. Each step of size ` +
    `${fixed(state.rate, 2)} multiplies the coordinates by ${factors.join(" and ")}. Descent from ` +
    `${fixed(state.angle, 0)}° ${wayInWords(path)}. Turned by ` +
    `${fixed(state.turn, 0)}°, seen from ${fixed(state.tilt, 0)}° above.`
  );
}

function wayInWords(path) {
  const steps = path.length - 1;
  const [x, y] = path[steps];
  if (isOutside([x, y])) {
    const axis = Math.abs(x) > Math.abs(y) ? "first" : "second";
    return `leaves along the ${axis} axis: after ${steps} steps it is outside the square`;
  }
  if (Math.hypot(x, y) <= NEAR) {
    return `is within ${fixed(NEAR, 2)} of the critical point after ${steps} steps`;
  }
  return `is at ${fixed(x, 2)}, ${fixed(y, 2)} after ${steps} steps`;
}

function draw(drawings, result, state) {
  const most = result.heights.reduce((found, each) => Math.max(found, Math.abs(each)), 0) || 1;
  const values = [state.first, state.second];
  drawSurface(drawings.surface, surfaceOf(result, values, most), state);
  heading(drawings.surface, `${result.class}: drag to turn`);
  drawMap(drawings.map, result, most);
  drawRuler(drawings.ruler, result, state);
  drawLosses(drawings.losses, result);
}

/** Purple below the critical point, orange above it, white between; share in [-1, 1]. */
function colourOf(share) {
  const end = share < 0 ? [94, 60, 153] : [213, 94, 0];
  const part = Math.min(1, Math.abs(share));
  return end.map((each) => Math.round(247 + part * (each - 247)));
}

function surfaceOf({ heights, path }, values, most) {
  const high = (value) => (value / most + 1) / 2;
  const inside = path.filter((point) => !isOutside(point));
  const put = ([x, y]) => ({ x, y, height: high(loss(values, [x, y])) });
  const start = { ...put(path[0]), text: "start", colour: "black" };
  const small = (point) => ({ ...put(point), text: "", colour: "black", size: 2 });
  return {
    heights: heights.map(high),
    side: SIDE,
    colourOf: (height) => colourOf(2 * height - 1),
    lines: [],
    marks: [...inside.slice(1).map(small), start],
  };
}

function drawMap(drawing, { heights, path }, most) {
  const ends = /** @type {[number, number]} */ ([-1, 1]);
  const made = frame(drawing, {
    x: ends, y: ends, grid: false, title: "contours, and the way of descent",
    xlabel: "first axis", ylabel: "second axis",
  });
  const grid = { values: heights, side: SIDE, x: ends, y: ends };
  heat(made, grid, (value) => colourOf(value / most));
  for (let n = 1 - CONTOURS; n < CONTOURS; n++) {
    const colour = n === 0 ? "black" : "rgba(0,0,0,0.35)";
    contour(made, grid, (n * most) / CONTOURS, { colour, width: 1 });
  }
  const [xs, ys] = [0, 1].map((axis) => path.map((point) => point[axis]));
  curve(made, xs, ys, { colour: "black", width: 1.5 });
  within(made, () => {
    made.ctx.fillStyle = "black";
    path.forEach(([x, y]) => shape(made.ctx, made.X(x), made.Y(y), 2.5, "circle"));
    shape(made.ctx, made.X(0), made.Y(0), 5, "cross");
    shape(made.ctx, made.X(xs[0]), made.Y(ys[0]), 6, "square");
    made.ctx.fillStyle = "white";
    shape(made.ctx, made.X(xs[0]), made.Y(ys[0]), 4, "square");
  });
}

function drawRuler(drawing, { sizes }, state) {
  const made = frame(drawing, {
    x: [LEAST, 0.4], y: [1.6, -0.6], title: "what is in the grey counts as zero",
    xlabel: "log10 of size / largest size", yticks: [[0, "λ₁"], [1, "λ₂"]], left: 40,
  });
  const { ctx, X, Y, box } = made;
  ctx.fillStyle = drawing.look.faint;
  ctx.fillRect(box.left, box.top, X(state.tolerance) - box.left, box.bottom - box.top);
  ctx.strokeStyle = drawing.look.text;
  ctx.setLineDash([4, 3]);
  line(ctx, X(state.tolerance), box.top, X(state.tolerance), box.bottom);
  ctx.setLineDash([]);
  ctx.font = `12px ${drawing.look.font}`;
  ctx.textBaseline = "middle";
  [state.first, state.second].forEach((value, i) => {
    const colours = value > 0 ? SIGNS.up : SIGNS.down;
    ctx.fillStyle = value === 0 ? drawing.look.text : colours[drawing.look.dark ? 1 : 0];
    shape(ctx, X(sizes[i]), Y(i), 7, value > 0 ? "triangle" : value < 0 ? "diamond" : "square");
    ctx.fillStyle = drawing.look.text;
    const left = sizes[i] < LEAST / 2;
    ctx.textAlign = left ? "left" : "right";
    ctx.fillText(fixed(value, 2), X(sizes[i]) + (left ? 12 : -12), Y(i));
  });
}

function drawLosses(drawing, { losses }) {
  const [low, high] = [Math.min(0, ...losses), Math.max(0, ...losses)];
  const room = 0.08 * (high - low || 1);
  const made = frame(drawing, {
    x: [0, Math.max(1, losses.length - 1)], y: [low - room, high + room],
    title: "loss along the way", xlabel: "step", ylabel: "loss",
  });
  const steps = losses.map((_, step) => step);
  curve(made, steps, losses, { colour: drawing.look.text });
  made.ctx.fillStyle = drawing.look.text;
  steps.forEach((step) => shape(made.ctx, made.X(step), made.Y(losses[step]), 2.5, "circle"));
}

function listen(canvases, view) {
  turnable(canvases.surface, view);
}

/** @type {import("./explorer.js").Kind} */
export const kind = { panels, compute, draw, listen };
