"""Stationary attractors: losses at which walks find vanishing gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
import xarray as xr

from lossviz import _checks
from lossviz.analysis._series import loss_and_norm
from lossviz.analysis.attractor_kinds import attractor_kind
from lossviz.landscape.base import BaseLandscape
from lossviz.sampling.walks import progressive_gradient_walk

# From numbers of walks and of steps, one each per point, to points.
Points = Callable[[np.ndarray, np.ndarray], np.ndarray]

#: An attractor's kind is sought from this many of its points, of different walks.
_STARTS = 5


@dataclass(frozen=True)
class Attractor:
    """A loss level around which sampled points have almost no gradient.

    Attributes:
        level: the loss of the point with the smallest gradient there.
        gradient_norm: the gradient norm of that point.
        points: number of low-gradient points nearer to this level than to any other.
        walks: number of walks that visit one of these points.
        walk_share: the same as a share of all walks, in [0, 1].
        kind: what :func:`lossviz.attractor_kind` says, where asked for; None otherwise.
    """

    level: float
    gradient_norm: float
    points: int
    walks: int
    walk_share: float
    kind: str | None = None


def find_attractors(
    source: xr.Dataset | BaseLandscape,
    *,
    gradient_tolerance: float = 1e-2,
    separation: float = 0.03,
    min_walks: int = 1,
    num_walks: int | None = None,
    seed: int = 0,
    kinds: bool = False,
    landscape: BaseLandscape | None = None,
    progress: bool | None = None,
) -> tuple[Attractor, ...]:
    """Find the loss levels of stationary attractors in a sample of a landscape.

    Points with a gradient norm up to ``gradient_tolerance`` are low. A level is the loss of a low
    point that has the smallest gradient of all sampled points within ``separation`` of its loss:
    the bottom of a dip in the loss-gradient cloud (Bosman, Engelbrecht and Helbig 2020,
    arXiv 1901.02302). Levels that are infima at infinity, such as three of XOR's four, are
    approached as weights grow and never reached; the nearest point stands for them.

    Args:
        source: walks with variables ``loss`` and ``gradient_norm``, dimensions (walk, step); or
            a landscape, which is then sampled by 1,000-step progressive gradient walks from
            starts in [-1, 1] with steps of up to 0.02 (the study's micro setting with b = 1).
        gradient_tolerance: largest gradient norm of a low point, above 0. Walks with large
            steps jump around an attractor at a distance: they need a larger tolerance.
        separation: smallest difference between two levels, above 0, in units of the loss.
        min_walks: levels visited by fewer walks are left out; at least 1.
        num_walks: number of walks on a landscape; 10 per weight if None.
        seed: seed of these walks.
        kinds: whether to tell the kind of each attractor by :func:`lossviz.attractor_kind`, from
            the points with the smallest gradients. A data set must then have the variable
            ``weights``.
        landscape: the landscape that was sampled; needed for the kinds of a data set.
        progress: whether to show a progress bar while a landscape is sampled; see
            :func:`lossviz.progressive_gradient_walk`.

    Returns:
        The attractors in ascending order of their level; empty if no point is low.

    Raises:
        ValueError: if a number is out of its range or the data set lacks a variable, or has
            non-finite values; or if kinds are asked for and the weights or the landscape of a
            data set are missing.
        TypeError: if ``source`` is neither a data set nor a landscape, ``landscape`` no
            landscape or ``kinds`` no boolean.

    Example:
        XOR has levels at 0, (ln 2)/2, 3/4 H(1/3) and ln 2:

        >>> from lossviz import Landscape
        >>> [round(a.level, 2) for a in find_attractors(Landscape("xor", "tanh"))]
        [0.0, 0.35, 0.48, 0.69]
    """
    tolerance = _checks.real("gradient_tolerance", gradient_tolerance, above=0)
    separation = _checks.real("separation", separation, above=0)
    min_walks = _checks.whole("min_walks", min_walks, 1)
    landscape = _kinds_of(source, kinds, landscape)
    if isinstance(source, BaseLandscape):
        count = 10 * source.num_weights if num_walks is None else num_walks
        walk = partial(_study_walks, landscape, seed=seed, progress=progress)
        loss, norm = loss_and_norm(walk(count, ("loss", "gradient_norm")))
        points = partial(_walked_again, walk)
    else:
        loss, norm = loss_and_norm(source)
        points = _stored(source, landscape) if kinds else None
    levels = _levels(loss.ravel(), norm.ravel(), tolerance, separation)
    nearest = nearest_levels(loss, norm, [level for level, _ in levels], tolerance)
    found = _describe(levels, nearest)
    if kinds:
        found = [
            replace(
                each, kind=_kind(landscape, points, norm, nearest == number, tolerance, separation)
            )
            for number, each in enumerate(found)
        ]
    return tuple(attractor for attractor in found if attractor.walks >= min_walks)


def _kinds_of(
    source: object, kinds: object, landscape: BaseLandscape | None
) -> BaseLandscape | None:
    """Return the landscape on which kinds are sought; None if they are not asked for."""
    if not isinstance(kinds, bool):
        raise TypeError(f"kinds must be True or False; got {kinds!r}.")
    if landscape is not None and not isinstance(landscape, BaseLandscape):
        raise TypeError(f"landscape must be a Landscape or None; got {type(landscape).__name__}.")
    if isinstance(source, BaseLandscape):
        return source
    if kinds and landscape is None:
        raise ValueError("landscape must be given for the kinds of a data set; got None.")
    return landscape


def _study_walks(
    landscape: BaseLandscape, count: int, measures: tuple[str, ...], *, seed: int,
    progress: bool | None, numbers: Sequence[int] | None = None,
) -> xr.Dataset:  # fmt: skip
    """Sample the study's micro setting with b = 1."""
    return progressive_gradient_walk(
        landscape, count, 1000, 0.02, 1.0, seed, measures=measures, walk_numbers=numbers,
        progress=progress,
    )  # fmt: skip


def _walked_again(
    walk: Callable[..., xr.Dataset], walks: np.ndarray, steps: np.ndarray
) -> np.ndarray:
    """Return some points of walks whose weights were not kept: a walk is the same every time."""
    found = walk(len(walks), ("weights",), numbers=walks.tolist())
    return found.weights.values[np.arange(len(walks)), steps]


def _stored(source: xr.Dataset, landscape: BaseLandscape) -> Points:
    """Return what gives some points of walks whose weights were kept."""
    if "weights" not in source:
        raise ValueError("source must have the variable weights for kinds; it is missing.")
    weights = source["weights"].transpose("walk", "step", "weight").values
    if weights.shape[-1] != landscape.num_weights:
        raise ValueError(
            f"source must have points of {landscape.num_weights} weights, as the landscape; "
            f"got {weights.shape[-1]}."
        )
    return lambda walks, steps: weights[walks, steps]


def _kind(
    landscape: BaseLandscape,
    points: Points,
    norm: np.ndarray,
    mine: np.ndarray,
    tolerance: float,
    separation: float,
) -> str:
    """Return the kind of the attractor to which the points ``mine`` (walk, step) belong.

    The deepest walks are taken, and of each the point whose gradient is nearest to a hundredth of
    the tolerance: a gradient that is round-off already cannot be followed further down.
    """
    depth = np.where(mine, norm, np.inf).min(axis=1)
    walks = np.argsort(depth, kind="stable")[:_STARTS]
    walks = walks[np.isfinite(depth[walks])]
    with np.errstate(divide="ignore"):
        off = np.abs(np.log(norm[walks] / (0.01 * tolerance)))
    step = np.where(mine[walks], off, np.inf).argmin(axis=1)
    starts = torch.from_numpy(points(walks, step))
    return attractor_kind(landscape, starts, separation=separation).kind


def _levels(
    loss: np.ndarray, norm: np.ndarray, tolerance: float, separation: float
) -> list[tuple[float, float]]:
    """Return (loss, gradient norm) of each low point that is lowest within the separation."""
    # A point that is not low cannot be lower than one that is, so low points are all that counts.
    low = np.flatnonzero(norm <= tolerance)
    low = low[np.argsort(loss[low], kind="stable")]
    at, depth = loss[low], norm[low]
    first = np.searchsorted(at, at - separation, side="left")
    last = np.searchsorted(at, at + separation, side="right")
    levels: list[tuple[float, float]] = []
    for point in np.flatnonzero(depth == _window_minima(depth, first, last)):
        # Equal minima (a gradient of exactly 0, say) within the separation are one level.
        if not levels or at[point] - levels[-1][0] > separation:
            levels.append((float(at[point]), float(depth[point])))
    return levels


def _window_minima(values: np.ndarray, first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Return the smallest of values[first[i]:last[i]] for every i, none of them empty.

    A window is covered by two that overlap and whose length is a power of two; the minima of
    all windows of length 2^k follow from those of length 2^(k-1).
    """
    minima = np.empty_like(values)
    power = np.frexp(last - first)[1] - 1  # floor of the base-2 logarithm of the length
    table, length = values, 1
    for k in range(int(power.max(initial=-1)) + 1):
        mine = power == k
        minima[mine] = np.minimum(table[first[mine]], table[last[mine] - length])
        table = np.minimum(table[:-length], table[length:])
        length *= 2
    return minima


def nearest_levels(
    loss: np.ndarray, norm: np.ndarray, levels: list[float], tolerance: float
) -> np.ndarray:
    """Return the number of the level nearest to each low point; -1 where a point is not low."""
    if not levels:
        return np.full(loss.shape, -1)
    distance = np.abs(loss[..., None] - np.array(levels))
    return np.where(norm <= tolerance, distance.argmin(axis=-1), -1)


def _describe(levels: list[tuple[float, float]], nearest: np.ndarray) -> list[Attractor]:
    attractors = []
    for number, (level, depth) in enumerate(levels):
        mine = nearest == number
        walks = int(mine.any(axis=1).sum())
        attractors.append(Attractor(level, depth, int(mine.sum()), walks, walks / len(nearest)))
    return attractors
