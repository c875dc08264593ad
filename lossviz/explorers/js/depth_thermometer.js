/** Depth thermometer: what a gain makes of signal and gradient, layer by layer, depth by depth. */

import { curve, frame, line } from "./axes.js";
import { fixed, significant } from "./format.js";
import { contour, heat, key } from "./heatmap.js";
import { dot } from "./marks.js";

const SIDE = 60;
const LOW = -6;
const PER_POWER = 24;
const TABLE = 289;
const KEPT = 2;
const LIMIT = 6;
/** Colours of vanished, kept and exploded gradients, as in `plots/propagation.py`. */
const COLOURS = [[33, 76, 140], [245, 245, 240], [170, 40, 30]];

/** @type {import("./explorer.js").PanelSpec[]} */
const panels = [
  { name: "layers", label: "Variance of net inputs and squared gradient against the layer",
    aspect: 1.4, least: 300 },
  { name: "map", label: "Map of the squared gradient over gain and depth", aspect: 1.4, least: 300 },
];

const gainAt = (column) => (column + 1) / 20;

/** Return log10 of an integral at a power of ten of q. */
function at({ logs, ends }, power) {
  const last = TABLE - 1;
  const place = (power - LOW) * PER_POWER;
  if (place < 0) return logs[0] + (ends[0] * place) / PER_POWER;
  if (place > last) return logs[last] + (ends[1] * (place - last)) / PER_POWER;
  const i = Math.min(last - 1, Math.floor(place));
  return logs[i] + (place - i) * (logs[i + 1] - logs[i]);
}

/**
 * @param {{activation: string, gain: number, depth: number}} state
 * @param {Object} data what is known of each function
 */
function compute(state, data) {
  const known = data.functions[state.activation];
  const map = new Array(SIDE * SIDE);
  const column = Math.round(state.gain * 20) - 1;
  const variances = [];
  for (let i = 0; i < SIDE; i++) {
    const squared = 2 * Math.log10(gainAt(i));
    let power = squared;
    let back = 0;
    for (let layer = 0; layer < SIDE; layer++) {
      if (i === column) variances.push(power);
      map[layer * SIDE + i] = back;
      back = back + squared + at(known.slope, power);
      power = squared + at(known.square, power);
    }
  }
  const row = (state.depth - 1) * SIDE;
  const gradient = Array.from(
    { length: state.depth }, (_, layer) => map[row + column] - map[layer * SIDE + column],
  );
  const variance = variances.slice(0, state.depth);
  const gains = Array.from({ length: SIDE }, (_, i) => gainAt(i));
  const kept = gains.filter((_, i) => Math.abs(map[row + i]) < KEPT);
  const text = inWords(known.label, state, variance, gradient, kept);
  return { variance, gradient, map, kept, text };
}

function inWords(label, state, variance, gradient, kept) {
  const first = gradient[0];
  let verdict = "keeps its size within a factor of 100";
  if (Math.abs(first) >= KEPT) verdict = first < 0 ? "vanishes" : "explodes";
  let strip = "No gain of the map keeps it at this depth.";
  if (kept.length) {
    strip = `Gains that keep it at this depth: ${fixed(kept[0], 2)} to `
      + `${fixed(kept[kept.length - 1], 2)}.`;
  }
  const ends = [variance[0], variance[variance.length - 1], first];
  const [from, to, back] = ends.map((power) => significant(10 ** power, 2));
  return `${label}, gain ${fixed(state.gain, 2)}, ${fixed(state.depth, 0)} layers: the variance `
    + `of net inputs goes from ${from} to ${to}. The squared gradient at the first layer `
    + `is ${back} times the last layer's: it ${verdict}. ${strip}`;
}

function colourOf(power) {
  const share = Math.min(1, Math.max(0, (power + LIMIT) / (2 * LIMIT))) * 2;
  const i = Math.min(1, Math.floor(share));
  return COLOURS[i].map((low, k) => Math.round(low + (share - i) * (COLOURS[i + 1][k] - low)));
}

function draw(drawings, result, state) {
  drawLayers(drawings.layers, result);
  drawMap(drawings.map, result, state);
}

function drawLayers(drawing, { variance, gradient }) {
  const all = [...variance, ...gradient, -1, 1];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = 0.08 * (high - low);
  const layers = Array.from(variance, (_, i) => i + 1);
  const made = frame(drawing, {
    x: [1, layers.length], y: [low - room, high + 3 * room], title: "Layer by layer",
    xlabel: "layer", ylabel: "power of ten", left: 60,
  });
  const { ctx, box } = made;
  const styles = [{ colour: drawing.look.text }, { colour: "#D55E00", dashes: [6, 3] }];
  curve(made, layers, variance, styles[0]);
  curve(made, layers, gradient, styles[1]);
  ctx.font = `12px ${drawing.look.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ["variance of net inputs", "squared gradient"].forEach((text, i) => {
    const y = box.top + 8 + 16 * i;
    ctx.strokeStyle = styles[i].colour;
    ctx.lineWidth = 2;
    ctx.setLineDash(styles[i].dashes || []);
    line(ctx, box.left + 8, y, box.left + 34, y);
    ctx.setLineDash([]);
    ctx.fillStyle = drawing.look.text;
    ctx.fillText(text, box.left + 40, y);
  });
}

function drawMap(drawing, { map }, state) {
  // The key of colours has its place on the right of a narrower frame.
  const narrow = { ...drawing, width: drawing.width - 56 };
  const made = frame(narrow, {
    x: [gainAt(0), gainAt(SIDE - 1)], y: [1, SIDE], title: "Squared gradient at layer 1, power of ten",
    xlabel: "gain", ylabel: "layers", grid: false,
  });
  const grid = { values: map, side: SIDE, x: [gainAt(0), gainAt(SIDE - 1)], y: [1, SIDE] };
  heat(made, grid, colourOf);
  for (const level of [-KEPT, KEPT]) contour(made, grid, level, { colour: "black" });
  const marks = [-6, -2, 0, 2, 6].map((value) => ({ value, text: String(value) }));
  key(made, [-LIMIT, LIMIT], colourOf, marks, drawing.look);
  dot(made.ctx, made.X(state.gain), made.Y(state.depth), { colour: "black", size: 6 });
}

/** @type {import("./explorer.js").Kind} */
export const kind = { panels, compute, draw };
