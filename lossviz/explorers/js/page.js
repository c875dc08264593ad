/** An explorer on a page, in the host element that waits for it. */

import { start } from "./explorer.js";

/**
 * Start an explorer in the first host of its mark that has none yet. Scripts run in the order of
 * the page, so each finds its own, also where several explorers have the same mark.
 * @param {string} mark
 * @param {import("./explorer.js").Spec} spec
 * @param {import("./explorer.js").Kind} kind
 */
export function startNext(mark, spec, kind) {
  const host = document.querySelector(`[data-lv-host="${mark}"]:not(.lv-running)`);
  if (host) start(host, spec, kind);
}
