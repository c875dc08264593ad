/** Linked cloud: a region of a loss-gradient cloud, and what is true of the points in it. */

import { scales } from "./axes.js";
import { brushed, onBrush } from "./brush.js";
import { cloudFrame, drawBins, drawCloud, drawKinds, drawOutputs, drawPaths } from "./cloud_panels.js";
import { fixed, grouped, listed, percent, significant } from "./format.js";

const BINS = 20;

/**
 * The panels of what was measured.
 * @param {import("./explorer.js").Spec} spec
 * @returns {import("./explorer.js").PanelSpec[]}
 */
function panels({ data }) {
  const cloud = "Loss against gradient norm of all points shown, with the brush as a rectangle";
  const shown = [
    { name: "cloud", label: cloud, aspect: 1.2, least: 330 },
    { name: "paths", label: "Paths of the walks, with the brushed points marked", aspect: 1.2, least: 330 },
  ];
  if (data.kinds !== null) {
    const label = "Shares of kinds of curvature, in the brush and of all points shown";
    shown.push({ name: "kinds", label, aspect: 1.4, least: 300 });
  }
  if (data.saturation !== null) {
    const label = "Histograms of saturation, in the brush and of all points shown";
    shown.push({ name: "saturation", label, aspect: 1.4 });
  }
  if (data.outputs !== null) {
    const label = "Histograms of outputs, a row each, in the brush and of all points shown";
    shown.push({ name: "outputs", label, aspect: 1.4 });
  }
  return shown;
}

/**
 * @param {Object} state
 * @param {Object} data what was measured at the points, walk by walk
 */
function compute(state, data) {
  const ends = Object.fromEntries(
    ["loss", "gradient"].map((name) => {
      const both = [state[`${name}_from`], state[`${name}_to`]];
      return [name, [Math.min(...both), Math.max(...both)]];
    }),
  );
  const { axes, walks } = data;
  const within = (low, high, value) => value >= low && value <= high;
  const inside = Array.from(data.loss, (loss, i) =>
    Number(within(...ends.loss, loss) && within(...ends.gradient, data.gradient[i])),
  );
  const onAxes = (name, value) => within(axes[name].low, axes[name].high, value);
  const beyond = inside.filter(
    (_, i) => !onAxes("loss", data.loss[i]) || !onAxes("gradient", data.gradient[i]),
  ).length;
  const steps = inside.length / walks;
  const touched = Array.from({ length: walks }, (_, w) =>
    Number(inside.slice(w * steps, (w + 1) * steps).includes(1)),
  );
  const found = {
    ends,
    inside,
    touched,
    count: sum(inside),
    kinds: kindsOf(data, inside),
    saturation: bins(data.saturation, inside),
    means: data.means.map(({ label, values }) => ({ label, ...mean(values, inside) })),
    outputs: outputsOf(data.outputs, inside),
    axes,
  };
  return { ...found, text: inWords(data, found, beyond / inside.length) };
}

const sum = (values) => values.reduce((total, value) => total + value, 0);
const shares = (counts) => counts.map((count) => count / Math.max(1, sum(counts)));

/** Return shares of kinds of curvature in the brush and among all. */
function kindsOf({ kinds, names }, inside) {
  if (kinds === null) return null;
  const found = { inside: new Array(names.length).fill(0), all: new Array(names.length).fill(0) };
  inside.forEach((chosen, i) => {
    found.inside[Number(kinds[i])] += chosen;
    found.all[Number(kinds[i])] += 1;
  });
  return { names, inside: shares(found.inside), all: shares(found.all) };
}

/** Return the mean of finite values in the brush and among all, null where there are none. */
function mean(values, inside) {
  const usable = Array.from(values, (value, i) => [value, inside[i]]).filter(([value]) =>
    Number.isFinite(value),
  );
  const of = (pairs) => (pairs.length ? sum(pairs.map(([value]) => value)) / pairs.length : null);
  return { inside: of(usable.filter(([, chosen]) => chosen)), all: of(usable) };
}

/** Count values from 0 to 1 in bins, as shares of those in the brush and of all. */
function bins(values, inside) {
  if (values === null) return null;
  const found = { inside: new Array(BINS).fill(0), all: new Array(BINS).fill(0) };
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) return;
    const place = Math.min(BINS - 1, Math.max(0, Math.floor(value * BINS)));
    found.inside[place] += inside[i];
    found.all[place] += 1;
  });
  return { inside: shares(found.inside), all: shares(found.all) };
}

/** Return each row's bins and means. */
function outputsOf(outputs, inside) {
  if (outputs === null) return null;
  return outputs.labels.map((label, row) => {
    const values = outputs.values[row];
    return { label, ...bins(values, inside), mean: mean(values, inside) };
  });
}

function inWords(data, { ends, inside, touched, count, kinds, means }, beyond) {
  const [loss, gradient] = ["loss", "gradient"].map((name) => endsInWords(data, ends, name));
  const told = [`Brush: loss ${loss}, gradient norm ${gradient}.`];
  if (count === 0) {
    told.push(`None of the ${grouped(inside.length)} points shown lies in it.`);
  } else {
    const share = percent(count / inside.length);
    const walks = `${grouped(sum(touched))} of ${grouped(touched.length)} walks`;
    told.push(`It holds ${share} of the ${grouped(inside.length)} points shown, from ${walks}.`);
    if (kinds) told.push(`In it: ${sharesInWords(kinds, "inside")}. Of all: ${sharesInWords(kinds, "all")}.`);
    const flat = means.find(({ label }) => label === "saturation");
    if (flat && flat.inside !== null) {
      told.push(`Mean saturation ${fixed(flat.inside, 2)} in it, ${fixed(flat.all, 2)} of all.`);
    }
  }
  if (beyond > 0) told.push(`Beyond the axes: ${percent(beyond)} of all.`);
  return told.join(" ");
}

function endsInWords({ log, axes }, ends, name) {
  const write = (end) => (log ? significant(10 ** end, 2) : fixed(end, axes[name].digits));
  return ends[name].map(write).join(" to ");
}

function sharesInWords(kinds, which) {
  const named = kinds.names.map((name, i) => [kinds[which][i], name]).filter(([share]) => share > 0);
  return listed(named.map(([share, name]) => `${percent(share)} ${name}`));
}

function draw(drawings, result, state, data) {
  drawCloud(drawings.cloud, result, data);
  drawPaths(drawings.paths, result, state.paths, data);
  if (result.kinds) drawKinds(drawings.kinds, result.kinds, data.marks);
  if (result.saturation) drawBins(drawings.saturation, result.saturation);
  if (result.outputs) drawOutputs(drawings.outputs, result.outputs, data.outputs.title);
}

/** A pointer's rectangle becomes values of the controls, which keep it to their steps. */
function listen({ cloud }, view) {
  let before = null;
  onBrush(cloud, {
    begin: () => {
      before = view.state();
    },
    undo: () => view.change(before),
    draw: (from, to) => {
      const result = view.result();
      if (!result) return;
      const size = cloud.getBoundingClientRect();
      const { x, y } = brushed(scales(size, cloudFrame(result.axes)), from, to);
      view.change({ loss_from: x[0], loss_to: x[1], gradient_from: y[0], gradient_to: y[1] });
    },
  });
}

/** All numbers, in the brush and of all points. */
function table({ count, inside, kinds, means, outputs }) {
  const row = (label, each, write) => [label, ...[each.inside, each.all].map(write)];
  const number = (value) => (value === null ? "none" : fixed(value, 3));
  const rows = [["points", grouped(count), grouped(inside.length)]];
  for (const [i, name] of (kinds ? kinds.names : []).entries()) {
    rows.push(row(name, { inside: kinds.inside[i], all: kinds.all[i] }, percent));
  }
  for (const each of means) rows.push(row(`mean ${each.label}`, each, number));
  for (const each of outputs || []) rows.push(row(`mean output, ${each.label}`, each.mean, number));
  const caption = "Points in the brush beside all points shown";
  return { head: ["", "in the brush", "all"], rows, caption };
}

/** @type {import("./explorer.js").Kind} */
export const kind = { panels, compute, draw, listen, table };
