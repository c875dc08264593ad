/** What samplers say about a landscape; `_race_reports.py` computes the same. */

import { hessian, turnsDown } from "./curvature.js";
import { PATTERNS, WEIGHTS, loss, norm } from "./network.js";
import { ZOO } from "./zoo.js";

/** Curvature is looked at every so many steps. */
export const EVERY = 10;

const SHOWN = 0.95;
const RTOL = 1e-8;

/**
 * @typedef {Object} Report
 * @property {number[]} low lower quartile over walks, by step
 * @property {number[]} median
 * @property {number[]} high
 * @property {number[]} steepness median norm of the gradient, by step
 * @property {number[]} loss of all points, walk after walk
 * @property {number[]} norm of the gradient
 * @property {number[]} lowest quartiles, over walks, of the lowest loss of a walk
 * @property {number} middle median loss
 * @property {number} steep median norm of the gradient
 * @property {number} rugged mean first entropic measure of a walk's losses
 * @property {number} zeros share of the gradient's components that are exactly 0
 * @property {number} dead share of hidden units whose output is 0 for all patterns
 * @property {number} upward share of points without a negative eigenvalue
 */

/**
 * Return what one sampler reports.
 * @param {import("./samplers.js").Walk[]} walks
 * @param {string} activation
 * @returns {Report}
 */
export function report(walks, activation) {
  const losses = walks.map(({ points }) => points.map((point) => loss(point, activation)));
  const norms = walks.map(({ gradients }) => gradients.map(norm));
  const points = walks.flatMap((walk) => walk.points);
  const looked = walks.flatMap((walk) => walk.points.filter((_, k) => k % EVERY === 0));
  const bySteps = losses[0].map((_, k) => quartiles(losses.map((each) => each[k])));
  return {
    low: bySteps.map((each) => each[0]),
    median: bySteps.map((each) => each[1]),
    high: bySteps.map((each) => each[2]),
    steepness: norms[0].map((_, k) => quantile(norms.map((each) => each[k]), 0.5)),
    loss: losses.flat(),
    norm: norms.flat(),
    lowest: quartiles(losses.map((each) => Math.min(...each))),
    middle: quantile(losses.flat(), 0.5),
    steep: quantile(norms.flat(), 0.5),
    rugged: mean(losses.map(ruggedness)),
    zeros: mean(walks.flatMap(({ gradients }) => gradients.map(flatness))),
    dead: mean(points.map((point) => deadUnits(point, activation))),
    upward: mean(looked.map((point) => Number(!turnsDown(hessian(point, activation), WEIGHTS, RTOL)))),
  };
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

const quartiles = (values) => [0.25, 0.5, 0.75].map((share) => quantile(values, share));

/** Return a quantile by straight lines between neighbours. */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/** Return the share of a gradient's components that are exactly 0. */
const flatness = (slopes) => slopes.filter((slope) => slope === 0).length / slopes.length;

/** Return the share of hidden units whose output is exactly 0 for all patterns. */
function deadUnits(weights, activation) {
  const { f } = ZOO[activation];
  const silent = (h) =>
    PATTERNS.every(([x, y]) => f(weights[2 * h] * x + weights[2 * h + 1] * y + weights[4 + h]) === 0);
  return (Number(silent(0)) + Number(silent(1))) / 2;
}

/**
 * Return the first entropic measure of a walk's losses: the largest entropy, base 6, of the pairs of
 * unequal consecutive symbols, over tolerances of 0 to 100 % of the largest step.
 * @param {number[]} losses
 */
export function ruggedness(losses) {
  const steps = losses.slice(1).map((value, k) => value - losses[k]);
  const top = Math.max(...steps.map(Math.abs));
  let most = 0;
  for (let k = 0; k <= 20; k++) most = Math.max(most, entropy(steps, top * (k / 20)));
  return most;
}

function entropy(steps, tolerance) {
  const counts = new Array(9).fill(0);
  let last = -1;
  for (const step of steps) {
    const symbol = 1 + Number(step > tolerance) - Number(step < -tolerance);
    if (last >= 0) counts[3 * last + symbol] += 1;
    last = symbol;
  }
  const shares = [1, 2, 3, 5, 6, 7].map((pair) => counts[pair] / (steps.length - 1));
  return shares.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0) / Math.log(6);
}

/**
 * Return the ends of the clouds' axes, and the largest share of a sampler's points outside them.
 * @param {Report[]} reports
 */
export function sharedAxes(reports) {
  const right = Math.max(...reports.map((each) => quantile(each.loss, SHOWN)));
  const top = Math.max(...reports.map((each) => quantile(each.norm, SHOWN)));
  const beyond = (each) => mean(each.loss.map((value, i) => Number(value > right || each.norm[i] > top)));
  const left = Math.min(...reports.map((each) => Math.min(...each.loss)));
  return { left, right, top, outside: Math.max(...reports.map(beyond)) };
}
