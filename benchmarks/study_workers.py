"""How much faster two worker processes run a study than one, and that both give the same bytes.

Runs the same chunks of Heart twice: in this process, and in as many Dask workers as there are to
be, each on one thread. Heart's file is needed (``lossviz data list`` says where it is).

    OMP_NUM_THREADS=1 python benchmarks/study_workers.py
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import lossviz as lv


def main() -> None:
    """Time both ways in turn, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2, help="processes (2)")
    parser.add_argument("--walks", type=int, default=40, help="walks per activation (40)")
    options = parser.parse_args()
    if options.workers < 2 or options.walks < 2:
        parser.error("--workers and --walks must be at least 2")
    study = plan(options.walks)
    with tempfile.TemporaryDirectory() as folder:
        alone = timed(study, Path(folder) / "alone", 1)
        shared = timed(study, Path(folder) / "shared", options.workers)
        same = contents(Path(folder) / "alone") == contents(Path(folder) / "shared")
    points = sum(chunk.num_points for chunk in study.chunks)
    print(f"{len(study.chunks)} chunks, {points:,} points of Heart")
    print("| workers | seconds | ratio |\n|---|---|---|")
    print(f"| in this process | {alone:.1f} | 1.00 |")
    print(f"| {options.workers} processes | {shared:.1f} | {alone / shared:.2f} |")
    print(f"same bytes: {same}")


def plan(walks: int) -> lv.study.Plan:
    """Return Heart's micro settings with some walks in chunks of ten."""
    full = lv.study.plan("paper", only=["heart"])
    (part,) = full.parts
    part = replace(part, walks=walks, splits=(0,), chunk=10)
    micro = tuple(setting for setting in full.settings if setting.steps == 1000)
    return replace(full, parts=(part,), settings=micro)


def timed(study: lv.study.Plan, folder: Path, workers: int) -> float:
    """Return the seconds of a run, start of the processes included."""
    start = time.perf_counter()
    lv.study.run(study, folder, workers=workers, progress=False)
    return time.perf_counter() - start


def contents(folder: Path) -> dict[str, bytes]:
    """Return all chunks by their names, which hold their checksums."""
    return {path.name: path.read_bytes() for path in (folder / "chunks").glob("*.nc")}


if __name__ == "__main__":
    main()
