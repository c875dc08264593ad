"""Points of walks for the linked cloud: checked, thinned evenly, ready to be sent."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr

from lossviz.curvature._classes import CURVATURE_CLASSES, INERTIA_KINDS, inertia_kinds
from lossviz.explorers._cloud_axes import Axis
from lossviz.landscape.mlp import Landscape

# A notebook's output stays small: so many bytes hold the points, a number in 4/3 of 4 of them.
_BYTES, _NUMBER = 20_000, 16 / 3

# Where steps must be left out, at most so many walks are kept, so that their paths are seen, and at
# least three quarters: otherwise one point too many would cost every second step.
_WALKS = 24

_NEEDED = ("loss", "gradient_norm")
_MEANS = ("saturation", "accuracy", "test_loss", "test_accuracy")


@dataclass(frozen=True)
class Thinned:
    """Which points of walks are shown.

    Attributes:
        walks: positions of the walks.
        every: each walk's steps 0, every, 2 every, ... are shown.
        total_walks: how many walks there are.
        total_steps: how many steps each has.
    """

    walks: np.ndarray
    every: int
    total_walks: int
    total_steps: int

    @property
    def steps(self) -> np.ndarray:
        """Positions of the steps."""
        return np.arange(0, self.total_steps, self.every)

    def told(self) -> str:
        """Say which points are shown."""
        count = len(self.walks) * len(self.steps)
        if count == self.total_walks * self.total_steps:
            return f"All {count:,} points are shown."
        return (
            f"Shown are {count:,} points: {_every(self.every)} of {len(self.walks)} walks of "
            f"{self.total_walks}, evenly taken. Shares are those of the points shown."
        )


def _every(k: int) -> str:
    if k == 1:
        return "every step"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(k % 10, "th") if k // 10 % 10 != 1 else "th"
    return f"every {k}{ending} step"


def thinned(num_walks: int, num_steps: int, numbers: float) -> Thinned:
    """Choose evenly as many points as can be sent, and among equals those of more walks.

    Args:
        num_walks: how many walks there are.
        num_steps: how many steps each has.
        numbers: how many numbers are sent per point.
    """
    most = int(_BYTES / (_NUMBER * numbers))
    least = min(-(-3 * min(num_walks, _WALKS) // 4), most)
    largest = min(num_walks, max(_WALKS, most // num_steps))
    best = (0, 0, 0)
    for every in range(1, num_steps + 1):
        steps = -(-num_steps // every)
        kept = min(largest, most // steps)
        if kept >= least:
            best = max(best, (kept * steps, kept, every))
    _, kept, every = best
    return Thinned(np.arange(kept) * num_walks // kept, every, num_walks, num_steps)


def checked_walks(walks: xr.Dataset) -> xr.Dataset:
    """Return what can be shown of walks, with the dimensions walk and step in this order."""
    if not isinstance(walks, xr.Dataset):
        raise TypeError(f"walks must be a data set of walks; got {type(walks).__name__}.")
    missing = [name for name in _NEEDED if name not in walks]
    if missing:
        raise ValueError(
            f"walks must have the variables {list(_NEEDED)}; {missing} missing from one with "
            f"{sorted(map(str, walks.data_vars))}."
        )
    used = (*_NEEDED, *_MEANS, "curvature", "positive", "negative", "weights")
    found = {name: _ordered(walks[name]) for name in used if name in walks}
    for name in _NEEDED:
        if not np.isfinite(found[name]).any():
            raise ValueError(f"walks must have finite values of {name}; got none.")
    steps = walks.coords.get("step", np.arange(walks.sizes["step"]))
    return xr.Dataset(found, {"step": np.asarray(steps)}, attrs=walks.attrs)


def _ordered(values: xr.DataArray) -> xr.DataArray:
    dims = ("walk", "step", "weight") if values.name == "weights" else ("walk", "step")
    if set(values.dims) != set(dims):
        raise ValueError(
            f"{values.name} of walks must have the dimensions {dims}; got {values.dims}."
        )
    return values.transpose(*dims)


def checked_landscape(landscape: Any, walks: xr.Dataset) -> Landscape | None:
    """Return the landscape, if walks can have been on it."""
    if landscape is None:
        return None
    if not isinstance(landscape, Landscape):
        raise TypeError(
            "landscape must be a Landscape, whose samples and classes are known, or None; "
            f"got {type(landscape).__name__}."
        )
    about = landscape.describe()
    for name in ("problem", "layers", "split_seed", "activation", "loss_function"):
        if str(walks.attrs.get(name, about[name])) != about[name]:
            raise ValueError(
                f"landscape must be the one that was walked on, with {name} "
                f"{walks.attrs[name]!r}; got {about[name]!r}."
            )
    return landscape


def kinds_of(walks: xr.Dataset) -> tuple[tuple[str, ...], np.ndarray] | None:
    """Return the names of kinds of curvature and each point's kind, or None if not measured.

    Where signs of eigenvalues were counted, they tell apart what "singular" hides.
    """
    if "curvature" not in walks:
        return None
    classes = walks.curvature.values
    if {"positive", "negative"} <= set(walks.data_vars):
        kinds = inertia_kinds(classes, walks.positive.values, walks.negative.values)
        return INERTIA_KINDS, kinds.numpy()
    known = set(np.unique(classes).tolist())
    if not known <= set(range(len(CURVATURE_CLASSES))):
        raise ValueError(
            f"curvature of walks must be from 0 to {len(CURVATURE_CLASSES) - 1}; "
            f"got {sorted(known)}."
        )
    return CURVATURE_CLASSES, classes


def chosen(sample: xr.Dataset, num_rows: int) -> Thinned:
    """Choose the points that are sent, with so many outputs each."""
    means = sum(name in sample for name in _MEANS)
    kind = 1 / _NUMBER if "curvature" in sample else 0.0  # a letter
    walks, steps = sample.loss.shape
    step = 1 / min(walks, _WALKS)  # a step's number is sent once for all walks
    return thinned(walks, steps, len(_NEEDED) + means + num_rows + kind + step)


def points(sample: xr.Dataset, axes: tuple[Axis, Axis], log: bool) -> dict[str, Any]:
    """Return what is sent of points, walk by walk, with places along logarithmic axes as logs."""
    loss, gradient = (sample[name].values.ravel().astype(float) for name in _NEEDED)
    if log:
        with np.errstate(divide="ignore", invalid="ignore"):  # log 0 is beyond any axis
            loss, gradient = np.log10(loss), np.log10(gradient)
    flat = {
        name: sample[name].values.ravel().astype(np.float32) for name in _MEANS if name in sample
    }
    names, kinds = kinds_of(sample) or ((), None)
    return {
        "log": log,
        "walks": sample.sizes["walk"],
        "steps": sample.step.values.astype(np.float32),
        "loss": loss.astype(np.float32),
        "gradient": gradient.astype(np.float32),
        "axes": {name: asdict(each) for name, each in zip(("loss", "gradient"), axes, strict=True)},
        "names": list(names),
        "kinds": None if kinds is None else "".join(map(str, kinds.ravel().tolist())),
        "saturation": flat.get("saturation"),
        "means": [
            {"label": name.replace("_", " "), "values": values} for name, values in flat.items()
        ],
    }
