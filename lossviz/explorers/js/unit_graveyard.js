/** Unit graveyard: a small ReLU layer learns on the plane, and some of its units die. */

import { frame, line, within } from "./axes.js";
import { viridis } from "./colours.js";
import { fixed, significant } from "./format.js";
import { outlined } from "./marks.js";
import { shape } from "./scatter.js";

const UNITS = 12;
const STEPS = 150;
/** A weight beyond this ends the training. */
const MOST = 1e6;
/** Half the width of the plane that is shown; `_graveyard_picture.py` has the same. */
const SPAN = 2.5;

/** @type {import("./explorer.js").PanelSpec[]} */
const panels = [
  { name: "plane", label: "Lines on which units bend, over the points", aspect: 1.05, least: 300 },
  {
    name: "strips", label: "Share of points on which each unit is on, step by step",
    aspect: 1.05, least: 300,
  },
];

/**
 * @param {{rate: number, bias: number, step: number, leak: number, start: string}} state
 * @param {{points: Float32Array, starts: Float32Array}} data
 */
function compute(state, data) {
  const net = begin(state, data);
  const lines = [];
  const on = [];
  const losses = [];
  for (let k = 0; k <= STEPS; k++) {
    lines.push(net.units.flatMap(({ w, b }) => [w[0], w[1], b]));
    const { loss, active, slopes, slope } = passes(net, data.points, state.leak);
    losses.push(loss);
    on.push(...active);
    descend(net, slopes, slope, state.rate);
    const most = Math.max(...net.units.flatMap(({ w, b, v }) => [w[0], w[1], b, v].map(Math.abs)));
    if (most > MOST) break;
  }
  const step = Math.min(state.step, losses.length - 1);
  const text = inWords(state, step, on, losses, data.points.length / 3);
  return { lines: lines[step], on, losses, step, text };
}

/** Return the network before the first step. */
function begin({ start, bias }, { starts }) {
  const first = Number(start) * UNITS * 3;
  const units = Array.from({ length: UNITS }, (_, i) => {
    const [x, y, v] = starts.slice(first + 3 * i, first + 3 * i + 3);
    return { w: [x, y], b: bias, v };
  });
  return { units, c: 0 };
}

/** Return the loss, on how many points each unit is on, and the slopes of w, b, v by unit and of c. */
function passes({ units, c }, points, leak) {
  const count = points.length / 3;
  const active = new Array(UNITS).fill(0);
  const slopes = Array.from({ length: UNITS }, () => [0, 0, 0, 0]);
  let slope = 0;
  let sum = 0;
  for (let n = 0; n < count; n++) {
    const [x, y, target] = [points[3 * n], points[3 * n + 1], points[3 * n + 2]];
    const nets = units.map(({ w, b }) => x * w[0] + y * w[1] + b);
    const hidden = nets.map((z) => (z > 0 ? z : leak * z));
    let output = 0;
    units.forEach(({ v }, i) => { output += hidden[i] * v; });
    const residual = output + c - target;
    const size = Math.abs(residual);
    sum += size <= 1 ? (size * size) / 2 : size - 0.5;
    const back = Math.min(1, Math.max(-1, residual)) / count;
    units.forEach(({ v }, i) => {
      if (nets[i] > 0) active[i] += 1;
      const inner = back * v * (nets[i] > 0 ? 1 : leak);
      slopes[i][0] += inner * x;
      slopes[i][1] += inner * y;
      slopes[i][2] += inner;
      slopes[i][3] += back * hidden[i];
    });
    slope += back;
  }
  return { loss: sum / count, active, slopes, slope };
}

function descend(net, slopes, slope, rate) {
  net.units.forEach((unit, i) => {
    unit.w[0] -= rate * slopes[i][0];
    unit.w[1] -= rate * slopes[i][1];
    unit.b -= rate * slopes[i][2];
    unit.v -= rate * slopes[i][3];
  });
  net.c -= rate * slope;
}

/** Return on how many points each unit is on at a step. */
const countsAt = (on, step) => Array.from(on.slice(step * UNITS, (step + 1) * UNITS));

function inWords(state, step, on, losses, points) {
  const leak = state.leak > 0 ? `leak ${fixed(state.leak, 2)}` : "no leak";
  const last = losses.length - 1;
  const silent = (k) => countsAt(on, k).filter((count) => count === 0).length;
  const off = silent(step);
  const many = off === 1 ? `1 of ${UNITS} units is off at every point`
    : `${off} of ${UNITS} units are off at every point`;
  let fate = "";
  if (off > 0) fate = state.leak === 0 ? ", and dead" : ", but not dead";
  const half = countsAt(on, step).filter((count) => count === points).length;
  const stopped = losses.length > STEPS ? ""
    : ` A weight passes a million after step ${last}: training ends there.`;
  return `Learning rate ${fixed(state.rate, 1)}, starting bias ${fixed(state.bias, 2)}, ${leak}. `
    + `Step ${step}: ${many}${fate}; ${half} on at every point. At the start ${silent(0)} are off `
    + `everywhere, at the end ${silent(last)}. Loss ${significant(losses[step], 3)}, at the `
    + `start ${significant(losses[0], 3)}, at the end ${significant(losses[last], 3)}.${stopped}`;
}

function draw(drawings, result, state, data) {
  drawPlane(drawings.plane, result, state, data);
  drawStrips(drawings.strips, result, state, data);
}

function drawPlane(drawing, { lines, on, step }, state, { points }) {
  const made = frame(drawing, {
    x: [-SPAN, SPAN], y: [-SPAN, SPAN], grid: false, title: `Kinks at step ${step}`,
    xlabel: "first input", ylabel: "second input",
  });
  const counts = countsAt(on, step);
  within(made, () => {
    for (let n = 0; n < points.length; n += 3) {
      const up = points[n + 2] > 0;
      made.ctx.fillStyle = up ? "#D55E00" : "#0072B2";
      shape(made.ctx, made.X(points[n]), made.Y(points[n + 1]), 5, up ? "triangle" : "circle");
    }
    counts.forEach((count, i) => {
      const kept = count > 0 || state.leak > 0;
      drawKink(made, lines.slice(3 * i, 3 * i + 3), kept ? `${i + 1}` : `✝${i + 1}`, kept, drawing.look);
    });
  });
}

/** Draw where a unit's net input is 0, with its name on the side where it is on. */
function drawKink({ ctx, X, Y }, [wx, wy, b], name, kept, look) {
  const length = Math.hypot(wx, wy);
  if (length === 0) return;
  const [ux, uy] = [wx / length, wy / length];
  const foot = [(-b / length) * ux, (-b / length) * uy];
  ctx.strokeStyle = look.text;
  ctx.globalAlpha = kept ? 1 : 0.55;
  ctx.lineWidth = kept ? 1.5 : 1;
  ctx.setLineDash(kept ? [] : [2, 4]);
  line(ctx, X(foot[0] + 9 * uy), Y(foot[1] - 9 * ux), X(foot[0] - 9 * uy), Y(foot[1] + 9 * ux));
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
  outlined(ctx, name, X(foot[0] + 0.22 * ux), Y(foot[1] + 0.22 * uy) + 7, look.font);
}

function drawStrips(drawing, { on, step }, state, { points }) {
  const all = on.length / UNITS;
  const made = frame({ ...drawing, width: drawing.width - 26 }, {
    x: [0, all], y: [0.5, UNITS + 0.5], grid: false, xlabel: "step", ylabel: "unit",
    title: "On at no point (dark) to all (yellow)",
    yticks: Array.from({ length: UNITS / 2 }, (_, i) => [2 * i + 2, `${2 * i + 2}`]),
  });
  const { ctx, X, Y, box } = made;
  const count = points.length / 3;
  for (let k = 0; k < all; k++) {
    countsAt(on, k).forEach((each, i) => {
      ctx.fillStyle = `rgb(${viridis(each / count).join(",")})`;
      ctx.fillRect(X(k), Y(i + 1.5), X(k + 1) - X(k) + 0.5, Y(i + 0.5) - Y(i + 1.5));
    });
  }
  ctx.strokeStyle = "white";
  ctx.lineWidth = 2;
  line(ctx, X(step + 0.5), box.top, X(step + 0.5), box.bottom);
  ctx.fillStyle = drawing.look.text;
  ctx.font = `14px ${drawing.look.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  countsAt(on, step).forEach((each, i) => {
    if (each === 0) ctx.fillText(state.leak === 0 ? "✝" : "-", box.right + 6, Y(i + 1));
  });
}

/** @type {import("./explorer.js").Kind} */
export const kind = { panels, compute, draw };
