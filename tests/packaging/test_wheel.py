"""A wheel built from the repository works in an environment that has nothing else."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
USE = """
import lossviz as lv
walks = lv.progressive_gradient_walk(lv.Landscape("iris", "elu"), 2, 5, 0.1, 1.0, seed=0)
assert dict(walks.sizes) == {"walk": 2, "step": 5}
assert lv.plots.loss_gradient_cloud([walks]).png().startswith(b"\\x89PNG")
assert lv.study.analysis().claims  # a file that the package brings along
print(lv.__file__)
"""


def run(*command, cwd):
    # No PYTHONPATH and a folder of its own: nothing but the wheel can be imported.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    tracked = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    source = tmp_path_factory.mktemp("source")
    for name in tracked.splitlines():
        if (ROOT / name).is_file() and not name.startswith("book/"):
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "-w", folder, source, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("empty")
    run(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    # The pins keep PyTorch to the build that the project uses; they install nothing themselves.
    pins = folder / "pins.txt"
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    pins.write_text("\n".join(line for line in lines if not line.startswith("-e")))
    run(python, "-m", "pip", "install", "--quiet", "-c", pins, wheel, cwd=folder)
    return folder


def test_wheel_holds_the_package_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"lossviz"}
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_wheel_imports_samples_and_draws(environment):
    where = run(environment / "venv/bin/python", "-c", USE, cwd=environment)
    assert "site-packages" in where


def test_wheel_has_the_command(environment):
    shown = run(environment / "venv/bin/lossviz", "info", cwd=environment)
    assert "torch" in shown
    assert "device" in shown
