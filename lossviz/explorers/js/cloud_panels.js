/** The panels of the linked cloud. */

import { curve, frame, line, powers, within } from "./axes.js";
import { percent } from "./format.js";
import { shape } from "./scatter.js";

const ACCENT = { light: "#4477AA", dark: "#99CCEE" };

/** Pixels on the left of bars and rows, where their names stand. */
const NAMES = 132;

/**
 * Return what the frame of the cloud is made of, wherever it is drawn or brushed.
 * @param {Object} axes ends and steps by name
 * @param {boolean} [log] whether ends are logarithms
 * @returns {import("./axes.js").FrameOptions}
 */
export function cloudFrame({ loss, gradient }, log) {
  const named = ({ low, high }) => (log ? powers(low, high, 6) : undefined);
  return {
    x: opened(loss), y: opened(gradient), xticks: named(loss), yticks: named(gradient), left: 56,
    title: "The cloud and its brush", xlabel: "loss", ylabel: "gradient norm",
  };
}

/** Return an axis' ends with some room, so that a brush at an end is seen. */
function opened({ low, high }) {
  const room = 0.02 * (high - low);
  return [low - room, high + room];
}

/**
 * @param {import("./panel.js").Drawing} drawing
 * @param {Object} result
 * @param {Object} data
 */
export function drawCloud(drawing, result, data) {
  const made = frame(drawing, cloudFrame(result.axes, data.log));
  const { loss, gradient } = data;
  points(made, loss, gradient, data, (i) => (result.inside[i] ? null : 0.4));
  points(made, loss, gradient, data, (i) => (result.inside[i] ? 1 : null));
  drawBrush(made, result.ends, drawing.look);
}

/** Draw points of an opacity each; null leaves a point out. */
function points(made, xs, ys, { kinds, marks }, opacity) {
  const { ctx, X, Y } = made;
  within(made, () => {
    for (let i = 0; i < xs.length; i++) {
      const alpha = opacity(i);
      if (alpha === null || !Number.isFinite(xs[i]) || !Number.isFinite(ys[i])) continue;
      ctx.globalAlpha = alpha;
      mark(ctx, X(xs[i]), Y(ys[i]), 2.4, marks[kinds === null ? 0 : Number(kinds[i])]);
    }
  });
}

/** Draw one mark: its edge, and its fill upon it. */
function mark(ctx, x, y, size, { fill, edge, shape: name }) {
  ctx.fillStyle = edge;
  shape(ctx, x, y, size + 0.9, name);
  if (fill === edge) return;
  ctx.fillStyle = fill;
  shape(ctx, x, y, size - 0.3, name);
}

function drawBrush(made, { loss, gradient }, look) {
  const { ctx, X, Y } = made;
  within(made, () => {
    ctx.strokeStyle = look.text;
    ctx.lineWidth = 2;
    const [left, bottom] = [X(loss[0]), Y(gradient[0])];
    ctx.strokeRect(left, bottom, X(loss[1]) - left, Y(gradient[1]) - bottom);
  });
}

/**
 * Draw the walks' paths: loss against step, or the way of those with brushed points through the
 * cloud.
 * @param {import("./panel.js").Drawing} drawing
 * @param {Object} result
 * @param {string} how "steps" or "cloud"
 * @param {Object} data
 */
export function drawPaths(drawing, result, how, data) {
  const { loss, gradient, steps, walks } = data;
  const across = how === "cloud";
  const cloud = cloudFrame(result.axes, data.log);
  const made = frame(drawing, across
    ? { ...cloud, title: "Paths of the walks in the brush" }
    : {
      x: [steps[0], Math.max(steps[steps.length - 1], steps[0] + 1)], y: cloud.x,
      yticks: cloud.xticks, left: 56, title: "Paths, brushed points marked", xlabel: "step", ylabel: "loss",
    });
  const xs = across ? loss : Float32Array.from(loss, (_, i) => steps[i % steps.length]);
  const ys = across ? gradient : loss;
  for (let w = 0; w < walks; w++) {
    if (across && !result.touched[w]) continue;
    const [from, to] = [w * steps.length, (w + 1) * steps.length];
    const colour = result.touched[w] ? fainter(drawing.look, 0.45) : drawing.look.faint;
    curve(made, xs.subarray(from, to), ys.subarray(from, to), { colour, width: 1 });
  }
  points(made, xs, ys, data, (i) => (result.inside[i] ? 1 : null));
  if (across) drawBrush(made, result.ends, drawing.look);
}

const fainter = ({ dark }, alpha) => (dark ? `rgba(255,255,255,${alpha})` : `rgba(0,0,0,${alpha})`);

/**
 * Draw shares of kinds as bars: filled in the brush, outlined of all.
 * @param {import("./panel.js").Drawing} drawing
 * @param {{names: string[], inside: number[], all: number[]}} kinds
 * @param {Object[]} marks
 */
export function drawKinds(drawing, { names, inside, all }, marks) {
  const rows = names.length;
  const made = frame(drawing, {
    x: [0, 135], y: [-0.5, rows - 0.5], left: NAMES, title: "Curvature (bars: brush; lines: all)",
    xlabel: "share (%)", grid: false,
    xticks: [0, 50, 100].map((value) => [value, String(value)]),
    yticks: names.map((name, i) => [rows - 1 - i, name]),
  });
  const { ctx, X, Y } = made;
  const tall = Y(0) - Y(1);
  names.forEach((_, i) => {
    const y = Y(rows - 1 - i);
    ctx.fillStyle = marks[i].fill;
    ctx.fillRect(X(0), y - 0.3 * tall, X(100 * inside[i]) - X(0), 0.6 * tall);
    ctx.strokeStyle = drawing.look.text;
    ctx.lineWidth = 2;
    line(ctx, X(100 * all[i]), y - 0.42 * tall, X(100 * all[i]), y + 0.42 * tall);
    mark(ctx, 9, y, 4, marks[i]);
    ctx.fillStyle = drawing.look.text;
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillText(percent(inside[i]), X(100 * Math.max(inside[i], all[i])) + 5, y);
  });
}

/**
 * Draw the histogram of saturation: filled in the brush, outlined of all.
 * @param {import("./panel.js").Drawing} drawing
 * @param {{inside: number[], all: number[]}} saturation
 */
export function drawBins(drawing, saturation) {
  const tallest = Math.max(...saturation.inside, ...saturation.all) || 1;
  const made = frame(drawing, {
    x: [0, 1], y: [0, 108 * tallest], title: "Saturation (bars: brush; line: all)",
    xlabel: "saturation", ylabel: "share (%)",
  });
  histogram(made, saturation, 100, 0, drawing.look);
}

/** Draw bins of one row, which stands on a base and is this tall at a share of 1. */
function histogram(made, { inside, all }, tall, base, look) {
  const { ctx, X, Y } = made;
  const width = 1 / all.length;
  within(made, () => {
    ctx.fillStyle = look.dark ? ACCENT.dark : ACCENT.light;
    inside.forEach((share, i) => {
      const [left, top] = [X(i * width), Y(base + tall * share)];
      ctx.fillRect(left, top, X((i + 1) * width) - left - 0.5, Y(base) - top);
    });
    ctx.strokeStyle = look.text;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.moveTo(X(0), Y(base));
    all.forEach((share, i) => {
      ctx.lineTo(X(i * width), Y(base + tall * share));
      ctx.lineTo(X((i + 1) * width), Y(base + tall * share));
    });
    ctx.lineTo(X(1), Y(base));
    ctx.stroke();
  });
}

/**
 * Draw a row of bins for each sample or class.
 * @param {import("./panel.js").Drawing} drawing
 * @param {Object[]} rows
 * @param {string} title
 */
export function drawOutputs(drawing, rows, title) {
  const made = frame(drawing, {
    x: [0, 1], y: [0, rows.length], left: 92, title, xlabel: "output (bars: brush; line: all)",
    yticks: rows.map(({ label }, i) => [rows.length - 1 - i + 0.08, label]), grid: false,
  });
  rows.forEach((row, i) => {
    const tallest = Math.max(...row.inside, ...row.all) || 1;
    histogram(made, row, 0.85 / tallest, rows.length - 1 - i, drawing.look);
  });
}
