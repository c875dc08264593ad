"""How long explorers take from a change of a slider until they have drawn it, in Chromium.

Each explorer stands on a page of its own, 1,280 pixels wide. Its first slider is moved 20 times to
and fro. The time is that of its answer to one event: computing, drawing all panels, writing the
words. What the browser does afterwards to show the pixels is not in it.

    python benchmarks/explorer_redraw.py
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
from explorer_kinds import KINDS, make
from missing import chromium

CHANGES = 20

MOVE = """(changes) => {
  const slider = document.querySelector(".lv-explorer input[type=range]");
  const [start, step] = [Number(slider.value), Number(slider.step)];
  return Array.from({ length: changes }, (_, i) => {
    slider.value = String(i % 2 ? start : start + step);
    const before = performance.now();
    slider.dispatchEvent(new Event("input", { bubbles: true }));
    return performance.now() - before;
  });
}"""


def main() -> None:
    """Print a row for each explorer."""
    executable = chromium()
    print("| explorer | median ms | longest ms | output kB |\n|---|---|---|---|")
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for kind in KINDS:
            data, _ = make(kind)._repr_mimebundle_()
            path = Path(folder, f"{kind}.html")
            path.write_text(f"<!doctype html><meta charset=utf-8>{data['text/html']}", "utf-8")
            page.goto(path.as_uri())
            page.wait_for_selector(".lv-status:not(:empty)")
            times = page.evaluate(MOVE, CHANGES)
            size = sum(map(len, data.values())) / 1000
            print(f"| {kind} | {statistics.median(times):.0f} | {max(times):.0f} | {size:.0f} |")
        browser.close()


if __name__ == "__main__":
    main()
