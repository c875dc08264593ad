/** The same explorer as an anywidget: a kernel computes, this module draws. */

import { start } from "./explorer.js";

/**
 * Return the widget of a kind of explorer.
 * @param {import("./explorer.js").Kind} kind
 */
export function widget(kind) {
  return {
    render({ model, el }) {
      const host = document.createElement("div");
      host.className = "lv-host";
      el.append(host);
      const told = [];
      const tell = () => {
        const result = model.get("result");
        if (result && result.text !== undefined) told.forEach((each) => each(result));
      };
      model.on("change:result", tell);
      start(host, model.get("spec"), kind, {
        ask(state) {
          model.set("state", state);
          model.save_changes();
        },
        onResult(listener) {
          told.push(listener);
          queueMicrotask(tell);
        },
      });
      return () => model.off("change:result", tell);
    },
  };
}
