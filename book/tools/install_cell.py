"""Gives notebooks the hidden first cell that installs lossviz where it is missing, as in Colab.

The cell's code stands here once. In Binder and after ``make book`` the package is there, and the
cell does nothing. The outputs of a notebook stay, as the cell has none.
"""

from __future__ import annotations

import argparse
import re
import sys
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode

import notebooks

ID = "install-lossviz"
METADATA = {
    "cellView": "form",
    "tags": ["remove-cell"],
}  # the form is Colab's way to fold code
# In a problem set nbgrader must know the cell as one that students leave alone.
LOCKED = {
    "cell_type": "code",
    "grade": False,
    "grade_id": ID,
    "locked": True,
    "schema_version": 3,
    "solution": False,
    "task": False,
}
SOURCE = '''\
# @title Installs lossviz where it is missing, as in Colab
import importlib
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote
from urllib.request import urlopen

# Of the book's repository. Colab tells it, unless this notebook is a copy.
ADDRESS = ""


def opened_by_colab():
    """Return the repository's address and branch, as Colab opened them."""
    host, port = map(os.environ.get, ("COLAB_JUPYTER_IP", "KMP_TARGET_PORT"))
    opened = ""
    if host and port:
        with urlopen(f"http://{host}:{port}/api/sessions") as answer:
            opened = unquote(json.load(answer)[0]["path"])
    found = re.search(r"(https://[^/]+/[^/]+/[^/]+)/blob/([^/]+)/", opened)
    if found is None:
        raise RuntimeError("Write the repository's address into ADDRESS")
    return found.groups()


if importlib.util.find_spec("lossviz") is None:
    above = [p for p in Path.cwd().parents if (p / "lossviz/cli").is_dir()]
    if not above:  # in no clone of the repository, so make one
        address, *branch = [ADDRESS] if ADDRESS else opened_by_colab()
        clone = ["git", "clone", "--quiet", "--depth=1"]
        clone += [f"--branch={name}" for name in branch]
        subprocess.run([*clone, address, "lossviz-book"], check=True)
        above = [Path.cwd() / "lossviz-book"]
    install = [sys.executable, "-m", "pip", "install", "--quiet"]
    subprocess.run([*install, f"{above[0]}[chapters]"], check=True)
    importlib.invalidate_caches()
if Path("lossviz-book/book").is_dir():  # where the chapters find their files
    os.chdir("lossviz-book/book")'''
_ADDRESS = re.compile(r'^ADDRESS = "(?P<address>[^"]*)"', re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--address",
        help="of the repository, for copies that Colab does not open from it",
    )
    parser.add_argument("notebooks", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    for path in options.notebooks:
        old = nbformat.read(path, as_version=4)
        new = with_cell(old, options.address)
        if new != old:
            notebooks.write(path, new)
            print(f"{path}: has the cell now")
    return 0


def with_cell(
    notebook: NotebookNode, address: str | None = None
) -> NotebookNode:
    """Return the notebook with the cell before all others that hold code.

    Args:
        notebook: one with the cell, or without.
        address: the repository's; None leaves what the notebook has.

    Raises:
        ValueError: if the address cannot stand in the cell.
    """
    old = next(
        (cell for cell in notebook.cells if cell.get("id") == ID), None
    )
    if address is None:
        address = address_in(old.source) if old else ""
    if not re.fullmatch(r"[\w:/.@~-]*", address):
        raise ValueError(
            f"the address must be like https://host/owner/name, got {address!r}"
        )
    new = deepcopy(notebook)
    new.cells = [cell for cell in new.cells if cell.get("id") != ID]
    code = [cell for cell in new.cells if cell.cell_type == "code"]
    # A student's version has more, by which nbgrader keeps it from changes.
    metadata = (dict(old.metadata) if old else {}) | METADATA
    if any("nbgrader" in cell.metadata for cell in new.cells):
        metadata["nbgrader"] = LOCKED | metadata.get("nbgrader", {})
    cell = nbformat.v4.new_code_cell(
        _ADDRESS.sub(f'ADDRESS = "{address}"', SOURCE),
        id=ID,
        metadata=metadata,
    )
    if old:
        cell.execution_count = old.execution_count
    elif any(other.execution_count is not None for other in code):
        cell.execution_count = 1
        _count_on(code)
    new.cells.insert(
        new.cells.index(code[0]) if code else len(new.cells), cell
    )
    return new


def _count_on(code: list[NotebookNode]) -> None:
    """Let cells that were run have been run one later."""
    for cell in code:
        for counted in (cell, *cell.outputs):
            if counted.get("execution_count") is not None:
                counted.execution_count += 1


def address_in(source: str) -> str:
    """Return the address in a cell's code, or nothing.

    Example:
        >>> address_in('ADDRESS = "https://github.com/example/book"  # of the repository')
        'https://github.com/example/book'
    """
    found = _ADDRESS.search(source)
    return found["address"] if found else ""


if __name__ == "__main__":
    sys.exit(main())
