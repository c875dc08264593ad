"""Data files: where they are looked for, how they are fetched, and what is wrong with them.

A file is looked for in the folder that the environment variable ``LOSSVIZ_DATA`` names (read at
call time), then in the user's cache, then on the network. Wherever it is found, its checksum
is compared before it is used.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pooch
import requests
from tqdm.auto import tqdm

#: Seconds that a server may take to answer, or between two pieces of an answer.
TIMEOUT = 30.0

_PIECE = 2**16

# What an interrupted download left behind is removed when it is older than this many seconds.
_STALE = 3600.0

_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_HEART = "https://raw.githubusercontent.com/annabosman/fla-in-tf/b51a1fb/data/input/"


class DataError(RuntimeError):
    """A data file is missing, altered, cut short, or cannot be fetched."""


@dataclass(frozen=True)
class DataFile:
    """A file that a problem is made of.

    Attributes:
        name: its name, in every folder.
        folder: where it is published.
        checksum: kind and value, such as ``md5:9fb6...``.
        size: its length in bytes.
    """

    name: str
    folder: str
    checksum: str
    size: int

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
        ),
        DataFile(
            "train-images-idx3-ubyte.gz", _MNIST, "md5:f68b3c2dcbeaaa9fbdd348bbdeb94873", 9912422
        ),
        DataFile(
            "train-labels-idx1-ubyte.gz", _MNIST, "md5:d53e105ee54ea40749a09fcbcd1e9432", 28881
        ),
        DataFile(
            "t10k-images-idx3-ubyte.gz", _MNIST, "md5:9fb629c4189551a2d022fa330f9573f3", 1648877
        ),
        DataFile("t10k-labels-idx1-ubyte.gz", _MNIST, "md5:ec29112dd5afa0611ce80d1b7f02629c", 4542),
    )
}


def local_folder() -> Path | None:
    """Return the folder that ``LOSSVIZ_DATA`` names, or None where it is not set."""
    named = os.environ.get("LOSSVIZ_DATA")
    return Path(named).expanduser() if named else None


def cache_folder() -> Path:
    """Return the user's cache of data files; it need not exist yet."""
    return Path(pooch.os_cache("lossviz"))


def find_file(file: DataFile) -> tuple[str, Path] | None:
    """Say where a file is: in the "data folder" or the "cache", and its path; None if nowhere."""
    folder = local_folder()
    places = [("cache", cache_folder())] if folder is None else [
        ("data folder", folder), ("cache", cache_folder()),
    ]  # fmt: skip
    return next(
        ((place, path / file.name) for place, path in places if (path / file.name).is_file()), None
    )


def fault(file: DataFile, path: Path) -> str | None:
    """Say what is wrong with a file, or None if nothing is."""
    kind, expected = file.checksum.split(":")
    size = path.stat().st_size
    with path.open("rb") as stream:
        got = hashlib.file_digest(stream, kind).hexdigest()
    if got == expected:
        return None
    short = " It is cut short." if size < file.size else ""
    return (
        f"{path} must have {file.size} bytes and {kind} {expected}; "
        f"got {size} bytes and {kind} {got}.{short}"
    )


def local_fault(file: DataFile) -> str | None:
    """Say what is wrong with a file that is on disk; None if nothing is, or it is nowhere."""
    found = find_file(file)
    return None if found is None else fault(file, found[1])


def local_path(file: DataFile) -> Path | None:
    """Return the path of a file that is on disk and in order; None if it is nowhere.

    Raises:
        DataError: if it is altered or cut short.
    """
    found = find_file(file)
    if found is None:
        return None
    wrong = local_fault(file)
    if wrong:
        raise DataError(f"{wrong} Delete it, and then {_ways_out(file)}")
    return found[1]


def fetch_file(file: DataFile, *, progress: bool = False) -> Path:
    """Return the path of a file, downloading it into the user's cache if it is nowhere.

    It gets its name when it is complete and in order, and not before.

    Raises:
        DataError: if what is on disk is not in order, or the file cannot be fetched.
    """
    path = local_path(file)
    if path is not None:
        return path
    cache = cache_folder()
    _remove_leftovers(cache)
    try:
        found = pooch.retrieve(
            file.address, file.checksum, fname=file.name, path=cache,
            downloader=partial(_download, size=file.size, progress=progress),
        )  # fmt: skip
    except (requests.RequestException, ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{file.name} must be downloaded from {file.address} into {cache}; got {reason}. "
            f"Instead, {_ways_out(file)}"
        ) from error
    return Path(found)


def _download(address: str, path: str, _: pooch.Pooch | None, *, size: int, progress: bool) -> None:
    """Write what is published at an address to a path, which pooch then checks and renames."""
    bar = tqdm(total=size, unit="B", unit_scale=True, disable=not progress)
    with (
        bar,
        requests.get(address, stream=True, timeout=TIMEOUT) as response,
        Path(path).open("wb") as stream,
    ):
        response.raise_for_status()
        for piece in response.iter_content(_PIECE):
            stream.write(piece)
            bar.update(len(piece))


def _ways_out(file: DataFile) -> str:
    folder = local_folder()
    named = "a folder that LOSSVIZ_DATA names" if folder is None else f"{folder} (LOSSVIZ_DATA)"
    return (
        f"either put {file.name} into {named}, or run `lossviz data fetch` with a network at hand."
    )


def _remove_leftovers(cache: Path) -> None:
    """Remove what downloads that were killed have left; running ones are young."""
    if cache.is_dir():
        for path in cache.glob("tmp*"):
            if time.time() - path.stat().st_mtime > _STALE:
                path.unlink(missing_ok=True)
