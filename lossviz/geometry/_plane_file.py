"""Where unfinished grids are kept: a NetCDF file that is there whole or not at all."""

from __future__ import annotations

import importlib.util
import time
from dataclasses import dataclass, field
from os import PathLike, fspath
from pathlib import Path

import numpy as np
import xarray as xr

from lossviz._files import write_whole
from lossviz.geometry._plane_grid import Grid

_ENGINE = "h5netcdf"

# Seconds between two writings; an interruption writes what is finished, too.
_INTERVAL = 5.0

# Attributes that may differ in a file that is gone on with, and those that rounding may change.
_FREE = ("lossviz_version", "torch_version")
_ROUNDED = ("centre_loss",)


def checked_path(got: str | PathLike[str] | None) -> Path | None:
    """Return a path to a file that can be made, or None."""
    if got is None:
        return None
    if not isinstance(got, str | PathLike) or not isinstance(fspath(got), str):
        raise TypeError(f"path must be a path or None; got {got!r} ({type(got).__name__}).")
    path = Path(got)
    if path.suffix != ".nc" or path.is_dir() or not path.parent.is_dir():
        raise ValueError(
            f"path must name a file that ends in .nc, in a folder that exists; got {fspath(got)!r}."
        )
    if importlib.util.find_spec(_ENGINE) is None:
        raise ValueError(
            f"path needs the package {_ENGINE}, which is not installed: pip install "
            f"'lossviz[study]'; got {fspath(got)!r}."
        )
    return path


@dataclass
class Keeper:
    """Keeps what is finished of a grid in a file, if it has one.

    Attributes:
        grid: the grid.
        path: the file, or None.
        values: values at all points by the names of variables, NaN where not finished.
        finished: which groups of points are finished.
    """

    grid: Grid
    path: Path | None
    values: dict[str, np.ndarray] = field(init=False)
    finished: np.ndarray = field(init=False)
    _written: float = field(init=False, default_factory=time.monotonic)
    _unwritten: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.values = self.grid.empty()
        self.finished = np.zeros(len(self.grid.groups), dtype=bool)
        if self.path is not None and self.path.exists():
            self._read()

    def missing(self) -> list[int]:
        """Return the numbers of the groups that are not finished."""
        return np.flatnonzero(~self.finished).tolist()

    def keep(self, number: int, found: dict[str, np.ndarray]) -> None:
        """Take in a group; write from time to time."""
        for name, values in found.items():
            self.values[name][self.grid.groups[number]] = values
        self.finished[number] = self._unwritten = True
        if time.monotonic() - self._written > _INTERVAL:
            self.write()

    def write(self) -> None:
        """Write what is finished, if there is a file and anything new."""
        if self.path is None or not self._unwritten:
            return
        data = self.grid.dataset(self.values)
        if not self.finished.all():
            data["finished"] = "group", self.finished.astype(np.int8)
        write_whole(self.path, bytes(data.to_netcdf(engine=_ENGINE)))
        self._written, self._unwritten = time.monotonic(), False

    def _read(self) -> None:
        try:
            data = xr.load_dataset(self.path, engine=_ENGINE)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"path must be a new file or one of the same plane; got {self.path}, which cannot "
                f"be read: {error}"
            ) from error
        self._check(data)
        if "finished" in data:
            self.finished[:] = data["finished"].to_numpy().astype(bool)
        else:
            self.finished[:] = True
        for name, values in self.values.items():
            values[:] = data[name].to_numpy().ravel()

    def _check(self, data: xr.Dataset) -> None:
        """Refuse the file of another grid."""
        wanted, got = self.grid.attributes, data.attrs
        other = [name for name, value in wanted.items() if not _same(name, value, got.get(name))]
        other += sorted(set(self.values) ^ (set(data.data_vars) - {"finished"}))
        if other:
            name, there = other[0], got.get(other[0])
            there = there.item() if isinstance(there, np.generic) else there
            raise ValueError(
                f"path must be a new file or one of the same plane; got {self.path} of another, "
                f"which differs in {', '.join(other)}: {name} is {there!r} there and "
                f"{wanted.get(name)!r} here. Nothing was changed."
            )


def _same(name: str, wanted: object, got: object) -> bool:
    if name in _FREE:
        return True
    if name in _ROUNDED and isinstance(got, float | np.floating):
        return bool(np.isclose(float(got), wanted, rtol=1e-3, atol=0, equal_nan=True))
    return got is not None and bool(got == wanted)
