/** Colours: of the page around an explorer, and of numbers in heat maps. */

/** Viridis at 16 even places (matplotlib), between which colours are mixed. */
const VIRIDIS = [
  [68, 1, 84], [72, 26, 108], [71, 47, 125], [65, 68, 135], [57, 86, 140], [49, 104, 142],
  [42, 120, 142], [35, 136, 142], [31, 152, 139], [34, 168, 132], [53, 183, 121], [84, 197, 104],
  [122, 209, 81], [165, 219, 54], [210, 226, 27], [253, 231, 37],
];

/**
 * Return the colour of a share as [red, green, blue], 0 to 255.
 * @param {number} share in [0, 1]; what lies outside gets the colour of the end
 * @returns {number[]}
 */
export function viridis(share) {
  const place = Math.min(1, Math.max(0, share || 0)) * (VIRIDIS.length - 1);
  const i = Math.min(VIRIDIS.length - 2, Math.floor(place));
  return VIRIDIS[i].map((low, k) => Math.round(low + (place - i) * (VIRIDIS[i + 1][k] - low)));
}

/**
 * @typedef {Object} Look the page's own colours and font
 * @property {string} text
 * @property {string} faint of grid lines
 * @property {string} ground
 * @property {string} font family
 * @property {boolean} dark
 */

/**
 * Read the look of the place where an explorer stands.
 * @param {Element} element
 * @returns {Look}
 */
export function lookOf(element) {
  const style = getComputedStyle(element);
  const [red, green, blue] = (style.color.match(/[\d.]+/g) || [0, 0, 0]).map(Number);
  const dark = red + green + blue > 382; // light letters stand on a dark ground
  return {
    text: style.color,
    faint: dark ? "rgba(255,255,255,0.16)" : "rgba(0,0,0,0.12)",
    ground: style.backgroundColor,
    font: style.fontFamily,
    dark,
  };
}
