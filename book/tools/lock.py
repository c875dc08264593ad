"""Renews the files of pins from an empty environment (``make lock``).

They are requirements.txt for the book, .binder/requirements.txt for servers that readers open it
on, and tests/requirements.txt.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Named exactly: a range that admits newer releases draws gigabytes for graphics cards.
TORCH = "torch==2.13.0"

BOOK_HEAD = """\
# All that the book needs, each at the version it was last built with.
# Made by `make lock` from pyproject.toml's extra `book`: edit that file, not this one.
"""
HUB_HEAD = """\
# What Binder installs: the book's pins, and a server for notebooks.
# Made by `make lock` from pyproject.toml's extra `hub`: edit that file, not this one.
# Builds of PyTorch without graphics cards' libraries, which would not fit.
--extra-index-url https://download.pytorch.org/whl/cpu
-r ../requirements.txt
"""
TEST_HEAD = """\
# What the tests need beyond the book, each at the version they last passed with.
# Made by `make lock` from pyproject.toml's extra `test`: edit that file, not this one.
-r ../requirements.txt
"""


def main(pip_options: list[str]) -> None:
    """Write the files; they stay as they are if any step fails."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder, "bin", "python")
        book = install(python, [f"{ROOT}[book]", TORCH], pip_options)
        hub = install(python, [f"{ROOT}[book,hub]", TORCH], pip_options)
        all_pins = install(
            python, [f"{ROOT}[book,hub,test]", TORCH], pip_options
        )
    if not set(book) <= set(hub) <= set(all_pins):
        raise SystemExit(
            f"later extras change earlier pins: {sorted((set(book) | set(hub)) - set(all_pins))}"
        )
    write(ROOT / "requirements.txt", BOOK_HEAD, [*book, "-e ."])
    write(
        ROOT / ".binder" / "requirements.txt",
        HUB_HEAD,
        sorted(set(hub) - set(book)),
    )
    write(
        ROOT / "tests" / "requirements.txt",
        TEST_HEAD,
        sorted(set(all_pins) - set(book)),
    )


def install(
    python: Path, packages: list[str], pip_options: list[str]
) -> list[str]:
    """Install packages and return the pins of all that came with them."""
    pip = [str(python), "-m", "pip"]
    subprocess.run(
        [*pip, "install", "--quiet", *pip_options, *packages], check=True
    )
    excluded = [
        f"--exclude={name}"
        for name in ("lossviz", "pip", "setuptools", "wheel")
    ]
    listed = subprocess.run(
        [*pip, "list", "--format=freeze", *excluded],
        check=True,
        capture_output=True,
        text=True,
    )
    return [pin(line) for line in listed.stdout.splitlines()]


def pin(line: str) -> str:
    """Drop a build's own suffix: torch's CPU build is not to be had from every index.

    Example:
        >>> pin("torch==2.13.0+cpu")
        'torch==2.13.0'
    """
    return line.partition("+")[0]


def write(path: Path, head: str, pins: list[str]) -> None:
    """Write a file of pins and say so."""
    path.write_text(head + "\n".join(pins) + "\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {len(pins)} lines")


if __name__ == "__main__":
    main(sys.argv[1:])
