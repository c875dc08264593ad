"""Marks in the forms that learning platforms import. What has no score is left empty."""

from __future__ import annotations

import csv
import io

from grading.ledger import number, plain_text
from grading.model import Result


def canvas(results: list[Result]) -> bytes:
    """A gradebook file for Canvas, which finds students by `SIS Login ID`."""
    name, points = _described(results)
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", name]
    rows = [["    Points Possible", "", "", "", "", points]]
    rows += [["", "", "", plain_text(r.student), "", number(r.score)] for r in results]
    return _csv([head, *rows])


def moodle(results: list[Result]) -> bytes:
    """A file for Moodle's grade import, to be mapped by `username`."""
    name, _ = _described(results)
    rows = [[plain_text(r.student), number(r.score), r.status] for r in results]
    return _csv([["username", name, f"{name} feedback"], *rows])


def _described(results: list[Result]) -> tuple[str, str]:
    if not results:
        raise ValueError("an export needs at least one result, got none")
    return results[0].problem_set, number(max(r.max_score for r in results))


def _csv(rows: list[list[str]]) -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerows(rows)
    return stream.getvalue().encode("utf-8", "replace")
