"""How a data file that is nowhere is downloaded into the user's cache."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pooch
import requests
from tqdm.auto import tqdm
from urllib3.exceptions import HTTPError

from lossviz.problems._files import (
    DataError,
    DataFile,
    cache_folder,
    file_fault,
    local_folder,
    local_path,
    ways_out,
)

#: Seconds that a server may take to answer, or between two pieces of an answer.
TIMEOUT = 30.0

#: Seconds that a whole download may take: a server that drips would never time out.
LONGEST = 1800.0

# Bytes that are read at once, at most.
_PIECE = 2**16

# What a killed download left behind is removed when it is older than this many seconds: longer
# than any download that is still running.
_STALE = 2 * LONGEST


def fetch_file(file: DataFile, *, progress: bool = False, quiet: bool = False) -> Path:
    """Return the path of a file, downloading it into the user's cache if it is nowhere.

    It gets its name when it is complete and in order, and not before. A line on the error stream
    says that it is downloaded, unless ``quiet``.

    Raises:
        DataError: if what is on disk is not in order, or the file cannot be fetched.
    """
    cache = cache_folder()
    _remove_leftovers(cache)
    path = local_path(file)
    if path is not None:
        return path
    try:
        with _notices(not quiet):
            found = pooch.retrieve(
                file.address, file.checksum, fname=file.name, path=cache,
                downloader=partial(_download, file=file, progress=progress),
            )  # fmt: skip
    except (requests.RequestException, HTTPError, ValueError, OSError) as error:
        why = " ".join(str(error).split()).rstrip(".")
        raise DataError(
            f"{file.name} is not in {local_folder() or 'a folder of LOSSVIZ_DATA (not set)'} nor "
            f"in {cache}, so it must be downloaded from {file.address}; got {why}. "
            f"Instead, {ways_out(file)}"
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
    # Not compressed on the way: what arrives is what is written.
    plain = {"Accept-Encoding": "identity"}
    with (
        bar,
        requests.get(address, stream=True, timeout=TIMEOUT, headers=plain) as response,
        Path(path).open("wb") as stream,
    ):
        response.raise_for_status()
        for piece in _pieces(response):
            stream.write(piece)
            bar.update(len(piece))
            if stream.tell() > file.size:
                raise ValueError(f"more than its {file.size} bytes")
            if time.monotonic() > until:
                raise TimeoutError(f"no end of it within {LONGEST:g} s")
    wrong = file_fault(file, Path(path))
    if wrong:
        raise ValueError(f"another file: it {wrong}")


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """Yield what has arrived, as it arrives."""
    # Not iter_content, which waits for a full piece: for ever where a server drips.
    while piece := response.raw.read1(_PIECE):
        yield piece


def _remove_leftovers(cache: Path) -> None:
    """Remove what downloads that were killed have left; running ones are young."""
    with suppress(OSError):
        for path in cache.glob("tmp*"):
            # Each alone: it may be a folder, or be gone by now.
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _STALE:
                    path.unlink()
