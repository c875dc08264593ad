"""Trajectories on a plane, and how much of them it shows."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Float

from lossviz import _checks

_AXES = 2


def project_trajectory(
    trajectories: xr.Dataset | Mapping[str, xr.Dataset],
    directions: Float[np.ndarray, "axis weight"] | None = None,
    centre: Float[np.ndarray, "weight"] | None = None,
) -> xr.Dataset:
    r"""Project trajectories onto one plane, and say how much of them it shows.

    Without directions, these are the first two principal components of all points of all
    trajectories: those that hold most of their variance. That is little news by itself: a random
    walk of many steps in many dimensions, which goes nowhere, has the share
    :math:`6 / (\pi^2 k^2)` of its variance in its k-th component, 60.8 % and 15.2 %, and the plane
    shows it as a smooth arc (Antognini and Sohl-Dickstein 2018, arXiv 1806.08805).

    Args:
        trajectories: a data set with ``weights`` over (walk, step, weight), as
            :func:`lossviz.train` and walks give it, or several by the optimisers' names; shorter
            ones are filled up with NaN.
        directions: directions of the plane, shape (2, num_weights), linearly independent; they are
            made orthonormal, the first one's direction kept. None for principal components.
        centre: the plane's origin, shape (num_weights,); the mean of all points if None.

    Returns:
        A data set over (walk, step) with coordinates ``alpha`` and ``beta`` on the plane, in
        units of the weights, ``loss`` where it is known, orthonormal ``directions`` (axis,
        weight), ``centre`` (weight), ``explained_variance`` (axis), the share of the mean squared
        distance from the centre, in [0, 1], and ``random_walk_variance`` (axis). Several
        trajectories are told apart by the coordinate ``optimiser`` of ``walk``. The attribute
        ``reminder`` says both in a sentence.

    Raises:
        ValueError: if weights are missing or of different lengths, all points are the same or
            one, no point is finite, or directions or centre are of another shape, not
            finite, or dependent.
        TypeError: if ``trajectories`` is neither a data set nor a mapping to data sets.

    Example:
        >>> from lossviz import Landscape, train
        >>> landscape = Landscape("xor", "tanh")
        >>> starts = landscape.initial(1, seed=1, start_range=1.0)
        >>> runs = {name: train(landscape, starts, name, 0.1, 300) for name in ("gd", "adam")}
        >>> plane = project_trajectory(runs)
        >>> dict(plane.sizes), [str(name) for name in plane.optimiser.values]
        ({'walk': 2, 'step': 300, 'axis': 2, 'weight': 9}, ['gd', 'adam'])
        >>> plane.attrs["reminder"][-67:]
        'a long random walk in many dimensions would show 60.8 % and 15.2 %.'
    """
    # A data set is a mapping, too: from variables.
    alone = isinstance(trajectories, xr.Dataset) or not isinstance(trajectories, Mapping)
    several = {"": trajectories} if alone else trajectories
    weights, loss, steps = _together(several)
    finite = np.isfinite(weights).all(axis=-1)
    points = weights[finite]
    m = weights.shape[-1]
    if m < _AXES:
        raise ValueError(f"trajectories must have at least {_AXES} weights; got {m}.")
    if len(points) == 0:
        raise ValueError(f"trajectories must have a finite point; got {finite.size} that are not.")
    origin = points.mean(axis=0) if centre is None else _checks.array("centre", centre, m)
    axes = _principal(points - origin) if directions is None else _orthonormal(directions, m)
    places = (weights - origin) @ axes.T
    spread = np.square(points - origin).sum()
    if not spread > 0:
        raise ValueError(f"trajectories must have points that differ; got {len(points)} alike.")
    shares = np.square(places[finite]).sum(axis=0) / spread
    return _dataset(several, places, loss, steps, axes, origin, shares)


def random_walk_share(component: int) -> float:
    r"""Return the share of variance in a long random walk's k-th component, 6 / (pi k)^2.

    For a walk of many more dimensions than steps, and many steps.
    """
    return 6 / (math.pi * component) ** 2


# --- gathering ----------------------------------------------------------------------------------


def _together(
    several: Mapping[str, xr.Dataset],
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """Return weights (walk, step, weight) and losses (walk, step) of all, and their steps."""
    if not several:
        raise ValueError("trajectories must have at least one entry; got none.")
    weights = [_variable(name, run, "weights") for name, run in several.items()]
    lengths = {values.shape[-1] for values in weights}
    if len(lengths) > 1:
        raise ValueError(
            f"trajectories must have the same number of weights; got {sorted(lengths)}."
        )
    steps = [_steps(run) for run in several.values()]
    longest = np.unique(np.concatenate(steps))
    known = all("loss" in run for run in several.values())
    losses = [_variable(name, run, "loss") for name, run in several.items()] if known else None

    def padded(parts: list[np.ndarray]) -> np.ndarray:
        found = []
        for part, at in zip(parts, steps, strict=True):
            full = np.full((len(part), len(longest), *part.shape[2:]), np.nan)
            full[:, np.searchsorted(longest, at)] = part
            found.append(full)
        return np.concatenate(found)

    return padded(weights), None if losses is None else padded(losses), longest


def _variable(name: str, run: xr.Dataset, variable: str) -> np.ndarray:
    if not isinstance(run, xr.Dataset):
        raise TypeError(
            "trajectories must be a data set, or a mapping from names to data sets; got "
            f"{type(run).__name__}."
        )
    dims = ("walk", "step", "weight")[: 3 if variable == "weights" else 2]
    if variable not in run or set(run[variable].dims) != set(dims):
        got = f"dimensions {run[variable].dims}" if variable in run else f"{list(run)}"
        raise ValueError(
            f"trajectories must have {variable} over {dims}; got {got}"
            f"{f' for {name!r}' if name else ''}."
        )
    return run[variable].transpose(*dims).values.astype(np.float64)


def _steps(run: xr.Dataset) -> np.ndarray:
    return run.step.values if "step" in run.coords else np.arange(run.sizes["step"])


# --- the plane ----------------------------------------------------------------------------------


def _principal(offsets: Float[np.ndarray, "point weight"]) -> Float[np.ndarray, "axis weight"]:
    """Return the first right singular vectors, each with its largest component positive."""
    if len(offsets) < _AXES:
        offsets = np.concatenate([offsets, np.zeros((_AXES - len(offsets), offsets.shape[1]))])
    axes = np.linalg.svd(offsets, full_matrices=False)[2][:_AXES]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    return axes * np.sign(largest)


def _orthonormal(directions: Float[np.ndarray, "axis weight"], m: int) -> np.ndarray:
    given = _checks.array("directions", directions, _AXES, m)
    length = np.linalg.norm(given, axis=1, keepdims=True)
    if not (length > 0).all():
        raise ValueError(f"directions must not be zero; got norms {length.ravel().tolist()}.")
    units, scale = np.linalg.qr((given / length).T)
    if abs(scale[1, 1]) < 1e-10:
        raise ValueError("directions must be linearly independent; got two that are parallel.")
    return (units * np.sign(np.diag(scale))).T


def _dataset(
    several: Mapping[str, xr.Dataset], places: np.ndarray, loss: np.ndarray | None,
    steps: np.ndarray, axes: np.ndarray, origin: np.ndarray, shares: np.ndarray,
) -> xr.Dataset:  # fmt: skip
    chance = np.array([random_walk_share(k + 1) for k in range(_AXES)])
    variables = {
        "alpha": (("walk", "step"), places[..., 0], {"long_name": "first direction"}),
        "beta": (("walk", "step"), places[..., 1], {"long_name": "second direction"}),
        "directions": (("axis", "weight"), axes, {"long_name": "orthonormal directions"}),
        "centre": ("weight", origin, {"long_name": "origin of the plane"}),
        "explained_variance": ("axis", shares, {"long_name": "share of variance"}),
        "random_walk_variance": (
            "axis", chance, {"long_name": "share of variance of a long random walk"},
        ),
    }  # fmt: skip
    if loss is not None:
        variables["loss"] = (("walk", "step"), loss, {"long_name": "training loss"})
    coordinates = {"walk": np.arange(len(places)), "step": steps}
    if "" not in several:
        names = [name for name, run in several.items() for _ in range(run.sizes["walk"])]
        coordinates["optimiser"] = ("walk", names)
    first, second = (f"{100 * share:.1f} %" for share in shares)
    one, two = (f"{100 * share:.1f} %" for share in chance)
    reminder = (
        f"The plane shows {first} and {second} of the variance; a long random walk in many "
        f"dimensions would show {one} and {two}."
    )
    return xr.Dataset(variables, coords=coordinates, attrs={"reminder": reminder})
