/** The activations of the zoo with their slopes and second derivatives, on single numbers. */

/**
 * @typedef {Object} Functions
 * @property {(z: number) => number} f
 * @property {(z: number) => number} first its slope
 * @property {(z: number) => number} second its second derivative
 */

const SELU_SCALE = 1.0507009873554805;
const SELU_LIMIT = -1.7580993408473766;
const LECUN = 1.7159;

/**
 * In the form of the package's own, so that both underflow to 0 at the same net inputs.
 * @param {number} z
 */
export const sigmoid = (z) => 1 / (1 + Math.exp(-z));
const sigmoidFirst = (z) => sigmoid(z) * sigmoid(-z);
const tanhFirst = (z) => (1 / Math.cosh(z)) ** 2;
const tanhSecond = (z) => -2 * Math.tanh(z) * tanhFirst(z);
const zero = () => 0;

/** An exponential approach to the limit -left on the left, a line of slope `right` on the right. */
const bent = (left, right) => ({
  f: (z) => (z > 0 ? right * z : left * Math.expm1(z)),
  first: (z) => (z > 0 ? right : left * Math.exp(z)),
  second: (z) => (z < 0 ? left * Math.exp(z) : 0),
});

/** z times a gate: from the gate's value, slope and second derivative. */
const gated = (gate, first, second) => ({
  f: (z) => z * gate(z),
  first: (z) => gate(z) + z * first(z),
  second: (z) => 2 * first(z) + z * second(z),
});

const density = (z) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
const softplus = (z) => Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z)));
const mishGate = (z) => Math.tanh(softplus(z));
const mishFirst = (z) => (1 - mishGate(z) ** 2) * sigmoid(z);
const mishSecond = (z) => mishFirst(z) * (sigmoid(-z) - 2 * mishGate(z) * sigmoid(z));

/** @type {Object<string, Functions>} */
export const ZOO = {
  tanh: { f: Math.tanh, first: tanhFirst, second: tanhSecond },
  relu: { f: (z) => Math.max(0, z), first: (z) => (z > 0 ? 1 : 0), second: zero },
  elu: bent(1, 1),
  sigmoid: {
    f: sigmoid,
    first: sigmoidFirst,
    second: (z) => -Math.tanh(z / 2) * sigmoidFirst(z),
  },
  leaky_relu: {
    f: (z) => (z > 0 ? z : 0.01 * z),
    first: (z) => (z > 0 ? 1 : 0.01),
    second: zero,
  },
  selu: bent(-SELU_LIMIT, SELU_SCALE),
  gelu: gated(normalShare, density, (z) => -z * density(z)),
  silu: gated(sigmoid, sigmoidFirst, (z) => -Math.tanh(z / 2) * sigmoidFirst(z)),
  softplus: { f: softplus, first: sigmoid, second: sigmoidFirst },
  mish: gated(mishGate, mishFirst, mishSecond),
  hard_tanh: {
    f: (z) => Math.max(-1, Math.min(1, z)),
    first: (z) => (Math.abs(z) < 1 ? 1 : 0),
    second: zero,
  },
  lecun_tanh: {
    f: (z) => LECUN * Math.tanh((2 * z) / 3),
    first: (z) => ((LECUN * 2) / 3) * tanhFirst((2 * z) / 3),
    second: (z) => ((LECUN * 4) / 9) * tanhSecond((2 * z) / 3),
  },
  sine: { f: Math.sin, first: Math.cos, second: (z) => -Math.sin(z) },
  identity: { f: (z) => z, first: () => 1, second: zero },
};

/**
 * Return the share of a standard normal variable below z.
 *
 * Near 0 by the series erf(x) = 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!!, in the tails by
 * the continued fraction of the Mills ratio, 1/(z + 1/(z + 2/(z + 3/(z + ...)))).
 * @param {number} z
 */
export function normalShare(z) {
  if (Math.abs(z) < 3.5) {
    let term = z;
    let sum = z;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (z * z) / (2 * n + 1);
      sum += term;
    }
    return 0.5 + sum * density(z);
  }
  const far = Math.abs(z);
  let ratio = far;
  for (let n = 60; n > 0; n--) ratio = far + n / ratio;
  const tail = density(z) / ratio;
  return z < 0 ? tail : 1 - tail;
}

/**
 * Return the functions of an activation that is known by a table alone: evenly spaced values of f,
 * f' and f'', joined by cubic curves of the right slopes; f'' by straight lines.
 * @param {{span: number, f: number[], first: number[], second: number[]}} table values at even
 *   places from -span to span
 * @returns {Functions}
 */
export function tabulated({ span, f, first, second }) {
  const last = f.length - 1;
  const width = (2 * span) / last;
  const cubic = (values, slopes) => (z) => {
    const [i, t] = between(z);
    const rise = values[i + 1] - values[i];
    const a = slopes[i] * width - rise;
    const b = rise - slopes[i + 1] * width;
    return values[i] + t * rise + t * (1 - t) * (a * (1 - t) + b * t);
  };
  const between = (z) => {
    const place = Math.min(last, Math.max(0, (z + span) / width));
    const i = Math.min(last - 1, Math.floor(place));
    return [i, place - i];
  };
  return {
    f: cubic(f, first),
    first: cubic(first, second),
    second: (z) => {
      const [i, t] = between(z);
      return second[i] * (1 - t) + second[i + 1] * t;
    },
  };
}
