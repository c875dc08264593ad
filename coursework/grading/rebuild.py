"""Put a student's answers, and nothing else that was changed, into the pristine problem set."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import replace
from typing import Any

from grading.model import Event, Rebuilt, Step
from grading.problem_set import ProblemSet, SourceCell

#: How names of other languages' kernels begin.
_KERNELS = (("ir", "R"), ("julia", "julia"), ("xcpp", "C++"), ("octave", "octave"))

_STUDENT_ID = re.compile(r"""^[ \t]*STUDENT_ID[ \t]*=[ \t]*(["'])(.*?)\1""", re.M)


def rebuild(problem_set: ProblemSet, notebook: Any, student: str) -> Rebuilt:
    """Rebuild a submission on the pristine problem set.

    Given cells and tests come from the source. Answers are found by their name, then by
    their cell's id, then, where a tool stripped both, by their place. Cells that the student added
    are kept where they stood: a helper function may live there.

    Args:
        problem_set: What the lecturer wrote.
        notebook: What the student handed in.
        student: Whose it is.

    Returns:
        The cells to run, with what was odd about them.
    """
    language = _language(notebook.metadata)
    if language.lower() not in ("python", "ipython"):
        return Rebuilt((), event=Event("check", f"the notebook is written in {language[:40]}"))
    places = _places(problem_set, notebook.cells)
    if places is None:
        return Rebuilt((), event=Event("check", "no cell of this problem set was found in it"))
    if _mostly_another(problem_set, places):
        return Rebuilt(
            (), event=Event("check", "most answer cells of this problem set are missing")
        )
    answers: dict[int, list[str]] = {index: [] for index in range(len(problem_set.cells))}
    for cell, place in zip(notebook.cells, places, strict=True):
        if place is not None:
            answers[place].append(cell.source)
    added = _added(problem_set, notebook.cells, places)
    steps = list(added[-1])
    for index, source in enumerate(problem_set.cells):
        steps += [_step(source, answers[index]), *added[index]]
    steps = _with_forgotten_id(steps)
    notes = _notes(problem_set, notebook.cells, places, steps)
    return Rebuilt(tuple(steps), notes, _foreign_id(problem_set, steps, student))


def _language(metadata: Any) -> str:
    """The language that a notebook says it is in: by its kernel's, by its own, or by a name."""
    kernel, own = metadata.get("kernelspec") or {}, metadata.get("language_info") or {}
    for said in (kernel.get("language"), own.get("name") if isinstance(own, dict) else None):
        if said:
            return str(said)
    name = str(kernel.get("name") or "python")
    return next((language for start, language in _KERNELS if name.startswith(start)), "python")


def _mostly_another(problem_set: ProblemSet, places: list[int | None]) -> bool:
    """Say whether fewer than half of the answers are there: sets share some cells' names."""
    wanted = [
        index
        for index, cell in enumerate(problem_set.cells)
        if cell.role in ("answer", "manual") and not student_ids(cell.source)
    ]
    return 2 * sum(index in places for index in wanted) < len(wanted)


def _places(problem_set: ProblemSet, cells: list[Any]) -> list[int | None] | None:
    """The index in the source of each cell handed in, None for an added one."""
    by_name = {c.name: i for i, c in enumerate(problem_set.cells)}
    by_id = {c.cell_id: i for i, c in enumerate(problem_set.cells)}
    places = [_place(cell, by_name, by_id) for cell in cells]
    wanted = [i for i, c in enumerate(problem_set.cells) if c.role in ("answer", "manual")]
    if any(index in places for index in wanted):
        return places
    # Metadata and ids are gone: the place is trusted only where all else is as handed out.
    same = len(cells) == len(problem_set.cells) and all(
        cell.cell_type == source.cell_type
        and (source.role != "given" or cell.source.strip() == source.handed_out.strip())
        for cell, source in zip(cells, problem_set.cells, strict=True)
    )
    return list(range(len(cells))) if same else None


def _place(cell: Any, by_name: dict[str, int], by_id: dict[str, int]) -> int | None:
    marks = cell.metadata.get("nbgrader")
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    if isinstance(name, str) and name in by_name:
        return by_name[name]
    # Older forms of notebooks have the id among the metadata.
    return by_id.get(str(cell.get("id")), by_id.get(str(cell.metadata.get("id"))))


def _step(source: SourceCell, handed_in: list[str]) -> Step:
    if source.role in ("given", "test"):
        return as_step(source, source.source)
    different = {text.strip(): text for text in handed_in}
    if len(different) > 1:
        different.pop(source.handed_out.strip(), None)
    if not different:
        event = Event("partial", f"the answer cell {source.name} was deleted")
        return as_step(source, source.handed_out, event)
    if len(different) > 1:
        event = Event("check", f"{source.name} holds {len(different)} different answers")
        return as_step(source, handed_in[0], event)
    return as_step(source, next(iter(different.values())))


def as_step(source: SourceCell, text: str, event: Event | None = None) -> Step:
    """A cell of the source, with a text of a student's or its own."""
    blank = source.role in ("answer", "manual") and _bare(text) == _bare(source.handed_out)
    return Step(
        kind=source.role,
        name=source.name,
        cell_type=source.cell_type,
        source=text,
        points=source.points,
        event=event,
        blank=blank,
        holds_id=source.role == "answer" and bool(student_ids(source.source)),
        binds=source.binds,
        seen=source.handed_out if source.role == "test" else "",
    )


def _with_forgotten_id(steps: list[Step]) -> list[Step]:
    """Say so where questions were answered but the id was not: what needs it is not wrong."""
    answers = [s for s in steps if s.kind in ("answer", "manual") and s.event is None]
    if all(step.blank for step in answers):
        return steps
    event = Event("check", "the student id was not filled in")
    return [
        replace(s, event=event) if s.blank and s.event is None and s.holds_id else s for s in steps
    ]


def _bare(text: str) -> str:
    """A text without comments' wording and spaces, in which stubs of two tools may differ."""
    lines = (line.strip() for line in text.replace("Error()", "Error").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("#"))


def _added(
    problem_set: ProblemSet, cells: list[Any], places: list[int | None]
) -> dict[int, list[Step]]:
    """The student's own code cells, by the source cell that they follow (-1: none)."""
    known = {c.source.strip() for c in problem_set.cells}
    added: dict[int, list[Step]] = defaultdict(list)
    anchor = -1
    for number, (cell, place) in enumerate(zip(cells, places, strict=True)):
        if place is not None:
            anchor = place
        elif cell.cell_type == "code" and cell.source.strip() not in known | {""}:
            added[anchor].append(Step("added", f"added cell {number + 1}", "code", cell.source))
    return added


def _notes(
    problem_set: ProblemSet,
    cells: list[Any],
    places: list[int | None],
    steps: list[Step],
) -> tuple[str, ...]:
    """What was put right, for the lecturer to see."""
    notes = []
    gone = [c.name for i, c in enumerate(problem_set.cells) if c.role == "test" and i not in places]
    if gone:
        notes.append(f"tests put back: {', '.join(gone)}")
    given = [i for i, c in enumerate(problem_set.cells) if c.role == "given"]
    if any(i not in places for i in given):
        notes.append("deleted cells put back")
    if [p for p in dict.fromkeys(places) if p is not None] != sorted({*places} - {None}):
        notes.append("cells put back in order")
    points = {c.name: c.points for c in problem_set.questions}
    for cell in cells:
        marks = cell.metadata.get("nbgrader")
        if isinstance(marks, dict) and "points" in marks:
            name = str(marks.get("grade_id"))
            if name in points and marks["points"] != points[name]:
                notes.append(f"points of {name} put back")
    count = sum(step.kind == "added" for step in steps)
    if count:
        notes.append(f"{count} added cell{'s' if count > 1 else ''} run")
    return tuple(dict.fromkeys(notes))


def _foreign_id(problem_set: ProblemSet, steps: list[Step], student: str) -> Event | None:
    handed_out = {v for c in problem_set.cells for v in student_ids(c.handed_out)}
    found = {v for s in steps if s.kind in ("answer", "added") for v in student_ids(s.source)}
    foreign = sorted(v for v in found - handed_out if v.strip() and not same_id(v, student))
    if foreign:
        return Event("check", f"the notebook says STUDENT_ID {foreign[0][:60]!r}")
    return None


def same_id(written: str, student: str) -> bool:
    """Say whether a text is a folder's name: letters with accents are spelt in two ways."""
    return unicodedata.normalize("NFC", written.strip()) == unicodedata.normalize("NFC", student)


def student_ids(source: str) -> set[str]:
    """The texts that a cell assigns to `STUDENT_ID`."""
    # By a pattern, as strange code can bring down Python's own parser, and with it the run.
    return {text for _, text in _STUDENT_ID.findall(source)}
