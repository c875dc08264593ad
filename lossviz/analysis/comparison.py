"""Comparison of groups of walks: rank tests and effect sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float
from scipy import stats

from lossviz import _checks
from lossviz.analysis.statistics import Interval, check_level, interval

# Resamples are worked through in chunks of about this many numbers.
_CHUNK = 2**20


@dataclass(frozen=True)
class RankTest:
    """A two-sided rank test of two samples.

    Attributes:
        test: ``"mann-whitney"`` or ``"wilcoxon"``.
        statistic: Mann and Whitney's U of the first sample: the number of pairs in which its
            value is the larger one, ties counted by half; or Wilcoxon's W+, the sum of the ranks
            of the positive differences.
        p_value: two-sided p-value, in [0, 1].
        effect: the rank-biserial correlation, in [-1, 1], positive if the first sample is
            larger: Cliff's delta, or (W+ - W-) / (W+ + W-) of pairs.
        count: number of values that were ranked: of both samples, or of differences not 0.
    """

    test: str
    statistic: float
    p_value: float
    effect: float
    count: int


@dataclass(frozen=True)
class Comparison:
    """Two of several groups, compared.

    Attributes:
        first: name of the first group.
        second: name of the second group.
        test: the rank test of first against second.
        p_adjusted: the p-value after Holm's correction for all pairs.
        delta: Cliff's delta of first against second, with its interval.
    """

    first: str
    second: str
    test: RankTest
    p_adjusted: float
    delta: Interval


def cliffs_delta(
    a: Float[np.ndarray, "first"],
    b: Float[np.ndarray, "second"],
    paired: bool = False,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    r"""Measure how much larger the values of one sample are, by Cliff's delta.

    .. math::

        \delta = P(a_i > b_j) - P(a_i < b_j)

    over all pairs (i, j): 1 if every a exceeds every b, 0 if neither tends to (Cliff 1993, doi
    10.1037/0033-2909.114.3.494). Sorting takes O(n log n), not the product of the sizes. The
    interval is a percentile bootstrap over walks.

    Args:
        a: one value per walk of the first group, shape (walks,), finite.
        b: the same of the second group.
        paired: whether value i of both stems from common random numbers: pairs are then
            resampled together, which leaves delta as it is and changes the interval.
        level: confidence level, in (0, 1).
        resamples: number of bootstrap samples, at least 1.
        seed: seed of the resampling, at least 0.

    Returns:
        Delta in [-1, 1] and its interval.

    Raises:
        ValueError: if a sample is empty, not finite or not one-dimensional, paired samples
            differ in size, or a number is out of its range.
        TypeError: if ``paired`` is no boolean.

    Example:
        >>> cliffs_delta([1.0, 2.0, 3.0], [2.0, 2.0, 0.0]).value
        0.3333333333333333
    """
    first, second = _samples(a, b, paired)
    level = check_level(level)
    count = _checks.whole("resamples", resamples, 1)
    rng = np.random.default_rng(_checks.whole("seed", seed, 0))
    order = np.argsort(second, kind="stable")
    below = np.searchsorted(second[order], first, side="left")
    upto = np.searchsorted(second[order], first, side="right")
    rows = max(1, _CHUNK // max(len(first), len(second)))
    drawn = []
    for start in range(0, count, rows):
        size = min(rows, count - start)
        mine = _multiplicities(rng, len(first), size)
        other = mine if paired else _multiplicities(rng, len(second), size)
        drawn.append(delta_of_weighted(mine, other[:, order], below, upto))
    whole = np.ones((1, len(first))), np.ones((1, len(second)))
    return interval(delta_of_weighted(*whole, below, upto)[0], np.concatenate(drawn), level)


def _multiplicities(rng: np.random.Generator, size: int, resamples: int) -> np.ndarray:
    """Return how often each of ``size`` walks occurs in each resample."""
    return rng.multinomial(size, np.full(size, 1 / size), size=resamples)


def delta_of_weighted(
    mine: np.ndarray, other: np.ndarray, below: np.ndarray, upto: np.ndarray
) -> np.ndarray:
    """Return delta for rows of multiplicities; the second sample's are in ascending order.

    ``below`` and ``upto`` are how many values of the second sample are less than, and at most,
    each of the first.
    """
    total = np.pad(np.cumsum(other, axis=1), ((0, 0), (1, 0)))
    excess = total[:, below] + total[:, upto] - total[:, -1:]
    return (mine * excess).sum(axis=1) / (mine.sum(axis=1) * total[:, -1])


def rank_test(
    a: Float[np.ndarray, "first"], b: Float[np.ndarray, "second"], paired: bool = False
) -> RankTest:
    """Test whether one sample tends to larger values than another, by ranks.

    Independent samples take Mann and Whitney's test, paired ones Wilcoxon's signed-rank test,
    which leaves out differences of 0. Ties share their mean rank. Small samples without ties
    have exact p-values, others those of the normal approximation (scipy's choice).

    Args:
        a: one value per walk of the first group, shape (walks,), finite.
        b: the same of the second group.
        paired: whether value i of both belong together, as with common random numbers.

    Returns:
        Which test, its statistic, p-value and effect size. Samples that cannot be told apart
        (all values, or all pairs, equal) have p-value 1 and effect 0.

    Raises:
        ValueError: if a sample is empty, not finite or not one-dimensional, or paired samples
            differ in size.
        TypeError: if ``paired`` is no boolean.

    Example:
        >>> found = rank_test([3.0, 4.0, 5.0], [1.0, 2.0, 2.5])
        >>> found.test, found.statistic, found.p_value, found.effect
        ('mann-whitney', 9.0, 0.1, 1.0)
    """
    first, second = _samples(a, b, paired)
    return _wilcoxon(first - second) if paired else _mann_whitney(first, second)


def _mann_whitney(first: np.ndarray, second: np.ndarray) -> RankTest:
    both = np.concatenate([first, second])
    pairs = len(first) * len(second)
    if np.ptp(both) == 0:
        return RankTest("mann-whitney", pairs / 2, 1.0, 0.0, len(both))
    found = stats.mannwhitneyu(first, second, alternative="two-sided")
    u = float(found.statistic)
    return RankTest("mann-whitney", u, float(found.pvalue), 2 * u / pairs - 1, len(both))


def _wilcoxon(difference: np.ndarray) -> RankTest:
    kept = difference[difference != 0]
    if len(kept) == 0:
        return RankTest("wilcoxon", 0.0, 1.0, 0.0, 0)
    ranks = stats.rankdata(np.abs(kept))
    up, total = float(ranks[kept > 0].sum()), float(ranks.sum())
    p_value = float(stats.wilcoxon(kept).pvalue)
    return RankTest("wilcoxon", up, p_value, 2 * up / total - 1, len(kept))


def compare(
    values_by_group: Mapping[str, Float[np.ndarray, "walk"]],
    paired: bool = False,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[Comparison, ...]:
    """Compare every pair of groups by a rank test and by Cliff's delta.

    P-values are corrected for the number of pairs by Holm's method (1979): the i-th smallest of
    k is multiplied by k - i + 1, and none may fall below the one before it.

    Args:
        values_by_group: for each group, such as an activation, one value per walk.
        paired: whether value i of all groups belong together; see :func:`lossviz.rank_test`.
        level: confidence level of the intervals of delta, in (0, 1).
        resamples: number of bootstrap samples, at least 1.
        seed: seed of the resampling, at least 0.

    Returns:
        One comparison for each pair, in the order of the groups.

    Raises:
        ValueError: if there are fewer than two groups, a sample is empty, not finite or not
            one-dimensional, paired samples differ in size, or a number is out of its range.
        TypeError: if ``values_by_group`` is no mapping or ``paired`` no boolean.

    Example:
        >>> groups = {"elu": [1.0, 2.0, 3.0], "relu": [2.0, 3.0, 4.0], "tanh": [9.0, 8.0, 7.0]}
        >>> [(c.first, c.second, round(c.p_adjusted, 2)) for c in compare(groups)]
        [('elu', 'relu', 0.37), ('elu', 'tanh', 0.3), ('relu', 'tanh', 0.3)]
    """
    if not isinstance(values_by_group, Mapping):
        raise TypeError(
            "values_by_group must be a mapping from names to arrays; "
            f"got {type(values_by_group).__name__}."
        )
    if len(values_by_group) < 2:
        raise ValueError(f"values_by_group must have two groups; got {list(values_by_group)}.")
    names = [str(name) for name in values_by_group]
    if len(set(names)) < len(names):
        raise ValueError(f"values_by_group must have distinct names; got {names}.")
    groups = {
        str(name): _checks.array(f"values_by_group[{name!r}]", values, None)
        for name, values in values_by_group.items()
    }
    pairs = list(combinations(groups, 2))
    tests = [rank_test(groups[a], groups[b], paired) for a, b in pairs]
    deltas = [cliffs_delta(groups[a], groups[b], paired, level, resamples, seed) for a, b in pairs]
    adjusted = _holm(np.array([test.p_value for test in tests]))
    return tuple(
        Comparison(a, b, test, float(p), delta)
        for (a, b), test, p, delta in zip(pairs, tests, adjusted, deltas, strict=True)
    )


def _holm(p_values: np.ndarray) -> np.ndarray:
    """Return p-values corrected by Holm's step-down method."""
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(p_values), 0, -1)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(1, np.maximum.accumulate(factors * p_values[order]))
    return adjusted


def _samples(a: object, b: object, paired: object) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(paired, bool):
        raise TypeError(f"paired must be True or False; got {paired!r}.")
    first = _checks.array("a", a, None)
    return first, _checks.array("b", b, len(first) if paired else None)
