"""Marking by hand in nbgrader's formgrader: what it shows, and the marks it was given."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from grading.gradebook import opened
from grading.model import Rebuilt, Result, Run, Step
from grading.pages import png_code
from grading.problem_set import ProblemSet

_SCHEMA = 3
#: Where Markdown could become more than text: formgrader's pages run with the lecturer's rights.
_MORE = re.compile(
    r"<(?=[A-Za-z/!?])|(?<=\])[(:\[]|!(?=\[)|\\(?=href|url|require|unicode|class|style)"
)
_PLAIN = {"<": "&lt;", "(": "&#40;", ":": "&#58;", "[": "&#91;", "!": "&#33;", "\\": "&#92;"}


@dataclass(frozen=True)
class HandMarks:
    """What a person gave one student in the gradebook.

    Attributes:
        points: Marks of questions that were marked by hand, extra credit included.
        comments: What was said about an answer, by its cell.
        total: All marks together; None as long as one is missing.
    """

    points: dict[str, float]
    comments: dict[str, str]
    total: float | None


NOTHING = HandMarks({}, {}, None)


def read_marks(gradebook: Path, name: str) -> dict[str, HandMarks]:
    """Read the marks and comments that were given by hand.

    Args:
        gradebook: nbgrader's SQLite file.
        name: The problem set's name.

    Returns:
        For each student with a submission, what stands in the gradebook.

    Raises:
        ValueError: If the gradebook cannot be used.
    """
    with opened(gradebook) as book:
        submissions = book.assignment_submissions(name)
        return {submission.student.id: _of_one(submission) for submission in submissions}


def _of_one(submission) -> HandMarks:
    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
    comments = [comment for notebook in submission.notebooks for comment in notebook.comments]
    given = [grade for grade in grades if grade.manual_score is not None]
    waits = any(g.needs_manual_grade or (g.auto_score, g.manual_score) == (None, None)
                for g in grades)  # fmt: skip
    return HandMarks(
        {grade.name: float(grade.score) for grade in given},
        {comment.name: comment.manual_comment for comment in comments if comment.manual_comment},
        None if waits or not grades else sum(float(grade.score) for grade in grades),
    )


def with_marks(result: Result, given: HandMarks) -> Result:
    """A result with the marks of questions that only a person marks."""
    questions = (
        replace(q, points=given.points.get(q.name)) if q.by_hand else q for q in result.questions
    )
    return replace(result, questions=tuple(questions))


def notebook_for_formgrader(problem_set: ProblemSet, rebuilt: Rebuilt, runs: list[Run]) -> bytes:
    """A submission as it was marked, in the form that formgrader shows.

    Tests are in it, so it is for the lecturer only. Markup and links in a student's text are shown,
    not obeyed.

    Args:
        problem_set: What was marked.
        rebuilt: The student's cells.
        runs: What they showed; empty where nothing was run.
    """
    ids = {cell.name: cell.cell_id for cell in problem_set.cells}
    runs = runs or [Run() for _ in rebuilt.steps]
    cells = []
    for number, (step, run) in enumerate(zip(rebuilt.steps, runs, strict=True)):
        cell_id = ids.get(step.name, f"added-{number}")
        cells.append({"id": cell_id, "cell_type": step.cell_type, "metadata": _metadata(step),
                      **_content(step, run)})  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(book, indent=1, ensure_ascii=True).encode()


def texts(notebook: bytes) -> dict[str, str]:
    """The text of each named cell of a notebook as it is laid out; none of none."""
    cells = json.loads(notebook or b'{"cells": []}')["cells"]
    return {c["metadata"]["nbgrader"]["grade_id"]: c["source"] for c in cells if c["metadata"]}


def _metadata(step: Step) -> dict:
    if step.kind not in ("answer", "manual", "test"):
        return {}
    marks = {
        "grade_id": step.name,
        "grade": step.kind in ("manual", "test"),
        "solution": step.kind in ("answer", "manual"),
        "locked": step.kind == "test",
        "task": False,
        "schema_version": _SCHEMA,
    }
    return {"nbgrader": marks | ({"points": step.points} if marks["grade"] else {})}


def _content(step: Step, run: Run) -> dict:
    if step.cell_type != "code":
        return {"source": _MORE.sub(lambda found: _PLAIN[found[0]], step.source)}
    shown = filter(None, map(_harmless, run.outputs))
    outputs = [{"output_type": "display_data", "metadata": {}, "data": data} for data in shown]
    if run.text:
        outputs.insert(0, {"output_type": "stream", "name": "stdout", "text": run.text})
    said = run.event.reason if run.event else f"{run.error}: {run.message}" if run.error else ""
    if said:
        outputs.append({"output_type": "stream", "name": "stderr", "text": f"{said}\n"})
    return {"source": step.source, "outputs": outputs, "execution_count": None}


def _harmless(output: dict[str, str]) -> dict[str, str]:
    """An output without anything that formgrader would take for markup."""
    code = png_code(output.get("image/png", b""))
    plain = {"text/plain": output["text/plain"]} if "text/plain" in output else {}
    return plain | ({"image/png": code} if code else {})
