"""The grader among seventy students of whom few mean well."""

from __future__ import annotations

import csv
import html
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from extent import SHORT
from gradebooks import gradebook_rows
from grading.feedback import hidden_lines
from grading.gradebook import merge
from grading.model import Question, Result
from grading.problem_set import read_problem_set
from hostile_class import FULL, Case, cases, hand_in_all

_ROOT = Path(__file__).parents[2]
_SOURCE = _ROOT / "coursework/source/ps1/ps1.ipynb"
_RELEASE = _ROOT / "book/coursework/ps1.ipynb"

pytest.importorskip("nbgrader")
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root can shut students in"
)


class Graded(NamedTuple):
    """What a run left behind."""

    rows: dict[str, dict[str, str]]
    gradebook_before: dict[str, list[str]]
    gradebook_after: dict[str, list[str]]
    out: Path


def _graded(folder: Path, checks: str) -> Graded:
    gradebook = folder / "gradebook.db"
    before = _another_set(gradebook)
    with socket.create_server(("127.0.0.1", 0)) as server:
        world = {
            "source": str(_SOURCE),
            "gradebook": str(gradebook),
            "submissions": str(folder / "submissions"),
            "neighbour": str(folder / "submissions/perfect/ps1/ps1.ipynb"),
            "port": str(server.getsockname()[1]),
        }
        hand_in_all(cases(checks), _SOURCE, _RELEASE, folder / "submissions", world)
        command = [sys.executable, "coursework/grade.py", "ps1", "--workers", "2"]
        command += ["--submissions", folder / "submissions", "--marks", folder / "marks.csv"]
        command += ["--gradebook", gradebook, "--checks", checks]
        command += ["--cell-seconds", "6", "--memory-mb", "400"]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    with (folder / "marks.csv").open(newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    return Graded(rows, before, gradebook_rows(gradebook), folder / "marks-ps1")


def _another_set(gradebook: Path) -> dict[str, list[str]]:
    """Give every second student marks of another problem set, and return all rows."""
    problem_set = replace(read_problem_set("ps1", _SOURCE), name="ps0")
    questions = tuple(Question(c.name, c.points, 1.0) for c in problem_set.questions)
    results = [Result(case.name, "ps0", "ok", "", questions) for case in cases()[::2]]
    merge(gradebook, problem_set, results)
    return gradebook_rows(gradebook)


@pytest.mark.long
def test_a_hostile_class_comes_to_exactly_what_it_must(tmp_path: Path):
    # One test, since the class is graded once, whatever processes the tests are shared out to.
    graded = _graded(tmp_path, "apart")
    assert len(graded.rows) == len(cases()) >= 25
    assert not [fault for case in cases() for fault in _faults(case, graded.rows[case.name])]
    _nothing_is_left_running()
    _other_rows_of_the_gradebook_stay(graded)
    _every_page_hides_hidden_tests(graded)


@pytest.mark.slow
@pytest.mark.skipif(SHORT, reason="a short run looks at the default mode")
def test_beside_the_answers_tests_mark_the_honest_the_same_and_are_deceived_by_some(tmp_path: Path):
    # What attacks come to there is why tests run apart; a change here is news for the README.
    told = cases("beside")
    graded = _graded(tmp_path, "beside")
    assert not [fault for case in told for fault in _faults(case, graded.rows[case.name])]
    alike = {case.name for case in told} & {c.name for c in cases() if c.beside is None}
    assert len(alike) > 25
    assert sum(case.beside is not None and case.score == FULL for case in told) >= 5


def _faults(case: Case, row: dict[str, str]) -> list[str]:
    """What of a student's row is not exactly as it must be."""
    score = "" if case.score is None else f"{case.score:g}"
    marked = sum(float(row[name]) for name in list(row)[6:] if row[name])
    pairs = {
        "status": (row["status"], case.status),
        "score": (row["score"], score),
        "max_score": (row["max_score"], f"{FULL}"),
        "marked": (marked, marked if case.marked is None else case.marked),
        "reason": (case.says in row["reason"], True),
    }
    return [f"{case.name}: {what} {a!r}, not {b!r}" for what, (a, b) in pairs.items() if a != b]


def _nothing_is_left_running() -> None:
    running = subprocess.run(["ps", "-eo", "uid,args"], capture_output=True, text=True).stdout
    assert "sleep 4711" not in running


def _other_rows_of_the_gradebook_stay(graded: Graded) -> None:
    for table, rows in graded.gradebook_before.items():
        assert set(rows) <= set(graded.gradebook_after[table]), table
    assert len(graded.gradebook_after["grade"]) > len(graded.gradebook_before["grade"])


def _every_page_hides_hidden_tests(graded: Graded) -> None:
    pages = list((graded.out / "feedback").glob("*/ps1.html"))
    assert len(pages) == len(cases())
    secrets = hidden_lines(read_problem_set("ps1", _SOURCE))
    assert len(secrets) > 40
    for page in pages:
        text = html.unescape(page.read_text())
        assert not [line for line in secrets if line in text or line in text[::-1]], page
