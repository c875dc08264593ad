/** An explorer on a page, in the host elements that wait for it. */

import { start } from "./explorer.js";

/**
 * Start an explorer in each host of its mark that has none yet.
 * @param {string} mark
 * @param {import("./explorer.js").Spec} spec
 * @param {import("./explorer.js").Kind} kind
 */
export function startAll(mark, spec, kind) {
  for (const host of document.querySelectorAll(`[data-lv-host="${mark}"]:not(.lv-running)`)) {
    start(host, spec, kind);
  }
}
