/** Modules that explorers share, where there is nothing of Python's to compare with. */

import assert from "node:assert/strict";
import test from "node:test";

const JS = new URL("../../lossviz/explorers/js/", import.meta.url);
const from = (name) => import(new URL(`${name}.js`, JS));
const { ticks, decimals, scales } = await from("axes");
const { contours } = await from("heatmap");
const { seen, squares } = await from("surface");
const { allowed, fromFragment } = await from("state");
const { stream, PURPOSES } = await from("random");

test("ticks are round, within the ends, and at least two", () => {
  for (const [low, high] of [[0, 1], [-0.3, 0.31], [1e-6, 3e-6], [-1000, 7], [0.99, 1.01]]) {
    for (const count of [2, 3, 5, 8]) {
      const found = ticks(low, high, count);
      assert.ok(found.length >= 2 && found.length <= 3 * count, `${low} ${high} ${count}: ${found}`);
      for (const tick of found) {
        assert.ok(tick >= low - 1e-9 * (high - low) && tick <= high + 1e-9 * (high - low));
        const digits = decimals(found[1] - found[0]);
        assert.ok(Math.abs(Number(tick.toFixed(digits)) - tick) < 1e-6 * (high - low));
      }
    }
  }
});

test("scales lead from numbers to pixels and back", () => {
  const { X, Y, fromX, fromY, box } = scales({ width: 300, height: 200 }, { x: [-2, 3], y: [0, 10] });
  assert.deepEqual([X(-2), X(3), Y(0), Y(10)], [box.left, box.right, box.bottom, box.top]);
  for (const value of [-2, 0.7, 3]) assert.ok(Math.abs(fromX(X(value)) - value) < 1e-12);
  for (const value of [0, 2.5, 10]) assert.ok(Math.abs(fromY(Y(value)) - value) < 1e-12);
});

test("contours of a cone are circles: closed, and at the same distance everywhere", () => {
  const side = 41;
  const at = (k) => k - (side - 1) / 2;
  const values = Array.from({ length: side * side }, (_, n) =>
    Math.hypot(at(n % side), at(Math.floor(n / side))),
  );
  const [way, ...others] = contours(values, side, 12.3);
  assert.equal(others.length, 0);
  assert.deepEqual(way[0], way[way.length - 1]);
  for (const [i, j] of way) assert.ok(Math.abs(Math.hypot(at(i), at(j)) - 12.3) < 0.03);
  assert.deepEqual(contours(values, side, 1000), []);
});

test("a surface is drawn from the back, and a full turn leaves it as it was", () => {
  const side = 7;
  const heights = Array.from({ length: side * side }, (_, n) => (n % 5) / 5);
  const found = squares(heights, side, { turn: 20, tilt: 40 });
  assert.equal(found.length, (side - 1) ** 2);
  for (let i = 1; i < found.length; i++) assert.ok(found[i].far <= found[i - 1].far);
  const point = { x: 0.3, y: -0.8, height: 0.4 };
  const [once, again] = [0, 360].map((turn) => seen(point, { turn, tilt: 30 }));
  for (const name of Object.keys(once)) assert.ok(Math.abs(once[name] - again[name]) < 1e-12);
});

test("a link gives nothing that a control cannot have", () => {
  const size = { kind: "range", name: "size", value: 1, min: 0, max: 2, step: 0.5 };
  const kind = { kind: "select", name: "kind", value: "a", options: [["a", "A"], ["b", "B"]] };
  for (const text of ["", "x", "NaN", "1e999", "-1", "3", "0x1", "<b>", "1;1", "Infinity"]) {
    assert.equal(allowed(size, text), undefined, text);
    assert.equal(allowed(kind, text), undefined, text);
    assert.equal(fromFragment(`#lv=n&size=${encodeURIComponent(text)}`, "n", [size, kind]), null);
  }
  assert.deepEqual(fromFragment("#lv=n&size=2&kind=b", "n", [size, kind]), { size: 2, kind: "b" });
});

test("random numbers are uniform in [0, 1), and streams of a seed differ", () => {
  const next = stream(7, 3, PURPOSES.STEP);
  const numbers = Array.from({ length: 20000 }, next);
  assert.ok(numbers.every((value) => value >= 0 && value < 1));
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  assert.ok(Math.abs(mean - 0.5) < 0.01);
  for (const other of [stream(8, 3, PURPOSES.STEP), stream(7, 4, PURPOSES.STEP), stream(7, 3, PURPOSES.COIN)]) {
    assert.notEqual(other(), numbers[0]);
  }
  assert.equal(stream(7, 3, PURPOSES.STEP)(), numbers[0]);
});
