"""Data files: which there are, where they are looked for, and what is wrong with them.

A file is looked for in the folder that the environment variable ``LOSSVIZ_DATA`` names (read at
call time), then in the user's cache, then on the network. Wherever it is found, its checksum
is compared before it is used.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import pooch

_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_HEART = "https://raw.githubusercontent.com/annabosman/fla-in-tf/b51a1fb/data/input/"


class DataError(RuntimeError):
    """A data file is missing, altered, cut short, unreadable, or cannot be fetched."""


@dataclass(frozen=True)
class DataFile:
    """A file that a problem is made of.

    Attributes:
        name: its name, in every folder.
        folder: where it is published.
        checksum: kind and value, such as ``md5:9fb6...``.
        size: its length in bytes.
        problem: the smallest problem that is made of it.
    """

    name: str
    folder: str
    checksum: str
    size: int
    problem: str

    @property
    def address(self) -> str:
        """Where it is published."""
        return self.folder + self.name


#: Every data file, by name.
DATA_FILES = {
    file.name: file
    for file in (
        DataFile(
            "heart.csv",
            _HEART,
            "sha256:3648813c955b894641bc0869636eb499cba22b412a3ce290f3c0050f05fed00f",
            120099,
            "heart",
        ),
        DataFile(
            "train-images-idx3-ubyte.gz", _MNIST, "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873", 9912422,
            "mnist",
        ),
        DataFile(
            "train-labels-idx1-ubyte.gz", _MNIST, "md5:d53e105ee54ea40749a09fcbcd1e9432", 28881,
            "mnist",
        ),
        DataFile(
            "t10k-images-idx3-ubyte.gz", _MNIST, "md5:9fb629c4189551a2d022fa330f9573f3", 1648877,
            "mnist-test",
        ),
        DataFile(
            "t10k-labels-idx1-ubyte.gz", _MNIST, "md5:ec29112dd5afa0611ce80d1b7f02629c", 4542,
            "mnist-test",
        ),
    )
}  # fmt: skip


def local_folder() -> Path | None:
    """Return the folder that ``LOSSVIZ_DATA`` names, or None where it is not set.

    Raises:
        DataError: if it names something else, or nothing.
    """
    named = os.environ.get("LOSSVIZ_DATA")
    if not named:
        return None
    try:
        folder = Path(named).expanduser()
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except (OSError, RuntimeError) as error:  # RuntimeError: a user unknown
        raise DataError(_no_folder(named, reason(error))) from error
    if not is_folder:
        raise DataError(_no_folder(named, "it is a file"))
    return folder


def _no_folder(named: str, why: str) -> str:
    return f"LOSSVIZ_DATA must name a folder; got {named!r}: {why}. Name another one, or unset it."


def reason(error: Exception) -> str:
    """Return what an error says, on one line and without the path that an OSError repeats."""
    said = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(said.split()).rstrip(".")


def cache_folder() -> Path:
    """Return the user's cache of data files; it need not exist yet."""
    return Path(pooch.os_cache("lossviz"))


def file_copies(file: DataFile) -> list[tuple[str, Path]]:
    """Say where a file is: "data folder" or "cache" with the path; the first is the one used."""
    folder = local_folder()
    places = [] if folder is None else [("data folder", folder)]
    places += [("cache", cache_folder())]
    return [(place, path / file.name) for place, path in places if _may_be(path / file.name)]


def _may_be(path: Path) -> bool:
    """Say whether a file is there, or may be, in a folder that cannot be searched."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:  # reading it will say why it cannot be read
        return True


def find_file(file: DataFile) -> tuple[str, Path] | None:
    """Return the place and the path of the copy that is used; None if there is none."""
    return next(iter(file_copies(file)), None)


def file_fault(file: DataFile, path: Path) -> str | None:
    """Say what is wrong with the copy at a path, or None if nothing is."""
    kind, expected = file.checksum.split(":")
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            got = hashlib.file_digest(stream, kind).hexdigest()
    except OSError as error:
        return f"cannot be read: {reason(error)}."
    if got == expected:
        return None
    short = " It is cut short." if size < file.size else ""
    return (
        f"must have {file.size} bytes and {kind} {expected}; "
        f"got {size} bytes and {kind} {got}.{short}"
    )


def local_path(file: DataFile) -> Path | None:
    """Return the path of a file that is on disk and in order; None if it is nowhere.

    Raises:
        DataError: if it is altered, cut short or unreadable.
    """
    found = find_file(file)
    if found is None:
        return None
    wrong = file_fault(file, found[1])
    if wrong:
        raise DataError(f"{found[1]} {wrong} Mend or delete it, and then {ways_out(file)}")
    return found[1]


def ways_out(file: DataFile) -> str:
    folder = local_folder()
    named = "a folder that LOSSVIZ_DATA names" if folder is None else f"{folder} (LOSSVIZ_DATA)"
    return (
        f"either put {file.name} into {named}, or run "
        f"`lossviz data fetch {file.problem}` with a network at hand."
    )
