"""The command line, as real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from click.testing import CliRunner

import lossviz as lv
from lossviz.cli import main

MODULE = (sys.executable, "-m", "lossviz")
SCRIPT = (str(Path(sys.executable).with_name("lossviz")),)


def run(*command, **environment):
    clean = {name: value for name, value in os.environ.items() if name != "LOSSVIZ_DATA"}
    return subprocess.run(
        command, capture_output=True, text=True, env=clean | environment, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def info():
    return run(*MODULE, "info")


def test_info_shows_versions_data_and_device(info):
    assert (info.returncode, info.stderr) == (0, "")
    for package in ("lossviz", "torch", "numpy", "xarray"):
        assert f"{package:14}{version(package)}\n" in info.stdout
    for name in (*lv.activation_names(), *lv.problem_names()):
        assert name in info.stdout
    assert "device" in info.stdout


def test_info_says_that_no_data_folder_is_set(info):
    assert "none (LOSSVIZ_DATA is not set)" in info.stdout


def test_info_lists_the_data_folder(tmp_path):
    (tmp_path / "heart.csv").write_text("1\n")
    (tmp_path / "folder").mkdir()
    shown = run(*MODULE, "info", LOSSVIZ_DATA=str(tmp_path)).stdout
    assert f"{tmp_path}: heart.csv\n" in shown


def test_an_empty_data_folder_is_called_empty(tmp_path, monkeypatch):
    monkeypatch.setenv("LOSSVIZ_DATA", str(tmp_path))
    shown = CliRunner().invoke(main, ["info"])
    assert f"{tmp_path}: empty" in shown.output


def test_info_says_that_the_data_folder_is_wrong(tmp_path):
    shown = run(*MODULE, "info", LOSSVIZ_DATA=str(tmp_path / "no"))
    assert shown.returncode == 0
    assert f"LOSSVIZ_DATA must name a folder; got '{tmp_path / 'no'}': No such" in shown.stdout


def test_info_says_that_the_data_folder_cannot_be_read(tmp_path, monkeypatch):
    def denied(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setenv("LOSSVIZ_DATA", str(tmp_path))
    monkeypatch.setattr(Path, "iterdir", denied)
    shown = CliRunner().invoke(main, ["info"])
    assert shown.exit_code == 0
    assert f"{tmp_path} (cannot be read: Permission denied)" in shown.output


def test_help_lists_the_commands():
    shown = run(*SCRIPT, "--help")
    assert shown.returncode == 0
    assert "info" in shown.stdout
    assert shown.stdout.startswith("Usage: lossviz")


def test_an_unknown_command_fails_and_names_the_help():
    shown = run(*SCRIPT, "inof")
    assert shown.returncode == 2
    assert shown.stdout == ""
    assert "inof" in shown.stderr
    assert "--help" in shown.stderr


def test_the_version_is_that_of_the_package():
    shown = run(*SCRIPT, "--version").stdout
    assert version("lossviz") in shown
    assert "lossviz" in shown
