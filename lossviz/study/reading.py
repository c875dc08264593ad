"""What a study has left, cell by cell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from lossviz import _checks
from lossviz.study._errors import StudyError
from lossviz.study.grid import Chunk
from lossviz.study.store import Store


def read(
    folder: str | Path,
    problem: str,
    activation: str,
    setting: str,
    variables: Sequence[str] | None = None,
) -> xr.Dataset:
    """Read the walks of a study for one problem, activation and setting, of all splits.

    Args:
        folder: the study's folder.
        problem: the name that the plan has for it.
        activation: its name.
        setting: its name, such as ``"b1-micro"``.
        variables: names of variables to read; None for all.

    Returns:
        A data set over (walk, step), and over ``rtol`` or (walk, point) where the plan's
        ``curvature`` says so. The coordinate ``split`` has the seed of each walk's split.

    Raises:
        StudyError: if there is no such study, or chunks are missing or damaged.
        ValueError: for a name that the plan does not have.
    """
    store = Store.open(Path(folder))
    plan = store.plan
    _checks.one_of("problem", problem, [part.name for part in plan.parts])
    _checks.one_of("activation", activation, plan.activations)
    _checks.one_of("setting", setting, [each.name for each in plan.settings])
    return read_cell(store, problem, activation, setting, variables)


def read_cell(
    store: Store,
    problem: str,
    activation: str,
    setting: str,
    variables: Sequence[str] | None = None,
) -> xr.Dataset:
    """Read a cell with all its splits; see :func:`read`."""
    wanted = (problem, activation, setting)
    chunks = [chunk for chunk in store.plan.chunks if _place(chunk) == wanted]
    chunks.sort(key=lambda chunk: chunk.walks.start)
    paths = store.paths()
    parts = [_one(store.read(chunk.key, paths), chunk, variables) for chunk in chunks]
    return xr.concat(parts, "walk", data_vars="all", combine_attrs="override", join="exact")


def _place(chunk: Chunk) -> tuple[str, str, str]:
    return chunk.cell.part.name, chunk.cell.activation, chunk.cell.setting.name


def _one(data: xr.Dataset, chunk: Chunk, variables: Sequence[str] | None) -> xr.Dataset:
    if variables is not None:
        missing = [name for name in variables if name not in data]
        if missing:
            raise StudyError(
                f"variables must be of {sorted(map(str, data.data_vars))}; got {missing[0]!r}."
            )
        data = data[list(variables)]
    splits = np.full(data.sizes["walk"], chunk.cell.split)
    return data.assign_coords(split=("walk", splits))
