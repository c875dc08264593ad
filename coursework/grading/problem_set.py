"""A problem set's source: its cells, and what a student was handed."""

from __future__ import annotations

import ast
import re
import symtable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

_SOLUTION = re.compile(r"^([ \t]*)#+ BEGIN SOLUTION.*?#+ END SOLUTION[^\n]*$", re.M | re.S)
_HIDDEN = re.compile(r"^[ \t]*#+ BEGIN HIDDEN TESTS.*?#+ END HIDDEN TESTS[^\n]*\n?", re.M | re.S)
_STUB = "# YOUR CODE HERE\nraise NotImplementedError"


@dataclass(frozen=True)
class SourceCell:
    """A cell of the source; `handed_out` is its text in the student's version.

    `role` is given (run as it stands), answer, manual (an answer marked by hand) or test.
    """

    role: str
    name: str
    cell_id: str
    cell_type: str
    source: str
    handed_out: str
    points: float

    @property
    def binds(self) -> tuple[str, ...]:
        """The names that it defines, without those of modules."""
        return defined(self.source) if self.cell_type == "code" else ()


@dataclass(frozen=True)
class ProblemSet:
    """A problem set as the lecturer wrote it."""

    name: str
    cells: tuple[SourceCell, ...]
    content: bytes

    @property
    def questions(self) -> tuple[SourceCell, ...]:
        """The cells that carry points, in order."""
        return tuple(cell for cell in self.cells if cell.role in ("test", "manual"))

    @property
    def modules(self) -> tuple[str, ...]:
        """What its given cells import, to be imported once for all students."""
        found: dict[str, None] = {}
        for cell in self.cells:
            if cell.role == "given" and cell.cell_type == "code":
                for node in ast.walk(ast.parse(cell.source)):
                    if isinstance(node, ast.Import):
                        found |= dict.fromkeys(alias.name for alias in node.names)
                    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                        found[node.module] = None
        return tuple(found)


def read_problem_set(name: str, path: Path, release: Path | None = None) -> ProblemSet:
    """Read the source of a problem set, in nbgrader's format.

    Args:
        name: The problem set's name, as in `ps1`.
        path: The lecturer's notebook.
        release: The student's version, where there is one: answers that stand as in it are none.

    Returns:
        Its cells with their roles.

    Raises:
        ValueError: If no cell carries points, or two have one name.
    """
    contents = [path.read_bytes()] + ([release.read_bytes()] if release else [])
    notebook, *released = (nbformat.reads(content.decode(), as_version=4) for content in contents)
    texts = {_name(cell, ""): cell.source for book in released for cell in book.cells}
    cells = tuple(_source_cell(cell, number, texts) for number, cell in enumerate(notebook.cells))
    found = ProblemSet(name, cells, b"".join(contents))
    if not found.questions:
        raise ValueError(f"a problem set needs a cell that carries points; {path} has none")
    names = [cell.name for cell in cells]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"a problem set's cells need different names; {path} has twice: {twice}")
    return found


def _name(cell: Any, otherwise: str) -> str:
    return cell.metadata.get("nbgrader", {}).get("grade_id") or otherwise


def _source_cell(cell: Any, number: int, released: dict[str, str]) -> SourceCell:
    marks = cell.metadata.get("nbgrader", {})
    answer, graded = marks.get("solution", False), marks.get("grade", False)
    by_hand = marks.get("task", False) or (answer and graded)
    role = "manual" if by_hand else "test" if graded else "answer" if answer else "given"
    cell_id = cell.get("id") or f"cell-{number}"
    name = _name(cell, cell_id)
    return SourceCell(
        role=role,
        name=name,
        cell_id=cell_id,
        cell_type=cell.cell_type,
        source=cell.source,
        handed_out=released.get(name, handed_out(cell.source, answer, cell.cell_type)),
        points=float(marks.get("points", 0) or 0) if by_hand or graded else 0.0,
    )


def handed_out(source: str, answer: bool, cell_type: str) -> str:
    r"""A cell's text without its solution (the stub stands at the solution's indentation).

    Example:
        >>> lines = ["def f():", "    ### BEGIN SOLUTION", "    return 1", "    ### END SOLUTION"]
        >>> print(handed_out("\n".join(lines), True, "code"))
        def f():
            # YOUR CODE HERE
            raise NotImplementedError
    """
    if not answer:
        return _HIDDEN.sub("", source)
    if cell_type != "code":
        return "YOUR ANSWER HERE"
    text, count = _SOLUTION.subn(
        lambda found: "\n".join(found[1] + line for line in _STUB.splitlines()), source
    )
    return text if count else _STUB


def defined(source: str) -> tuple[str, ...]:
    r"""The names that a cell's code binds, other than by imports; none where it is no Python.

    Example:
        >>> defined("import math\nx, y = 1, 2\ndef f(z):\n    w = z")
        ('f', 'x', 'y')
    """
    try:
        table = symtable.symtable(source, "<cell>", "exec")
    except SyntaxError:
        return ()
    own = (s for s in table.get_symbols() if s.is_assigned() and not s.is_imported())
    return tuple(sorted(symbol.get_name() for symbol in own))
