"""What Binder is told to install: the versions that the book was built and tested with."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import binder

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".binder"
REQUIREMENTS = FOLDER / "requirements.txt"


def lines(path: Path) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def pins(path: Path) -> dict[str, str]:
    """Return what a file pins itself, by name."""
    found = [re.fullmatch(r"([\w.-]+)==([\w.!+-]+)", line) for line in lines(path)]
    return {canonicalize_name(pin[1]): pin[2] for pin in found if pin}


def test_binder_installs_what_the_book_was_built_with_and_pins_the_rest():
    index, book, *rest = lines(REQUIREMENTS)
    assert index == "--extra-index-url https://download.pytorch.org/whl/cpu"
    assert book == "-r ../requirements.txt"
    assert len(rest) == len(pins(REQUIREMENTS)) > 0
    assert lines(ROOT / "requirements.txt")[-1] == "-e ."


def test_what_binder_adds_is_what_was_tested_and_nothing_twice():
    tested = pins(ROOT / "tests" / "requirements.txt")
    added = pins(REQUIREMENTS)
    assert {name: tested.get(name) for name in added} == added
    assert not set(added) & set(pins(ROOT / "requirements.txt"))


def test_the_server_is_what_the_extra_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [Requirement(line) for line in project["optional-dependencies"]["hub"]]
    assert {need.name for need in wanted} == {"jupyterlab", "nbgitpuller"}
    for need in wanted:
        assert pins(REQUIREMENTS)[need.name] in need.specifier


def test_torch_is_one_that_the_index_of_small_builds_has_under_the_same_number():
    # A suffix such as +cpu would be found on that index only.
    assert re.fullmatch(r"\d+\.\d+\.\d+", pins(ROOT / "requirements.txt")["torch"])


def test_no_other_host_is_named():
    text = "".join(path.read_text(encoding="utf-8") for path in FOLDER.iterdir())
    assert re.findall(r"https?://[^\s/]+", text) == ["https://download.pytorch.org"]


def test_the_python_is_one_that_the_project_supports_and_publishes_with():
    wanted = re.fullmatch(r"python-(3\.\d+)\n", (FOLDER / "runtime.txt").read_text())[1]
    workflow = (ROOT / ".github" / "workflows" / "publish.yml").read_text(encoding="utf-8")
    assert f'python-version: "{wanted}"' in workflow


def test_post_build_runs_and_would_fail_with_the_package(tmp_path):
    script = FOLDER / "postBuild"
    assert script.stat().st_mode & stat.S_IXUSR
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    surroundings = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    subprocess.run([script], env=surroundings, cwd=tmp_path, check=True)
    (tmp_path / "lossviz").mkdir()
    (tmp_path / "lossviz" / "__init__.py").write_text("raise ImportError('broken on purpose')\n")
    broken = subprocess.run(
        [script], env=surroundings | {"PYTHONPATH": str(tmp_path)}, cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert broken.returncode != 0
    assert "broken on purpose" in broken.stderr


@pytest.mark.parametrize("name", ["requirements.txt", "runtime.txt", "postBuild"])
def test_binder_finds_each_file_where_it_looks_first(name):
    # With a folder .binder, files of these names at the top are not read.
    assert (FOLDER / name).is_file()


def test_repo2docker_writes_the_expected_dockerfile(tmp_path):
    program = shutil.which("repo2docker")
    if not program:
        pytest.skip("repo2docker is not installed (pip install jupyter-repo2docker)")
    copy = binder.copy_of(ROOT, tmp_path / "repository")
    command = [program, "--no-build", "--debug", "--user-id=1000", "--user-name=reader", str(copy)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    steps = [
        "COPY --chown=1000:1000 src/ ${REPO_DIR}/",
        'RUN ${KERNEL_PYTHON_PREFIX}/bin/pip install --no-cache-dir -r ".binder/requirements.txt"',
        "RUN ./.binder/postBuild",
    ]
    assert "python=3.11" in done.stderr
    places = [done.stdout.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)
