/**
 * The package's random streams: numpy's SeedSequence and PCG64, bit by bit.
 *
 * Every draw depends on a seed, a walk's number and a purpose, on nothing else, so a page takes the
 * same walks as Python. 128-bit numbers are arrays of eight limbs of 16 bits, the lowest first: sums
 * of their products fit into a double, and are faster than BigInt.
 */

/** What a stream is for; `_streams.py` has the same numbers. */
export const PURPOSES = { START: 0, STEP: 1, COIN: 2, DIRECTION: 3 };

const POOL = 4;
const LIMBS = 8;

// PCG64's multiplier 0x2360ED051FC65DA44385DF649FCCF645.
const MULTIPLIER = Float64Array.of(
  0xf645, 0x9fcc, 0xdf64, 0x4385, 0x5da4, 0x1fc6, 0xed05, 0x2360,
);

/**
 * Return a function whose calls give the uniform numbers in [0, 1) of one walk for one purpose: those
 * of `default_rng(SeedSequence(seed, spawn_key=(walk, purpose)))`.
 * @param {number} seed a whole number, at least 0
 * @param {number} walk
 * @param {number} purpose one of PURPOSES
 * @returns {() => number}
 */
export function stream(seed, walk, purpose) {
  const words = expanded(mixed(entropy(seed, [walk, purpose])), 8);
  // Each pair of words is 64 bits, low word first; the first 64 bits are the higher half.
  const half = (i) => words.slice(i, i + 2).flatMap((word) => [word & 0xffff, word >>> 16]);
  const begin = [...half(2), ...half(0)];
  const increment = Float64Array.from(doubledPlusOne([...half(6), ...half(4)]));
  const state = Float64Array.from(sum([...increment], begin)); // the first step from 0 leaves the increment
  step(state, increment);
  return () => {
    step(state, increment);
    return unit(state);
  };
}

/** Return the 32-bit words of a seed, filled up to the pool's size, and of a spawn key. */
function entropy(seed, key) {
  const words = wordsOf(seed);
  while (words.length < POOL) words.push(0);
  return words.concat(...key.map(wordsOf));
}

/** Return a whole number as 32-bit words, the lowest first. */
function wordsOf(number) {
  const words = [number >>> 0];
  for (let rest = Math.floor(number / 2 ** 32); rest > 0; rest = Math.floor(rest / 2 ** 32)) {
    words.push(rest >>> 0);
  }
  return words;
}

/** Mix words into the pool of a SeedSequence. */
function mixed(words) {
  let constant = 0x43b0d7e5;
  const hashed = (word) => {
    const value = word ^ constant;
    constant = Math.imul(constant, 0x931e8875);
    const product = Math.imul(value, constant);
    return product ^ (product >>> 16);
  };
  const joined = (x, y) => {
    const value = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
    return value ^ (value >>> 16);
  };
  const pool = words.slice(0, POOL).map(hashed);
  for (let source = 0; source < POOL; source++) {
    for (let i = 0; i < POOL; i++) {
      if (i !== source) pool[i] = joined(pool[i], hashed(pool[source]));
    }
  }
  for (const word of words.slice(POOL)) {
    for (let i = 0; i < POOL; i++) pool[i] = joined(pool[i], hashed(word));
  }
  return pool;
}

/** Return the state words that a SeedSequence makes of its pool. */
function expanded(pool, count) {
  let constant = 0x8b51f9dd;
  return Array.from({ length: count }, (_, i) => {
    const value = pool[i % POOL] ^ constant;
    constant = Math.imul(constant, 0x58f38ded);
    const product = Math.imul(value, constant);
    return (product ^ (product >>> 16)) >>> 0;
  });
}

function doubledPlusOne(limbs) {
  return limbs.map((limb, i) => ((limb << 1) & 0xffff) | (i ? limbs[i - 1] >>> 15 : 1));
}

function sum(a, b) {
  let carry = 0;
  return a.map((limb, i) => {
    const total = limb + b[i] + carry;
    carry = total >>> 16;
    return total & 0xffff;
  });
}

/** Multiply a state by the multiplier and add the increment, in place: modulo 2^128. */
function step(state, increment) {
  // From the top, as no lower limb needs what has been replaced; then the carries, from below.
  for (let k = LIMBS - 1; k >= 0; k--) {
    let total = increment[k];
    for (let i = 0; i <= k; i++) total += state[i] * MULTIPLIER[k - i];
    state[k] = total;
  }
  let carry = 0;
  for (let k = 0; k < LIMBS; k++) {
    const total = state[k] + carry;
    carry = Math.floor(total / 65536);
    state[k] = total - 65536 * carry;
  }
}

/** Return the output of a state as a number in [0, 1): both halves joined and rotated, 53 bits. */
function unit(s) {
  const low = ((s[0] ^ s[4]) | ((s[1] ^ s[5]) << 16)) >>> 0;
  const high = ((s[2] ^ s[6]) | ((s[3] ^ s[7]) << 16)) >>> 0;
  const by = s[7] >>> 10;
  // Rotated to the right: by 32 bits at once the halves change places.
  const [above, below] = by < 32 ? [high, low] : [low, high];
  const rest = by % 32;
  const top = rest ? (above >>> rest) | (below << (32 - rest)) : above;
  const bottom = rest ? (below >>> rest) | (above << (32 - rest)) : below;
  return ((top >>> 0) * 2097152 + (bottom >>> 11)) / 9007199254740992;
}

/**
 * Return the first numbers of a stream.
 * @param {number} seed
 * @param {number} walk
 * @param {number} purpose
 * @param {number} count
 * @returns {Float64Array}
 */
export function take(seed, walk, purpose, count) {
  return Float64Array.from({ length: count }, stream(seed, walk, purpose));
}
