"""Where a study's chunks are kept: a folder that is never left half-written.

    plan.toml                         the plan
    chunks/KEY.CHECKSUM.nc            one file per chunk, named by the hash of its bytes

A chunk is written under another name, forced to the disk, and renamed: it is there whole or not at
all. Its name tells whether it is still as it was written.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from lossviz._files import write_whole
from lossviz.study._errors import StudyError
from lossviz.study._extra import needed
from lossviz.study._toml import digest, from_toml, to_toml
from lossviz.study.grid import Chunk, Plan

_ENGINE = "h5netcdf"
_DIGITS = 16  # of the checksum, in the file's name


@dataclass(frozen=True)
class Store:
    """The folder of one study.

    Attributes:
        folder: where it is.
        plan: what it holds.
    """

    folder: Path
    plan: Plan

    @classmethod
    def create(cls, folder: Path, plan: Plan) -> Store:
        """Make the folder of a plan, or open it if it is there.

        Raises:
            StudyError: if the folder holds another plan, or something else, or cannot be made.
        """
        with _explained(f"{folder} must be a folder that can be written"):
            if (folder / "plan.toml").exists():
                store = cls.open(folder)
                there, wanted = digest(store.plan), digest(plan)
                if there != wanted:
                    raise StudyError(
                        f"{folder} must hold the plan that is to be run, {plan.name!r} "
                        f"({wanted[:8]}); it holds {store.plan.name!r} ({there[:8]}). Nothing was "
                        "changed: give another folder."
                    )
                return store
            if folder.exists() and _others(folder, plan):
                raise StudyError(
                    f"{folder} must be empty, or hold a study; it holds {_others(folder, plan)[0]}."
                )
            (folder / "chunks").mkdir(parents=True, exist_ok=True)
            for name in plan.files:
                path = folder / name
                if not path.resolve().is_relative_to(folder.resolve()):
                    raise StudyError(f"{name} must lie beside the plan or below it.")
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, plan.sources[name].encode())
            write_whole(folder / "plan.toml", to_toml(plan).encode())
        return cls(folder, plan)

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open the folder of a study.

        Raises:
            StudyError: if there is none.
        """
        path = folder / "plan.toml"
        if not path.is_file():
            raise StudyError(f"{folder} must be the folder of a study; it has no plan.toml.")
        return cls(folder, from_toml(path.read_text(), folder))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs out of the folder; a run that is killed leaves no lock behind.

        Raises:
            StudyError: if another run is at work.
        """
        with _explained(f"{self.folder} must be a folder that can be written"):
            lock = (self.folder / ".lock").open("w")
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StudyError(f"{self.folder} is in use by another run.") from error
            yield

    def paths(self) -> dict[str, Path]:
        """Return the files of chunks by their keys, unread."""
        found = sorted((self.folder / "chunks").glob("*.nc"))
        return {path.name.rsplit(".", 2)[0]: path for path in found}

    def clean(self) -> list[str]:
        """Remove what killed runs have left, and chunks that are not as they were written.

        Returns:
            The keys of chunks that were removed.
        """
        with _explained(f"{self.folder} must be a folder that can be read and written"):
            for path in (self.folder / "chunks").glob("*.part"):
                path.unlink()
            bad = {key: path for key, path in self.paths().items() if not _is_whole(path)}
            for path in bad.values():
                path.unlink()
        return list(bad)

    def missing(self) -> list[Chunk]:
        """Return the chunks that have no file, in the order in which they are computed."""
        there = self.paths()
        return [chunk for chunk in self.plan.chunks if chunk.key not in there]

    def write(self, chunk: Chunk, data: xr.Dataset) -> Path:
        """Write a chunk.

        Raises:
            StudyError: if it cannot be written; nothing of it is left then.
        """
        said = f"{chunk.key} cannot be written to {self.folder}; what is there is safe"
        with _explained(said):
            # Made in memory, as HDF5 seeks about and says little of a full disk.
            content = bytes_of(data)
            name = f"{chunk.key}.{_checksum(content)}.nc"
            return write_whole(self.folder / "chunks" / name, content)

    def read(self, key: str, paths: Mapping[str, Path] | None = None) -> xr.Dataset:
        """Return a chunk.

        Args:
            key: the chunk's.
            paths: what :meth:`paths` returned, for who reads many; None looks again.

        Raises:
            StudyError: if it is missing, or not as it was written.
        """
        path = (self.paths() if paths is None else paths).get(key)
        if path is None:
            raise StudyError(f"{self.folder} has no chunk {key}; run the study to its end.")
        if not _is_whole(path):
            raise StudyError(
                f"{path} is not as it was written. Run the study again: it is then computed anew."
            )
        needed(_ENGINE)
        return xr.load_dataset(path, engine=_ENGINE)


def _others(folder: Path, plan: Plan) -> list[str]:
    """Return what is in a folder and is not of a run that was killed before it had begun."""
    begun = {"chunks", "plan.toml.part"}
    begun |= {Path(name).parts[0] + end for name in plan.files for end in ("", ".part")}
    return sorted(path.name for path in folder.iterdir() if path.name not in begun)


def bytes_of(data: xr.Dataset) -> bytes:
    """Return a data set as the bytes of a NetCDF file, packed."""
    needed(_ENGINE)
    packed = {name: {"zlib": True, "complevel": 1, "shuffle": True} for name in data.data_vars}
    return bytes(data.to_netcdf(engine=_ENGINE, encoding=packed))


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def _is_whole(path: Path) -> bool:
    return path.name.rsplit(".", 2)[1] == _checksum(path.read_bytes())


@contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise StudyError(f"{what}; got {reason}.") from error
