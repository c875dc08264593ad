/** Planes through the landscape of XOR: their losses, one point's outputs, and both in words. */

import { fixed, percent } from "./format.js";
import { TARGETS, WEIGHTS, loss, netOutput, norm, outputs } from "./network.js";
import { sigmoid } from "./zoo.js";

/** Crossings along each axis of the plane and of the input plane, and points on the line. */
export const GRID = 61;
export const INPUTS = 41;
export const LINE = 101;

/** The ends of the input plane. */
export const INPUT_SPAN = [-0.5, 1.5];

/** How far a random direction leads that stands in for the way to an attractor. */
const LENGTH = 10;

/**
 * @param {Object} state
 * @param {Object} data levels, random directions, and for each activation a point near each level
 */
export function compute(state, data) {
  const { activation } = state;
  const { origin, along, across, out, windows } = planeOf(state, data);
  const moved = plus(origin, out, state.shift);
  const at = (a, b) => plus(plus(moved, along, a), across, b);
  const [as, bs] = windows.map(([low, high]) => evenly(low, high, GRID));
  const point = at(state.along, state.across);
  const side = evenly(...INPUT_SPAN, INPUTS);
  const result = {
    windows,
    plane: bs.flatMap((b) => as.map((a) => loss(at(a, b), activation))),
    loss: loss(point, activation),
    outputs: outputs(point, activation),
    inputs: side.flatMap((y) => side.map((x) => sigmoid(netOutput(point, activation, [x, y])))),
    line: evenly(0, 1, LINE).map((share) => loss(plus(origin, along, share), activation)),
  };
  return { ...result, text: inWords(state, data, result) };
}

/** Return numbers at even distances, with both ends. */
export function evenly(low, high, count) {
  return Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
}

const plus = (vector, other, factor) => vector.map((value, i) => value + factor * other[i]);
const times = (vector, factor) => vector.map((value) => factor * value);
const unit = (vector) => times(vector, 1 / norm(vector));

/** Return where the plane begins, its two directions, a unit vector out of it, and what is seen. */
function planeOf(state, data) {
  const points = vectors(data.functions[state.activation].points, 0, 4);
  const random = vectors(data.random, 3 * (Math.round(state.draw) - 1), 3);
  const [first, second, third] = levelsOf(state, data);
  const origin = points[first];
  const along = second === null ? times(unit(random[0]), LENGTH) : plus(points[second], origin, -1);
  const base = [unit(along)];
  const across = third === null
    ? times(unit(orthogonal(random[1], base)), norm(along))
    : plus(points[third], origin, -1);
  base.push(unit(orthogonal(across, base)));
  const windows = [second, third].map((leads) => times(leads === null ? [-1, 1] : [-0.5, 1.5], state.width));
  return { origin, along, across, out: unit(orthogonal(random[2], base)), windows };
}

/**
 * Return the numbers of the levels where a plane begins and to which it leads; null stands for a
 * random direction.
 */
export function levelsOf({ way, third }, { levels }) {
  const [first, second] = way.split("-");
  const place = (value) => {
    const found = levels.findIndex((level) => level.value === value);
    return found < 0 ? null : found;
  };
  return [place(first), place(second), third === first || third === second ? null : place(third)];
}

/** Return some of many vectors that stand in a row. */
function vectors(numbers, start, count) {
  return Array.from({ length: count }, (_, n) => {
    const from = WEIGHTS * (start + n);
    return Array.from(numbers.slice(from, from + WEIGHTS));
  });
}

/** Return what is left of a vector without its parts along orthonormal others. */
function orthogonal(vector, base) {
  const part = (each) => vector.reduce((sum, value, i) => sum + value * each[i], 0);
  return base.reduce((left, each) => plus(left, each, -part(each)), vector);
}

/** Return in words where the two directions of a plane lead. */
export function leads(state, data) {
  const random = `in a random direction (draw ${fixed(state.draw, 0)})`;
  const [, ...both] = levelsOf(state, data);
  return both.map((level) => (level === null ? random : `towards ${data.levels[level].name}`));
}

function inWords(state, data, result) {
  const [along, across] = leads(state, data);
  const shift = `, shifted by ${fixed(state.shift, 1)} (draw ${fixed(state.draw, 0)})`;
  return (
    `${data.functions[state.activation].label}, ${fixed(state.along, 2)} ${along} and ` +
    `${fixed(state.across, 2)} ${across}${state.shift === 0 ? "" : shift}: ` +
    `${pointInWords(result, data)} ${barrierInWords(result.line, state, data)} ` +
    viewInWords(state, result)
  );
}

function pointInWords(result, { levels }) {
  const away = levels.map((level) => Math.abs(result.loss - level.loss));
  const nearest = levels[away.indexOf(Math.min(...away))];
  const right = result.outputs.filter((output, n) => output > 0.5 === (TARGETS[n] === 1)).length;
  return (
    `loss ${fixed(result.loss, 3)}, nearest to the level ${nearest.name} ` +
    `(${fixed(nearest.loss, 3)}). Outputs for 00, 01, 10 and 11: ` +
    `${result.outputs.map((output) => fixed(output, 2)).join(", ")}; ` +
    `${right === 4 ? "all four" : `${right} of 4`} are right.`
  );
}

/** Tell of the highest loss on the way from one attractor straight to another. */
function barrierInWords(losses, state, data) {
  const [first, second] = levelsOf(state, data).map((level) => (data.levels[level] || {}).name);
  if (second === undefined) return `The plane lies around ${first}.`;
  const most = Math.max(...losses);
  const highest = losses.indexOf(most);
  const last = losses.length - 1;
  const told = `The highest loss straight from ${first} to ${second} is ${fixed(most, 3)}`;
  if (highest === 0 || highest === last) {
    return `${told}, at ${highest === 0 ? "its start" : "its end"}: no barrier.`;
  }
  const rise = most - Math.max(losses[0], losses[last]);
  return `${told}, ${percent(highest / last)} of the way: a barrier of ${fixed(rise, 3)}.`;
}

function viewInWords({ turn, tilt }, { windows, plane }) {
  const [low, high] = windows[0].map((end) => fixed(end, 2));
  return (
    `In view: shares ${low} to ${high} along, losses ${fixed(Math.min(...plane), 3)} to ` +
    `${fixed(Math.max(...plane), 3)}, turned by ${fixed(turn, 0)}°, seen from ${fixed(tilt, 0)}° above.`
  );
}
