"""Uncertainty of what is estimated from walks."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lossviz import _checks
from lossviz.analysis._series import strata


@dataclass(frozen=True)
class Estimate:
    """A mean over walks with a bootstrap interval.

    Attributes:
        mean: the mean over walks.
        low: lower end of the interval.
        high: upper end of the interval.
        level: the interval's confidence level.
    """

    mean: float
    low: float
    high: float
    level: float


def bootstrap_mean(
    values: Float[np.ndarray, "walk"], level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Estimate:
    """Estimate the mean over walks with a percentile bootstrap interval.

    Points of one walk depend on each other, walks do not: so walks are resampled, with
    replacement, and each contributes one value, such as its share of convex points.

    Args:
        values: one value per walk, shape (walks,), finite.
        level: confidence level, in (0, 1).
        resamples: number of bootstrap samples, at least 1.
        seed: seed of the resampling, at least 0.

    Returns:
        Mean and interval.

    Raises:
        ValueError: if ``values`` is empty, not finite or not one-dimensional, or a number is out
            of its range.

    Example:
        >>> estimate = bootstrap_mean([0.0, 1.0, 1.0, 0.0])
        >>> estimate.mean, estimate.low, estimate.high
        (0.5, 0.0, 1.0)
    """
    per_walk = _checks.array("values", values, None)
    level = check_level(level)
    count = _checks.whole("resamples", resamples, 1)
    rng = np.random.default_rng(_checks.whole("seed", seed, 0))
    drawn = rng.integers(len(per_walk), size=(count, len(per_walk)))
    means = per_walk[drawn].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(per_walk.mean()), float(low), float(high), level)


@dataclass(frozen=True)
class Interval:
    """A statistic with a bootstrap interval.

    Attributes:
        value: the statistic of the sample.
        low: lower end of the interval.
        high: upper end of the interval.
        level: the interval's confidence level.
    """

    value: float
    low: float
    high: float
    level: float


def bootstrap(
    values: Float[np.ndarray, "walk *rest"],
    statistic: Callable[[np.ndarray], float],
    groups: Sequence | None = None,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Estimate any statistic of walks with a percentile bootstrap interval.

    Walks are resampled with replacement, each with all its values: points of one walk depend on
    each other. With groups, such as the seeds that split the data, each group's walks are
    resampled among themselves, so that every resample has the same number from each (a
    stratified bootstrap; Efron and Tibshirani 1993).

    Args:
        values: one row per walk, shape (walk, ...), finite.
        statistic: a function of rows such as these, in any number and order, that returns a
            finite number.
        groups: one label per walk, numbers or names; None for one group.
        level: confidence level, in (0, 1).
        resamples: number of bootstrap samples, at least 1.
        seed: seed of the resampling, at least 0.

    Returns:
        The statistic of the sample and its interval.

    Raises:
        ValueError: if ``values`` is empty or not finite, the labels do not fit, a number is out
            of its range, or the statistic is not finite.
        TypeError: if ``statistic`` cannot be called or does not return a number.

    Example:
        The largest loss of three walks of two steps:

        >>> found = bootstrap([[0.1, 0.2], [0.4, 0.1], [0.0, 0.3]], np.max)
        >>> found.value, found.high
        (0.4, 0.4)
    """
    rows = _rows(values)
    if not callable(statistic):
        raise TypeError(f"statistic must be a function of an array; got {statistic!r}.")
    parts = strata(groups, len(rows))
    level = check_level(level)
    count = _checks.whole("resamples", resamples, 1)
    rng = np.random.default_rng(_checks.whole("seed", seed, 0))
    drawn = np.empty(count)
    for i in range(count):
        chosen = [part[rng.integers(len(part), size=len(part))] for part in parts]
        drawn[i] = _number(statistic(rows[np.concatenate(chosen)]))
    return interval(_number(statistic(rows)), drawn, level)


def interval(value: float, drawn: Float[np.ndarray, "resample"], level: float) -> Interval:
    """Return a statistic with the percentile interval of its resamples."""
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(low), float(high), level)


def check_level(level: float, what: str = "level") -> float:
    """Return a share as a float if it lies in (0, 1); raise ValueError otherwise."""
    value = _checks.real(what, level, above=0)
    if value >= 1:
        raise ValueError(f"{what} must be below 1; got {value}.")
    return value


def _rows(values: object) -> np.ndarray:
    rows = _checks.all_finite("values", _checks.tensor("values", values).detach().cpu()).numpy()
    if rows.ndim == 0 or rows.size == 0:
        raise ValueError(f"values must have shape (walk, ...), not empty; got {rows.shape}.")
    return rows


def _number(value: object) -> float:
    """Return what a statistic gave as a float, if it is one finite number."""
    if np.ndim(value) != 0 or not isinstance(value, numbers.Real | np.ndarray):
        raise TypeError(f"statistic must return a number; got {type(value).__name__}.")
    if not np.isfinite(value):
        raise ValueError(f"statistic must return a finite number; got {value}.")
    return float(value)
