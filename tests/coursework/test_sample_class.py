"""A class as large as a course, and the hints and pages that come of classes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from extent import SHORT
from grading.model import Question, Rebuilt, Result, Step
from grading.report import report
from grading.similarity import hints

_ROOT = Path(__file__).parents[2]
_LOOP = """def area({0}):
    {1}{2} = 0
    for {3} in range(7):
        {2} += {3} * {0} ** {3} / ({3} + 3)
    return {2}"""
_TEXTS = [
    _LOOP.format("r", "", "total", "k"),
    _LOOP.format("q", "# mine\n    ", "s", "i"),
    "def area(r):\n    return sum(r**k for k in (3, 5, 8)) - max(r, 2) * min(r, 9) + r % 4",
]


def _rebuilt(text: str) -> Rebuilt:
    return Rebuilt((Step("answer", "a", "code", text),))


def test_renaming_and_comments_do_not_hide_a_copy():
    class_ = {name: _rebuilt(text) for name, text in zip("abc", _TEXTS, strict=True)}
    (hint,) = hints(class_, "")
    assert (hint.first, hint.second) == ("a", "b")
    assert hint.share > 0.9


def test_what_was_handed_out_or_is_common_is_no_hint():
    assert hints({name: _rebuilt(_TEXTS[0]) for name in "ab"}, _TEXTS[0]) == []
    assert hints({f"s{n}": _rebuilt(_TEXTS[0]) for n in range(30)}, "") == []
    assert hints({name: _rebuilt("x = 2") for name in "ab"}, "") == []


def test_code_that_cannot_be_read_is_compared_as_far_as_it_goes():
    hints({name: _rebuilt("def f(:\n  'open") for name in "ab"}, "")


def _result(name: str, status: str, points: float | None) -> Result:
    return Result(
        name, "ps1", status, "why", (Question("q", 4, points), Question("e", 6, None, True))
    )


def test_the_report_counts_no_failure_as_0():
    results = [_result("a", "ok", 4), _result("b", "ok", 2), _result("<c>", "timeout", None)]
    page = report(results, []).decode()
    assert "Scores of 2 students, from 2 to 4 of 4" in page
    assert "q earned least, 75 % of its marks" in page
    assert "<c>" not in page
    assert "&lt;c&gt;" in page
    assert page.count("<img") == page.count('alt="') == 2


def test_a_report_of_nobody_is_refused():
    with pytest.raises(ValueError, match="at least one result"):
        report([], [])


def test_a_report_without_any_score_says_so():
    assert "Nobody has a score yet" in report([_result("a", "crashed", None)], []).decode()


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="grading needs Linux or macOS")
def test_a_whole_class_is_graded_without_loss():
    students = 60 if SHORT else 200
    # One in thirty each: an answer without an end, one that ends the process, half a file.
    troubled = [len(range(first, students, 30)) for first in (7, 17, 27)]
    command = [sys.executable, "benchmarks/grading.py", "--isolation", "process"]
    command += ["--students", str(students)]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts = {line.split()[0]: int(line.split()[1]) for line in done.stdout.splitlines()[3:]}
    wanted = dict(zip(("timeout", "crashed", "unreadable"), troubled, strict=True))
    assert counts == wanted | {"ok": students - sum(troubled)}
