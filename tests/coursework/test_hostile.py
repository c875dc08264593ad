"""The grader among sixty students of whom few mean well."""

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

from gradebooks import gradebook_rows
from grading.feedback import hidden_lines
from grading.gradebook import merge
from grading.model import Question, Result
from grading.problem_set import read_problem_set
from hostile_class import Case, cases, hand_in_all

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


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("class")
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
        hand_in_all(_SOURCE, _RELEASE, folder / "submissions", world)
        command = [sys.executable, "coursework/grade.py", "ps1", "--workers", "2"]
        command += ["--submissions", folder / "submissions", "--marks", folder / "marks.csv"]
        command += ["--gradebook", gradebook]
        command += ["--cell-seconds", "6", "--memory-mb", "400"]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    with (folder / "marks.csv").open(newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    _print_table(rows)
    return Graded(rows, before, gradebook_rows(gradebook), folder / "marks-ps1")


def _another_set(gradebook: Path) -> dict[str, list[str]]:
    """Give every second student marks of another problem set, and return all rows."""
    problem_set = replace(read_problem_set("ps1", _SOURCE), name="ps0")
    questions = tuple(Question(c.name, c.points, 1.0) for c in problem_set.questions)
    results = [Result(case.name, "ps0", "ok", "", questions) for case in cases()[::2]]
    merge(gradebook, problem_set, results)
    return gradebook_rows(gradebook)


def _print_table(rows: dict[str, dict[str, str]]) -> None:
    for case in cases():
        row = rows[case.name]
        score = "" if case.score is None else f"{case.score:g}"
        _expected, _got = f"{case.status} {score}", f"{row['status']} {row['score']}"


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_each_submission_comes_to_exactly_what_it_must(graded, case: Case):
    row = graded.rows[case.name]
    score = "" if case.score is None else f"{case.score:g}"
    assert (row["status"], row["score"]) == (case.status, score), row["reason"]
    assert case.says in row["reason"]
    if case.marked is not None:
        columns = list(row)[6:]
        assert sum(float(row[name]) for name in columns if row[name]) == case.marked


def test_no_student_is_forgotten(graded):
    assert len(graded.rows) == len(cases()) >= 25


@pytest.mark.usefixtures("graded")
def test_nothing_is_left_running():
    running = subprocess.run(["ps", "-eo", "uid,args"], capture_output=True, text=True).stdout
    assert "sleep 4711" not in running
    uids = [int(line.split()[0]) for line in running.splitlines()[1:]]
    assert not [uid for uid in uids if 200_000 <= uid < 260_000]


def test_the_gradebooks_other_rows_are_as_they_were(graded):
    for table, rows in graded.gradebook_before.items():
        assert set(rows) <= set(graded.gradebook_after[table]), table
    assert len(graded.gradebook_after["grade"]) > len(graded.gradebook_before["grade"])


def test_every_student_gets_a_page_and_no_hidden_test_is_in_any(graded):
    pages = list((graded.out / "feedback").glob("*/ps1.html"))
    assert len(pages) == len(cases())
    secrets = hidden_lines(read_problem_set("ps1", _SOURCE))
    assert len(secrets) > 40
    for page in pages:
        text = html.unescape(page.read_text())
        assert not [line for line in secrets if line in text], page
