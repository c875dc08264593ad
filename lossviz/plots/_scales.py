"""Scales that fit what is drawn: linear, or logarithmic where the range asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.ticker import MaxNLocator

# Positive numbers whose largest is more than this many times the smallest are drawn on a
# logarithmic scale, which reaches at most this many times below the largest.
_WIDE, _DEEPEST = 30.0, 1e6
_TINIEST = 1e-290  # what is smaller has no room for decades
_BEHIND = 1.04  # an axis goes on this far behind a marked level: a line on its edge is not seen
# Steps within a decade, from fine to coarse: the finest that gives few enough levels is taken.
_STEPS = (
    (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), (1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,),
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """Levels that hold a range of numbers, and how colours and axes go through it.

    Attributes:
        levels: ascending; the first is at most the lowest number that is drawn as such.
        log: whether the scale is logarithmic.
        cut: whether numbers lie below the first level: zeros, and what is too far below.
    """

    levels: np.ndarray
    log: bool
    cut: bool

    @property
    def norm(self) -> Normalize:
        """How numbers become colours."""
        kind = LogNorm if self.log else Normalize
        return kind(self.levels[0], self.levels[-1])


def is_wide(finite: np.ndarray) -> bool:
    """Say whether non-negative numbers ask for a logarithmic scale."""
    positive = finite[finite > 0]
    if finite.min() < 0 or not len(positive) or finite.max() < _TINIEST:
        return False
    return finite.max() / _WIDE > positive.min()


def scale_of(finite: np.ndarray, log: bool = True, most: int = 16) -> Scale:
    """Return a scale for finite numbers, of about ``most`` levels; ``log`` allows a logarithm."""
    low, high = float(finite.min()), float(finite.max())
    if not (log and is_wide(finite)):
        spread = high - low
        if spread <= 1e-9 * max(abs(low), abs(high)):
            spread = 0.1 * abs(low) or 1.0
        levels = MaxNLocator(most - 4).tick_values(low, low + spread)
        # Rounding may leave the ends a little within.
        levels[[0, -1]] = min(levels[0], low), max(levels[-1], high)
        return Scale(levels, log=False, cut=False)
    lowest = max(float(finite[finite > 0].min()), high / _DEEPEST)
    for steps in _STEPS:
        levels = _within(steps, lowest, high)
        if len(levels) <= most:
            break
    return Scale(levels, log=True, cut=low < levels[0])


def end_behind(end: float, levels: Sequence[float]) -> float:
    """Return where an axis ends that would end at ``end``, but shows all levels."""
    return max([end, *(_BEHIND * level for level in levels)])


def outside(axes: Axes, across: np.ndarray, upwards: np.ndarray) -> np.ndarray:
    """Return which points a panel's axes do not show."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    return (across < left) | (across > right) | (upwards < bottom) | (upwards > top)


def _within(steps: tuple[float, ...], low: float, high: float) -> np.ndarray:
    """Return the levels of a series from the last at or below ``low`` to the first above."""
    decades = np.arange(np.floor(np.log10(low)) - 1, np.ceil(np.log10(high)) + 2)
    with np.errstate(over="ignore"):
        series = np.sort(np.outer(10.0**decades, steps).ravel())
    first = np.searchsorted(series, low, side="right") - 1
    last = np.searchsorted(series, high, side="left")
    levels = series[first : last + 1]
    return np.where(np.isfinite(levels), levels, high)  # nothing lies above the largest float
