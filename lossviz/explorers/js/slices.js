/**
 * Planes through a network with one hidden layer of ReLU units and sigmoid outputs.
 *
 * Flat weights have the order of the package: W1 (hidden x inputs), b1, W2 (outputs x hidden), b2.
 */

import { diagonalised } from "./jacobi.js";

/** Crossings along either axis of a plane. */
export const SIDE = 31;

/** Components of an eigenvector below this share of the largest are rounding, as a dead unit's. */
const ROUNDING = 1e-9;

/**
 * @typedef {Object} Network
 * @property {number[]} layers inputs, hidden units, outputs
 * @property {ArrayLike<number>} inputs sample by sample
 * @property {ArrayLike<number>} targets
 */

/** Return where W1, b1, W2 and b2 begin, and how many weights there are. */
function starts([inputs, hidden, outputs]) {
  const b1 = hidden * inputs;
  const w2 = b1 + hidden;
  const b2 = w2 + outputs * hidden;
  return { b1, w2, b2, end: b2 + outputs };
}

/**
 * Return what rescaling multiplies each weight by: a unit's factor where it goes in, its inverse out.
 * @param {number[]} layers
 * @param {number[]} factors of the hidden units
 */
export function scaleOf(layers, factors) {
  const [inputs, hidden, outputs] = layers;
  const { b1, w2, end } = starts(layers);
  const scale = new Float64Array(end).fill(1);
  factors.forEach((factor, h) => {
    for (let i = 0; i < inputs; i++) scale[h * inputs + i] = factor;
    scale[b1 + h] = factor;
    for (let o = 0; o < outputs; o++) scale[w2 + o * hidden + h] = 1 / factor;
  });
  return scale;
}

/**
 * Return the direction with each filter of the norm of the network's, and biases of 0.
 * @param {number[]} layers
 * @param {ArrayLike<number>} weights
 * @param {ArrayLike<number>} direction
 */
export function filterNormalised(layers, weights, direction) {
  const [inputs, hidden, outputs] = layers;
  const { w2, end } = starts(layers);
  const found = new Float64Array(end);
  const match = (start, count) => {
    const length = (values) => {
      let sum = 0;
      for (let i = start; i < start + count; i++) sum += values[i] ** 2;
      return Math.sqrt(sum);
    };
    const moves = length(direction); // where a direction does not move a filter, it still does not
    const ratio = moves === 0 ? 0 : length(weights) / moves;
    for (let i = start; i < start + count; i++) found[i] = ratio * direction[i];
  };
  for (let h = 0; h < hidden; h++) match(h * inputs, inputs);
  for (let o = 0; o < outputs; o++) match(w2 + o * hidden, hidden);
  return found;
}

/**
 * Return eigenvectors of a symmetric matrix, by the places of their eigenvalues in descending order;
 * of v and -v that whose largest component is positive.
 * @param {ArrayLike<number>} matrix
 * @param {number} size
 * @param {number[]} places negative ones count from the end
 */
export function eigenvectors(matrix, size, places) {
  const { values, vectors } = diagonalised(matrix, size, true);
  const order = values.map((_, i) => i).sort((i, j) => values[j] - values[i]);
  return places.map((place) => signed(vectors[order.at(place)]));
}

function signed(vector) {
  const largest = vector.reduce((most, each) => (Math.abs(each) > Math.abs(most) ? each : most), 0);
  return vector.map((each) => {
    if (Math.abs(each) < ROUNDING * Math.abs(largest)) return 0;
    return largest < 0 ? -each : each;
  });
}

/**
 * Return the losses on a plane, row by row, the first direction fastest.
 *
 * The first layer is linear in the weights, so its net inputs at a place are those of the centre and
 * of both directions, added up.
 * @param {Network} network
 * @param {ArrayLike<number>} centre
 * @param {ArrayLike<number>[]} directions
 * @param {number} reach
 */
export function plane(network, centre, directions, reach) {
  const nets = [centre, ...directions].map((weights) => firstNets(network, weights));
  const side = Array.from({ length: SIDE }, (_, i) => reach * (-1 + (2 * i) / (SIDE - 1)));
  const losses = new Float64Array(SIDE * SIDE);
  side.forEach((beta, j) => {
    side.forEach((alpha, i) => {
      const at = (parts) => (k) => parts[0][k] + alpha * parts[1][k] + beta * parts[2][k];
      losses[j * SIDE + i] = loss(network, at(nets), at([centre, ...directions]));
    });
  });
  return losses;
}

/** Return the hidden units' net inputs, sample by sample. */
function firstNets({ layers, inputs }, weights) {
  const [width, hidden] = layers;
  const { b1 } = starts(layers);
  const samples = inputs.length / width;
  const nets = new Float64Array(samples * hidden);
  for (let n = 0; n < samples; n++) {
    for (let h = 0; h < hidden; h++) {
      let sum = weights[b1 + h];
      for (let i = 0; i < width; i++) sum += weights[h * width + i] * inputs[n * width + i];
      nets[n * hidden + h] = sum;
    }
  }
  return nets;
}

/** Return the mean cross-entropy, from the hidden net inputs and the weights at one place. */
function loss({ layers, targets }, netAt, weightAt) {
  const [, hidden, outputs] = layers;
  const { w2, b2, end } = starts(layers);
  const second = Array.from({ length: end - w2 }, (_, k) => weightAt(w2 + k));
  const samples = targets.length / outputs;
  const active = new Float64Array(hidden);
  let sum = 0;
  for (let n = 0; n < samples; n++) {
    for (let h = 0; h < hidden; h++) active[h] = Math.max(0, netAt(n * hidden + h));
    for (let o = 0; o < outputs; o++) {
      let z = second[b2 - w2 + o];
      for (let h = 0; h < hidden; h++) z += second[o * hidden + h] * active[h];
      // ln(1 + e^z) - t z, stable for any z and for targets of 0 and 1.
      const wrong = targets[n * outputs + o] === 1 ? -z : z;
      sum += Math.max(wrong, 0) + Math.log1p(Math.exp(-Math.abs(wrong)));
    }
  }
  return sum / targets.length;
}
