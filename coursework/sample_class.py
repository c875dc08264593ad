"""A class of made-up students of the first problem set, to try the grader on."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import nbformat

_HERE = Path(__file__).resolve().parent
_SOURCE = _HERE / "source/ps1/ps1.ipynb"
_RELEASE = _HERE.parent / "book/coursework/ps1.ipynb"
_KEPT_BACK = re.compile(
    r"[^\n]*BEGIN MARK SCHEME.*?END MARK SCHEME[^\n]*\n|^\s*### (?:BEGIN|END) SOLUTION\s*?$\n?",
    re.S | re.M,
)

#: What stands in every thirtieth student's answer to one question (None: half a file).
_TROUBLES = {7: "while True:\n    pass", 17: "import os\nos._exit(1)", 27: None}


def hand_in(submissions: Path, students: int) -> None:
    """Write a class's notebooks: right, wrong and missing answers at random, and some trouble.

    Args:
        submissions: The folder to fill.
        students: How many. The same number gives the same class.
    """
    source = nbformat.read(_SOURCE, as_version=4)
    for number in range(students):
        name = f"student{number:04}"
        path = submissions / name / "ps1" / "ps1.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_notebook(source, name, number))


def _notebook(source: nbformat.NotebookNode, name: str, number: int) -> str:
    book, rng = nbformat.read(_RELEASE, as_version=4), random.Random(number)
    for cell, right in zip(book.cells, source.cells, strict=True):
        if not cell.metadata.nbgrader.solution:
            continue
        answer = _KEPT_BACK.sub("", right.source).replace('"example"', f'"{name}"')
        luck = 1.0 if right.id == "student-id" else rng.random()
        if luck > 0.25:
            cell.source = answer
        elif luck > 0.1:
            cell.source = answer.replace("1", "2")
    trouble = _TROUBLES.get(number % 30, "")
    if trouble:
        next(cell for cell in book.cells if cell.id == "q4-loss-answer").source = trouble
    text = json.dumps(book)
    return text[: len(text) // 2] if trouble is None else text
