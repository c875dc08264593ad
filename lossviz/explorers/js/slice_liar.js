/** Slice liar: one trained network, and planes through it that contradict each other. */

import { curve, frame, line } from "./axes.js";
import { viridis } from "./colours.js";
import { fixed, percent, significant } from "./format.js";
import { contour, heat, key } from "./heatmap.js";
import { diagonalised } from "./jacobi.js";
import { dot } from "./marks.js";
import { SIDE, eigenvectors, filterNormalised, plane, scaleOf } from "./slices.js";

/** Losses between which colours and heights run, and what is a good one; as in `_slice_words.py`. */
const [LOW, HIGH, GOOD] = [0.02, 20, 0.5];
const [LEVEL, LOWER, FREE] = [0.1, 0.01, 0.05];

const PAIRS = {
  random: (draw) => `Random directions (draw ${draw})`,
  mixed: (draw) => `Largest eigenvector and a random direction (draw ${draw})`,
  eigen: () => "Eigenvectors of the largest and the smallest eigenvalue",
  principal: () => "Principal components of training",
};
const LENGTHS = { raw: "as they are", one: "of length 1", filter: "filter-normalised" };

const TICKS = [[LOW, String(LOW)], [0.1, "0.1"], [1, "1"], [10, "10"]];
/** The first curve has the colour of the page's letters. */
const STYLES = [
  { name: "first direction" },
  { name: "second direction", colour: "#D55E00", dashes: [6, 3] },
];

/** @type {import("./explorer.js").PanelSpec[]} */
const panels = [
  { name: "plane", label: "Loss in the plane of both directions", aspect: 1.25, least: 300 },
  { name: "lines", label: "Loss along each of both directions", aspect: 1.25, least: 300 },
];

/**
 * @param {Object} state
 * @param {Object} data the network, its Hessian, and the spread of its training run
 */
function compute(state, data) {
  const { layers, weights } = data;
  const size = weights.length;
  const powers = Array.from({ length: layers[1] }, (_, h) => turned(state, h) * state.power);
  const scale = scaleOf(layers, powers.map((power) => 2 ** power));
  const point = Float64Array.from(weights, (weight, i) => weight * scale[i]);
  const hessian = scaled(data.hessian, size, (i) => 1 / scale[i]);
  const directions = directionsOf(state, data, scale, hessian).map((each) => {
    if (state.length === "filter") return filterNormalised(layers, point, each);
    return state.length === "one" ? each.map((value) => value / norm(each)) : each;
  });
  const losses = plane(data, point, directions, state.reach);
  const { values } = diagonalised(hessian, size);
  const result = {
    plane: losses,
    loss: losses[(SIDE * SIDE - 1) / 2],
    lengths: directions.map(norm),
    curvatures: directions.map((each) => bend(hessian, each) / norm(each) ** 2),
    mean: values.reduce((sum, value) => sum + value, 0) / size,
    largest: Math.max(...values),
  };
  return { ...result, text: inWords(result, state, data) };
}

const norm = (vector) => Math.hypot(...vector);

const turned = (state, unit) => (state.units === "turns" && unit % 2 ? -1 : 1);

/** Return a matrix with rows and columns multiplied by factors. */
function scaled(matrix, size, factor) {
  const both = (k) => factor(Math.floor(k / size)) * factor(k % size);
  return Float64Array.from(matrix, (value, k) => value * both(k));
}

/** Return both directions as they are. */
function directionsOf({ pair, draw }, data, scale, hessian) {
  const size = scale.length;
  if (pair === "eigen") return eigenvectors(hessian, size, [0, -1]);
  if (pair === "principal") {
    return eigenvectors(scaled(data.spread, size, (i) => scale[i]), size, [0, 1]);
  }
  const start = 2 * (draw - 1) * size;
  const drawn = [start, start + size].map((at) => Float64Array.from(data.random.slice(at, at + size)));
  return pair === "random" ? drawn : [...eigenvectors(hessian, size, [0]), drawn[1]];
}

/** Return the curvature along a direction, v' H v. */
function bend(matrix, vector) {
  let sum = 0;
  matrix.forEach((value, k) => {
    sum += value * vector[Math.floor(k / vector.length)] * vector[k % vector.length];
  });
  return sum;
}

const shareOfGood = (losses) => losses.filter((loss) => loss <= GOOD).length / losses.length;

function inWords(result, state, data) {
  const { plane: losses } = result;
  const pair = PAIRS[state.pair](fixed(state.draw, 0));
  const units = state.units === "all" ? "all units" : "units in turn divided by and";
  const [a, b] = result.lengths.map((each) => fixed(each, 1));
  const [first, second] = result.curvatures.map((each) => significant(each, 2));
  return `${pair}, ${LENGTHS[state.length]}, ${units} times ${significant(2 ** state.power, 2)}: `
    + `steps of length ${a} and ${b}, losses from ${significant(Math.min(...losses), 2)} to `
    + `${significant(Math.max(...losses), 2)}, ${percent(shareOfGood(losses))} of the plane up to `
    + `${GOOD}. A reader would conclude: ${concluded(losses)}. The same at every setting: the `
    + `outputs, loss ${fixed(result.loss, 3)}, ${data.right} of `
    + `${data.targets.length / data.layers[2]} flowers right, ${data.negative} of `
    + `${data.weights.length} eigenvalues negative. Curvature, for length 1: ${first} and ${second} `
    + `along these directions, ${significant(result.mean, 2)} on average over all, at most `
    + `${significant(result.largest, 2)}.`;
}

/** Say what a reader would take a plane for, by what is seen in it alone. */
function concluded(losses) {
  const [across, upward] = linesOf(losses);
  const centre = across[(SIDE - 1) / 2];
  const rises = [across, upward].map((values) => Math.max(...values) - centre);
  if (Math.max(...losses) - centre < LEVEL) return "flat ground";
  if (centre - Math.min(...losses) > LOWER) return "training has missed lower ground nearby";
  if (Math.min(...rises) < FREE) return "a valley, along which moving costs nothing";
  return shareOfGood(losses) >= 0.5 ? "a wide minimum" : "a sharp minimum";
}

/** Return the losses along the first and along the second direction, through the centre. */
function linesOf(losses) {
  const middle = (SIDE - 1) / 2;
  const along = Array.from({ length: SIDE }, (_, i) => i);
  return [along.map((i) => losses[middle * SIDE + i]), along.map((j) => losses[j * SIDE + middle])];
}

const clipped = (loss) => Math.min(HIGH, Math.max(LOW, loss));
const colourOf = (power) => viridis((power - Math.log10(LOW)) / Math.log10(HIGH / LOW));

function draw(drawings, result, state) {
  const ends = [-state.reach, state.reach];
  drawPlane(drawings.plane, result.plane, ends);
  drawLines(drawings.lines, linesOf(result.plane), ends);
}

function drawPlane(drawing, losses, ends) {
  const made = frame({ ...drawing, width: drawing.width - 62 }, {
    x: ends, y: ends, grid: false, title: "loss in the plane (white line: 0.5)",
    xlabel: "alpha, along the first", ylabel: "beta, along the second",
  });
  const values = Array.from(losses, (loss) => Math.log10(clipped(loss)));
  const grid = { values, side: SIDE, x: ends, y: ends };
  heat(made, grid, colourOf);
  for (const level of [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10]) {
    contour(made, grid, Math.log10(level), { colour: level === GOOD ? "white" : "black", width: 1 });
  }
  const marks = TICKS.map(([loss, text]) => ({ value: Math.log10(loss), text }));
  key(made, [Math.log10(LOW), Math.log10(HIGH)], colourOf, marks, drawing.look);
  dot(made.ctx, made.X(0), made.Y(0), { colour: "black", size: 5 });
}

function drawLines(drawing, lines, ends) {
  const made = frame(drawing, {
    x: ends, y: [Math.log10(LOW), Math.log10(HIGH)], title: "loss along each direction",
    xlabel: "step", ylabel: "loss", yticks: TICKS.map(([loss, text]) => [Math.log10(loss), text]),
  });
  const { ctx, box } = made;
  const step = (ends[1] - ends[0]) / (SIDE - 1);
  const places = Array.from({ length: SIDE }, (_, i) => ends[0] + step * i);
  lines.forEach((heights, k) => {
    const colour = STYLES[k].colour || drawing.look.text;
    curve(made, places, heights.map((loss) => Math.log10(clipped(loss))), { ...STYLES[k], colour });
  });
  ctx.font = `12px ${drawing.look.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  STYLES.forEach(({ name, colour, dashes }, k) => {
    const y = box.top + 8 + 16 * k;
    ctx.strokeStyle = colour || drawing.look.text;
    ctx.lineWidth = 2;
    ctx.setLineDash(dashes || []);
    line(ctx, box.left + 8, y, box.left + 34, y);
    ctx.setLineDash([]);
    ctx.fillStyle = drawing.look.text;
    ctx.fillText(name, box.left + 40, y);
  });
}

/** @type {import("./explorer.js").Kind} */
export const kind = { panels, compute, draw };
