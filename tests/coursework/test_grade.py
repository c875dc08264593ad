"""The grading command: what it writes, what it keeps, and what it says where it cannot."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest

from grading import classroom, command
from grading.ledger import hand_over
from grading.problem_set import read_problem_set
from grading.rebuild import rebuild
from grading.sandbox import SandboxError, check_isolation
from grading.submissions import read_submission, students
from small_set import hand_in, write_source

_ROOT = Path(__file__).parents[2]
_linux_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root can shut students in"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_source(tmp_path)
    return tmp_path


def _arguments(folder: Path, *more: str) -> list[str]:
    places = ["--source", folder / "source", "--submissions", folder / "submissions"]
    places += ["--marks", folder / "marks.csv", "--isolation", "process", "--workers", "1"]
    return ["ps1", *map(str, places), *more]


def _grade(folder: Path, *more: str) -> dict[str, dict[str, str]]:
    assert command.main(_arguments(folder, *more)) == 0
    with (folder / "marks.csv").open(newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_marks_with_partial_credit_and_a_column_a_question(folder: Path, capsys):
    hand_in(folder, "ada")
    hand_in(folder, "bob", b="def f(y):\n    return y + 2")
    rows = _grade(folder)
    assert list(rows["ada"])[:6] == [
        "student",
        "problem_set",
        "status",
        "score",
        "max_score",
        "reason",
    ]
    assert [rows["ada"][c] for c in ("status", "score", "max_score")] == ["ok", "7", "7"]
    assert [rows["bob"][c] for c in ("a-test", "b-test", "c-test", "essay")] == [
        "2",
        "3",
        "0.5",
        "",
    ]
    assert "weaker isolation, process" in capsys.readouterr().out


def test_after_a_stopped_cell_the_rest_is_marked_and_a_missing_name_is_no_0(folder: Path):
    hand_in(folder, "ada", b="import os\nos._exit(0)")
    row = _grade(folder)["ada"]
    assert (row["status"], row["score"]) == ("crashed", "")
    assert [row[c] for c in ("a-test", "b-test", "c-test")] == ["2", "", ""]


def test_a_run_grades_only_what_changed(folder: Path, capsys):
    hand_in(folder, "ada")
    hand_in(folder, "bob")
    before = _grade(folder)
    assert "2 graded now" in capsys.readouterr().out
    hand_in(folder, "bob", a="x = 3")
    after = _grade(folder)
    assert "1 graded now" in capsys.readouterr().out
    assert after["ada"] == before["ada"]
    assert after["bob"]["a-test"] == "0"
    _grade(folder)
    assert "0 graded now" in capsys.readouterr().out
    _grade(folder, "--again", "ada")
    assert "1 graded now" in capsys.readouterr().out


def test_a_new_source_grades_all_anew(folder: Path, capsys):
    hand_in(folder, "ada")
    _grade(folder)
    source = folder / "source/ps1.ipynb"
    source.write_text(source.read_text().replace("assert f(1) == 3", "assert f(2) == 6"))
    _grade(folder)
    assert capsys.readouterr().out.count("1 graded now") == 2


def test_a_source_whose_own_answers_fail_grades_nobody(folder: Path, capsys):
    hand_in(folder, "ada")
    source = folder / "source/ps1.ipynb"
    source.write_text(source.read_text().replace("assert f(1) == 3", "assert f(1) == 4"))
    assert command.main(_arguments(folder)) == 2
    assert "must earn all 7 marks" in capsys.readouterr().err
    assert not (folder / "marks.csv").exists()


def test_a_result_that_cannot_be_read_is_made_again(folder: Path, capsys):
    hand_in(folder, "ada")
    before = _grade(folder)
    (kept,) = (folder / "marks-ps1/results").glob("*.json")
    for broken in ('{"key": ', "{}", "[]"):
        kept.write_text(broken)
        assert _grade(folder) == before
    assert capsys.readouterr().err.count("cannot be read, so it is graded anew") == 3


def test_names_in_any_bytes_and_any_terminal_are_graded(folder: Path):
    names = [b"caf\xe9", "Łukasz".encode()]
    for name in names:
        hand_in(folder, os.fsdecode(name))
    command = [sys.executable, _ROOT / "coursework/grade.py", *_arguments(folder)]
    surroundings = os.environ | {"PYTHONIOENCODING": "latin-1"}
    ended = subprocess.run(command, env=surroundings, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr
    with (folder / "marks.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["student"]: row["status"] for row in csv.DictReader(file)}
    assert rows == {"caf\\xe9": "check", "Łukasz": "ok"}


def test_nobody_listening_does_not_stop_the_run(folder: Path):
    hand_in(folder, "ada")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, _ROOT / "coursework/grade.py", *_arguments(folder)]
    ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert ended.returncode == 0
    assert (folder / "marks-ps1/report.html").is_file(), ended.stderr


def test_a_test_without_points_is_no_trouble(folder: Path):
    source = folder / "source/ps1.ipynb"
    source.write_text(source.read_text().replace('"points": 3', '"points": 0'))
    hand_in(folder, "ada")
    assert _grade(folder)["ada"]["max_score"] == "4"


def test_files_are_handed_to_whoever_called_sudo(tmp_path: Path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/page.html").write_text("")
    (tmp_path / "out/link").symlink_to("/etc/passwd")
    asked = []

    def chown(path, user, group, follow_symlinks=True):
        asked.append((Path(path).name, user, group, follow_symlinks))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "chown", chown)
        hand_over([tmp_path / "out", tmp_path / "nothing"], 7, 8)
    assert sorted(asked) == [(n, 7, 8, False) for n in ("link", "out", "page.html")]


def test_killed_at_any_time_it_loses_nothing(folder: Path):
    for number in range(6):
        hand_in(folder, f"student{number}", a="import time\ntime.sleep(0.4)\nx = 2")
    arguments = [sys.executable, "coursework/grade.py", *_arguments(folder)]
    results = folder / "marks-ps1/results"
    with subprocess.Popen(arguments, cwd=_ROOT, stdout=subprocess.DEVNULL) as run:
        deadline = time.monotonic() + 60
        while len(list(results.glob("*.json"))) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
    kept = {path: path.read_bytes() for path in results.glob("*.json")}
    assert 2 <= len(kept) < 6
    assert not (folder / "marks.csv").exists()
    rows = _grade(folder)
    assert [row["score"] for row in rows.values()] == ["7"] * 6
    assert {path: path.read_bytes() for path in kept} == kept


def test_feedback_says_nothing_of_hidden_tests(folder: Path):
    leak = "x = 3\nprint(\"assert x == 2, 'it is twice the smallest'\")"
    hand_in(folder, "ada", a=leak, b="def f(y):\n    raise ValueError('<b>no</b>')\nf(1)")
    _grade(folder)
    page = (folder / "marks-ps1/feedback/ada/ps1.html").read_text()
    shown = page.replace("<pre>x = 3\nprint(", "")
    assert "[removed]" in page
    assert page.count("twice the smallest") == 1  # in the student's own answer
    assert "not passed" in shown
    assert "&lt;b&gt;no" in page
    assert "<b>" not in page


def test_tables_for_platforms_leave_out_what_has_no_score(folder: Path):
    hand_in(folder, "ada")
    hand_in(folder, "bob", id='STUDENT_ID = "ada"')
    _grade(folder)
    out = folder / "marks-ps1"
    assert (out / "moodle.csv").read_text().splitlines()[1:] == ["ada,7,ok", "bob,,check"]
    canvas = list(csv.reader((out / "canvas.csv").read_text().splitlines()))
    assert [row[-1] for row in canvas] == ["ps1", "7", "7", ""]
    assert "class report" in (out / "report.html").read_text()


def test_a_formula_in_an_error_stays_text(folder: Path):
    hand_in(folder, "=1+1", a="raise ValueError('=2+2')")
    assert "'=1+1" in _grade(folder)


@pytest.mark.parametrize("broken", ["rebuild", "run_all"])
def test_the_graders_own_fault_costs_one_student_a_look_and_no_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys, broken: str
):
    right = getattr(classroom, broken)

    def fails_for_eve(*arguments):
        if "eve" in arguments:
            raise KeyError("strange")
        return right(*arguments)

    monkeypatch.setattr(classroom, broken, fails_for_eve)
    hand_in(folder, "ada")
    hand_in(folder, "eve")
    rows = _grade(folder)
    assert (rows["ada"]["score"], rows["eve"]["score"]) == ("7", "")
    assert rows["eve"]["status"] == "check"
    assert "grader itself failed: KeyError" in rows["eve"]["reason"]
    assert "KeyError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("metadata",), None),
        (("metadata",), {"kernelspec": 7}),
        (("metadata",), {"kernelspec": {"language": ["R"]}}),
        (("cells",), None),
        (("cells",), [7]),
        (("cells", 2, "source"), None),
        (("cells", 2, "source"), {"a": 1}),
        (("cells", 2, "source"), "x = '\ud800'"),
        (("cells", 2, "metadata"), [1]),
        (("cells", 2, "metadata"), {"nbgrader": 3}),
        (("cells", 2, "metadata"), {"nbgrader": {"grade_id": {}}}),
        (("cells", 2, "id"), {}),
        (("cells", 2, "cell_type"), 4),
        (("nbformat",), 10**9),
        (("nbformat",), -1),
    ],
    ids=str,
)
def test_a_strange_notebook_gets_a_status_and_ends_no_run(folder: Path, place, value):
    path = hand_in(folder, "eve")
    notebook = json.loads(path.read_text())
    inner = notebook
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path.write_text(json.dumps(notebook))
    submission = read_submission(folder / "submissions", "eve", "ps1")
    if submission.event is None:
        rebuild(read_problem_set("ps1", folder / "source/ps1.ipynb"), submission.notebook, "eve")
    else:
        assert submission.event.status == "unreadable"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--submissions", "/nowhere"], "must be a folder"),
        (["--workers", "0"], "workers must be at least 1"),
        (["--cell-seconds", "0"], "cell_seconds must be above 0"),
        (["--source", "/nowhere"], "No such file"),
    ],
)
def test_what_cannot_be_done_is_said(folder: Path, capsys, more: list[str], said: str):
    hand_in(folder, "ada")
    assert command.main([*_arguments(folder), *more]) == 2
    assert said in capsys.readouterr().err


def test_without_root_the_weaker_mode_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for isolation in ("full", "uid"):
        with pytest.raises(SandboxError, match="--isolation process"):
            check_isolation(isolation)
    check_isolation("process")
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SandboxError, match="WSL"):
        check_isolation("process")


@_linux_root
@pytest.mark.parametrize("isolation", ["full", "uid"])
def test_other_users_run_the_students_code(folder: Path, isolation: str, capsys):
    proof = "import os, pathlib\nstate = pathlib.Path('/proc/self/status').read_text()\n"
    proof += "assert os.getuid() >= 200_000 and 'NoNewPrivs:\\t1' in state\n"
    proof += "assert 'CapEff:\\t0000000000000000' in state\nx = 2"
    hand_in(folder, "ada", a=proof)
    hand_in(folder, "bob", a="import os, subprocess\nsubprocess.Popen(['sleep', '4712'])\nx = 2")
    done = command.main(_arguments(folder, "--isolation", isolation))
    if isolation == "uid" and not _python_is_readable_by_all():
        assert done == 2
        assert "other users cannot read Python" in capsys.readouterr().err
        return
    assert done == 0
    with (folder / "marks.csv").open(newline="") as file:
        assert [row["score"] for row in csv.DictReader(file)] == ["7", "7"]
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert "sleep 4712" not in running


def _python_is_readable_by_all() -> bool:
    folders = Path(os.__file__).resolve().parents
    return all(path.stat().st_mode & 0o005 == 0o005 for path in folders)


# --- what lies in a student's folder --------------------------------------------------------------


def _event(folder: Path, student: str = "ada") -> tuple[str, str] | None:
    """The status and reason that stand in the place of marks; None if there is none."""
    found = read_submission(folder / "submissions", student, "ps1")
    if found.event is None:
        problem_set = read_problem_set("ps1", folder / "source/ps1.ipynb")
        found = rebuild(problem_set, found.notebook, student)
    return found.event and (found.event.status, found.event.reason)


def _moved(folder: Path, place: str) -> Path:
    path = folder / "submissions/ada" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    return hand_in(folder, "ada").rename(path)


@pytest.mark.parametrize(
    "place", ["ps1/ps1/ps1.ipynb", "PS1/PS1.ipynb", "ps1.ipynb.txt", "ps1/ps1.IPYNB"]
)
def test_a_notebook_in_another_place_is_not_missing(folder: Path, place: str):
    _moved(folder, place)
    assert _event(folder) == ("check", f"a file lies at {place}")


def test_a_link_to_a_folder_is_told(folder: Path):
    _moved(folder, "elsewhere/work.txt")
    (folder / "submissions/ada/ps1").rmdir()
    (folder / "submissions/ada/ps1").symlink_to("elsewhere")
    assert _event(folder) == ("check", "a link lies at ps1")


def test_sets_may_lie_side_by_side(folder: Path):
    book = _moved(folder, "ps1.ipynb")
    book.with_name("ps2.ipynb").write_text("{}")
    assert _event(folder) is None
    book.with_name("other.ipynb").write_text("{}")
    assert _event(folder)[0] == "check"


def test_what_is_no_folder_is_named_and_left_out(folder: Path, capsys):
    hand_in(folder, "ada")
    (folder / "submissions/bob").symlink_to("ada")
    (folder / "submissions/__MACOSX").mkdir()
    assert students(folder / "submissions") == ["ada"]
    assert "left out: 'bob'" in capsys.readouterr().err


def test_another_set_with_some_of_the_names_is_no_answer(folder: Path):
    path = hand_in(folder, "ada")
    book = json.loads(path.read_text())
    kept = {"setup", "id", "a"}
    book["cells"] = [cell for cell in book["cells"] if cell["id"] in kept]
    path.write_text(json.dumps(book))
    assert _event(folder) == ("check", "most answer cells of this problem set are missing")


@pytest.mark.parametrize(
    ("metadata", "language"),
    [({"kernelspec": {"name": "ir"}}, "R"), ({"language_info": {"name": "julia"}}, "julia"),
     ({"kernelspec": {"name": "python3", "language": "R"}}, "R")],
)  # fmt: skip
def test_another_language_is_told_however_it_is_named(folder: Path, metadata, language: str):
    path = hand_in(folder, "ada")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"metadata": metadata}))
    assert _event(folder) == ("check", f"the notebook is written in {language}")


def test_accents_may_be_spelt_in_two_ways(folder: Path):
    name = "Jörg"
    hand_in(folder, unicodedata.normalize("NFC", name))
    (folder / "submissions" / unicodedata.normalize("NFC", name)).rename(
        folder / "submissions" / unicodedata.normalize("NFD", name)
    )
    assert _grade(folder)[unicodedata.normalize("NFD", name)]["status"] == "ok"


def test_ids_among_the_metadata_are_found(folder: Path):
    path = hand_in(folder, "ada")
    book = json.loads(path.read_text()) | {"nbformat_minor": 0}
    for cell in book["cells"]:
        cell["metadata"] = {"id": cell.pop("id")}
    path.write_text(json.dumps(book))
    assert _event(folder) is None


# --- what honest students' code may count on ------------------------------------------------------


_LINES = {
    "ada": "sys.stdout.writelines(['a'])",
    "ben": "sys.stdout.buffer.write(b'hi')",
    "cid": "faulthandler.enable()",
    "dan": "subprocess.run(['true'], stdout=sys.stdout, check=True)",
    "eve": "!ls /",
    "fay": "%pip --version",
    "gil": "%matplotlib widget",
}


def test_what_works_in_a_notebook_works_here(folder: Path):
    for student, line in _LINES.items():
        hand_in(folder, student, a=f"import faulthandler, subprocess, sys\n{line}\nx = 2")
    found = {name: (row["status"], row["score"]) for name, row in _grade(folder).items()}
    assert found == dict.fromkeys(_LINES, ("ok", "7"))


def test_bytes_written_as_text_are_the_students_own_mistake(folder: Path):
    hand_in(folder, "ada", a="import sys\nsys.stdout.write(b'x')\nx = 2")
    row = _grade(folder)["ada"]
    assert (row["status"], row["score"]) == ("ok", "3")
    assert "TypeError" in row["reason"]


def test_an_interrupt_stops_at_once_and_marks_nobody(folder: Path):
    started = folder / "started"
    hand_in(folder, "ada", a=f"import time\nopen({str(started)!r}, 'w')\ntime.sleep(50)\nx = 2")
    # What is started in the background may have been told to ignore interrupts.
    command = ["env", "--default-signal=INT", sys.executable, _ROOT / "coursework/grade.py"]
    command += _arguments(folder)
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    ) as run:
        while not started.exists():
            assert run.poll() is None
            time.sleep(0.1)
        os.killpg(run.pid, signal.SIGINT)
        _, said = run.communicate(timeout=30)
    assert run.returncode == 130
    assert b"the same command goes on" in said
    assert not list((folder / "marks-ps1/results").glob("*.json"))
