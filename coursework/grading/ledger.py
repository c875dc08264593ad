"""Results on disk, one file a student: written whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from grading.model import Question, Result, Run

_COLUMNS = ("student", "problem_set", "status", "score", "max_score", "reason")


def write_whole(path: Path, content: bytes) -> None:
    """Replace a file's content at once: whoever reads it sees the old or the new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_if_new(path: Path, content: bytes) -> None:
    """Replace a file's content, unless it is that already."""
    if not path.is_file() or path.read_bytes() != content:
        write_whole(path, content)


def hand_over(paths: Iterable[Path], user: int, group: int) -> None:
    """Give files and folders to whoever called `sudo`; links are not followed.

    Args:
        paths: Files, or folders with all that is in them.
        user: Their owner from now on.
        group: Their group from now on.
    """
    for path in paths:
        for folder, folders, names in os.walk(path):
            for name in (*folders, *names):
                os.chown(Path(folder) / name, user, group, follow_symlinks=False)
        if path.exists():
            os.chown(path, user, group, follow_symlinks=False)


def key(*parts: bytes | str) -> str:
    """A name for everything that a mark depends on."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


class Ledger:
    """The results of a run, kept so that the next run grades only what changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)  # no other user reads marks
        for leftover in folder.glob(".*.json.*"):
            leftover.unlink(missing_ok=True)

    def _path(self, student: str) -> Path:
        # A folder's name may be too long or odd for a file's once a suffix is added.
        return self.folder / f"{hashlib.sha256(os.fsencode(student)).hexdigest()[:32]}.json"

    def find(self, student: str, wanted: str) -> tuple[Result, list[Run]] | None:
        """The stored result, where it was made from the same things."""
        try:
            stored = json.loads(self._path(student).read_text())
            if stored["key"] != wanted:
                return None
            plain = stored["result"]
            questions = tuple(Question(**question) for question in plain.pop("questions"))
            return Result(**plain, questions=questions), [_run(run) for run in stored["runs"]]
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            name = f"{self._path(student).name}, kept for {student!r}"
            print(f"grade: {name}, cannot be read, so it is graded anew: {error}", file=sys.stderr)
            return None

    def keep(self, student: str, made_from: str, result: Result, runs: list[Run]) -> None:
        """Store a result; it survives whatever happens next."""
        stored = {"key": made_from, "result": asdict(result), "runs": [asdict(r) for r in runs]}
        write_whole(self._path(student), json.dumps(stored, indent=1).encode())


def _run(plain: dict) -> Run:
    return Run(**{**plain, "event": None})


def number(value: float | None) -> str:
    """A mark as text: empty where there is none, and no needless zeros.

    Example:
        >>> number(4.0), number(2.5), number(None)
        ('4', '2.5', '')
    """
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def plain_text(text: str, room: int = 400) -> str:
    """Text that no spreadsheet takes for a formula, on one line.

    Example:
        >>> plain_text("=1+1")
        "'=1+1"
    """
    text = os.fsencode(text).decode("utf-8", "backslashreplace")  # a folder's name may be any bytes
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = line if len(line) <= room else line[: room - 1] + "…"
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def marks_csv(results: list[Result], question_names: list[str]) -> bytes:
    """The table of all marks, a row for each student."""
    stream = io.StringIO(newline="")
    table = csv.writer(stream, lineterminator="\n")
    table.writerow([*_COLUMNS, *question_names])
    for result in sorted(results, key=lambda r: r.student):
        points = {q.name: number(q.points) for q in result.questions}
        row = [plain_text(result.student), result.problem_set, result.status]
        row += [number(result.score), number(result.max_score), plain_text(result.reason)]
        table.writerow([*row, *(points.get(name, "") for name in question_names)])
    return stream.getvalue().encode("utf-8", "replace")
