/** Every kind of explorer computes what Python does: states and results come from Python. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const JS = new URL("../../lossviz/explorers/js/", import.meta.url);
const { unpacked } = await import(new URL("unpack.js", JS));
const given = JSON.parse(readFileSync(process.env.LOSSVIZ_NUMBERS, "utf8"));

/** Words must be the same, numbers so to 1e-5; a page may know more than Python says. */
function same(got, wanted, where) {
  if (typeof wanted === "number") {
    const apart = Math.abs(got - wanted);
    assert.ok(apart <= 1e-5 + 1e-5 * Math.abs(wanted), `${where}: ${got} is not ${wanted}`);
  } else if (Array.isArray(wanted)) {
    assert.equal(got.length, wanted.length, where);
    wanted.forEach((value, i) => same(got[i], value, `${where}[${i}]`));
  } else if (wanted !== null && typeof wanted === "object") {
    for (const [name, value] of Object.entries(wanted)) same(got[name], value, `${where}.${name}`);
  } else {
    assert.equal(got, wanted, where);
  }
}

for (const { name, data, cases } of given) {
  const { kind } = await import(new URL(`${name}.js`, JS));
  const numbers = unpacked(data);
  for (const { state, result } of cases) {
    test(`${name} ${JSON.stringify(state)}`, () => {
      same(kind.compute(state, numbers), result, name);
    });
  }
}
