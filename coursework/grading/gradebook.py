"""Merge marks into nbgrader's gradebook, through nbgrader's own interface, by one writer."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from grading.model import Result
from grading.problem_set import ProblemSet, SourceCell
from grading.submissions import is_text


def prepare(path: Path, problem_set: ProblemSet) -> None:
    """Make the gradebook and its folder where they are missing, and see that it has this set.

    Raises:
        ValueError: If nbgrader is not installed, or the file cannot be used for this set.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with opened(path) as book:
        _ensure_assignment(book, problem_set)


def merge(
    path: Path,
    problem_set: ProblemSet,
    results: list[Result],
    changed: Mapping[str, Collection[str]] | None = None,
) -> list[str]:
    """Write what was marked into the gradebook; all that is not of these submissions stays.

    A question without a mark gets none, and is flagged for marking by hand, as is everything of a
    submission that needs a person. Marks given by hand are never touched, but flagged where the
    answer, or the test's mark, has changed since.

    Args:
        path: nbgrader's SQLite file; it is made if missing.
        problem_set: What was marked.
        results: All students' results.
        changed: For each student, the hand-marked answers that are others than at the last merge.

    Returns:
        The students whose rows were changed.

    Raises:
        ValueError: If nbgrader is not installed, or the gradebook cannot be written or has
            another problem set of this name.
    """
    new = changed or {}
    with opened(path) as book, warnings.catch_warnings():
        # nbgrader builds a submission's rows before it adds them, which SQLAlchemy warns about.
        warnings.filterwarnings("ignore", "Object of type <Submitted")
        _ensure_assignment(book, problem_set)
        return [
            r.student for r in results if _merge_one(book, problem_set, r, new.get(r.student, ()))
        ]


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a gradebook; say in a line what is wrong with one that cannot be used."""
    try:
        from nbgrader.api import Gradebook
        from sqlalchemy.exc import SQLAlchemyError
    except ModuleNotFoundError as error:
        raise ValueError("--gradebook needs nbgrader: pip install 'lossviz[coursework]'") from error
    # nbgrader starts `alembic` for a new gradebook; it lies beside Python, perhaps not on the path.
    beside = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), beside])
    try:
        with Gradebook(f"sqlite:///{path.resolve()}") as book:
            yield book
    except SQLAlchemyError as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"the gradebook {path} cannot be used: {first}") from error


def _ensure_assignment(book: Any, problem_set: ProblemSet) -> None:
    """Describe the problem set where nbgrader has not done so, or see that it is the same."""
    from nbgrader.api import MissingEntry

    name = problem_set.name
    try:
        notebook = book.find_notebook(name, name)
    except MissingEntry:
        book.update_or_create_assignment(name)
        book.add_notebook(name, name)
        for cell in problem_set.cells:
            _add_cell(book, name, cell)
        return
    known = {cell.name: cell.max_score for cell in notebook.grade_cells}
    wanted = {c.name: c.points for c in problem_set.questions}
    for cell_name in sorted(wanted.keys() | known.keys()):
        if known.get(cell_name) != wanted.get(cell_name):
            raise ValueError(
                f"the gradebook's {name} must be that of the source: {cell_name} has "
                f"{known.get(cell_name)} points there and {wanted.get(cell_name)} here"
            )


def _add_cell(book: Any, name: str, cell: SourceCell) -> None:
    if cell.role == "given":
        return
    kind = {"cell_type": cell.cell_type}
    locked = cell.role == "test"
    text = cell.source if locked else cell.handed_out
    book.add_source_cell(cell.name, name, name, source=text, locked=locked, **kind)
    if cell.role in ("test", "manual"):
        book.add_grade_cell(cell.name, name, name, max_score=cell.points, **kind)
    if cell.role in ("answer", "manual"):
        book.add_solution_cell(cell.name, name, name)


def _merge_one(
    book: Any, problem_set: ProblemSet, result: Result, new_answers: Collection[str]
) -> bool:
    """Merge one student's marks; return whether anything was new."""
    if result.status == "missing" or not is_text(result.student):
        return False
    name = problem_set.name
    book.update_or_create_student(result.student)
    (notebook,) = book.update_or_create_submission(name, result.student).notebooks
    by_test = {question.name: question for question in result.questions if not question.by_hand}
    changed = False
    for grade in notebook.grades:
        if grade.name in by_test:
            changed |= _set(grade, by_test[grade.name].points, result.status == "check")
        elif grade.name in new_answers and not grade.needs_manual_grade:
            grade.needs_manual_grade = changed = True
    if changed:
        book.db.commit()
    return changed


def _set(grade, mark: float | None, doubtful: bool) -> bool:
    # nbgrader adds up a missing mark as 0: the flag is what shows that a person must look.
    needs = mark is None or doubtful
    if grade.manual_score is not None:  # a person has looked, if at another answer
        needs = grade.needs_manual_grade or grade.auto_score != mark
    if (grade.auto_score, grade.needs_manual_grade) == (mark, needs):
        return False
    grade.auto_score, grade.needs_manual_grade = mark, needs
    return True
