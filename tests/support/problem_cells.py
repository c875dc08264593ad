"""What the tests of problem sets share: kinds of cells, and how they run without a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt
from nbformat import NotebookNode


def settings(cell: NotebookNode) -> dict[str, Any]:
    """Return a cell's nbgrader metadata."""
    return cell.metadata.get("nbgrader", {})


def is_test(cell: NotebookNode) -> bool:
    """Say whether a cell is graded automatically."""
    return bool(settings(cell).get("grade")) and not settings(cell)["solution"]


def is_by_hand(cell: NotebookNode) -> bool:
    """Say whether a cell is an answer that a person marks."""
    return bool(settings(cell).get("grade")) and bool(settings(cell)["solution"])


def automatic(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells that are graded automatically."""
    return [cell for cell in notebook.cells if is_test(cell)]


def question(cell: NotebookNode) -> str:
    """Return the question that a cell belongs to, as in "3" for "q3-dead"."""
    return settings(cell)["grade_id"].partition("-")[0].removeprefix("q")


def run(
    notebook: NotebookNode,
    student: str = "example",
    answers: dict[str, str] | None = None,
    test: str | None = None,
) -> Iterator[tuple[NotebookNode, Exception | None]]:
    """Run the code cells in one namespace, going on after errors; yield what each raised.

    Args:
        notebook: a problem set; its hand-marked cells are left out.
        student: the id that is used.
        answers: other contents for cells, by grade_id.
        test: the only automatically graded cell to run; what comes after it is left out.
    """
    answers = {"student-id": f"STUDENT_ID = {student!r}"} | (answers or {})
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for cell in notebook.cells:
        plt.close("all")  # what the cell before has drawn
        if cell.cell_type != "code" or is_by_hand(cell):
            continue
        name = settings(cell)["grade_id"]
        if test is not None and is_test(cell) and name != test:
            continue
        try:
            exec(compile(answers.get(name, cell.source), name, "exec"), namespace)
        except Exception as error:
            yield cell, error
        else:
            yield cell, None
        if name == test:
            return


def failed(notebook: NotebookNode, **options: Any) -> list[str]:
    """Return the grade_id of every automatically graded cell that fails."""
    results = run(notebook, **options)
    return [settings(cell)["grade_id"] for cell, error in results if error and is_test(cell)]
