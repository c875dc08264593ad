/** Marks and words that are seen on any colour. */

/**
 * Draw a dot with a white rim.
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {{colour: string, size: number}} style size is the radius
 */
export function dot(ctx, x, y, { colour, size }) {
  ctx.lineWidth = 2;
  ctx.strokeStyle = "white";
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.arc(x, y, size, 0, 2 * Math.PI);
  ctx.fill();
  ctx.stroke();
}

/**
 * Write white letters with a black rim, above a place.
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {string} font family
 */
export function outlined(ctx, text, x, y, font) {
  ctx.font = `600 13px ${font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  ctx.lineWidth = 3;
  ctx.lineJoin = "round";
  ctx.strokeStyle = "black";
  ctx.strokeText(text, x, y);
  ctx.fillStyle = "white";
  ctx.fillText(text, x, y);
}

/**
 * Write a title where there is no frame that has one.
 * @param {import("./panel.js").Drawing} drawing
 * @param {string} text
 */
export function heading({ ctx, width, look }, text) {
  ctx.font = `600 13px ${look.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "top";
  ctx.fillStyle = look.text;
  ctx.fillText(text, width / 2, 4, width - 8);
}
