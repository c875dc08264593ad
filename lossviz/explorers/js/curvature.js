/** The Hessian of XOR's loss in closed form, and the signs of its eigenvalues. */

import { diagonalised, largest } from "./jacobi.js";
import { PATTERNS, TARGETS, WEIGHTS, netOutput } from "./network.js";
import { ZOO, sigmoid } from "./zoo.js";

/** The weights of each hidden unit: from both inputs, the bias, and to the output. */
const UNITS = [[0, 1, 4, 6], [2, 3, 5, 7]];

/**
 * Return the Hessian of the loss, row by row.
 * @param {ArrayLike<number>} weights
 * @param {string} activation
 * @returns {Float64Array} WEIGHTS * WEIGHTS numbers
 */
export function hessian(weights, activation) {
  const { f, first, second } = ZOO[activation];
  const found = new Float64Array(WEIGHTS * WEIGHTS);
  const slopes = new Float64Array(WEIGHTS); // of the output's net input
  slopes[WEIGHTS - 1] = 1;
  for (let n = 0; n < PATTERNS.length; n++) {
    const inputs = [...PATTERNS[n], 1];
    const net = netOutput(weights, activation, PATTERNS[n]);
    const residual = (TARGETS[n] === 1 ? -sigmoid(-net) : sigmoid(net)) / 4;
    for (const [...unit] of UNITS) {
      const out = unit.pop();
      const z = unit.reduce((sum, at, i) => sum + weights[at] * inputs[i], 0);
      unit.forEach((at, i) => {
        slopes[at] = weights[out] * first(z) * inputs[i];
        const across = residual * first(z) * inputs[i];
        found[WEIGHTS * at + out] += across;
        found[WEIGHTS * out + at] += across;
        unit.forEach((other, j) => {
          found[WEIGHTS * at + other] += residual * weights[out] * second(z) * inputs[i] * inputs[j];
        });
      });
      slopes[out] = f(z);
    }
    addSquare(found, slopes, (sigmoid(net) * sigmoid(-net)) / 4);
  }
  return found;
}

/** Add a multiple of a vector's outer product with itself. */
function addSquare(matrix, vector, times) {
  for (let i = 0; i < WEIGHTS; i++) {
    for (let j = 0; j < WEIGHTS; j++) matrix[WEIGHTS * i + j] += times * vector[i] * vector[j];
  }
}

/**
 * Return the eigenvalues of a symmetric matrix, in no order.
 * @param {ArrayLike<number>} matrix row by row
 * @param {number} size
 * @returns {number[]}
 */
export function eigenvalues(matrix, size) {
  return diagonalised(matrix, size).values;
}

/**
 * Say whether a matrix has a negative eigenvalue: one below -rtol times the largest size of one.
 *
 * The lowest eigenvalue is no higher than that of any two rows and columns, and none is larger than
 * the size times the largest entry: where these decide, the others need not be computed.
 * @param {ArrayLike<number>} matrix symmetric, row by row
 * @param {number} size
 * @param {number} rtol
 */
export function turnsDown(matrix, size, rtol) {
  const limit = -rtol * size * largest(matrix);
  for (let p = 0; p < size; p++) {
    for (let q = p + 1; q < size; q++) {
      const [a, b, c] = [matrix[size * p + p], matrix[size * p + q], matrix[size * q + q]];
      if ((a + c) / 2 - Math.hypot((a - c) / 2, b) < limit) return true;
    }
  }
  const values = eigenvalues(matrix, size);
  return Math.min(...values) < -rtol * Math.max(...values.map(Math.abs));
}
