"""The grader among sixty students of whom few mean well."""

from __future__ import annotations

import csv
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_class import Case, cases, hand_in_all

_ROOT = Path(__file__).parents[2]
_SOURCE = _ROOT / "coursework/source/ps1/ps1.ipynb"
_RELEASE = _ROOT / "book/coursework/ps1.ipynb"

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root can shut students in"
)


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("class")
    gradebook = folder / "gradebook.db"
    gradebook.write_bytes(b"precious")
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
        command += ["--cell-seconds", "4", "--memory-mb", "1000"]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    with (folder / "marks.csv").open(newline="") as file:
        rows = {row["student"]: row for row in csv.DictReader(file)}
    _print_table(rows)
    return folder, rows, done.stdout


def _print_table(rows: dict[str, dict[str, str]]) -> None:
    print(f"\n{'case':28}{'expected':16}{'got':16}reason")
    for case in cases():
        row = rows[case.name]
        score = "" if case.score is None else f"{case.score:g}"
        expected, got = f"{case.status} {score}", f"{row['status']} {row['score']}"
        print(f"{case.name:28}{expected:16}{got:16}{row['reason'][:60]}")


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_each_submission_comes_to_exactly_what_it_must(graded, case: Case):
    row = graded[1][case.name]
    score = "" if case.score is None else f"{case.score:g}"
    assert (row["status"], row["score"]) == (case.status, score), row["reason"]
    assert case.says in row["reason"]
    if case.marked is not None:
        columns = list(row)[6:]
        assert sum(float(row[name]) for name in columns if row[name]) == case.marked


def test_no_student_is_forgotten(graded):
    assert len(graded[1]) == len(cases()) >= 25


def test_nothing_is_left_running(graded):
    running = subprocess.run(["ps", "-eo", "uid,args"], capture_output=True, text=True).stdout
    assert "sleep 4711" not in running
    uids = [int(line.split()[0]) for line in running.splitlines()[1:]]
    assert not [uid for uid in uids if 200_000 <= uid < 260_000]


def test_the_gradebook_is_as_it_was(graded):
    assert (graded[0] / "gradebook.db").read_bytes() == b"precious"
