/**
 * A network with two inputs, hidden units and one sigmoid output, on the four patterns of XOR.
 *
 * Flat weights have the order of the package: W1 (hidden x inputs), b1, W2, b2. The loss is the
 * mean binary cross-entropy (natural logarithm), stable at any size of the output's net input.
 */

import { ZOO, sigmoid } from "./zoo.js";

/** The patterns in the order of `load_problem("xor")`, and what they should give. */
export const PATTERNS = [[0, 0], [0, 1], [1, 0], [1, 1]];
export const TARGETS = [0, 1, 1, 0];

/** Number of weights with two hidden units. */
export const WEIGHTS = 9;

/**
 * Return the output's net input at a point of the input plane.
 * @param {ArrayLike<number>} weights of two hidden units
 * @param {string} activation
 * @param {number[]} input
 */
export function netOutput(weights, activation, [x, y]) {
  const { f } = ZOO[activation];
  const first = f(weights[0] * x + weights[1] * y + weights[4]);
  const second = f(weights[2] * x + weights[3] * y + weights[5]);
  return weights[6] * first + weights[7] * second + weights[8];
}

/**
 * Return the loss.
 * @param {ArrayLike<number>} weights
 * @param {string} activation
 */
export function loss(weights, activation) {
  let sum = 0;
  for (let n = 0; n < 4; n++) {
    const z = netOutput(weights, activation, PATTERNS[n]);
    const wrong = TARGETS[n] === 1 ? -z : z; // ln(1 + e^wrong)
    sum += Math.max(wrong, 0) + Math.log1p(Math.exp(-Math.abs(wrong)));
  }
  return sum / 4;
}

/**
 * Return the outputs on the four patterns, in (0, 1).
 * @param {ArrayLike<number>} weights
 * @param {string} activation
 */
export function outputs(weights, activation) {
  return PATTERNS.map((pattern) => sigmoid(netOutput(weights, activation, pattern)));
}

/**
 * Return the gradient of the loss.
 * @param {ArrayLike<number>} weights
 * @param {string} activation
 * @returns {number[]}
 */
export function gradient(weights, activation) {
  const { f, first } = ZOO[activation];
  const found = new Array(WEIGHTS).fill(0);
  for (let n = 0; n < 4; n++) {
    const [x, y] = PATTERNS[n];
    const nets = [0, 1].map((h) => weights[2 * h] * x + weights[2 * h + 1] * y + weights[4 + h]);
    const net = weights[6] * f(nets[0]) + weights[7] * f(nets[1]) + weights[8];
    // sigmoid(z) - t, without a difference where the target is 1.
    const residual = (TARGETS[n] === 1 ? -sigmoid(-net) : sigmoid(net)) / 4;
    nets.forEach((z, h) => {
      const back = residual * weights[6 + h] * first(z);
      found[2 * h] += back * x;
      found[2 * h + 1] += back * y;
      found[4 + h] += back;
      found[6 + h] += residual * f(z);
    });
    found[8] += residual;
  }
  return found;
}

/** @param {ArrayLike<number>} vector */
export const norm = (vector) => Math.hypot(...vector);
