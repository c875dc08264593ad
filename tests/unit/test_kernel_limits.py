"""A notebook that takes too much time or memory fails where nbval runs it."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from kernel_limits import Taken, complaints, taken

ROOT = Path(__file__).resolve().parents[2]


def test_a_process_is_measured():
    before = taken(os.getpid())
    block = bytearray(50_000_000)
    while (after := taken(os.getpid())).seconds < before.seconds + 0.05:
        pass
    assert len(block) <= after.peak
    assert before.peak <= after.peak


def test_what_is_within_the_limits_is_left_alone():
    assert complaints(Taken(60, 10**9)) == []
    assert complaints(Taken(5, None)) == []


def test_what_is_over_is_told():
    assert complaints(Taken(61, 1_300_000_000)) == [
        "61 s of processor time, more than 60",
        "1300 MB of memory, more than 1000",
    ]


@pytest.mark.parametrize(("size", "code"), [(10, 0), (1_200_000_000, 1)])
def test_a_greedy_notebook_fails(tmp_path, size, code):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cell = new_code_cell(f"len(b'x' * {size})", execution_count=1)
    cell.outputs = [
        nbformat.v4.new_output("execute_result", {"text/plain": str(size)}, execution_count=1)
    ]
    nbformat.write(new_notebook(cells=[cell], metadata=kernel), tmp_path / "n.ipynb")
    plugins = ("-p", "tests.support.kernel_limits", "-p", "tests.support.kernel_starts")
    command = [sys.executable, "-m", "pytest", *plugins, "--nbval", "-p", "no:cacheprovider"]
    command += ["--rootdir", str(tmp_path), "-c", os.devnull, str(tmp_path / "n.ipynb")]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert ("MB of memory, more than 1000" in done.stdout) == bool(code)
