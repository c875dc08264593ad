/**
 * Calls functions of the explorers' ES modules for Python's tests.
 *
 * Reads a list of {module, path, args} from standard input and writes the list of what the calls
 * returned. A path such as "ZOO.tanh.f" leads from the module's exports to a function. Packed
 * numbers among the arguments are unpacked as a page does it.
 */

import { readFileSync } from "node:fs";

const JS = new URL("../../lossviz/explorers/js/", import.meta.url);
const { unpacked } = await import(new URL("unpack.js", JS));

const found = [];
for (const { module, path, args } of JSON.parse(readFileSync(0, "utf8"))) {
  const exports = await import(new URL(`${module}.js`, JS));
  const called = path.split(".").reduce((value, name) => value[name], exports);
  found.push(called(...args.map(unpacked)));
}
const plain = (_, value) => (ArrayBuffer.isView(value) ? [...value] : value);
process.stdout.write(JSON.stringify(found, plain));
