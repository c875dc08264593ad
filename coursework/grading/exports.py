"""Marks in the forms that learning platforms import. What has no score is left empty."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

from grading.ledger import number, plain_text
from grading.model import Result

#: A student's total, by name; None as long as a mark is missing.
Totals = Mapping[str, float | None]


def canvas(results: list[Result], totals: Totals | None = None) -> bytes:
    """A gradebook file for Canvas, which finds students by `SIS Login ID`.

    Args:
        results: All students' results.
        totals: With the marks given by hand; a second column, where there are any.
    """
    columns = _columns(results, totals)
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(c.name for c in columns)]
    rows = [["    Points Possible", "", "", "", "", *(number(c.most) for c in columns)]]
    for place, result in enumerate(results):
        marks = (number(c.marks[place]) for c in columns)
        rows.append(["", "", "", plain_text(result.student), "", *marks])
    return _csv([head, *rows])


def moodle(results: list[Result], totals: Totals | None = None) -> bytes:
    """A file for Moodle's grade import, to be mapped by `username`.

    Args:
        results: All students' results.
        totals: With the marks given by hand; a second column, where there are any.
    """
    columns = _columns(results, totals)
    head = ["username", *(c.name for c in columns), f"{results[0].problem_set} feedback"]
    rows = [
        [plain_text(r.student), *(number(c.marks[place]) for c in columns), r.status]
        for place, r in enumerate(results)
    ]
    return _csv([head, *rows])


@dataclass(frozen=True)
class _Column:
    """Marks under one name, out of so many."""

    name: str
    most: float
    marks: list[float | None]


def _columns(results: list[Result], totals: Totals | None) -> list[_Column]:
    if not results:
        raise ValueError("an export needs at least one result, got none")
    name = results[0].problem_set
    columns = [_Column(name, max(r.max_score for r in results), [r.score for r in results])]
    most = max(r.max_total for r in results)
    if totals is not None and most > columns[0].most:
        columns.append(_Column(f"{name} total", most, [totals.get(r.student) for r in results]))
    return columns


def _csv(rows: list[list[str]]) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerows(rows)
    return stream.getvalue().encode("utf-8", "replace")
