"""The benchmark scripts run, and what they time agrees; how fast they find it is not tested."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def run(script, *options):
    command = [sys.executable, str(BENCHMARKS / script), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_points_per_second_prints_a_line_per_activation():
    done = run("points_per_second.py", "--repeats", "1", "--problems", "xor", "--no-study")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("| xor |")]
    assert [line.split(" | ")[1] for line in lines] == ["tanh", "relu", "elu"]
    assert all("(" in cell for line in lines for cell in line.split(" | ")[3:])


@pytest.mark.parametrize("script", ["points_per_second.py", "growth.py", "planes.py", "spectra.py"])
def test_bad_options_are_refused(script):
    done = run(script, "--repeats", "0")
    assert done.returncode == 2
    assert "--repeats must be at least 1; got 0" in done.stderr


def test_a_class_without_students_is_refused():
    done = run("grading.py", "--students", "0")
    assert done.returncode == 2
    assert "--students must be at least 1; got 0" in done.stderr


def test_too_few_workers_are_refused():
    done = run("study_workers.py", "--workers", "1")
    assert done.returncode == 2
    assert "must be at least 2" in done.stderr


def test_planes_are_timed_and_pass_all_checks():
    done = run("planes.py", "--models", "32-10-1 relu", "--resolution", "5", "--repeats", "1")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("| 32-10-1 relu | 0.")]
    checked = lines[lines.index("| check | lossviz |") + 2 :]
    assert len(checked) == 15
    assert all(line.endswith("| yes |") for line in checked)


def test_peers_must_be_there():
    done = run("planes.py", "--peers", "no-such-folder")
    assert done.returncode == 2
    assert "--peers must be an environment made by peers.py" in done.stderr


def test_peers_do_not_go_into_the_environment_that_runs():
    done = run("peers.py", sys.prefix)
    assert done.returncode == 2
    assert "folder must not be the environment that is running" in done.stderr


@pytest.mark.long
@pytest.mark.slow
def test_spectra_are_measured_without_peers():
    done = run("spectra.py", "--repeats", "1", "--steps", "2")
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("| lossviz")]
    assert len(lines) == 8
    assert all(line.endswith("| yes |") for line in lines)
    assert done.stdout.count("it integrates to 1.00000") == 2
