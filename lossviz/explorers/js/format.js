/** Numbers and words as they are written in status lines; `_words.py` writes the same. */

/**
 * Write a number with a fixed number of decimals; what rounds to zero has no sign.
 * @param {number} value
 * @param {number} digits
 */
export function fixed(value, digits) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/**
 * Write a share as whole per cent; what is neither none nor all is never written as such.
 * @param {number} share in [0, 1]
 */
export function percent(share) {
  if (share > 0 && share <= 0.005) return "under 1 %";
  if (share >= 0.995 && share < 1) return "over 99 %";
  return `${fixed(100 * share, 0)} %`;
}

/**
 * Join words as in a sentence: "a", "a and b", "a, b and c".
 * @param {string[]} words
 */
export function listed(words) {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;
}

/**
 * Write a whole number with commas between thousands.
 * @param {number} count
 */
export function grouped(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/**
 * Write a number rounded to some digits, halves away from 0; far from 1 with a power of ten.
 * @param {number} value
 * @param {number} digits
 */
export function significant(value, digits) {
  if (value === 0) return "0";
  const rounded = value.toExponential(digits - 1);
  const power = Number(rounded.split("e")[1]);
  return power > -5 && power < 6 ? fixed(Number(rounded), Math.max(0, digits - 1 - power)) : rounded;
}
