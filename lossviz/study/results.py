"""The results of a study, small enough to be kept beside a book: made, written and read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from lossviz import _checks
from lossviz._files import write_whole
from lossviz.study._errors import StudyError
from lossviz.study._extra import needed
from lossviz.study._toml import from_toml
from lossviz.study.grid import Plan
from lossviz.study.store import bytes_of

_TABLES = ("valleys", "attractors")


@dataclass(frozen=True)
class Results:
    """What a study found.

    Attributes:
        walks: by problem, a few numbers per walk: a data set over (activation, setting, walk) and
            ``definition``, with the coordinates ``split`` and ``number`` of walks.
        clouds: by problem, some points of each cell: a data set over (activation, setting, point).
        valleys: a row per problem, setting, activation and quantile.
        attractors: a row per attractor of XOR, of each setting, activation and tolerance.
        provenance: plan, digest, versions and checksums.
    """

    walks: dict[str, xr.Dataset]
    clouds: dict[str, xr.Dataset]
    valleys: pd.DataFrame
    attractors: pd.DataFrame
    provenance: dict[str, Any]

    @property
    def plan(self) -> Plan:
        """The plan that was run."""
        return from_toml(self.provenance["plan"], self.provenance["sources"])

    def cloud(
        self, problem: str, activation: str, setting: str, definition: str | None = None
    ) -> xr.Dataset:
        """Return the kept points of a cell, as pictures take them.

        Args:
            problem: its name.
            activation: its name.
            setting: its name.
            definition: of curvature, such as ``"full 1e-08"`` or ``"blockwise"``; None for a
                cloud without classes.

        Returns:
            A data set over ``point``, with the variable ``curvature`` where classes are known.

        Raises:
            ValueError: for a name that the results do not have.
        """
        clouds = self.clouds[_checks.one_of("problem", problem, self.clouds)]
        for what, name in (("activation", activation), ("setting", setting)):
            _checks.one_of(what, name, map(str, clouds[what].values))
        found = clouds.sel(activation=activation, setting=setting)
        found = found.isel(point=np.isfinite(found["loss"].values))
        if definition is not None:
            _checks.one_of("definition", definition, map(str, found["definition"].values))
            found = found.sel(definition=definition)
            if "class" in found:
                found["curvature"] = found["class"].astype(np.int8)
        return found.assign_attrs(activation=activation, problem=problem, setting=setting)

    def save(self, folder: str | Path) -> list[Path]:
        """Write the results; returns the files.

        Raises:
            StudyError: if the folder cannot be written.
        """
        folder = Path(folder)
        contents = {f"{name}-walks.nc": bytes_of(data) for name, data in self.walks.items()}
        contents |= {f"{name}-clouds.nc": bytes_of(data) for name, data in self.clouds.items()}
        for name in _TABLES:
            table = getattr(self, name).to_csv(index=False, float_format="%.6g")
            contents[f"{name}.csv"] = table.encode()
        said = self.provenance | {"files": {name: _checksum(c) for name, c in contents.items()}}
        contents["provenance.json"] = (json.dumps(said, indent=1) + "\n").encode()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return [write_whole(folder / name, content) for name, content in contents.items()]
        except OSError as error:
            raise StudyError(f"{folder} must be a folder to be written; got {error}") from error


def load_results(folder: str | Path) -> Results:
    """Read results that :meth:`Results.save` has written.

    Args:
        folder: where they are.

    Raises:
        StudyError: if there are none, or a file is not as it was written.
    """
    folder = Path(folder)
    try:
        said = json.loads((folder / "provenance.json").read_text(encoding="utf-8"))
        contents = {name: (folder / name).read_bytes() for name in said["files"]}
    except (OSError, ValueError, KeyError) as error:
        raise StudyError(f"{folder} must be a folder with results; got {error}") from error
    for name, content in contents.items():
        if _checksum(content) != said["files"][name]:
            raise StudyError(f"{folder / name} is not as it was written.")
    needed("h5netcdf")
    names = [part.name for part in from_toml(said["plan"], said["sources"]).parts]
    sets = {
        kind: {
            name: xr.load_dataset(folder / f"{name}-{kind}.nc", engine="h5netcdf") for name in names
        }
        for kind in ("walks", "clouds")
    }
    tables = {name: read_table(folder / f"{name}.csv") for name in _TABLES}
    return Results(**sets, **tables, provenance=said)


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def read_table(path: Path, **how: Any) -> pd.DataFrame:
    """Read a table; one without rows may be written without columns."""
    empty = not path.read_text(encoding="utf-8").strip()
    return pd.DataFrame() if empty else pd.read_csv(path, **how)
