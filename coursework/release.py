"""Makes the students' versions of the problem sets (``make release``).

``source/`` holds the only copies that are edited by hand. nbgrader's own steps take out solutions,
hidden tests and mark schemes, empty the outputs, and lock what is not to be answered. The result is
a page of the book, and the file that students work on. The same source gives the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearMarkScheme,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)
from traitlets.config import Config, PyFileConfigLoader

import leaks

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "source"
RELEASE = HERE.parent / "book" / "coursework"
# Those of `nbgrader generate_assignment`, but for a gradebook and tests that a kernel writes.
STEPS = (
    LockCells,
    ClearSolutions,
    ClearOutput,
    CheckCellMetadata,
    ComputeChecksums,
    ClearHiddenTests,
    ClearMarkScheme,
    ComputeChecksums,  # again, of what is left
    CheckCellMetadata,
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return 0 if all student versions are (now) as they should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--check",
        action="store_true",
        help="only say which student versions are not up to date",
    )
    parser.add_argument("--out", type=Path, default=RELEASE, help="folder to write to")
    parser.add_argument(
        "sets",
        nargs="*",
        help="names of problem sets, as in ps1 (default: all)",
    )
    options = parser.parse_args(arguments)
    try:
        versions = {name: student_text(name) for name in options.sets or problem_sets()}
    except ValueError as error:
        parser.error(str(error))
    if options.check:
        stale = [n for n, t in versions.items() if not is_same(options.out / f"{n}.ipynb", t)]
        return int(bool(stale))
    options.out.mkdir(parents=True, exist_ok=True)
    for name, text in versions.items():
        (options.out / f"{name}.ipynb").write_text(text, encoding="utf-8")
        print(f"{name}: written to {options.out / f'{name}.ipynb'}")
    return 0


def problem_sets() -> list[str]:
    """Return the names of the problem sets that there are, in order."""
    return sorted(path.parent.name for path in SOURCE.glob("*/*.ipynb"))


def read_source(name: str) -> NotebookNode:
    """Return a problem set with its solutions, hidden tests and mark schemes.

    Raises:
        ValueError: if there is none of that name.
    """
    if name not in problem_sets():
        raise ValueError(f"a problem set must be one of {problem_sets()}; got {name!r}.")
    return nbformat.read(SOURCE / name / f"{name}.ipynb", as_version=4)


def student_text(name: str) -> str:
    """Return the student version of a problem set as the text of its file.

    Raises:
        ValueError: if there is no such set, or if its student version would give something away.
    """
    source = read_source(name)
    text = nbformat.writes(student_version(source), version=4).rstrip("\n") + "\n"
    if told := leaks.found(text, leaks.secrets(source)):
        raise ValueError(f"the student version of {name} would show {told}.")
    return text


def student_version(source: NotebookNode) -> NotebookNode:
    """Return a problem set without solutions, hidden tests, mark schemes and outputs."""
    notebook, resources, config = deepcopy(source), {}, settings()
    for step in STEPS:
        notebook, resources = step(config=config).preprocess(notebook, resources)
    return notebook


def settings() -> Config:
    """Return the settings of nbgrader_config.py."""
    return PyFileConfigLoader("nbgrader_config.py", path=str(HERE)).load_config()


def is_same(path: Path, text: str) -> bool:
    """Say whether a file holds this text; print it if not."""
    same = path.is_file() and path.read_text(encoding="utf-8") == text
    if not same:
        print(f"{path}: not up to date; run `make release`", file=sys.stderr)
    return same


if __name__ == "__main__":
    sys.exit(main())
