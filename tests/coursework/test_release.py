"""The problem sets as students get them: nothing to be seen that should not be, and all to do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.nbgraderformat import MetadataValidator

import leaks
import release
from built_pages import SITE, pages
from problem_cells import automatic, is_by_hand, is_test, settings

SETS = release.problem_sets()
each_set = pytest.mark.parametrize("name", SETS)
ALLOWED = {"NotImplementedError", "NameError"}
HIDDEN = {name: leaks.secrets(release.read_source(name)) for name in SETS}


def released(name):
    return nbformat.read(release.RELEASE / f"{name}.ipynb", as_version=4)


# --- how it is made ---------------------------------------------------------------------------


def test_the_committed_releases_are_what_the_sources_give():
    assert release.main(["--check"]) == 0
    assert {path.stem for path in release.RELEASE.glob("*.ipynb")} == set(SETS)


@each_set
def test_made_twice_it_has_the_same_bytes(tmp_path, name):
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert release.main(["--out", str(folder), name]) == 0
        made.append((folder / f"{name}.ipynb").read_bytes())
    assert made[0] == made[1] == (release.RELEASE / f"{name}.ipynb").read_bytes()


def test_a_stale_release_is_told(tmp_path, capsys):
    (tmp_path / f"{SETS[0]}.ipynb").write_text("{}")
    assert release.main(["--check", "--out", str(tmp_path), SETS[0]]) == 1
    assert "make release" in capsys.readouterr().err


def test_an_unknown_set_is_told(capsys):
    with pytest.raises(SystemExit):
        release.main(["ps99"])
    assert "must be one of ['ps1'" in capsys.readouterr().err


@pytest.mark.long
def test_it_is_what_nbgraders_own_command_makes(tmp_path):
    course = tmp_path / "course"
    shutil.copytree(release.SOURCE, course / "source")
    shutil.copy(release.HERE / "nbgrader_config.py", course)
    for name in SETS:
        command = [sys.executable, "-m", "nbgrader", "generate_assignment", name, "--no-db"]
        done = subprocess.run(command, cwd=course, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        made = nbformat.read(course / "release" / name / f"{name}.ipynb", as_version=4)
        assert made.cells == released(name).cells


# --- what it shows ----------------------------------------------------------------------------


@each_set
def test_nothing_hidden_is_in_it(name):
    assert len(HIDDEN[name]) > 20
    text = (release.RELEASE / f"{name}.ipynb").read_text(encoding="utf-8")
    assert leaks.found(text, HIDDEN[name]) == []
    assert [cell.outputs for cell in released(name).cells if cell.get("outputs")] == []


@pytest.mark.parametrize("steps", [{"ClearSolutions", "ClearMarkScheme"}, {"ClearHiddenTests"}])
def test_a_release_that_would_show_something_is_not_made(monkeypatch, capsys, tmp_path, steps):
    left = [step for step in release.STEPS if step.__name__ not in steps]
    monkeypatch.setattr(release, "STEPS", left)
    with pytest.raises(SystemExit):
        release.main(["--out", str(tmp_path), SETS[0]])
    assert "would show" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        'if a < b: answer = 42 * factor("x")',
        '<span class="n">answer</span> <span>=</span> 42 * factor(&quot;x&quot;)',
        json.dumps(['answer = 42 * factor("x")']),
        '    answer = 42 *\n factor("x")',
    ],
)
def test_a_secret_is_found_in_any_spelling(text):
    source = "### BEGIN SOLUTION\nanswer = 42 * factor('x')\nz = 1\n### END SOLUTION\nx"
    hidden = leaks.secrets(new_notebook(cells=[new_code_cell(source.replace("'", '"'))]))
    assert hidden == ['answer = 42 * factor("x")']
    assert leaks.found(text, hidden) == hidden
    assert leaks.found("answer = 42", hidden) == []


# --- how it behaves ---------------------------------------------------------------------------


@each_set
def test_metadata_is_valid_and_only_answers_can_be_changed(name):
    notebook = released(name)
    nbformat.validate(notebook)
    MetadataValidator().validate_nb(notebook)
    for cell in notebook.cells:
        assert cell.metadata.deletable is False
        assert cell.metadata.get("editable", True) == settings(cell)["solution"]
        assert len(settings(cell)["checksum"]) == 32


@each_set
def test_run_by_a_kernel_each_automatic_cell_fails_for_want_of_an_answer_only(name, tmp_path):
    notebook = released(name)
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=60, allow_errors=True,
        resources={"metadata": {"path": str(tmp_path)}},
    )  # fmt: skip
    client.execute()
    errors = {
        cell.id: output.ename
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    }
    assert set(errors.values()) <= ALLOWED
    wanted = {cell.id for cell in notebook.cells if is_test(cell) or settings(cell)["solution"]}
    code = {cell.id for cell in notebook.cells if cell.cell_type == "code"}
    # A function that is still to be written fails when it is called.
    functions = {cell.id for cell in notebook.cells if cell.source.startswith("def ")}
    assert (wanted & code) - functions <= errors.keys()
    assert {cell.id for cell in automatic(notebook)} <= errors.keys()


@each_set
def test_what_students_fill_in_is_all_that_is_marked(name):
    source, notebook = release.read_source(name), released(name)
    assert [cell.id for cell in notebook.cells] == [cell.id for cell in source.cells]
    points = [settings(cell).get("points") for cell in source.cells]
    assert [settings(cell).get("points") for cell in notebook.cells] == points
    answers = [cell for cell in notebook.cells if is_by_hand(cell)]
    assert all("our" in cell.source and len(cell.source) < 60 for cell in answers)


# --- the book's pages -------------------------------------------------------------------------


@pytest.mark.site
@each_set
def test_it_is_a_page_of_the_book_and_can_be_taken_along(name):
    page = (SITE / "book" / "coursework" / f"{name}.html").read_text(encoding="utf-8")
    assert "NotImplementedError" in page
    assert page.count("Traceback") == 0
    kept = SITE / "_sources" / "book" / "coursework" / f"{name}.ipynb"
    assert f"_sources/book/coursework/{name}.ipynb" in page
    assert kept.read_bytes() == (release.RELEASE / f"{name}.ipynb").read_bytes()


@pytest.mark.site
def test_nothing_that_was_built_shows_anything_hidden():
    assert {f"book/coursework/{name}.html" for name in SETS} <= set(pages())
    root = release.RELEASE.parents[1]
    open_ = [*root.glob("book/**/*.ipynb"), *root.glob("lossviz/**/*.py")]
    public = "".join(path.read_text(encoding="utf-8") for path in open_)
    hidden = [line for lines in HIDDEN.values() for line in lines]
    # What the chapters, the package or another problem set say is no secret.
    hidden = sorted(set(hidden) - set(leaks.found(public, hidden)))
    assert len(hidden) > 100
    built = [SITE / page for page in pages()]
    built += [SITE / "searchindex.js", *(SITE / "_sources").rglob("*.*")]
    told = {path.name: leaks.found(path.read_text(encoding="utf-8"), hidden) for path in built}
    assert {name: found for name, found in told.items() if found} == {}
    assert not list(SITE.parent.rglob("coursework/source"))
