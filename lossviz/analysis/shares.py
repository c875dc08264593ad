"""Uncertainty of a share of independent draws."""

from __future__ import annotations

from scipy.stats import binomtest

from lossviz import _checks
from lossviz.analysis.statistics import Interval, check_level


def share_interval(count: int, total: int, level: float = 0.95) -> Interval:
    r"""Estimate a probability from independent draws, with the exact binomial interval.

    The interval of Clopper and Pearson (1934): all probabilities p that neither
    :math:`P(X \ge \mathrm{count})` nor :math:`P(X \le \mathrm{count})` of a binomial X refutes at
    (1 - level) / 2. It covers the truth at least as often as it says, also for rare events and
    for none at all. Points of one walk are not independent: use :func:`lossviz.bootstrap_mean`.

    Args:
        count: how many of the draws count, from 0 to ``total``.
        total: number of draws, at least 1.
        level: confidence level, in (0, 1).

    Returns:
        The share, with its interval.

    Raises:
        ValueError: if a number is out of its range.
        TypeError: if a number is of the wrong type.

    Example:
        Nothing in a hundred draws still allows for almost four per cent:

        >>> found = share_interval(0, 100)
        >>> found.value, found.low, round(found.high, 3)
        (0.0, 0.0, 0.036)
    """
    total = _checks.whole("total", total, 1)
    count = _checks.whole("count", count, 0)
    if count > total:
        raise ValueError(f"count must be at most total, {total}; got {count}.")
    level = check_level(level)
    ends = binomtest(count, total).proportion_ci(level, method="exact")
    return Interval(count / total, float(ends.low), float(ends.high), level)
