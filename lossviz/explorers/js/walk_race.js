/** Walk race: what five samplers report about the same landscape, with the same random numbers. */

import { curve, frame, line, within } from "./axes.js";
import { fixed, percent } from "./format.js";
import { report, sharedAxes } from "./race_reports.js";
import { draws, walk } from "./samplers.js";
import { dots } from "./scatter.js";

/** The place of the first of the three gradient walks among the samplers; the others follow. */
const INCREASE = 2;

const cloud = (what) => ({
  label: `Gradient norm against loss at all points of the ${what}`,
  aspect: 0.85,
  least: 150,
});

/** @type {import("./explorer.js").PanelSpec[]} */
const panels = [
  {
    name: "race",
    label: "Loss against step for each sampler: the walks' median, and a band of their middle half",
    aspect: 1.5,
    least: 320,
  },
  { name: "random", ...cloud("random walks") },
  { name: "progressive", ...cloud("progressive random walks") },
  { name: "increase", ...cloud("gradient walks that increase weights of zero gradient") },
  { name: "stay", ...cloud("gradient walks that leave weights of zero gradient") },
  { name: "random_sign", ...cloud("gradient walks that toss a coin at zero gradient") },
  {
    name: "steepness",
    label: "Gradient norm against step for each sampler: median of the walks",
    aspect: 0.85,
    least: 150,
  },
];

/**
 * @param {{activation: string, start_range: string, max_step: number, seed: number}} state
 * @param {Object} data numbers of walks and steps, labels, and the looks of samplers
 */
function compute(state, data) {
  const startRange = Number(state.start_range);
  const seed = Math.floor(state.seed + 0.5);
  const { activation } = state;
  const maxStep = (state.max_step / 100) * 2 * startRange;
  const settings = { activation, startRange, maxStep, steps: data.steps };
  const drawn = Array.from({ length: data.walks }, (_, i) => draws(seed, i, data.steps));
  const samplers = [];
  for (const { name, label } of data.samplers) {
    // Where no component is 0 no rule is asked, and the others' walks are those of the first.
    const first = samplers[INCREASE];
    const alike = first && first.zeros === 0;
    const walks = alike ? [] : drawn.map((each) => walk(name, each, settings));
    samplers.push({ ...(alike ? first : report(walks, activation)), label });
  }
  const text = inWords(data.labels[activation], state, seed, samplers);
  return { samplers, axes: sharedAxes(samplers), text };
}

function inWords(label, state, seed, reports) {
  const b = state.start_range;
  const same = reports[INCREASE].zeros === 0;
  const lowest = each(reports.map((report) => short(report.lowest[1])), same);
  const upward = each(reports.map((report) => percent(report.upward)), same);
  const zeros = reports.map((report) => percent(report.zeros));
  const told =
    `XOR, ${label}, starts in [-${b}, ${b}], steps up to ${fixed(state.max_step, 1)} % of ` +
    `that range, seed ${seed}. Lowest loss of a walk, median: ${lowest}. Points without a ` +
    `negative eigenvalue: ${upward}. `;
  const alike =
    "On gradient walks no component of the gradient is exactly 0, so the three rules take the " +
    "same steps.";
  return told + (same ? alike : `Components of the gradient that are exactly 0: ${rules(zeros)}.`);
}

const short = (value) => (value < 0.001 ? "under 0.001" : fixed(value, 3));

/** Name the samplers with what is said of each; the gradient walks once where they agree. */
const each = (told, same) =>
  `random ${told[0]}, progressive ${told[1]}; gradient ${same ? told[2] : rules(told)}`;

const rules = (told) => `${told[2]} (increase), ${told[3]} (stay), ${told[4]} (random sign)`;

/** What is reported, in words, and how it is written. */
const REPORTS = [
  ["lowest loss of a walk, median", ({ lowest }) => short(lowest[1])],
  ["its quartiles", ({ lowest }) => `${short(lowest[0])} to ${short(lowest[2])}`],
  ["median loss", ({ middle }) => short(middle)],
  ["median gradient norm", ({ steep }) => short(steep)],
  ["ruggedness", ({ rugged }) => fixed(rugged, 2)],
  ["gradient components that are 0", ({ zeros }) => percent(zeros)],
  ["dead hidden units", ({ dead }) => percent(dead)],
  ["points without a negative eigenvalue", ({ upward }) => percent(upward)],
];

function table({ samplers }) {
  return {
    head: ["report", ...samplers.map(({ label }) => label)],
    rows: REPORTS.map(([what, write]) => [what, ...samplers.map(write)]),
    caption: "What each sampler reports",
  };
}

function draw(drawings, { samplers, axes }, _, data) {
  const { dark } = drawings.race.look;
  const styles = data.samplers.map((each) => ({ ...each, colour: dark ? each.light : each.colour }));
  drawRace(drawings.race, samplers, styles);
  styles.forEach((style, i) => drawCloud(drawings[style.name], samplers[i], axes, style));
  drawSteepness(drawings.steepness, samplers, styles);
}

// Pixels left of the axes: losses from starts within 0.1 need three decimals.
const LEFT = 54;

// Pixels above the curves, for the legend's rows.
const ROW = 18;
const LEGEND = 3 * ROW + 6;

function drawRace(drawing, samplers, styles) {
  const low = Math.min(...samplers.map(({ low }) => Math.min(...low)));
  const high = Math.max(...samplers.map(({ high }) => Math.max(...high)));
  const share = Math.max(0.3, (drawing.height - LEGEND - 70) / (drawing.height - 62));
  const room = 0.05 * (high - low);
  const bottom = low - room;
  const steps = samplers[0].median.map((_, k) => k);
  const made = frame(drawing, {
    x: [0, steps.length - 1], y: [bottom, bottom + (high + room - bottom) / share],
    title: "loss along the walks", xlabel: "step", ylabel: "loss", left: LEFT,
  });
  samplers.forEach((each, i) => band(made, steps, each, styles[i].colour));
  samplers.forEach((each, i) => curve(made, steps, each.median, styles[i]));
  legend(made, styles, drawing);
}

function band(made, steps, { low, high }, colour) {
  const { ctx, X, Y } = made;
  within(made, () => {
    ctx.fillStyle = colour;
    ctx.globalAlpha = 0.13;
    ctx.beginPath();
    steps.forEach((k) => ctx.lineTo(X(k), Y(high[k])));
    [...steps].reverse().forEach((k) => ctx.lineTo(X(k), Y(low[k])));
    ctx.fill();
  });
}

/** Two columns above the curves. */
function legend({ ctx, box }, styles, { look }) {
  const wide = (box.right - box.left) / 2;
  ctx.font = `12px ${look.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  styles.forEach((style, i) => {
    const x = box.left + 6 + (i < 2 ? 0 : wide);
    const y = box.top + ROW * (0.5 + (i < 2 ? i : i - 2));
    ctx.strokeStyle = style.colour;
    ctx.lineWidth = style.width;
    ctx.setLineDash(style.dashes);
    line(ctx, x, y, x + 26, y);
    ctx.setLineDash([]);
    ctx.fillStyle = look.text;
    ctx.fillText(style.label, x + 32, y, wide - 38);
  });
}

function drawSteepness(drawing, samplers, styles) {
  const high = Math.max(...samplers.map(({ steepness }) => Math.max(...steepness)));
  const steps = samplers[0].steepness.map((_, k) => k);
  const made = frame(drawing, {
    x: [0, steps.length - 1], y: [0, 1.05 * high], title: "steepness", xlabel: "step",
    ylabel: "gradient norm", left: LEFT,
  });
  samplers.forEach((each, i) => curve(made, steps, each.steepness, styles[i]));
}

function drawCloud(drawing, { loss, norm }, { left, right, top }, { name, colour }) {
  const room = 0.03 * (right - left);
  const made = frame(drawing, {
    x: [left - room, right], y: [-0.03 * top, top], title: name.replace("_", " "), xlabel: "loss",
    ylabel: "gradient norm", left: LEFT,
  });
  const style = { colour, size: 1.2, alpha: 0.45 };
  dots(made, loss, norm, () => style);
}

/** @type {import("./explorer.js").Kind} */
export const kind = { panels, compute, draw, table };
