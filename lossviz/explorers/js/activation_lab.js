/** Activation lab: two functions, what they do to net inputs of some spread, and their slopes. */

import { curve, frame, line, within } from "./axes.js";
import { fixed, percent } from "./format.js";
import { ZOO, tabulated } from "./zoo.js";

const POINTS = 241;
const BINS = 30;

/** @type {import("./explorer.js").PanelSpec[]} */
const panels = [
  { name: "f", label: "Curves of both functions against the net input z" },
  { name: "first", label: "Curves of both slopes against the net input z" },
  { name: "second", label: "Curves of both second derivatives against the net input z" },
  { name: "outputs", label: "Histograms of the outputs of both functions", aspect: 1.6, least: 300 },
  { name: "slopes", label: "Histograms of the slopes of both functions", aspect: 1.6, least: 300 },
];

/**
 * @param {{first: string, second: string, scale: number}} state
 * @param {Object} data quantiles of a standard normal variable, and what is known of each function
 */
function compute(state, data) {
  const span = Math.max(3, 3 * state.scale);
  const z = Array.from({ length: POINTS }, (_, i) => span * ((2 * i) / (POINTS - 1) - 1));
  const inputs = Array.from(data.quantiles, (quantile) => state.scale * quantile);
  const both = [state.first, state.second].map((name) => {
    const known = data.functions[name];
    const { f, first, second } = ZOO[name] || tabulated(known.table);
    const place = Math.round(state.scale / data.step) - 1;
    return {
      label: known.label,
      f: z.map(f),
      first: z.map(first),
      second: z.map(second),
      outputs: inputs.map(f),
      slopes: inputs.map(first),
      saturated: known.saturated === null ? null : known.saturated[place],
    };
  });
  const shared = { outputs: histograms(both, "outputs"), slopes: histograms(both, "slopes") };
  const told = both.map(({ label, f, first, second, outputs, slopes, saturated }) => {
    const curves = { label, f, first, second, saturated };
    return { ...curves, mean: mean(outputs), squared: mean(slopes.map((slope) => slope * slope)) };
  });
  return { z, functions: told, ...shared, text: inWords(state, told) };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Count values of both functions in the same bins, as shares. */
function histograms(both, what) {
  const all = both.flatMap((each) => each[what]);
  const low = Math.min(...all);
  const high = Math.max(...all);
  const width = (high - low || 1) / BINS;
  const shares = both.map((each) => {
    const counts = new Array(BINS).fill(0);
    for (const value of each[what]) {
      counts[Math.min(BINS - 1, Math.floor((value - low) / width))] += 1 / each[what].length;
    }
    return counts;
  });
  return { low, width, shares };
}

function inWords(state, functions) {
  const told = functions.map(({ label, mean, squared, saturated }) => {
    const flat = saturated === null ? "no measure of saturation" : `saturated ${percent(saturated)}`;
    return `${label}: mean output ${fixed(mean, 2)}, mean squared slope ${fixed(squared, 2)}, ${flat}.`;
  });
  return `Net inputs of spread ${fixed(state.scale, 1)}. ${told.join(" ")}`;
}

function draw(drawings, result, state, data) {
  const styles = [state.first, state.second].map((name, i) => ({
    colour: drawings.f.look.dark ? data.functions[name].light : data.functions[name].colour,
    dashes: i === 0 ? [] : [6, 3],
  }));
  for (const [name, title] of [["f", "f(z)"], ["first", "f′(z)"], ["second", "f″(z)"]]) {
    drawCurves(drawings[name], result, name, title, styles);
  }
  drawBars(drawings.outputs, result, "outputs", "output", styles);
  drawBars(drawings.slopes, result, "slopes", "slope", styles);
}

function drawCurves(drawing, { z, functions }, name, title, styles) {
  const all = functions.flatMap((each) => Array.from(each[name]));
  const low = Math.min(...all, 0);
  const high = Math.max(...all, 0.1);
  const room = 0.08 * (high - low);
  const made = frame(drawing, {
    x: [z[0], z[z.length - 1]], y: [low - room, high + room], title, xlabel: "net input z",
  });
  functions.forEach((each, i) => curve(made, z, each[name], styles[i]));
  if (name === "f") legend(made, functions, styles, drawing.look);
}

function legend({ ctx, box }, functions, styles, look) {
  ctx.font = `12px ${look.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  functions.forEach((each, i) => {
    const y = box.top + 12 + 18 * i;
    ctx.strokeStyle = styles[i].colour;
    ctx.lineWidth = 2;
    ctx.setLineDash(styles[i].dashes);
    line(ctx, box.left + 8, y, box.left + 34, y);
    ctx.setLineDash([]);
    ctx.fillStyle = look.text;
    ctx.fillText(each.label, box.left + 40, y);
  });
}

/** The first function's bars are filled, the second's drawn as an outline over them. */
function drawBars(drawing, result, what, word, styles) {
  const { low, width, shares } = result[what];
  const tallest = Math.max(...shares.flatMap((each) => Array.from(each)));
  const made = frame(drawing, {
    x: [low, low + BINS * width], y: [0, 108 * tallest], title: `${word}s where z ~ N(0, spread²)`,
    xlabel: word, ylabel: "share (%)",
  });
  const { ctx, X, Y } = made;
  within(made, () => {
    ctx.fillStyle = styles[0].colour;
    ctx.globalAlpha = 0.55;
    shares[0].forEach((share, i) => {
      const left = X(low + i * width);
      ctx.fillRect(left, Y(100 * share), X(low + (i + 1) * width) - left - 1, Y(0) - Y(100 * share));
    });
    ctx.globalAlpha = 1;
    ctx.strokeStyle = styles[1].colour;
    ctx.lineWidth = 2;
    ctx.setLineDash(styles[1].dashes);
    ctx.beginPath();
    ctx.moveTo(X(low), Y(0));
    shares[1].forEach((share, i) => {
      ctx.lineTo(X(low + i * width), Y(100 * share));
      ctx.lineTo(X(low + (i + 1) * width), Y(100 * share));
    });
    ctx.stroke();
  });
}

/** @type {import("./explorer.js").Kind} */
export const kind = { panels, compute, draw };
