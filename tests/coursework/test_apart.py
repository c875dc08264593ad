"""Tests that run in a process of their own: what they see, what they refuse, what they mark."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import apart_set
from grading import command
from grading.apart import Apart
from grading.checker import Names
from grading.feedback import hidden_lines
from grading.model import Limits, Step
from grading.problem_set import defined, read_problem_set
from grading.rehearsal import rehearse
from grading.sandbox import Sandbox
from grading.session import Session, StoppedError
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


def test_the_students_process_is_told_no_hidden_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    told: dict[str, list[str]] = {"the process": [], "the process that checks": []}
    real = Session.exchange

    def recorded(session: Session, message: dict[str, Any], *more: Any) -> dict[str, Any]:
        told[session._name].append(json.dumps(message))
        return real(session, message, *more)

    monkeypatch.setattr(Session, "exchange", recorded)
    apart_set.write_class(tmp_path)
    _grade(tmp_path, tmp_path / "ps1.ipynb", "apart")
    hidden = [
        json.dumps(s)[1:-1] for s in hidden_lines(read_problem_set("ps1", tmp_path / "ps1.ipynb"))
    ]
    assert len(hidden) > 5
    answers, checks = ("\n".join(messages) for messages in told.values())
    assert all(line in checks for line in hidden)
    assert not [line for line in hidden if line in answers]


def test_another_mode_grades_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source = write_source(tmp_path)
    hand_in(tmp_path, "ada")
    for checks in ("apart", "apart", "beside", "beside", "apart"):
        more = ("--out", str(tmp_path / "out"))
        assert _grade(tmp_path, source, checks, *more)["ada"]["score"] == "7"
    said = capsys.readouterr().out
    assert [line.split("(")[1][0] for line in said.splitlines() if "now)" in line] == [*"10101"]


def test_an_id_with_spaces_is_the_students_own(tmp_path: Path):
    apart_set.write_class(tmp_path)
    path = tmp_path / "submissions/right/ps1.ipynb"
    path.write_text(path.read_text().replace('\\"right\\"', '\\"right \\"'))
    assert _grade(tmp_path, tmp_path / "ps1.ipynb", "apart")["right"]["score"] == "11"


def test_a_set_that_cannot_be_checked_apart_grades_nobody_and_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    source = write_source(tmp_path)
    thing = "class Box:\\n    size = 3\\n\\n\\nx = Box()"
    source.write_text(
        source.read_text()
        .replace("x = 2", thing)
        .replace("assert x > 0", "assert x.size")
        .replace("assert x == 2", "assert x.size == 3")
        .replace("2 if f(x) == 3 * x else 0.5", "2")
    )
    hand_in(tmp_path, "ada", a=thing.replace("\\n", "\n"))
    with pytest.raises(AssertionError):
        _grade(tmp_path, source, "apart")
    said = capsys.readouterr().err
    assert "a-test: cannot be checked apart: x: a Box is no plain data" in said
    assert "--checks beside" in said
    assert _grade(tmp_path, source, "beside")["ada"]["score"] == "7"


class Scripted:
    """An end that says what a function says; it keeps what it was told."""

    def __init__(self, says: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._says, self.told = says, []

    def exchange(self, message: dict[str, Any], _until: float, _longest: int) -> dict[str, Any]:
        self.told.append(message)
        return self._says(message)

    def close(self) -> None:
        """Nothing is open."""


_TEST = Step("test", "a", "code", "assert f(1)", 1.0, seen="f(1)")


def _between(answers: Callable, checks: Callable) -> tuple[Scripted, Scripted, Apart]:
    ends = Scripted(answers), Scripted(checks)
    return *ends, Apart(*ends, Limits())  # type: ignore[arg-type]


def test_a_verdict_comes_from_the_checks_alone():
    forged = {"error": None, "value": 9.0, "student": "ada", "unplain": "", "plain": "1", "x": 1}
    answers, checks, apart = _between(
        lambda _: forged,
        lambda m: {"error": "E"} if "answer" in m else {"ask": {"kind": "value", "name": "f"}},
    )
    assert apart.run(_TEST, time.monotonic() + 9) == {"error": "E", "student": "ada"}
    assert answers.told == [
        {"kind": "value", "name": "f"},
        {"kind": "seen", "source": "f(1)"},
    ]
    assert checks.told[1] == {"answer": {"unplain": "", "plain": "1"}}


@pytest.mark.parametrize("kind", ["value", "test", "given", None, ["call"]])
def test_a_students_process_may_ask_for_no_more_than_a_call(kind: object):
    _, checks, apart = _between(
        lambda _: {"ask": {"kind": kind, "name": "exact", "source": "1"}},
        lambda _: {"ask": {"kind": "value", "name": "f"}},
    )
    with pytest.raises(StoppedError, match="channel"):
        apart.run(_TEST, time.monotonic() + 9)
    assert len(checks.told) == 1


@pytest.mark.parametrize("kind", ["answer", "given", "added"])
def test_a_students_cell_may_ask_for_nothing(kind: str):
    _, checks, apart = _between(lambda _: {"ask": {"kind": "call", "function": 0}}, lambda _: {})
    with pytest.raises(StoppedError, match="channel"):
        apart.run(Step(kind, "a", "code", "kept()"), time.monotonic() + 9)
    assert checks.told == []


def test_functions_that_call_each_other_end():
    call = {"ask": {"kind": "call", "function": 0, "plain": "1"}}
    *_, apart = _between(lambda _: call, lambda _: call)
    with pytest.raises(StoppedError, match="without end"):
        apart.run(_TEST, time.monotonic() + 9)


def _names(**values: object) -> tuple[Names, list[str]]:
    asked: list[str] = []

    class Student:
        def value(self, name: str) -> object:
            asked.append(name)
            if name not in values:
                raise NameError(name)
            return values[name]

    return Names(Student(), {"STUDENT_ID": "ada"}), asked  # type: ignore[arg-type]


def test_only_what_is_lacking_is_asked_for_and_it_is_asked_again():
    names, asked = _names(f=3, abs=4, STUDENT_ID="eve", reference=5, __name__="eve")
    names.defined(["reference"], ": the cell failed")
    with names.asking():
        exec("x = f + f\ndef g():\n    return f\ny = g() + abs(-1)\nhere = 'f' in globals()", names)
        assert (names["x"], names["y"], names["here"]) == (6, 4, True)
        assert names["STUDENT_ID"] == "ada"
        assert "nothing" not in names
        assert names.get("nothing", 7) == 7
        with pytest.raises(NameError, match="the cell failed"):
            exec("reference", names)
    assert asked == ["f", "nothing", "nothing"]
    assert "f" not in names  # a later answer may be another
    with pytest.raises(KeyError):
        names["f"]
    with names.asking():
        assert names["f"] == 3
        names["f"] = 8
    assert names["f"] == 8  # a test's own


def test_what_a_given_cell_holds_free_is_the_students_once_it_is_answered():
    names, _ = _names(limit=3, STUDENT_ID="eve")
    names["limit"] = None
    names.defined(["limit"], "")
    with names.asking():
        assert names["limit"] is None
    names.handed_over(["limit", "STUDENT_ID"])
    with names.asking():
        assert names["limit"] == 3
        assert names["STUDENT_ID"] == "ada"


def test_names_that_a_cell_defines():
    assert defined("import a\nfrom b import c\nx = 1\nfor i in y:\n    pass") == ("i", "x")
    assert defined("if (n := 1):\n    class A:\n        z = 1\n[w for w in x]") == ("A", "n")
    assert defined("x = = 1") == defined("%magic") == ()


def test_a_problem_set_that_hands_landscapes_to_answers_is_checked_apart():
    source = Path(__file__).parents[2] / "coursework/source/ps2/ps2.ipynb"
    problem_set = read_problem_set("ps2", source)
    with Sandbox(Limits(), "process", problem_set.modules, "apart") as sandbox:
        rehearse(sandbox, problem_set)  # fails unless every mark is earned
