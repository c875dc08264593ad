"""Grade a class of synthetic students of the first problem set: time, cost of each, what bounds it.

Run as root on Linux, for the strongest isolation: `python benchmarks/grading.py --students 200`.
Nine in ten answer at random some questions right, some wrong and some not at all; of the
others, some never end, some end their process, and some hand in nothing that can be read.
`--checks apart beside` grades the class in both modes, and says what the first costs more.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(_ROOT / "coursework"))

from sample_class import hand_in  # noqa: E402 - in a folder of its own


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--isolation", default="full")
    parser.add_argument("--checks", nargs="+", choices=("apart", "beside"), default=["apart"])
    parser.add_argument("--cell-seconds", type=float, default=10.0)
    parser.add_argument("--gradebook", action="store_true", help="merge into nbgrader's, too")
    options = parser.parse_args()
    if options.students < 1:
        parser.error(f"--students must be at least 1; got {options.students}")
    with tempfile.TemporaryDirectory() as folder:
        hand_in(Path(folder) / "submissions", options.students)
        times = []
        for checks in options.checks:
            seconds, processor = _grade(Path(folder), options, checks)
            again, _ = _grade(Path(folder), options, checks)
            times.append(_print(Path(folder), options, checks, seconds, processor, again))
    if len(times) == 2:
        ratios = [times[0][s] / times[1][s] for s in times[0] if s in times[1]]
        print(
            f"a student whose notebook runs to its end, {' to '.join(options.checks)}: "
            f"median ratio {statistics.median(ratios):.2f}"
        )


def _grade(folder: Path, options: argparse.Namespace, checks: str) -> tuple[float, float]:
    command = [sys.executable, _ROOT / "coursework/grade.py", "ps1"]
    command += ["--submissions", folder / "submissions", "--marks", folder / f"{checks}.csv"]
    command += ["--checks", checks]
    command += ["--workers", str(options.workers), "--isolation", options.isolation]
    command += ["--cell-seconds", str(options.cell_seconds)]
    if options.gradebook:
        command += ["--gradebook", folder / "gradebook.db"]
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, used


def _print(
    folder: Path,
    options: argparse.Namespace,
    checks: str,
    seconds: float,
    processor: float,
    again: float,
) -> dict[str, float]:
    """Print a run's figures; return the seconds of each student with the status ok."""
    with (folder / f"{checks}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    results = folder / f"{checks}-ps1/results"
    kept = [json.loads(path.read_text()) for path in results.glob("*.json")]
    each = {status: [] for status in Counter(row["status"] for row in rows)}
    for result in kept:
        each[result["result"]["status"]].append(result["result"]["seconds"])
    print(
        f"{len(rows)} students, {options.workers} workers, isolation {options.isolation}, "
        f"checks {checks}"
    )
    print(f"{seconds:.0f} s in all, {seconds / len(rows):.2f} s a student; again: {again:.0f} s")
    print(f"the command's own process: {processor:.0f} s of processor time (students' not counted)")
    for status, times in sorted(each.items()):
        print(f"{status:12}{len(times):5}  median {statistics.median(times):6.2f} s each")
    marked = (result["result"] for result in kept)
    return {r["student"]: r["seconds"] for r in marked if r["status"] == "ok"}


if __name__ == "__main__":
    main()
