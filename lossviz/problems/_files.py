"""Data files: where they are looked for, how they are fetched, and what is wrong with them.

A file is looked for in the folder that the environment variable ``LOSSVIZ_DATA`` names (read at
call time), then in the user's cache, then on the network. Wherever it is found, its checksum
is compared before it is used.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pooch
import requests
from tqdm.auto import tqdm

#: Seconds that a server may take to answer, or between two pieces of an answer.
TIMEOUT = 30.0

#: Seconds that a whole download may take: a server that drips would never time out.
LONGEST = 1800.0

# Small, as the time is looked at after each piece.
_PIECE = 2**10

# What a killed download left behind is removed when it is older than this many seconds: longer
# than any download that is still running.
_STALE = 2 * LONGEST

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
    """Return the folder that ``LOSSVIZ_DATA`` names, or None where it is not set."""
    named = os.environ.get("LOSSVIZ_DATA")
    return Path(named).expanduser() if named else None


def cache_folder() -> Path:
    """Return the user's cache of data files; it need not exist yet."""
    return Path(pooch.os_cache("lossviz"))


def file_copies(file: DataFile) -> list[tuple[str, Path]]:
    """Say where a file is: "data folder" or "cache" with the path; the first is the one used."""
    folder = local_folder()
    places = [] if folder is None else [("data folder", folder)]
    places += [("cache", cache_folder())]
    return [(place, path / file.name) for place, path in places if (path / file.name).is_file()]


def find_file(file: DataFile) -> tuple[str, Path] | None:
    """Return the place and the path of the copy that is used; None if there is none."""
    return next(iter(file_copies(file)), None)


def file_fault(file: DataFile, path: Path) -> str | None:
    """Say what is wrong with the copy at a path, or None if nothing is."""
    kind, expected = file.checksum.split(":")
    size = path.stat().st_size
    with path.open("rb") as stream:
        got = hashlib.file_digest(stream, kind).hexdigest()
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
        DataError: if it is altered or cut short.
    """
    found = find_file(file)
    if found is None:
        return None
    wrong = file_fault(file, found[1])
    if wrong:
        raise DataError(f"{found[1]} {wrong} Delete it, and then {_ways_out(file)}")
    return found[1]


def fetch_file(file: DataFile, *, progress: bool = False, quiet: bool = False) -> Path:
    """Return the path of a file, downloading it into the user's cache if it is nowhere.

    It gets its name when it is complete and in order, and not before. A line on the error stream
    says that it is downloaded, unless ``quiet``.

    Raises:
        DataError: if what is on disk is not in order, or the file cannot be fetched.
    """
    path = local_path(file)
    if path is not None:
        return path
    cache = cache_folder()
    _remove_leftovers(cache)
    try:
        with _notices(not quiet):
            found = pooch.retrieve(
                file.address, file.checksum, fname=file.name, path=cache,
                downloader=partial(_download, file=file, progress=progress),
            )  # fmt: skip
    except (requests.RequestException, ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"{file.name} is not in {local_folder() or 'a folder of LOSSVIZ_DATA (not set)'} nor "
            f"in {cache}, so it must be downloaded from {file.address}; got {reason}. "
            f"Instead, {_ways_out(file)}"
        ) from error
    return Path(found)


@contextmanager
def _notices(wanted: bool) -> Iterator[None]:
    """Let pooch say what it downloads, or not; its logger is as before afterwards."""
    # Not by its level: the logger is outside the hierarchy, whose caches alone setLevel clears.
    logger = pooch.get_logger()
    before = logger.disabled
    logger.disabled = before or not wanted
    try:
        yield
    finally:
        logger.disabled = before


def _download(
    address: str, path: str, _: pooch.Pooch | None, *, file: DataFile, progress: bool
) -> None:
    """Write what is published at an address to a path, which pooch then renames."""
    until = time.monotonic() + LONGEST
    bar = tqdm(desc=file.name, total=file.size, unit="B", unit_scale=True, disable=not progress)
    with (
        bar,
        requests.get(address, stream=True, timeout=TIMEOUT) as response,
        Path(path).open("wb") as stream,
    ):
        response.raise_for_status()
        for piece in response.iter_content(_PIECE):
            stream.write(piece)
            bar.update(len(piece))
            if stream.tell() > file.size:
                raise ValueError(f"more than its {file.size} bytes")
            if time.monotonic() > until:
                raise TimeoutError(f"no end of it within {LONGEST:g} s")
    wrong = file_fault(file, Path(path))
    if wrong:
        raise ValueError(f"another file: it {wrong}")


def _ways_out(file: DataFile) -> str:
    folder = local_folder()
    named = "a folder that LOSSVIZ_DATA names" if folder is None else f"{folder} (LOSSVIZ_DATA)"
    return (
        f"either put {file.name} into {named}, or run "
        f"`lossviz data fetch {file.problem}` with a network at hand."
    )


def _remove_leftovers(cache: Path) -> None:
    """Remove what downloads that were killed have left; running ones are young."""
    if cache.is_dir():
        for path in cache.glob("tmp*"):
            if time.time() - path.stat().st_mtime > _STALE:
                path.unlink(missing_ok=True)
