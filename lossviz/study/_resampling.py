"""The bootstrap in two stages: splits are drawn with replacement, then walks within each."""

from __future__ import annotations

import numpy as np

from lossviz.analysis.comparison import delta_of_weighted
from lossviz.analysis.statistics import Interval, interval


def two_stage(splits: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Return how often each walk occurs in each resample, shape (resample, walk).

    With one split only walks are drawn: nothing is then said of other splits.

    Args:
        splits: the split of each walk, shape (walk,).
        resamples: how many.
        seed: of the drawing.
    """
    rng = np.random.default_rng(seed)
    labels, place = np.unique(splits, return_inverse=True)
    times = rng.multinomial(len(labels), np.full(len(labels), 1 / len(labels)), size=resamples)
    drawn = np.zeros((resamples, len(splits)))
    for number in range(len(labels)):
        mine = np.flatnonzero(place == number)
        chances = np.full(len(mine), 1 / len(mine))
        drawn[:, mine] = rng.multinomial(times[:, number] * len(mine), chances)
    return drawn


def mean(values: np.ndarray, drawn: np.ndarray, level: float) -> Interval:
    """Return the mean of walks with its interval.

    Args:
        values: one per walk, shape (walk,); walks with NaN have none.
        drawn: what :func:`two_stage` returns.
        level: of confidence.
    """
    there = np.isfinite(values)
    weights, known = drawn[:, there], values[there]
    total = weights.sum(axis=1)
    found = (weights @ known)[total > 0] / total[total > 0]
    return interval(float(known.mean()), found, level)


def delta(first: np.ndarray, second: np.ndarray, drawn: np.ndarray, level: float) -> Interval:
    """Return Cliff's delta of two values of each walk, pairs being resampled together.

    Args:
        first: shape (walk,); walks with NaN are not in this group.
        second: the same walks.
        drawn: what :func:`two_stage` returns.
        level: of confidence.
    """
    a, b = np.isfinite(first), np.isfinite(second)
    order = np.argsort(second[b], kind="stable")
    ascending = second[b][order]
    below = np.searchsorted(ascending, first[a], side="left")
    upto = np.searchsorted(ascending, first[a], side="right")
    mine, other = drawn[:, a], drawn[:, b][:, order]
    usable = (mine.sum(axis=1) > 0) & (other.sum(axis=1) > 0)
    found = delta_of_weighted(mine[usable], other[usable], below, upto)
    whole = delta_of_weighted(np.ones((1, a.sum())), np.ones((1, b.sum())), below, upto)
    return interval(float(whole[0]), found, level)
