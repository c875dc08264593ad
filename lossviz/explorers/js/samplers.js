/**
 * Samplers of XOR's landscape: the package's walks, with the same draws, in float64.
 *
 * A gradient walk looks at the signs of the gradient's components alone, so it is the package's own
 * bit by bit, unless a component is so close to 0 that its rounding decides its sign.
 */

import { WEIGHTS, gradient } from "./network.js";
import { PURPOSES, take } from "./random.js";

/**
 * @typedef {Object} Draws of one walk
 * @property {Float64Array} start uniform numbers in [0, 1), one per weight
 * @property {Float64Array} direction uniform numbers, one per weight
 * @property {Float64Array} lengths uniform numbers, one per weight and step
 * @property {Float64Array} coins uniform numbers, one per weight and step
 */

/**
 * @typedef {Object} Settings
 * @property {string} activation
 * @property {number} startRange b: starts and bounded walks lie in [-b, b]
 * @property {number} maxStep s: the largest change of one weight
 * @property {number} steps points per walk
 */

/**
 * @typedef {Object} Walk
 * @property {Float64Array[]} points
 * @property {number[][]} gradients at the points
 */

/** @typedef {{start: (draws: Draws, b: number) => Float64Array, move: Function}} Sampler */

/**
 * Return what a walk's streams give.
 * @param {number} seed
 * @param {number} walk
 * @param {number} steps points of the walk
 * @returns {Draws}
 */
export function draws(seed, walk, steps) {
  const numbers = (purpose, count) => take(seed, walk, purpose, count);
  return {
    start: numbers(PURPOSES.START, WEIGHTS),
    direction: numbers(PURPOSES.DIRECTION, WEIGHTS),
    lengths: numbers(PURPOSES.STEP, WEIGHTS * (steps - 1)),
    coins: numbers(PURPOSES.COIN, WEIGHTS * (steps - 1)),
  };
}

const uniform = ({ start }, b) => start.map((u) => b * (2 * u - 1));

/** The sign of the change where a component of the gradient is 0, by the name of the rule. */
const AT_ZERO = { increase: () => 1, stay: () => 0, random: (coin) => (coin < 0.5 ? -1 : 1) };

/** A walk against the signs of the gradient's components, without a border. */
const descent = (rule) => ({
  start: uniform,
  move(point, slopes, draws, at, { maxStep }) {
    return point.map((weight, j) => {
      const length = maxStep * draws.lengths[at + j];
      const sign = -Math.sign(slopes[j]) || AT_ZERO[rule](draws.coins[at + j]);
      return weight + sign * length;
    });
  },
});

/** A walk of random steps, turned back, weight by weight, at the border. */
const random = {
  start: uniform,
  move(point, _, draws, at, { maxStep, startRange }) {
    return point.map((weight, j) => {
      const change = maxStep * (2 * draws.lengths[at + j] - 1);
      return Math.abs(weight + change) > startRange ? weight - change : weight + change;
    });
  },
};

/** A walk in one direction, from the opposite orthant, that turns round, weight by weight. */
const progressive = {
  start: (draws, b) => uniform(draws, b).map((weight, j) => -towards(draws)[j] * Math.abs(weight)),
  move(point, _, draws, at, { maxStep, startRange }, direction) {
    return point.map((weight, j) => {
      const length = maxStep * draws.lengths[at + j];
      if (Math.abs(weight + direction[j] * length) > startRange) direction[j] = -direction[j];
      return weight + direction[j] * length;
    });
  },
};

const towards = ({ direction }) => direction.map((u) => (u < 0.5 ? -1 : 1));

/** @type {Object<string, Sampler>} */
const SAMPLERS = {
  random,
  progressive,
  increase: descent("increase"),
  stay: descent("stay"),
  random_sign: descent("random"),
};

/**
 * Return a walk of a sampler.
 * @param {string} name a key of SAMPLERS
 * @param {Draws} drawn
 * @param {Settings} settings
 * @returns {Walk}
 */
export function walk(name, drawn, settings) {
  const { start, move } = SAMPLERS[name];
  const points = [start(drawn, settings.startRange)];
  const gradients = [gradient(points[0], settings.activation)];
  const direction = towards(drawn); // what `move` may turn round
  for (let k = 1; k < settings.steps; k++) {
    const at = WEIGHTS * (k - 1);
    points.push(move(points[k - 1], gradients[k - 1], drawn, at, settings, direction));
    gradients.push(gradient(points[k], settings.activation));
  }
  return { points, gradients };
}

/**
 * Return the points of a walk of a seed, for tests: an array of steps times weights.
 * @param {string} name
 * @param {number} seed
 * @param {number} number of the walk
 * @param {Settings} settings
 */
export function pointsOf(name, seed, number, settings) {
  return walk(name, draws(seed, number, settings.steps), settings).points.map((each) => [...each]);
}
