"""Find and read what students handed in, which may be anything at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from grading.model import Event

#: A notebook of a problem set has some tens of kilobytes; plots may add a few megabytes.
LARGEST = 20_000_000

NOTHING = Event("missing", "no notebook was handed in")

_SET = re.compile(r"[a-z]+[-_]?\d+")  # another set's notebook, as in ps2.ipynb


@dataclass(frozen=True)
class Submission:
    """A student's notebook, or the event that stands in its place."""

    student: str
    notebook: Any = None
    event: Event | None = None
    notes: tuple[str, ...] = ()
    digest: str = ""


def students(folder: Path) -> list[str]:
    """The students with a folder, sorted; hidden folders are none, and what tools left."""
    if not folder.is_dir():
        raise ValueError(f"the submissions must be a folder, got {str(folder)!r}")
    with os.scandir(folder) as entries:
        shown = sorted((e for e in entries if not e.name.startswith((".", "__"))), key=_by_name)
        found = [e.name for e in shown if e.is_dir(follow_symlinks=False)]
        others = [ascii(e.name) for e in shown if not e.is_dir(follow_symlinks=False)]
    if others:
        print(f"grade: no student's folder, so left out: {', '.join(others)}", file=sys.stderr)
    return found


def _by_name(entry: os.DirEntry) -> str:
    return entry.name


def read_submission(folder: Path, student: str, problem_set: str) -> Submission:
    """Read one student's notebook without following links or waiting for pipes."""
    root = folder / student
    if not is_text(student):
        event = Event("check", "the folder's name is not text in UTF-8")
        return Submission(student, event=event, digest=_digest(str(event), ()))
    places = [root / problem_set, root]
    entries = [path for place in places for path in _entries(place)]
    books = [path for path in entries if path.suffix == ".ipynb"]
    notes = _left_out([path for path in entries if path not in books], problem_set)
    path, event, note = _choose(books, problem_set)
    if path is None and event == NOTHING:
        event = _perhaps_elsewhere(root)
    if path is None:
        return Submission(student, event=event, notes=notes, digest=_digest(str(event), notes))
    notes = note + notes
    try:
        content = _read(path)
        notebook = _notebook(content)
    except (OSError, ValueError, RecursionError) as error:
        event = Event("unreadable", f"{path.name}: {_first_line(error)}")
        return Submission(student, event=event, notes=notes, digest=_digest(str(event), notes))
    return Submission(student, notebook, None, notes, _digest(content, notes))


def is_text(name: str) -> bool:
    r"""Say whether a folder's name can be written as text: it may be any bytes.

    Example:
        >>> is_text("Łukasz"), is_text("caf\udce9")
        (True, False)
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _entries(place: Path) -> list[Path]:
    """What lies in a folder, without what tools leave there; links to folders are not entered."""
    if place.is_symlink() or not place.is_dir():
        return []
    return sorted(p for p in place.iterdir() if not p.name.startswith((".", "__")))


def _perhaps_elsewhere(root: Path) -> Event:
    """What to say where no notebook lies in its place: there may be one in another."""
    if root.is_dir():
        for folder, folders, names in os.walk(root):
            for name in sorted(names + [f for f in folders if (Path(folder) / f).is_symlink()]):
                path = Path(folder) / name
                if ".ipynb" in name.lower() or path.is_symlink():
                    kind = "a link" if path.is_symlink() else "a file"
                    return Event("check", f"{kind} lies at {path.relative_to(root)}")
    return NOTHING


def _choose(books: list[Path], name: str) -> tuple[Path | None, Event | None, tuple[str, ...]]:
    """The one notebook that is meant, or why none is."""
    if not books:
        return None, NOTHING, ()
    named = [path for path in books if path.name == f"{name}.ipynb"]
    other_sets = [p for p in books if p.parent.name != name and _SET.fullmatch(p.stem)]
    books = [path for path in books if path in named or path not in other_sets] or books
    if len(books) == 1:
        note = () if named else (f"the file is called {books[0].name}",)
        return books[0], None, note
    if len({_content_or_name(path) for path in books}) == 1:
        return (named or books)[0], None, ("the same notebook was handed in twice",)
    listed = ", ".join(path.name for path in books)
    return None, Event("check", f"several notebooks were handed in: {listed}"), ()


def _content_or_name(path: Path) -> bytes:
    try:
        return _read(path)
    except (OSError, ValueError):
        return str(path).encode()


def _read(path: Path) -> bytes:
    # Opened without following a link and without waiting for a pipe's other end.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("not a plain file")
        if status.st_size > LARGEST:
            raise ValueError(f"larger than {LARGEST:,} bytes")
        return file.read(LARGEST)


def _notebook(content: bytes) -> Any:
    if not content.strip():
        raise ValueError("the file is empty")
    plain = json.loads(content.decode("utf-8-sig"))
    if not isinstance(plain, dict) or not isinstance(plain.get("nbformat"), int):
        raise ValueError("no notebook: it names no format")
    try:
        notebook = nbformat.convert(nbformat.from_dict(plain), 4)
        notebook.metadata = notebook.get("metadata") or {}
        notebook.metadata["kernelspec"] = dict(notebook.metadata.get("kernelspec") or {})
        for cell in notebook.cells:
            cell.source = "".join(cell.source)  # a list of lines, or one text
            cell.metadata = dict(cell.get("metadata") or {})
            if not isinstance(cell.cell_type, str):
                raise TypeError("a cell's type is no text")
    except Exception as error:  # nbformat fails on strange notebooks in many ways of its own
        raise ValueError(f"no valid notebook: {_first_line(error)}") from error
    return notebook


def _left_out(others: list[Path], problem_set: str) -> tuple[str, ...]:
    names = sorted(path.name for path in others if path.name != problem_set)
    return (f"files beside the notebook were not used: {', '.join(names)}",) if names else ()


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200] or type(error).__name__


def _digest(content: bytes | str, notes: tuple[str, ...]) -> str:
    data = content if isinstance(content, bytes) else content.encode()
    return hashlib.sha256(data + "\0".join(notes).encode("utf-8", "replace")).hexdigest()
