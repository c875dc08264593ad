"""A problem set of three short questions, and submissions of it."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat

_CELLS = [
    ("setup", "import math", {}),
    ("id", '### BEGIN SOLUTION\nSTUDENT_ID = "example"\n### END SOLUTION', {"solution": True}),
    ("a", "### BEGIN SOLUTION\nx = 2\n### END SOLUTION", {"solution": True}),
    (
        "a-test",
        "assert x > 0\n### BEGIN HIDDEN TESTS\n"
        "assert x == 2, 'it is twice the smallest'\n### END HIDDEN TESTS",
        {"grade": True, "points": 2},
    ),
    (
        "b",
        "def f(y):\n    ### BEGIN SOLUTION\n    return 3 * y\n    ### END SOLUTION",
        {"solution": True},
    ),
    ("b-test", "assert f(1) == 3", {"grade": True, "points": 3}),
    ("c-test", "2 if f(x) == 3 * x else 0.5", {"grade": True, "points": 2}),
    (
        "essay",
        "### BEGIN SOLUTION\n### END SOLUTION",
        {"solution": True, "grade": True, "points": 4},
    ),
]

RIGHT = {"a": "x = 2", "b": "def f(y):\n    return 3 * y", "essay": "print('an essay')"}


def notebook(cells: dict[str, str] | None = None, student: str = "example"):
    """The source, or with `cells` a submission."""
    book = nbformat.v4.new_notebook()
    answers = {"id": f'STUDENT_ID = "{student}"', **RIGHT, **(cells or {})}
    for name, source, marks in _CELLS:
        text = source if cells is None else answers.get(name, source)
        cell = nbformat.v4.new_code_cell(text, id=name)
        cell.metadata["nbgrader"] = {
            "grade_id": name,
            "schema_version": 3,
            "solution": False,
            "grade": False,
            "locked": not marks.get("solution"),
            **marks,
        }
        book.cells.append(cell)
    return book


def write_source(folder: Path) -> Path:
    """The lecturer's notebook."""
    path = folder / "source" / "ps1.ipynb"
    path.parent.mkdir()
    path.write_text(json.dumps(notebook()))
    return path


def hand_in(folder: Path, student: str, **cells: str) -> Path:
    """A student's submission; what is not given is right."""
    path = folder / "submissions" / student / "ps1" / "ps1.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook(cells, student)))
    return path
