"""A page for each student: their answers and marks, and nothing of the hidden tests."""

from __future__ import annotations

import leaks
from grading.by_hand import NOTHING, HandMarks
from grading.ledger import number
from grading.model import Question, Rebuilt, Result, Run, Step
from grading.pages import escape, page, picture, table
from grading.problem_set import ProblemSet

# Not the solutions: students' own right answers may be the same.
_HIDDEN = ("HIDDEN TESTS", "MARK SCHEME")
_REMOVED = "[removed]"
_SAID = {
    "ok": "All tests were run.",
    "partial": "Some questions could not be marked, because their answer cell was missing.",
    "timeout": "Some of your code did not end in time; a person will look at it.",
    "crashed": "Some of your code ended the process; a person will look at it.",
    "check": "A person will look at your submission before it gets a mark.",
    "missing": "No notebook was handed in.",
    "unreadable": "The file could not be read as a notebook.",
}


def hidden_lines(problem_set: ProblemSet) -> frozenset[str]:
    """The lines of hidden tests and mark schemes that say something of their own."""
    told = (line for cell in problem_set.cells for line in leaks.told_apart(cell.source, _HIDDEN))
    lines = (line.strip(" \t#=") for line, hidden in told if hidden)
    return frozenset(line for line in lines if len(line) >= 8)


def redacted(text: str, hidden: frozenset[str]) -> str:
    r"""A text without any line that repeats a hidden one.

    Example:
        >>> redacted("seen: assert f(7) == 1", frozenset(["assert f(7) == 1"]))
        '[removed]'
    """
    return "\n".join(
        _REMOVED if any(secret in line for secret in hidden) else line for line in text.splitlines()
    )


def feedback(
    result: Result,
    rebuilt: Rebuilt,
    runs: list[Run],
    hidden: frozenset[str],
    given: HandMarks = NOTHING,
) -> bytes:
    """The page of one student.

    Args:
        result: The marks.
        rebuilt: The cells that were run; tests are left out.
        runs: What the cells showed; what a test printed is left out, too.
        hidden: The lines that must not be seen.
        given: What a person marked, and said.
    """
    parts = [f"<p>{escape(_SAID[result.status])}</p>"]
    if result.score is not None:
        parts.append(f"<p>{number(result.score)} of {number(result.max_score)} marks by tests.</p>")
    if given.total is not None:
        parts.append(f"<p>{number(given.total)} of {number(result.max_total)} marks in all.</p>")
    rows = [[q.name, _word(q), _points(q), q.max_points] for q in result.questions]
    parts.append(table("Questions", ["question", "result", "marks", "of"], rows))
    if rebuilt.steps and runs:
        parts.append("<h2>Your answers</h2>")
        for step, run in zip(rebuilt.steps, runs, strict=True):
            if step.kind in ("answer", "manual", "added"):
                parts += _answer(step, run, hidden)
                parts += _comment(given.comments.get(step.name), hidden)
    return page(f"{result.problem_set}: {result.student}", parts)


def _word(question: Question) -> str:
    if question.points is None:
        return "for a person to mark" if question.by_hand else "not marked"
    if question.by_hand:
        return "marked by a person"
    if question.points >= question.max_points:
        return "passed"
    return "passed in part" if question.points > 0 else "not passed"


def _points(question: Question) -> object:
    return "" if question.points is None else question.points


def _comment(text: str | None, hidden: frozenset[str]) -> list[str]:
    return [f"<p><strong>Comment:</strong> {escape(redacted(text, hidden))}</p>"] if text else []


def _answer(step: Step, run: Run, hidden: frozenset[str]) -> list[str]:
    parts = [f"<h3>{escape(step.name)}</h3>", f"<pre>{escape(step.source)}</pre>"]
    shown = [run.text, *(str(o.get("text/plain", "")) for o in run.outputs if "image/png" not in o)]
    text = redacted("\n".join(filter(None, shown)).rstrip(), hidden)
    if text:
        parts.append(f"<pre>{escape(text)}</pre>")
    if run.error:
        error = redacted(f"{run.error}: {run.message}", hidden)
        parts.append(f"<p>Stopped by {escape(error)}</p>")
    pictures = (o["image/png"] for o in run.outputs if isinstance(o.get("image/png"), str))
    return parts + [picture(png, f"Your figure of {step.name}") for png in pictures]
