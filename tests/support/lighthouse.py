"""Run Lighthouse, set to desktop, over pages of the built site, and print a table.

Usage: python tests/support/lighthouse.py [--runs N] [page ...]

Without pages all are looked at. Accessibility, best practices and search engines (SEO) must be
100 everywhere; performance is the median of the runs and only reported, as it depends on the
machine. --runs 0 leaves it out, which is quicker.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from audit_tools import installed
from built_pages import SITE, pages
from missing import chromium, program
from site_server import serving

FULL = ("accessibility", "best-practices", "seo")
SPEED = "performance"
_CHROME = (
    "--headless=new --no-sandbox --disable-gpu "
    '--host-resolver-rules="MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"'
)
_PATIENCE = 180  # seconds for a page


@dataclass(frozen=True)
class Audit:
    """What Lighthouse says of one page: scores from 0 to 100, and what cost points."""

    scores: dict[str, int]
    faults: tuple[str, ...]


def audit(url: str, categories: Sequence[str] = FULL) -> Audit:
    """Let Lighthouse look at a page.

    Args:
        url: where the page is served.
        categories: of Lighthouse's scores.

    Raises:
        RuntimeError: if Lighthouse fails, or could not load the page.
    """
    chrome = chromium()
    cli = installed() / "lighthouse" / "cli" / "index.js"
    command = [program("nodejs", "node"), str(cli), url, "--quiet", "--preset=desktop"]
    command += [f"--only-categories={','.join(categories)}", f"--chrome-flags={_CHROME}"]
    command += ["--output=json", "--output-path=stdout", "--disable-full-page-screenshot"]
    done = subprocess.run(
        command,
        env=os.environ | {"CHROME_PATH": chrome},
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if done.returncode:
        raise RuntimeError(f"Lighthouse failed on {url}:\n{done.stderr[-2000:]}")
    return read(json.loads(done.stdout))


def read(report: dict) -> Audit:
    """Return what matters of Lighthouse's report.

    Raises:
        RuntimeError: if the page could not be loaded.
    """
    if error := report.get("runtimeError"):
        raise RuntimeError(f"Lighthouse could not load the page: {error['message']}")
    scores, faults = {}, []
    for name, category in report["categories"].items():
        if category["score"] is None:
            raise RuntimeError(f"Lighthouse gave no score for {name}")
        scores[name] = round(100 * category["score"])
        audits = [(ref["weight"], report["audits"][ref["id"]]) for ref in category["auditRefs"]]
        faults += [
            f"{name}: {one['id']}, {one['title']}"
            for weight, one in audits
            if weight and one["score"] is not None and one["score"] < 1 and name != SPEED
        ]
    return Audit(scores, tuple(faults))


def looked_at(url: str, runs: int) -> Audit:
    """Return a page's scores, with the median performance of as many runs as are asked for."""
    found = audit(url)
    if not runs:
        return found
    speeds = [audit(url, [SPEED]).scores[SPEED] for _ in range(runs)]
    return Audit(found.scores | {SPEED: round(statistics.median(speeds))}, found.faults)


def main() -> int:
    """Print a line for each page; returns 1 if a score that must be full is not."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=0, help="for performance (default: none)")
    parser.add_argument("pages", nargs="*", help="places below the site's root")
    given = parser.parse_args()
    names = [*FULL, *([SPEED] if given.runs else [])]
    print(f"{'page':50s}" + "".join(f"{name:>16s}" for name in names))
    failed = 0
    with serving(SITE) as address:
        for page in given.pages or pages():
            if not Path(SITE, page).is_file():
                parser.error(f"no page {page!r} in {SITE}; run `make book`")
            found = looked_at(f"{address}/{page}", given.runs)
            print(f"{page:50s}" + "".join(f"{found.scores[name]:16d}" for name in names))
            for fault in found.faults:
                print(f"    {fault}")
            sys.stdout.flush()
            failed += any(found.scores[name] < 100 for name in FULL)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
