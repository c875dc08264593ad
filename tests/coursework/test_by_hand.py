"""Marks that a person gives in nbgrader's formgrader, and where they go."""

from __future__ import annotations

import csv
import json
import re
import sys
import warnings
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter

from grading import command
from grading.by_hand import notebook_for_formgrader
from grading.model import Rebuilt, Run, Step
from grading.problem_set import ProblemSet
from notebook_server import TOKEN, serving
from small_set import hand_in, write_source

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    api = pytest.importorskip("nbgrader.api")


def _grade(folder: Path) -> dict[str, dict[str, str]]:
    places = ["--source", folder / "source", "--submissions", folder / "submissions"]
    places += ["--marks", folder / "marks.csv", "--gradebook", folder / "course/gradebook.db"]
    assert command.main(["ps1", *map(str, places), "--isolation", "process"]) == 0
    return _rows(folder / "marks.csv")


def _rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return {next(iter(row.values())): row for row in csv.DictReader(file)}


def _mark(folder: Path, student: str, cell: str, mark: float) -> None:
    with api.Gradebook(f"sqlite:///{folder / 'course/gradebook.db'}") as book:
        grade = book.find_grade(cell, "ps1", "ps1", student)
        grade.manual_score, grade.needs_manual_grade = mark, False
        book.db.commit()


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A class of which a person marked one essay, and one question that crashed."""
    folder = tmp_path_factory.mktemp("class")
    (folder / "course").mkdir()
    write_source(folder)
    hand_in(folder, "ada", essay="print('<b>an essay</b>')")
    hand_in(folder, "bob", b="import os\nos._exit(0)")
    hand_in(folder, "eve")
    rows = _grade(folder)
    assert rows["ada"]["essay"] == ""
    assert all(row["ps1 total"] == "" for row in _rows(folder / "marks-ps1/moodle.csv").values())
    _mark(folder, "ada", "essay", 3.5)
    for cell, mark in (("b-test", 1), ("c-test", 0), ("essay", 2)):
        _mark(folder, "bob", cell, mark)
    with api.Gradebook(f"sqlite:///{folder / 'course/gradebook.db'}") as book:
        book.find_comment("essay", "ps1", "ps1", "ada").manual_comment = "Why? assert x == 2, it is"
        book.db.commit()
    _grade(folder)
    return folder


def test_they_stand_in_their_column_and_leave_the_score_of_tests_alone(marked: Path):
    rows = _rows(marked / "marks.csv")
    assert [rows["ada"][c] for c in ("status", "score", "max_score", "essay")] == [
        "ok", "7", "7", "3.5",
    ]  # fmt: skip
    assert [rows["bob"][c] for c in ("status", "score", "b-test", "essay")] == [
        "crashed", "", "", "2",
    ]  # fmt: skip
    assert rows["eve"]["essay"] == ""


def test_totals_are_exported_once_every_mark_is_there(marked: Path):
    rows = _rows(marked / "marks-ps1/moodle.csv")
    assert [rows[s]["ps1 total"] for s in ("ada", "bob", "eve")] == ["10.5", "5", ""]
    assert [rows[s]["ps1"] for s in ("ada", "bob", "eve")] == ["7", "", "7"]
    table = list(csv.reader((marked / "marks-ps1/canvas.csv").read_text().splitlines()))
    assert table[0][-2:] == ["ps1", "ps1 total"]
    assert table[1][-2:] == ["7", "11"]
    assert table[2][-2:] == ["7", "10.5"]


def test_feedback_shows_mark_and_comment_but_no_hidden_test(marked: Path):
    page = (marked / "marks-ps1/feedback/ada/ps1.html").read_text()
    assert "10.5 of 11 marks in all" in page
    assert "Comment:" in page
    assert "twice the smallest" not in page
    assert "of 11" not in (marked / "marks-ps1/feedback/eve/ps1.html").read_text()


def test_a_run_without_the_gradebook_has_no_totals(marked: Path, tmp_path: Path):
    arguments = ["--source", marked / "source", "--submissions", marked / "submissions"]
    arguments += ["--marks", tmp_path / "marks.csv", "--isolation", "process"]
    assert command.main(["ps1", *map(str, arguments)]) == 0
    assert "ps1 total" not in (tmp_path / "marks-ps1/moodle.csv").read_text()


def test_formgrader_shows_answers_and_takes_marks(marked: Path, tmp_path: Path):
    config = tmp_path / "home/config"
    config.mkdir(parents=True)
    root = str(marked / "course")
    (config / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.root = {root!r}\n"
    )
    with serving(Path(sys.executable), marked / "course", tmp_path / "home") as server:
        listed = server.get("formgrader/api/submitted_notebooks/ps1/ps1").json()
        by_student = {row["student"]: row for row in listed}
        assert set(by_student) == {"ada", "bob", "eve"}
        page = server.get(f"formgrader/submissions/{by_student['ada']['id']}/").text
        assert "an essay" in page
        assert "<b>an essay" not in page
        assert page.count('class="panel panel-primary nbgrader_cell"') == 7
        grades = server.get(f"formgrader/api/grades?submission_id={by_student['eve']['id']}").json()
        (essay,) = (grade for grade in grades if grade["name"] == "essay")
        answer = server._session.put(
            f"{server.address}formgrader/api/grade/{essay['id']}",
            json={"manual_score": 4.0, "extra_credit": 0.5},
            headers={"Authorization": f"token {TOKEN}"},
        )
        assert answer.ok
    assert _grade(marked)["eve"]["essay"] == "4.5"
    assert _rows(marked / "marks-ps1/moodle.csv")["eve"]["ps1 total"] == "11.5"


def test_a_mark_does_not_outlive_its_answer_unseen(marked: Path):
    hand_in(marked, "bob", b="import os\nos._exit(0)", essay="print('another essay')")
    _grade(marked)
    assert _rows(marked / "marks-ps1/moodle.csv")["bob"]["ps1 total"] == ""
    (marked / "submissions/ada/ps1/ps1.ipynb").unlink()
    _grade(marked)
    assert _rows(marked / "marks-ps1/moodle.csv")["ada"]["ps1 total"] == ""
    assert "in all" not in (marked / "marks-ps1/feedback/ada/ps1.html").read_text()


def test_a_gradebook_that_is_in_the_way_costs_nothing_else(marked: Path, monkeypatch, capsys):
    def locked(*_):
        raise ValueError("the gradebook cannot be used: it is locked")

    monkeypatch.setattr(command, "merge", locked)
    (marked / "marks-ps1/report.html").unlink()
    arguments = ["--source", marked / "source", "--submissions", marked / "submissions"]
    arguments += ["--marks", marked / "marks.csv", "--gradebook", marked / "course/gradebook.db"]
    assert command.main(["ps1", *map(str, arguments), "--isolation", "process"]) == 2
    assert "all else is written, but the gradebook" in capsys.readouterr().err
    assert (marked / "marks-ps1/report.html").is_file()


@pytest.mark.parametrize(
    "text",
    ["[x](javascript:alert(1))", "[x]: javascript:alert(1)\n[x]", "![x](http://a.example/x.png)",
     "$\\href{javascript:alert(1)}{x}$"],
)  # fmt: skip
def test_links_of_students_are_not_obeyed_in_formgrader(text: str):
    step = Step("manual", "essay", "markdown", text, points=4)
    content = notebook_for_formgrader(ProblemSet("ps1", (), b""), Rebuilt((step,)), [])
    page, _ = HTMLExporter().from_notebook_node(nbformat.reads(content.decode(), as_version=4))
    body = page[page.index("<main>") :]
    assert re.search(r"""href=["']javascript|src=["']http""", body) is None
    assert "\\href" not in body


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a <img src=x onerror=alert(1)>"])
def test_markup_of_students_is_not_obeyed_in_formgrader(text: str):
    step = Step("manual", "essay", "markdown", text, points=4)
    run = Run(outputs=[{"text/plain": text, "image/png": '"><script>alert(1)</script>'}])
    code = Step("answer", "a", "code", f"print('{text}')")
    content = notebook_for_formgrader(ProblemSet("ps1", (), b""), Rebuilt((step, code)), [run, run])
    assert "image/png" not in content.decode()
    page, _ = HTMLExporter().from_notebook_node(nbformat.reads(content.decode(), as_version=4))
    body = page[page.index("<main>") :]
    assert text not in body
    assert "alert(1)" in body


def test_a_less_than_in_a_text_stays_one():
    step = Step("manual", "essay", "markdown", "if a < b, then $x<2$ and 1<2", points=4)
    content = notebook_for_formgrader(ProblemSet("ps1", (), b""), Rebuilt((step,)), [])
    assert json.loads(content)["cells"][0]["source"] == step.source
