"""A book of two pages in a copy of the repository, with its build command."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("_config.yml", "Makefile", "requirements.txt", "pyproject.toml")
FOLDERS = (
    "lossviz",
    "book/assets",
    "book/extensions",
    "book/results",
    "book/tools",
    "book/vendor",
)

INDEX = "# A small book\n\nWith one formula, $f(z)$, and {doc}`chapter`.\n"
TOC = "format: jb-book\nroot: book/index\nchapters:\n  - file: book/chapter\n"
GOOD = "import lossviz as lv\n\nlv.get_activation('tanh').name"


class Book:
    """A book of two pages with its build command, beside the environment of this one."""

    def __init__(self, root: Path, mark: str) -> None:
        self.root = root
        self.html = root / "_build" / "html"
        self._mark = mark

    def write_chapter(self, code: str, text: str = "# Chapter\n\nWith one cell.") -> None:
        cells = [new_markdown_cell(text, id="text"), new_code_cell(code, id="code")]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        notebook = new_notebook(cells=cells, metadata=kernel)
        nbformat.write(notebook, self.root / "book" / "chapter.ipynb")

    def build(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `make book` without installing anything: the environment's mark is given."""
        environment = os.environ | {"PYTHONPATH": str(self.root), "LOSSVIZ_REPOSITORY": ""}
        environment.pop("LOSSVIZ_JUPYTERHUB", None)
        return subprocess.run(
            ["make", "book", f"HASH={self._mark}"],
            cwd=self.root,
            env=environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def page(self, name: str = "chapter") -> str:
        return (self.html / "book" / f"{name}.html").read_text(encoding="utf-8")


def small_book(folder: Path) -> Book:
    """Write the book into an empty folder."""
    marks = sorted((ROOT / ".venv").glob(".book-*"))
    if not marks:
        pytest.skip("the environment was not made by make; run `make test-slow`")
    for name in PARTS:
        shutil.copy(ROOT / name, folder / name)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "requirements.txt", folder / "tests")
    (folder / ".venv").symlink_to(ROOT / ".venv")
    (folder / "_toc.yml").write_text(TOC)
    (folder / "book" / "index.md").write_text(INDEX)
    (folder / "book" / "references.bib").touch()
    small = Book(folder, marks[0].name.removeprefix(".book-"))
    small.write_chapter(GOOD)
    return small


def assert_green(done):
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
