"""A problem set whose tests use answers in every way that tests do, and a class of students."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat

_ANSWER, _GIVEN = {"solution": True}, {}


def _test(points: float) -> dict[str, object]:
    return {"grade": True, "points": points}


def _solved(text: str) -> str:
    return f"### BEGIN SOLUTION\n{text}\n### END SOLUTION"


_CELLS = [
    (
        "setup",
        "import numpy as np\n\nlimit = None\n\ndef twice(f):\n    return lambda x: f(f(x))",
        {},
    ),
    ("id", _solved('STUDENT_ID = "example"'), _ANSWER),
    # A name that a given cell holds free for the student, and a value with a name in it.
    ("limit-answer", _solved("limit = len(STUDENT_ID) + 1"), _ANSWER),
    (
        "limit",
        "assert limit is not None\n### BEGIN HIDDEN TESTS\n"
        "assert limit == len(STUDENT_ID) + 1\n### END HIDDEN TESTS",
        _test(1),
    ),
    # Functions: called, given to functions, returned by functions, with arrays left alone.
    (
        "slope-answer",
        _solved("def slope(f, x, step=1e-6):\n    return (f(x + step) - f(x - step)) / (2 * step)"),
        _ANSWER,
    ),
    (
        "slope",
        "x = np.linspace(-1, 1, 5)\nassert np.allclose(slope(np.sin, x), np.cos(x))\n"
        "### BEGIN HIDDEN TESTS\ncalls = []\n\n\ndef cube(x):\n    calls.append(x)\n"
        "    return x**3\n\n\nassert np.allclose(slope(cube, x, step=1e-5), 3 * x**2)\n"
        "assert len(calls) == 2\n"
        "assert np.allclose(slope(twice(cube), x), 9 * x**8)\n### END HIDDEN TESTS",
        _test(2),
    ),
    ("made", "table = [slope(np.exp, v) for v in (0.0, 1.0)]\ntable", _GIVEN),
    ("made-test", "assert np.allclose(table, [1, np.e])", _test(1)),
    (
        "power-answer",
        _solved("def power(n):\n    return lambda x: x**n"),
        _ANSWER,
    ),
    (
        "power",
        "square = power(2)\nassert square(3) == 9\nassert twice(square)(2) == 16\n"
        "### BEGIN HIDDEN TESTS\nnine = 9\nassert power(1)(nine) == 9\n### END HIDDEN TESTS",
        _test(1),
    ),
    ("both", "assert np.isclose(slope(power(3), 2.0), 12)", _test(1)),
    (
        "sorted-answer",
        _solved("def in_order(values):\n    return sorted(values)"),
        _ANSWER,
    ),
    (
        "sorted",
        "given = [3, 1, 2]\nassert list(in_order(given)) == [1, 2, 3]\n"
        "assert given == [3, 1, 2], 'the list is left alone'\n"
        "fixed = np.array([2.0, 1.0])\nfixed.flags.writeable = False\n"
        "assert list(in_order(fixed)) == [1, 2]",
        _test(1),
    ),
    ("fill-answer", _solved("def fill(rows):\n    for row in rows:\n        row[:] = 7"), _ANSWER),
    (
        "fill",
        "rows = [np.zeros(2), np.zeros(3)]\nfirst = rows[0]\nassert fill(rows) is None\n"
        "assert first.tolist() == [7, 7]",
        _test(1),
    ),
    # Exceptions by their kinds, and names that are asked for without being used.
    (
        "root-answer",
        _solved(
            "class NegativeError(ValueError):\n    pass\n\n\ndef root(x):\n    if x < 0:\n"
            "        raise NegativeError(f'{x} is below 0')\n    return x**0.5"
        ),
        _ANSWER,
    ),
    (
        "root",
        "assert 'root' in globals() and 'branch' not in globals()\ntry:\n    root(-1)\n"
        "except ValueError as error:\n    assert 'below 0' in str(error)\nelse:\n"
        "    assert False, 'no error'\n2 if root(4) == 2 else 0.5",
        _test(2),
    ),
    # An answer that builds on what a test shows, and one that changes an earlier answer.
    ("later-answer", _solved("ninth = square(3)\nlimit = 0"), _ANSWER),
    ("later", "assert ninth == 9\nassert limit == 0", _test(1)),
]

#: All points.
FULL = 11

#: Who answers by a name of a hidden test, which is there if that ran beside the answers.
TAKER = "takes a hidden name"

#: What each student answers otherwise than right, and what it comes to.
STUDENTS: dict[str, tuple[dict[str, str], float]] = {
    "right": ({}, FULL),
    "another limit": ({"limit-answer": "limit = 3"}, FULL - 1),
    "no limit": ({"limit-answer": "raise NotImplementedError"}, FULL - 1),
    "rough slope": ({"slope-answer": "def slope(f, x, step=0):\n    return f(x)"}, FULL - 3),
    "calls too often": (
        {
            "slope-answer": "def slope(f, x, step=1e-6):\n    f(x)\n"
            "    return (f(x + step) - f(x - step)) / (2 * step)"
        },
        FULL - 2,
    ),
    "sorts in place": (
        {"sorted-answer": "def in_order(values):\n    values.sort()\n    return values"},
        FULL - 1,
    ),
    "fills copies": (
        {"fill-answer": "def fill(rows):\n    for row in rows:\n        row = row + 7"},
        FULL - 1,
    ),
    "another error": (
        {"root-answer": "def root(x):\n    if x < 0:\n        raise TypeError\n    return x**0.5"},
        FULL - 2,
    ),
    "half a root": (
        {
            "root-answer": "def root(x):\n    if x < 0:\n"
            "        raise ValueError('below 0')\n    return x / 3"
        },
        FULL - 1.5,
    ),
    "raises what is no error": (
        {"root-answer": "def root(x):\n    raise SystemExit(0)"},
        FULL - 2,
    ),
    "a value for a function": ({"power-answer": "power = 2"}, FULL - 3),
    TAKER: ({"later-answer": "ninth, limit = nine, 0"}, FULL - 1),
}


def notebook(answers: dict[str, str] | None = None, student: str = "example"):
    """The source, or with `answers` a submission in which all others are right."""
    book = nbformat.v4.new_notebook()
    for name, source, marks in _CELLS:
        text = source
        if answers is not None and marks is _ANSWER:
            text = answers.get(name, text.replace("example", student))
        cell = nbformat.v4.new_code_cell(text, id=name)
        standard = {"solution": False, "grade": False, "locked": marks is not _ANSWER}
        cell.metadata["nbgrader"] = {"grade_id": name, "schema_version": 3, **standard, **marks}
        book.cells.append(cell)
    return book


def write_class(folder: Path) -> None:
    """Write the source and every student's submission."""
    (folder / "ps1.ipynb").write_text(json.dumps(notebook()))
    for student, (answers, _) in STUDENTS.items():
        path = folder / "submissions" / student / "ps1.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook(answers, student)))
