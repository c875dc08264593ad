"""A student's process and one that checks its answers, with the grader between them.

The checking process runs given cells and tests, never a student's code. What a test uses and does
not find it asks for: plain data comes from the student's process, and functions are run there.
"""

from __future__ import annotations

import time
from typing import Any

from grading.model import Limits, Step
from grading.session import LARGE, Session, StoppedError

#: What the ends may ask, and the parts of a question and of an answer that are passed.
_QUESTIONS = {"answers": ("call",), "checks": ("value", "call")}
_ASKED = ("kind", "name", "function", "plain")
_ANSWERED = ("lacks", "plain", "after", "raised", "unplain")

#: How often questions may lead to questions: a function that calls a function that it was given.
_DEEPEST = 20


class Apart:
    """The two processes of a submission."""

    repeats_tests = True

    def __init__(self, answers: Session, checks: Session, limits: Limits) -> None:
        self._ends = {"answers": answers, "checks": checks}
        self._limits = limits
        self._handed_over: list[str] = []

    def run(self, step: Step, until: float) -> dict[str, Any]:
        """Have one cell run where it belongs.

        Args:
            step: The cell.
            until: When the submission's time is over, by `time.monotonic`.

        Returns:
            A reply like that of a runner.

        Raises:
            StoppedError: If a process gave no answer in time, or no honest one.
        """
        until = min(until, time.monotonic() + self._limits.cell_seconds)
        if step.kind == "test":
            return self._test(step, until)
        reply = self._exchange("answers", {"kind": step.kind, "source": step.source}, until)
        if step.kind == "given":
            self._check(step, until)
        else:
            self._handed_over += step.binds
        return reply

    def _test(self, step: Step, until: float) -> dict[str, Any]:
        """Mark, then let the student's process see the part of the test that students see."""
        reply = self._check(step, until)
        seen = self._exchange("answers", {"kind": "seen", "source": step.seen}, until)
        return {**reply, "student": seen.get("student")}

    def _check(self, step: Step, until: float) -> dict[str, Any]:
        message = {"kind": step.kind, "source": step.source, "binds": list(step.binds)}
        message["handed_over"], self._handed_over = self._handed_over, []
        return self._exchange("checks", message, until)

    def _exchange(
        self, end: str, message: dict[str, Any], until: float, depth: int = 0
    ) -> dict[str, Any]:
        """Send one end a message; carry its questions to the other until it answers."""
        if depth > _DEEPEST:
            raise StoppedError("check", "functions that call each other without end")
        session, other = self._ends[end], "checks" if end == "answers" else "answers"
        reply = session.exchange(message, until, LARGE)
        while isinstance(asked := reply.get("ask"), dict):
            unasked = end == "answers" and depth == 0  # only a function that is called may call
            if unasked or asked.get("kind") not in _QUESTIONS[end]:
                raise StoppedError("check", "something was written into the grader's channel")
            question = {name: asked[name] for name in _ASKED if name in asked}
            answer = self._exchange(other, question, until, depth + 1)
            carried = {name: answer[name] for name in _ANSWERED if name in answer}
            reply = session.exchange({"answer": carried}, until, LARGE)
        return reply

    def close(self) -> None:
        """End both processes and all that they have started."""
        try:
            self._ends["answers"].close()
        finally:
            self._ends["checks"].close()

    def __enter__(self) -> Apart:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
