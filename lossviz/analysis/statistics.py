"""Uncertainty of what is estimated from walks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lossviz import _checks


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
    level = _checks.real("level", level, above=0)
    if level >= 1:
        raise ValueError(f"level must be below 1; got {level}.")
    count = _checks.whole("resamples", resamples, 1)
    rng = np.random.default_rng(_checks.whole("seed", seed, 0))
    drawn = rng.integers(len(per_walk), size=(count, len(per_walk)))
    means = per_walk[drawn].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(per_walk.mean()), float(low), float(high), level)
