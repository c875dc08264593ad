/** Heat maps of numbers on a grid, with contour lines and a key of colours. */

import { line, within } from "./axes.js";

/**
 * @typedef {Object} Grid numbers at the crossings of evenly spaced lines
 * @property {ArrayLike<number>} values row by row, x fastest
 * @property {number} side crossings along either axis
 * @property {[number, number]} x ends, which are crossings
 * @property {[number, number]} y
 */

/**
 * Fill a frame with a grid's colours.
 * @param {import("./axes.js").Frame} frame
 * @param {Grid} grid
 * @param {(value: number) => number[]} colourOf red, green and blue, 0 to 255
 */
export function heat(frame, { values, side, x, y }, colourOf) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const ctx = canvas.getContext("2d");
  const image = ctx.createImageData(side, side);
  for (let j = 0; j < side; j++) {
    for (let i = 0; i < side; i++) {
      const place = 4 * ((side - 1 - j) * side + i); // a picture's first row is its top
      image.data.set([...colourOf(values[j * side + i]), 255], place);
    }
  }
  ctx.putImageData(image, 0, 0);
  // A pixel's middle lies on its crossing, so half a pixel hangs over on every side.
  const wide = (frame.X(x[1]) - frame.X(x[0])) / (side - 1);
  const high = (frame.Y(y[0]) - frame.Y(y[1])) / (side - 1);
  within(frame, () => {
    const left = frame.X(x[0]) - wide / 2;
    frame.ctx.drawImage(canvas, left, frame.Y(y[1]) - high / 2, wide * side, high * side);
  });
}

/**
 * Draw the line on which a grid's numbers have some value.
 * @param {import("./axes.js").Frame} frame
 * @param {Grid} grid
 * @param {number} level
 * @param {{colour: string, width?: number, dashes?: number[]}} style
 */
export function contour(frame, { values, side, x, y }, level, style) {
  const X = (i) => frame.X(x[0] + ((x[1] - x[0]) * i) / (side - 1));
  const Y = (j) => frame.Y(y[0] + ((y[1] - y[0]) * j) / (side - 1));
  within(frame, () => {
    const { ctx } = frame;
    ctx.strokeStyle = style.colour;
    ctx.lineWidth = style.width || 1.5;
    ctx.setLineDash(style.dashes || []);
    ctx.beginPath();
    for (const way of contours(values, side, level)) {
      way.forEach(([i, j], n) => (n ? ctx.lineTo(X(i), Y(j)) : ctx.moveTo(X(i), Y(j))));
    }
    ctx.stroke();
  });
}

/**
 * Return the lines on which a grid's numbers have some value, by marching squares.
 *
 * Numbers change evenly along the edges of a square, so a line crosses an edge where its ends lie
 * on different sides of the level. Where all four edges are crossed, the mean of the corners says
 * which crossings belong together.
 * @param {ArrayLike<number>} values row by row
 * @param {number} side
 * @param {number} level
 * @returns {[number, number][][]} lines of points, as column and row of the grid
 */
export function contours(values, side, level) {
  const links = new Map();
  const join = (a, b) => {
    for (const [from, to] of [[a, b], [b, a]]) links.set(from, [...(links.get(from) || []), to]);
  };
  for (let j = 0; j < side - 1; j++) {
    for (let i = 0; i < side - 1; i++) {
      for (const [a, b] of crossed(values, side, level, i, j)) join(a, b);
    }
  }
  const ends = [...links.keys()].filter((edge) => links.get(edge).length === 1);
  const ways = [];
  for (const start of [...ends, ...links.keys()]) {
    if (links.get(start).length) ways.push(followed(links, start));
  }
  return ways.map((way) => way.map((edge) => crossing(values, side, level, edge)));
}

/** Return pairs of crossed edges of a square; an edge is 2 * corner, plus 1 where it goes up. */
function crossed(values, side, level, i, j) {
  const corner = j * side + i;
  const above = (at) => values[at] > level;
  const [a, b] = [above(corner), above(corner + 1)];
  const [c, d] = [above(corner + side), above(corner + side + 1)];
  const low = 2 * corner;
  const left = low + 1;
  const right = left + 2;
  const high = low + 2 * side;
  const edges = [[low, a !== b], [right, b !== d], [high, c !== d], [left, a !== c]];
  const found = edges.filter(([, cut]) => cut).map(([edge]) => edge);
  if (found.length < 4) return found.length ? [found] : [];
  const sum = values[corner] + values[corner + 1] + values[corner + side] + values[corner + side + 1];
  // A high middle joins a to d, so that lines go around b and c.
  return sum / 4 > level === a ? [[low, right], [high, left]] : [[low, left], [right, high]];
}

/** Walk along links from an edge to the end, or around; used links are taken away. */
function followed(links, start) {
  const way = [start];
  for (let at = start; links.get(at).length; at = way[way.length - 1]) {
    const next = links.get(at).pop();
    const back = links.get(next);
    back.splice(back.indexOf(at), 1);
    way.push(next);
  }
  return way;
}

/** Return where the level is on an edge. */
function crossing(values, side, level, edge) {
  const corner = edge >> 1;
  const [i, j] = [corner % side, Math.floor(corner / side)];
  const [low, high] = [values[corner], values[corner + (edge % 2 ? side : 1)]];
  const share = (level - low) / (high - low);
  return edge % 2 ? [i, j + share] : [i + share, j];
}

/**
 * Draw a bar of colours beside a frame, with marks at some values.
 * @param {import("./axes.js").Frame} frame
 * @param {[number, number]} ends of the values
 * @param {(value: number) => number[]} colourOf
 * @param {{value: number, text: string, dashes?: number[]}[]} marks
 * @param {import("./colours.js").Look} look
 */
export function key({ ctx, box }, [low, high], colourOf, marks, look) {
  const [left, wide] = [box.right + 10, 14];
  const Y = (value) => box.bottom - ((value - low) / (high - low)) * (box.bottom - box.top);
  for (let py = box.top; py < box.bottom; py++) {
    const share = (box.bottom - py - 0.5) / (box.bottom - box.top);
    ctx.fillStyle = `rgb(${colourOf(low + share * (high - low)).join(",")})`;
    ctx.fillRect(left, py, wide, 1.5);
  }
  ctx.font = `12px ${look.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillStyle = look.text;
  for (const { value, text, dashes } of marks) {
    ctx.fillText(text, left + wide + 4, Y(value));
    if (!dashes) continue;
    ctx.strokeStyle = "white";
    ctx.lineWidth = 1.5;
    ctx.setLineDash(dashes);
    line(ctx, left, Y(value), left + wide, Y(value));
    ctx.setLineDash([]);
  }
}
