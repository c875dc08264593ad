/** Many points within a frame, told apart by colour and shape. */

import { within } from "./axes.js";

/**
 * Draw points; what lies outside the frame is cut off.
 * @param {import("./axes.js").Frame} frame
 * @param {ArrayLike<number>} xs
 * @param {ArrayLike<number>} ys
 * @param {(i: number) => {colour: string, shape?: string, size?: number, alpha?: number} | null} styleOf
 *   a point's look; null leaves it out
 */
export function dots(frame, xs, ys, styleOf) {
  const { ctx } = frame;
  within(frame, () => {
    for (let i = 0; i < xs.length; i++) {
      const style = styleOf(i);
      if (!style) continue;
      ctx.globalAlpha = style.alpha === undefined ? 1 : style.alpha;
      ctx.fillStyle = style.colour;
      shape(ctx, frame.X(xs[i]), frame.Y(ys[i]), style.size || 2, style.shape || "square");
    }
  });
}

/**
 * Draw one mark.
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} size half its width
 * @param {string} name square, circle, triangle, diamond or cross
 */
export function shape(ctx, x, y, size, name) {
  if (name === "square") {
    ctx.fillRect(x - size, y - size, 2 * size, 2 * size);
    return;
  }
  ctx.beginPath();
  if (name === "circle") ctx.arc(x, y, size, 0, 2 * Math.PI);
  for (const [dx, dy] of CORNERS[name] || []) ctx.lineTo(x + size * dx, y + size * dy);
  ctx.fill();
}

const CORNERS = {
  triangle: [[0, -1.2], [1.1, 0.8], [-1.1, 0.8]],
  diamond: [[0, -1.3], [1.3, 0], [0, 1.3], [-1.3, 0]],
  cross: [
    [0, -0.5], [0.9, -1.4], [1.4, -0.9], [0.5, 0], [1.4, 0.9], [0.9, 1.4],
    [0, 0.5], [-0.9, 1.4], [-1.4, 0.9], [-0.5, 0], [-1.4, -0.9], [-0.9, -1.4],
  ],
};
