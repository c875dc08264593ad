"""What the grader writes into nbgrader's gradebook, and all that it leaves alone."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import pytest

from gradebooks import gradebook_rows
from grading.gradebook import merge, prepare
from grading.model import Question, Result
from grading.problem_set import ProblemSet, SourceCell

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    api = pytest.importorskip("nbgrader.api")


def _cell(role: str, name: str, points: float = 0.0) -> SourceCell:
    return SourceCell(role, name, name, "code", "1", "raise NotImplementedError", points)


_SET = ProblemSet(
    "ps1",
    (_cell("answer", "a"), _cell("test", "t", 3), _cell("answer", "b"), _cell("test", "u", 2),
     _cell("manual", "essay", 5)),
    b"",
)  # fmt: skip


def _result(student: str, status: str, *points: float | None) -> Result:
    questions = (
        Question("t", 3, points[0]),
        Question("u", 2, points[1]),
        Question("essay", 5, by_hand=True),
    )
    return Result(student, "ps1", status, "", questions)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # nbgrader takes seconds to make a new one
    path = tmp_path_factory.mktemp("empty") / "gradebook.db"
    merge(path, replace(_SET, name="ps0"), [])
    return path


@pytest.fixture
def path(tmp_path: Path, empty: Path) -> Path:
    return shutil.copy(empty, tmp_path / "gradebook.db")


def _grade(path: Path, student: str, cell: str):
    with api.Gradebook(f"sqlite:///{path}") as book:
        grade = book.find_grade(cell, "ps1", "ps1", student)
        return grade.auto_score, grade.manual_score, grade.needs_manual_grade


def test_marks_stand_in_a_new_gradebook(path: Path):
    assert merge(path, _SET, [_result("ada", "ok", 3.0, 0.0)]) == ["ada"]
    assert _grade(path, "ada", "t") == (3.0, None, False)
    assert _grade(path, "ada", "u") == (0.0, None, False)
    assert _grade(path, "ada", "essay") == (None, None, True)


def test_a_question_without_a_mark_waits_for_a_person(path: Path):
    merge(path, _SET, [_result("bob", "crashed", 3.0, None), _result("eve", "check", 3.0, 2.0)])
    assert _grade(path, "bob", "t") == (3.0, None, False)
    assert _grade(path, "bob", "u") == (None, None, True)
    assert _grade(path, "eve", "t") == (3.0, None, True)


def test_a_second_merge_changes_nothing(path: Path):
    results = [_result("ada", "ok", 3.0, 2.0), _result("bob", "timeout", None, 1.0)]
    merge(path, _SET, results)
    before = gradebook_rows(path)
    assert merge(path, _SET, results) == []
    assert gradebook_rows(path) == before


def test_marks_by_hand_are_not_touched(path: Path):
    merge(path, _SET, [_result("ada", "ok", 3.0, 2.0)])
    with api.Gradebook(f"sqlite:///{path}") as book:
        for cell, mark in (("essay", 4.5), ("u", 1.5)):
            grade = book.find_grade(cell, "ps1", "ps1", "ada")
            grade.manual_score, grade.needs_manual_grade = mark, False
        book.db.commit()
    merge(path, _SET, [_result("ada", "check", 3.0, 2.0)])
    assert _grade(path, "ada", "essay") == (None, 4.5, False)
    assert _grade(path, "ada", "u") == (2.0, 1.5, False)


def test_marks_by_hand_are_flagged_where_the_answer_has_changed(path: Path):
    merge(path, _SET, [_result("ada", "ok", 3.0, 2.0)])
    with api.Gradebook(f"sqlite:///{path}") as book:
        for cell, mark in (("essay", 4.5), ("u", 1.5)):
            grade = book.find_grade(cell, "ps1", "ps1", "ada")
            grade.manual_score, grade.needs_manual_grade = mark, False
        book.db.commit()
    merge(path, _SET, [_result("ada", "ok", 3.0, 0.0)], {"ada": {"essay"}})
    assert _grade(path, "ada", "essay") == (None, 4.5, True)
    assert _grade(path, "ada", "u") == (0.0, 1.5, True)


def test_a_gradebook_that_cannot_be_used_is_told_in_a_line(tmp_path: Path):
    path = tmp_path / "gradebook.db"
    path.write_bytes(b"no database at all, " * 99)
    with pytest.raises(ValueError, match=r"gradebook .*gradebook.db cannot be used"):
        prepare(path, _SET)


def test_a_missing_folder_is_made(tmp_path: Path):
    prepare(tmp_path / "new" / "course" / "gradebook.db", _SET)
    assert (tmp_path / "new" / "course" / "gradebook.db").is_file()


def test_other_rows_stay_byte_for_byte(path: Path):
    other = replace(_SET, name="ps0")
    merge(path, other, [replace(_result("zoe", "ok", 1.0, 1.0), problem_set="ps0")])
    merge(path, _SET, [_result("zoe", "ok", 3.0, 2.0)])
    before = gradebook_rows(path)
    merge(path, _SET, [_result("ada", "ok", 3.0, 2.0)])
    after = gradebook_rows(path)
    for table, rows in before.items():
        assert set(rows) <= set(after[table]), table


def test_a_name_that_is_no_text_makes_no_row(path: Path):
    assert merge(path, _SET, [_result("caf\udce9", "check", None, None)]) == []


def test_a_missing_submission_makes_no_row(path: Path):
    missing = Result("tim", "ps1", "missing", "no notebook")
    assert merge(path, _SET, [missing]) == []
    assert not any("tim" in row for rows in gradebook_rows(path).values() for row in rows)


def test_a_gradebook_of_another_set_is_refused(path: Path):
    merge(path, _SET, [])
    other = replace(_SET, cells=(_cell("test", "t", 4),))
    with pytest.raises(ValueError, match="must be that of the source"):
        merge(path, other, [])
