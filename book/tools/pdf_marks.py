"""Reads places from a PDF that Chromium printed, and mends its outline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, TextStringObject


def page_numbers(pdf: Path, names: Iterable[str]) -> dict[str, int]:
    """Return the pages, counted from 1, on which named places of a PDF are.

    Args:
        pdf: the file.
        names: ids in the document that was printed, each the target of a link.

    Raises:
        ValueError: naming the places that the PDF does not have.
    """
    reader = PdfReader(pdf)
    places = {
        name.removeprefix("/"): place
        for name, place in reader.named_destinations.items()
    }
    missing = [name for name in names if name not in places]
    if missing:
        raise ValueError(f"{pdf} has no place named {', '.join(missing)}")
    return {
        name: reader.get_destination_page_number(places[name]) + 1
        for name in names
    }


def finish(
    source: Path, target: Path, headings: list[str], data: dict[str, str]
) -> None:
    """Write a PDF again with the words of its outline set right, and with its data.

    Chromium takes the words from what it painted: twice where a page begins, without the space
    where a line ends, and without formulae.

    Args:
        source: the PDF as printed.
        target: the file to write.
        headings: the words of all headings, in order.
        data: title, author and the like, as ``{"/Title": ...}``.

    Raises:
        ValueError: if the outline has another number of headings.
    """
    writer = PdfWriter(source, incremental=True)
    marks = list(_marks(writer.root_object["/Outlines"]))
    if len(marks) != len(headings):
        raise ValueError(
            f"the outline has {len(marks)} entries for {len(headings)} headings"
        )
    for mark, heading in zip(marks, headings, strict=True):
        mark[NameObject("/Title")] = TextStringObject(heading)
    writer.add_metadata(data)
    writer.write(target)


def _marks(parent: Any) -> Iterator[Any]:
    """Yield the entries of an outline in reading order."""
    mark = parent.get("/First")
    while mark is not None:
        entry = mark.get_object()
        yield entry
        yield from _marks(entry)
        mark = entry.get("/Next")
