"""Run a rebuilt submission to its end, whatever its cells do."""

from __future__ import annotations

import math
import time
from typing import Any

from grading.apart import Apart
from grading.model import Event, Limits, Rebuilt, Run, Step
from grading.rebuild import same_id, student_ids
from grading.sandbox import Sandbox
from grading.session import Session, StoppedError


def run_all(
    sandbox: Sandbox, number: int, rebuilt: Rebuilt, student: str, trusted: bool = False
) -> list[Run]:
    """Run every cell; where one stops the process, begin anew without it.

    Args:
        sandbox: Where processes come from.
        number: The student's number, which decides the user.
        rebuilt: The cells.
        student: The folder's name, which the notebook's id must be.
        trusted: Whether it is the lecturer's own, which is not shut in.

    Returns:
        What became of each cell, in the order of `rebuilt.steps`.
    """
    limits = sandbox.limits
    runs: list[Run | None] = [None if s.cell_type == "code" else Run() for s in rebuilt.steps]
    stopped: set[int] = set()
    until = time.monotonic() + limits.total_seconds
    for _ in range(limits.restarts + 1):
        with sandbox.start(number, _as_written(rebuilt.steps, student), trusted) as session:
            at = _attempt(session, rebuilt.steps, runs, stopped, until, student)
        if at is None or time.monotonic() >= until:
            break
        stopped.add(at)
    return [run or Run(event=_not_reached(limits, until)) for run in runs]


def _as_written(steps: tuple[Step, ...], student: str) -> str:
    """The student's id as the notebook spells it, perhaps with spaces: own numbers go by that."""
    written = {i for step in steps if step.holds_id for i in student_ids(step.source)}
    return next((i for i in sorted(written) if same_id(i, student)), student)


def _not_reached(limits: Limits, until: float) -> Event:
    if time.monotonic() >= until:
        return Event("timeout", f"not reached in {limits.total_seconds:.0f} s")
    return Event("crashed", f"not reached after {limits.restarts} restarts")


def _attempt(
    session: Session | Apart,
    steps: tuple[Step, ...],
    runs: list[Run | None],
    stopped: set[int],
    until: float,
    student: str,
) -> int | None:
    """Run what is not yet known, after all that stands before it; return where it stopped."""
    for index, step in enumerate(steps):
        known = runs[index]
        if step.cell_type != "code" or index in stopped:
            continue
        if known is not None and step.kind == "test" and not session.repeats_tests:
            continue  # marked before the restart
        try:
            run = _as_run(session.run(step, until), step, student)
        except StoppedError as error:
            # What ran well before the restart keeps what it showed; only its time is over now.
            runs[index] = known or Run(event=Event(error.status, f"{step.name}: {error}"))
            return index
        runs[index] = known or run
        if run.event is not None and run.event.status == "crashed":
            return index
    return None


def _as_run(reply: dict[str, Any], step: Step, student: str) -> Run:
    """Read a reply, which the student's code may have had its hands on."""
    value = reply.get("value")
    known = isinstance(value, (int, float)) and math.isfinite(value)
    return Run(
        text=str(reply.get("text") or ""),
        outputs=[
            {str(kind): data for kind, data in output.items() if isinstance(data, str)}
            for output in _list(reply.get("outputs"))
            if isinstance(output, dict)
        ],
        error=reply.get("error") and str(reply["error"]),
        message=str(reply.get("message") or ""),
        value=value if known else None,
        event=_event(reply, step, student),
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _event(reply: dict[str, Any], step: Step, student: str) -> Event | None:
    """What kept a cell from doing its work, other than its own mistakes."""
    if reply.get("tampered"):
        names = ", ".join(map(str, _list(reply["tampered"])[:4]))
        return Event("check", f"{step.name}: exchanged before or in this test: {names}")
    if reply.get("unplain"):
        said = str(reply["unplain"])[:200]
        return Event("check", f"{step.name}: cannot be checked apart: {said}")
    claimed = reply.get("student")
    if isinstance(claimed, str) and claimed.strip() and not same_id(claimed, student):
        return Event("check", f"the notebook runs as STUDENT_ID {claimed[:60]!r}")
    message = str(reply.get("message") or "")
    kinds = _list(reply.get("kinds"))
    if "MemoryError" in kinds or "can't allocate memory" in message:
        return Event("crashed", f"{step.name}: out of memory")
    if "BlockingIOError" in kinds:
        return Event("crashed", f"{step.name}: more processes than allowed")
    if "EOFError" in kinds:
        return Event("check", f"{step.name}: waits for keyboard input")
    if reply.get("missing"):
        return Event(
            "check", f"{step.name}: needs {str(reply['missing'])[:60]}, not installed here"
        )
    return None
