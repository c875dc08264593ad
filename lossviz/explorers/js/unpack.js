/**
 * Numbers on their way from Python to the page: packed as base64 float32, little-endian.
 */

/**
 * Return packed numbers as an array, and everything else as it is, at any depth.
 * @param {any} value what Python's `packed` made
 * @returns {any}
 */
export function unpacked(value) {
  if (Array.isArray(value)) return value.map(unpacked);
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  if (typeof value.float32 === "string") return floats(value.float32);
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unpacked(each)]));
}

/**
 * @param {string} text base64 of float32 numbers
 * @returns {Float32Array}
 */
function floats(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}
