"""A study in a few numbers per walk: what the report and the book's chapters read."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from lossviz.analysis.generalisation import generalisation
from lossviz.analysis.stagnation import stagnation
from lossviz.analysis.valleys import VALLEYS
from lossviz.curvature._classes import CURVATURE_CLASSES

# What a point's curvature says by one definition, each of shape (walk, point).
Counts = Mapping[str, np.ndarray]

_LEAST_STEPS = 25  # for all windows of the stagnation measure


def definitions(walks: xr.Dataset) -> list[str]:
    """Return the names of the definitions of curvature that a cell has."""
    if "has_negative" in walks:
        return ["lanczos"]
    if "curvature" not in walks:
        return []
    return [f"full {rtol:.0e}" for rtol in walks["rtol"].values] + ["blockwise"]


def counts(walks: xr.Dataset, definition: str) -> dict[str, np.ndarray]:
    """Return class, and which points are semidefinite and how much of each is flat.

    Points are those that have a curvature: (walk, step), or (walk, point) where some were chosen.
    By Lanczos only the semidefinite ones are known: those without a proven negative eigenvalue.
    """
    if definition == "lanczos":
        return {"semidefinite": walks["has_negative"].values == 0}  # no boolean in a file
    if definition == "blockwise":
        names = [f"{name}_blockwise" for name in ("curvature", "positive", "negative", "zero")]
        classes, *signs = (walks[name].values for name in names)
    else:
        at = definitions(walks).index(definition)
        names = ["curvature", "positive", "negative", "zero"]
        classes, *signs = (walks[name].values[..., at] for name in names)
    positive, negative, zero = (sign.astype(float) for sign in signs)
    known = classes != CURVATURE_CLASSES.index("undetermined")
    with np.errstate(invalid="ignore"):
        flat = zero / (positive + negative + zero)
    return {"class": classes, "semidefinite": (negative == 0) & known, "zero": flat}


def at_points(walks: xr.Dataset, values: np.ndarray) -> np.ndarray:
    """Return values (walk, step) at the points that have a curvature."""
    if "point_step" not in walks:
        return values
    return np.take_along_axis(values, walks["point_step"].values.astype(int), axis=1)


def sampled_fairly(walks: xr.Dataset) -> np.ndarray | None:
    """Return which points stand for the whole walk, shape (walk, point); None if all do."""
    return walks["chosen"].values == 0 if "chosen" in walks else None


def summarise(walks: xr.Dataset, labels: np.ndarray | None) -> xr.Dataset:
    """Return a few numbers per walk of a cell.

    Args:
        walks: what :func:`lossviz.study.read` returns.
        labels: valley of each point, shape (walk, step), as ``find_valleys`` has them; None
            where there are none.

    Returns:
        A data set over ``walk`` and, for curvature, ``definition``. ``*_share`` are shares of
        points; ``test_*`` are at the smallest training loss; ``*_wide``, ``*_narrow``,
        ``*_singular`` and ``*_regular`` are means over points of this kind, NaN where a walk has
        none.
    """
    found = {name: ("walk", values) for name, values in _of_walks(walks, labels).items()}
    names = definitions(walks)
    columns = [_of_curvature(walks, counts(walks, name), labels) for name in names]
    for name in columns[0] if columns else ():
        found[name] = (("walk", "definition"), np.stack([each[name] for each in columns], -1))
    return xr.Dataset(
        {name: (dims, values.astype(np.float32)) for name, (dims, values) in found.items()},
        {"number": ("walk", walks["walk"].values.astype(np.int32)),
         "split": ("walk", walks["split"].values.astype(np.int32)), "definition": names},
    )  # fmt: skip


def _of_walks(walks: xr.Dataset, labels: np.ndarray | None) -> dict[str, np.ndarray]:
    loss = walks["loss"].values
    found = {"loss": loss.min(axis=1), "final_loss": loss[:, -1], "start_loss": loss[:, 0]}
    if "test_loss" in walks:
        lowest = generalisation(walks)
        found |= {name: lowest[name].values for name in ("accuracy", "test_loss", "gap")}
        found["test_error"] = 1 - lowest["test_accuracy"].values
    if loss.shape[1] >= _LEAST_STEPS:
        still = stagnation(loss)
        found |= {"stretches": still.stretches, "stretch_length": still.mean_length}
    if "saturation" in walks:
        found["saturation"] = walks["saturation"].values.mean(axis=1)
    if labels is not None:
        for number, name in enumerate(VALLEYS):
            mine = labels == number
            found[f"{name}_share"] = mine.mean(axis=1)
            if "saturation" in walks:
                found[f"saturation_{name}"] = _mean_where(walks["saturation"].values, mine)
    return found


def _of_curvature(
    walks: xr.Dataset, of: Counts, labels: np.ndarray | None
) -> dict[str, np.ndarray]:
    """Return shares and means of each walk by one definition."""
    fair = sampled_fairly(walks)
    everywhere = np.ones(of["semidefinite"].shape, bool) if fair is None else fair
    found = {"semidefinite_share": _mean_where(of["semidefinite"], everywhere)}
    if "class" not in of:
        return found
    for code, name in enumerate(CURVATURE_CLASSES):
        found[f"{name}_share"] = _mean_where(of["class"] == code, everywhere)
    found["zero_share"] = _mean_where(of["zero"], everywhere)
    if labels is not None:
        mine = at_points(walks, labels)
        for number, name in enumerate(VALLEYS):
            found[f"zero_share_{name}"] = _mean_where(of["zero"], mine == number)
    if "saturation" in walks:
        saturation = at_points(walks, walks["saturation"].values)
        singular = of["class"] == CURVATURE_CLASSES.index("singular")
        found["saturation_singular"] = _mean_where(saturation, singular)
        found["saturation_regular"] = _mean_where(saturation, ~singular)
    return found


def _mean_where(values: np.ndarray, mine: np.ndarray) -> np.ndarray:
    """Return each row's mean over the points that are meant, NaN where there is none."""
    mine = mine & np.isfinite(values)
    number = mine.sum(axis=1)
    total = np.where(mine, values, 0).sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)
