/** Eigenvalues and eigenvectors of symmetric matrices, by Jacobi's rotations. */

// What rotations leave beside the diagonal; they converge quadratically, so few are needed.
const SMALL = 1e-30;
const SWEEPS = 30;

/**
 * Return the eigenvalues of a symmetric matrix, in no order, and their vectors if they are wanted.
 * @param {ArrayLike<number>} matrix row by row
 * @param {number} size
 * @param {boolean} [vectors]
 * @returns {{values: number[], vectors: Float64Array[]}} vectors of length 1, in the values' order
 */
export function diagonalised(matrix, size, vectors = false) {
  const a = Float64Array.from(matrix);
  const scale = largest(a);
  const axes = vectors ? identity(size) : [];
  for (let k = 0; k < a.length && scale > 0; k++) a[k] /= scale;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let beside = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        beside += a[size * p + q] ** 2;
        rotate(a, size, p, q, axes);
      }
    }
    if (beside < SMALL) break;
  }
  return { values: Array.from({ length: size }, (_, i) => scale * a[size * i + i]), vectors: axes };
}

/**
 * Return the largest absolute value.
 * @param {Float64Array} values
 */
export const largest = (values) => values.reduce((most, each) => Math.max(most, Math.abs(each)), 0);

const identity = (size) =>
  Array.from({ length: size }, (_, i) => Float64Array.from({ length: size }, (_, j) => +(i === j)));

/** Turn two axes such that the entry (p, q) becomes 0. */
function rotate(a, size, p, q, axes) {
  const entry = a[size * p + q];
  if (entry === 0) return;
  const theta = (a[size * q + q] - a[size * p + p]) / (2 * entry);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (let k = 0; k < size; k++) turn(a, size * k + p, a, size * k + q, c, s);
  for (let k = 0; k < size; k++) turn(a, size * p + k, a, size * q + k, c, s);
  for (let k = 0; k < size && axes.length; k++) turn(axes[p], k, axes[q], k, c, s);
}

function turn(first, at, second, other, c, s) {
  const value = first[at];
  first[at] = c * value - s * second[other];
  second[other] = s * value + c * second[other];
}
