"""Executes notebooks from top to bottom and writes them in one normal form (``make notebooks``).

The form holds nothing that differs from run to run or from machine to machine, so that a committed
notebook changes only where its text, its code or its results do.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from copy import deepcopy
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {
    "name": "python"
}  # the rest names the Python version of whoever ran it
CELL_METADATA = (
    "cellView",
    "mystnb",
    "nbgrader",
    "tags",
)  # what authors write; timings and folded views are left out
TIMEOUT = 300  # seconds for one cell


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 0 if all notebooks are (now) in the normal form."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check", action="store_true", help="only say which are not normal"
    )
    parser.add_argument("notebooks", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    work = check if options.check else renew
    faulty = [path for path in options.notebooks if not work(path)]
    return int(bool(faulty))


def renew(path: Path) -> bool:
    """Execute a notebook and write it back; after an error the old file stays."""
    print(f"{path}: executing", flush=True)
    try:
        notebook = execute(nbformat.read(path, as_version=4), path.parent)
    except CellExecutionError as error:
        print(f"{path}: left as it was\n{error}", file=sys.stderr)
        return False
    write(path, normalise(notebook))
    return True


def check(path: Path) -> bool:
    """Say whether a notebook is as :func:`renew` would have written its present outputs."""
    normal = as_text(normalise(nbformat.read(path, as_version=4)))
    if path.read_text(encoding="utf-8") == normal:
        return True
    print(
        f"{path}: not in the normal form; run `make notebooks`",
        file=sys.stderr,
    )
    return False


def execute(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """Return the notebook with the outputs of a fresh kernel started in a folder.

    Raises:
        CellExecutionError: if a cell does.
    """
    executed = deepcopy(notebook)
    client = NotebookClient(
        executed,
        kernel_name=KERNEL["name"],
        timeout=TIMEOUT,
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute()
    return executed


def normalise(notebook: NotebookNode) -> NotebookNode:
    """Return the notebook in its normal form; twice gives the same as once."""
    normal = deepcopy(notebook)
    normal.metadata = NotebookNode(kernelspec=KERNEL, language_info=LANGUAGE)
    count = 0
    for cell in normal.cells:
        cell.metadata = NotebookNode(
            {k: cell.metadata[k] for k in CELL_METADATA if k in cell.metadata}
        )
        if cell.cell_type != "code":
            continue
        if (
            cell.execution_count is not None
        ):  # a cell that was not run stays visibly so
            count += 1
            cell.execution_count = count
        cell.outputs = merge_streams(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
    return normal


def merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join neighbouring prints: where they are split depends on timing."""
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        same = (
            last is not None
            and last.output_type == output.output_type == "stream"
        )
        if same and last.name == output.name:
            last.text += output.text
        else:
            merged.append(deepcopy(output))
    return merged


def as_text(notebook: NotebookNode) -> str:
    """Return the file's content, ending in one newline."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def write(path: Path, notebook: NotebookNode) -> None:
    """Replace a notebook at once, so that no reader ever sees half of one."""
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, suffix=".tmp", delete=False, encoding="utf-8"
    ) as file:
        file.write(as_text(notebook))
    Path(file.name).chmod(path.stat().st_mode)
    Path(file.name).replace(path)


if __name__ == "__main__":
    sys.exit(main())
