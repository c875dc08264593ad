"""What a study costs: measured on a little of it, here and now, and multiplied."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pandas as pd

from lossviz.study._clock import counted
from lossviz.study.compute import compute, landscape_of
from lossviz.study.grid import Chunk, Part, Plan, Setting

# Steps of the walks that are timed: enough for the start of a walk not to count.
_STEPS = 40


def cost(plan: Plan, progress: bool | None = None) -> pd.DataFrame:
    """Estimate how many core-hours a plan takes on this machine.

    For each problem and activation one block of walks is timed for 40 steps, without curvature
    and with it. A cell then costs its steps times the seconds per step, and its points with
    curvature times the seconds per point. Other work on the machine counts, too.

    Args:
        plan: what :func:`lossviz.study.plan` returns.
        progress: whether to show a progress bar; None shows one in a terminal.

    Returns:
        A table with a row per problem and the columns ``steps`` and ``points`` (with curvature)
        of the whole plan, ``step_ms`` and ``point_ms``, milliseconds for each, and
        ``core_hours``. Where every step has its curvature (``"full"``), that is in ``point_ms``
        alone.

    Raises:
        StudyError: if a reader's own code fails.
        DataError: if a data file is missing.
    """
    jobs = [(part, name) for part in plan.parts for name in plan.activations]
    with counted(jobs, "timing", progress) as shown:
        timed = [{"problem": part.name} | _timed(plan, part, name) for part, name in shown]
    found = pd.DataFrame(timed).groupby("problem", sort=False).mean()
    sizes = pd.DataFrame([_size(plan, part) for part in plan.parts]).set_index("problem")
    found = sizes.join(found)
    seconds = found["steps"] * found["step_ms"] + found["points"] * found["point_ms"]
    return found.assign(core_hours=seconds / 3.6e6).reset_index()


def _size(plan: Plan, part: Part) -> dict[str, Any]:
    cells = len(plan.activations) * part.walks
    steps = sum(each.steps for each in plan.settings) * cells
    points = {"full": steps, "none": 0}.get(part.curvature, _chosen(plan.settings, part) * cells)
    return {"problem": part.name, "steps": steps, "points": points}


def _chosen(settings: tuple[Setting, ...], part: Part) -> int:
    return sum(min(part.points, 2 * each.steps) for each in settings)


def _timed(plan: Plan, part: Part, activation: str) -> dict[str, float]:
    """Return milliseconds per step, and per point with curvature beyond that."""
    small = replace(plan.settings[0], steps=_STEPS)
    one = replace(plan, parts=(part,), activations=(activation,), settings=(small,))
    block = landscape_of(one, one.cells[0])._block_size
    part = replace(part, walks=block, splits=part.splits[:1], chunk=block)
    bare, whole = (
        _seconds(replace(one, parts=(each,)))
        for each in (replace(part, curvature="none", points=0), part)
    )
    steps = block * _STEPS
    points = {"full": steps, "none": 0}.get(part.curvature, block * min(part.points, 2 * _STEPS))
    more = max(whole - bare, 0.0) / points if points else 0.0
    return {"step_ms": 1e3 * bare / steps, "point_ms": 1e3 * more}


def _seconds(plan: Plan) -> float:
    """Return the seconds of a plan of one chunk, the second time: compiling does not count."""
    (chunk,) = plan.chunks
    return min(_once(plan, chunk) for _ in range(2))


def _once(plan: Plan, chunk: Chunk) -> float:
    start = time.perf_counter()
    compute(plan, chunk)
    return time.perf_counter() - start
