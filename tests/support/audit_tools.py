"""Installs axe-core and Lighthouse, at the versions of tests/package.json, below _build/."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from pathlib import Path

from missing import program

ROOT = Path(__file__).resolve().parents[2]
WANTED = ROOT / "tests" / "package.json"
FOLDER = ROOT / "_build" / "audit"
_OPTIONS = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error"]


def installed() -> Path:
    """Return the folder with the packages, installed by npm where they are missing or others.

    Raises:
        RuntimeError: if npm fails; it says why.
    """
    npm = program("npm", "npm")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / ".lock").open("w") as lock:  # test processes ask at the same time
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark = FOLDER / ".complete"
        if not mark.is_file() or mark.read_bytes() != WANTED.read_bytes():
            _install(npm)
            mark.write_bytes(WANTED.read_bytes())
    return FOLDER / "node_modules"


def _install(npm: str) -> None:
    (FOLDER / ".complete").unlink(missing_ok=True)
    shutil.copy(WANTED, FOLDER / "package.json")
    done = subprocess.run(
        [npm, "install", *_OPTIONS], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"npm install failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
