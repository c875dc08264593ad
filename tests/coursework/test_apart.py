"""Tests that run in a process of their own: what they see, what they refuse, what they mark."""

from __future__ import annotations

import csv
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import apart_set
from grading import command
from grading.apart import Apart
from grading.checker import Names
from grading.model import Limits, Step
from grading.peer import Elsewhere, EndedError, Peer
from grading.plain import ForgedError, NotPlainError
from grading.problem_set import defined, read_problem_set
from grading.session import StoppedError
from small_set import hand_in, write_source


def _grade(folder: Path, source: Path, checks: str, *more: str) -> dict[str, dict[str, str]]:
    marks = folder / f"{checks}.csv"
    places = ["--source", source, "--submissions", folder / "submissions", "--marks", marks]
    modes = ["--isolation", "process", "--workers", "1", "--checks", checks]
    assert command.main(["ps1", *map(str, places), *modes, *more]) == 0
    with marks.open(newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_both_modes_mark_alike_whatever_tests_do_with_answers(tmp_path: Path):
    apart_set.write_class(tmp_path)
    apart, beside = (_grade(tmp_path, tmp_path / "ps1.ipynb", c) for c in ("apart", "beside"))
    for student, (_, score) in apart_set.STUDENTS.items():
        assert (apart[student]["status"], apart[student]["score"]) == ("ok", f"{score:g}"), student
    assert beside.pop(apart_set.TAKER)["score"] == f"{apart_set.FULL}"
    assert beside == {student: apart[student] for student in beside}
