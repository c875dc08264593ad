/** Stability edge: recorded runs of gradient descent beside the curvature that a step can bear. */

import { curve, frame, line, within } from "./axes.js";
import { fixed, grouped, percent, significant } from "./format.js";
import { dot } from "./marks.js";

/** @type {import("./explorer.js").PanelSpec[]} */
const panels = [
  { name: "loss", label: "Training loss against the step, on a logarithmic axis",
    aspect: 1.5, least: 300 },
  { name: "sharpness", label: "Sharpness against the step, with the limit of stability",
    aspect: 1.5, least: 300 },
];

/**
 * @param {{activation: string, learning_rate: string, step: number}} state
 * @param {Object} data recorded losses and sharpness, a row for each learning rate
 */
function compute(state, data) {
  const known = data.activations[state.activation];
  const row = data.rates.findIndex((rate) => String(rate) === state.learning_rate);
  const [start, end] = [row * data.count, (row + 1) * data.count];
  const loss = Array.from(known.loss.slice(start, end));
  const sharpness = Array.from(known.sharpness.slice(start, end));
  const edge = edgeOf(loss, sharpness, data.rates[row]);
  const at = Math.min(data.count - 1, Math.floor(state.step / data.every + 0.5));
  const told = inWords(known.label, state.learning_rate, edge, data.every);
  const place = ` At step ${grouped(at * data.every)} the loss is ${significant(loss[at], 3)} and `
    + `the sharpness ${significant(sharpness[at], 3)}, `
    + `${fixed(sharpness[at] / edge.limit, 2)} times the limit.`;
  const steps = loss.map((_, i) => i * data.every);
  const { limit, reached } = edge;
  return { steps, loss, sharpness, limit, at, reached, text: told + place };
}

/** Say when a run met its limit, and what it did from there on, as `analysis/edge.py` does. */
function edgeOf(loss, sharpness, rate) {
  const limit = 2 / rate;
  const reached = sharpness.findIndex((value) => value >= limit);
  if (reached < 0) return { limit, reached };
  const ratios = sharpness.slice(reached).map((value) => value / limit);
  const later = loss.slice(reached + 1);
  const higher = later.filter((value, i) => value > loss[reached + i]).length;
  return { limit, reached, hover: median(ratios), rises: later.length ? higher / later.length : null };
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function inWords(label, rate, { limit, reached, hover, rises }, every) {
  const start = `${label}, learning rate ${rate}: the limit ${significant(limit, 3)} is `;
  if (reached < 0) return `${start}not met in this run.`;
  const told = `${start}first met at step ${grouped(reached * every)}. From there on the sharpness `
    + `has a median of ${fixed(hover, 2)} times the limit`;
  if (rises === null) return `${told}.`;
  const share = percent(rises);
  return `${told}. Of later records, ${share} have a higher loss than the one before.`;
}

function draw(drawings, result, state, data) {
  const known = data.activations[state.activation];
  const colour = drawings.loss.look.dark ? known.light : known.colour;
  drawLoss(drawings.loss, result, colour);
  drawSharpness(drawings.sharpness, result, colour);
}

/** Return the ends of the axis of steps, with room for the number at its end. */
const across = ({ steps }) => [0, 1.05 * steps[steps.length - 1]];

function drawLoss(drawing, result, colour) {
  const powers = result.loss.map(Math.log10);
  const [low, high] = [Math.min(...powers), Math.max(...powers)];
  const room = 0.08 * (high - low);
  const y = [low - room, high + room];
  const made = frame(drawing, {
    x: across(result), y, title: "Training loss", xlabel: "step",
    yticks: lossTicks(...y), left: 56,
  });
  drawRun(made, drawing, result, powers, colour);
}

/** Return named ticks 1, 2 and 5 times powers of ten, at places of their logarithms. */
function lossTicks(low, high) {
  const found = [];
  for (let power = Math.floor(low); power <= high; power++) {
    for (const factor of [1, 2, 5]) {
      const place = power + Math.log10(factor);
      if (place >= low && place <= high) found.push([place, significant(10 ** place, 1)]);
    }
  }
  return found;
}

function drawSharpness(drawing, result, colour) {
  const top = 1.12 * Math.max(...result.sharpness, result.limit);
  const made = frame(drawing, {
    x: across(result), y: [0, top], title: "Sharpness",
    xlabel: "step", left: 56,
  });
  const { ctx, box, Y } = made;
  const height = Y(result.limit);
  ctx.strokeStyle = drawing.look.text;
  ctx.lineWidth = 1.5;
  ctx.setLineDash([3, 4]);
  line(ctx, box.left, height, box.right, height);
  ctx.setLineDash([]);
  ctx.font = `12px ${drawing.look.font}`;
  ctx.fillStyle = drawing.look.text;
  ctx.textAlign = "right";
  ctx.textBaseline = "top";
  ctx.fillText(`limit ${significant(result.limit, 3)}`, box.right - 4, height + 5);
  drawRun(made, drawing, result, result.sharpness, colour);
}

/** Draw a run, the step at which it met its limit, and the step that is looked at. */
function drawRun(made, drawing, { steps, at, reached }, values, colour) {
  const { ctx, X, Y, box } = made;
  if (reached >= 0) {
    within(made, () => {
      ctx.strokeStyle = drawing.look.text;
      ctx.globalAlpha = 0.5;
      ctx.lineWidth = 1;
      line(ctx, X(steps[reached]), box.top, X(steps[reached]), box.bottom);
    });
  }
  curve(made, steps, values, { colour });
  dot(ctx, X(steps[at]), Y(values[at]), { colour: "black", size: 6 });
}

/** @type {import("./explorer.js").Kind} */
export const kind = { panels, compute, draw };
