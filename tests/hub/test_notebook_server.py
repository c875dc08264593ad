"""What the emulated server must catch: notebooks that fail, hang, die, or take too much memory."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import binder
from notebook_server import Outcome, serving

MEGABYTE = 10**6
EATS = """
import time
eaten = []
while len(eaten) < 200:
    eaten.append(bytearray(b"x" * 10_000_000))
    time.sleep(0.02)
"""
# Its memory is that of a process of its own.
EATS_BELOW = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {EATS!r}])"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    work = tmp_path_factory.mktemp("server")
    (work / "notebooks" / "below").mkdir(parents=True)
    with serving(Path(sys.executable), work / "notebooks", work / "home") as started:
        yield started


@pytest.fixture
def run(server):
    def run(*sources, name="a.ipynb", **options):
        cells = [new_code_cell(source) for source in sources]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(new_notebook(cells=cells, metadata=kernel), server.folder / name)
        return server.run(name, **options)

    return run


def faults(outcome):
    return [(fault.cell, fault.name) for fault in outcome.faults]


def test_a_good_notebook_has_no_fault_and_takes_some_memory(run):
    outcome = run("import time", "", "time.sleep(1)", "print(6 * 7)")
    assert outcome.faults == ()
    assert not outcome.over
    assert outcome.seconds > 1
    assert 50 * MEGABYTE < outcome.peak < 500 * MEGABYTE
    assert binder.complaints(outcome, unanswered=False) == []


def test_a_notebook_runs_in_its_own_folder(run):
    check = "from pathlib import Path\nassert Path.cwd().name == 'below', Path.cwd()"
    assert run(check, name="below/a.ipynb").faults == ()


def test_a_failing_notebook_is_caught_and_stops(run):
    outcome = run("x = 1", "1 / 0", "raise KeyError('not reached')")
    assert faults(outcome) == [(1, "ZeroDivisionError")]
    assert outcome.faults[0].text == "division by zero"
    (complaint,) = binder.complaints(outcome, unanswered=False)
    assert complaint == "cell 1 raised ZeroDivisionError: division by zero"


def test_each_notebook_has_a_kernel_of_its_own(run):
    run("x = 1")
    assert faults(run("x")) == [(0, "NameError")]


def test_a_set_that_nobody_answered_runs_to_its_end(run):
    outcome = run("raise NotImplementedError", "print(answer)", "x = 1", keep_going=True)
    assert faults(outcome) == [(0, "NotImplementedError"), (1, "NameError")]
    assert binder.complaints(outcome, unanswered=True) == []
    assert len(binder.complaints(outcome, unanswered=False)) == 2


def test_a_set_that_fails_otherwise_or_not_at_all_is_caught(run):
    outcome = run("raise NotImplementedError", "assert 1 == 2", keep_going=True)
    assert binder.complaints(outcome, unanswered=True) == ["cell 1 raised AssertionError: "]
    solved = run("x = 1", keep_going=True)
    assert binder.complaints(solved, unanswered=True) == ["nothing is left to answer"]


@pytest.mark.parametrize("source", [EATS, EATS_BELOW], ids=["kernel", "process below"])
def test_a_notebook_that_takes_too_much_memory_is_caught_and_ended(run, source):
    outcome = run(source, limit=500 * MEGABYTE)
    assert outcome.over
    assert 500 * MEGABYTE < outcome.peak < 1000 * MEGABYTE
    (complaint,) = [c for c in binder.complaints(outcome, unanswered=False) if "MB" in c]
    assert complaint.startswith("took ")
    assert run("6 * 7").faults == ()  # the server goes on


def test_a_kernel_that_ends_is_caught_and_no_further_cell_is_run(run):
    outcome = run("import os\nos._exit(3)", "raise KeyError('not reached')", keep_going=True)
    assert faults(outcome) == [(0, "DeadKernel")]


def test_a_cell_that_hangs_is_caught(run):
    outcome = run("while True:\n    pass", "1 / 0", keep_going=True, cell_time=2)
    assert faults(outcome) == [(0, "Timeout")]
    assert outcome.seconds < 30


def test_a_peak_that_was_not_seen_is_no_good_sign():
    assert binder.complaints(Outcome("a", 1.0, 0, (), False), unanswered=False) == ["took 0 MB"]


def test_a_server_that_does_not_start_says_why(tmp_path):
    with (
        pytest.raises(RuntimeError, match="did not start"),
        serving(Path(sys.executable), tmp_path / "nowhere", tmp_path / "home"),
    ):
        pass
