"""Stagnation: stretches of a walk in which the loss hardly changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from lossviz.analysis._series import losses

#: Windows that are tried, in this order, in steps.
WINDOWS = (20, 18, 16, 14, 12, 10, 8, 6)

#: A stretch is longer than this many steps.
_SHORTEST = 5

#: A threshold below this makes the whole series one stretch (the loss is scaled to [0, 1]).
_STILL = 1e-8


@dataclass(frozen=True)
class Stagnation:
    """Stagnant stretches of walks; every array has the shape of the walks, (walk,) or ().

    Attributes:
        stretches: number of stagnant stretches.
        mean_length: their mean length in steps; 0 where there is none.
        share: share of the smoothed series that is stagnant, in [0, 1].
        window: the window that was kept, in steps; 0 where no window shows a stretch.
    """

    stretches: Int[np.ndarray, "*walk"]
    mean_length: Float[np.ndarray, "*walk"]
    share: Float[np.ndarray, "*walk"]
    window: Int[np.ndarray, "*walk"]


def stagnation(loss: Float[np.ndarray, "*walk step"] | xr.DataArray | xr.Dataset) -> Stagnation:
    r"""Count the stretches in which walks stagnate, and measure their length.

    The loss :math:`f_t` of each walk is scaled to [0, 1] by the walk's own smallest and largest
    value. For each window w = 20, 18, ..., 6 it is smoothed by an exponentially weighted moving
    average, and that average's standard deviation is taken over each w consecutive steps:

    .. math::

        a_t = \alpha f_t + (1 - \alpha)\, a_{t-1}, \quad \alpha = \frac{2}{w + 1}, \quad a_0 = f_0;
        \qquad s_t = \operatorname{sd}(a_t, \dots, a_{t+w-1}).

    A stretch is a run of more than 5 values of s below the standard deviation of the whole series
    s. The window with the largest mean length is kept, the larger one of two equal ones. If that
    threshold is below 1e-8, the whole series is one stretch: a constant walk is one. (Bosman,
    Engelbrecht and Helbig 2020, arXiv 1901.02302; standard deviations divide by n.)

    The authors' public program differs: it does not reset its counter after a run of 5 or fewer
    steps, so that several short runs add up to a stretch. Here such runs count for nothing.

    Args:
        loss: losses, shape (walk, step) or (step,), with 11 steps or more; or a data array over
            these dimensions; or a data set with the variable ``loss``. A window is tried where
            its series is longer than 5: all of them from 25 steps on.

    Returns:
        Number, mean length and share of stretches and the window, one value per walk.

    Raises:
        ValueError: for another shape, too few steps, values that are not finite, or a data set
            without ``loss``.
        TypeError: if the losses are no real numbers.

    Example:
        A walk that descends and then stays has one stretch:

        >>> found = stagnation([max(0.0, 1 - step / 50) for step in range(200)])
        >>> int(found.stretches)
        1
    """
    values = losses(loss, WINDOWS[-1] + _SHORTEST)
    walks = _scaled(np.atleast_2d(values))
    best = np.zeros((3, len(walks)))  # number of stretches, steps in them, window
    share = np.zeros(len(walks))
    for window in WINDOWS:
        if walks.shape[1] - window < _SHORTEST:
            continue
        number, total = _stretches(_deviation(_smooth(walks, window), window))
        # Compared without dividing: mean lengths are ratios of whole numbers.
        longer = total * np.maximum(best[0], 1) > best[1] * np.maximum(number, 1)
        best[:, longer] = np.stack([number, total, np.full(len(walks), window)])[:, longer]
        share[longer] = total[longer] / (walks.shape[1] - window + 1)
    shape = values.shape[:-1]
    number, total, window = (row.reshape(shape) for row in best)
    mean = total / np.maximum(number, 1)
    return Stagnation(
        number.astype(int)[()], mean[()], share.reshape(shape)[()], window.astype(int)[()]
    )


def _scaled(walks: np.ndarray) -> np.ndarray:
    """Scale each walk to [0, 1]; a constant one becomes 0."""
    low = walks.min(axis=1, keepdims=True)
    span = walks.max(axis=1, keepdims=True) - low
    return (walks - low) / np.where(span > 0, span, 1)


def _smooth(walks: np.ndarray, window: int) -> np.ndarray:
    """Return the exponentially weighted moving average along the steps."""
    weight = 2 / (window + 1)
    average = walks.T.copy()
    for step in range(1, len(average)):
        average[step] = weight * average[step] + (1 - weight) * average[step - 1]
    return average.T


def _deviation(series: np.ndarray, window: int) -> np.ndarray:
    """Return the standard deviation of every ``window`` consecutive values, in two passes.

    Sums of squares in one pass would cancel: late in a walk the values differ by little.
    """
    count = series.shape[1] - window + 1
    shifted = [series[:, k : k + count] for k in range(window)]
    mean = sum(shifted) / window
    return np.sqrt(sum((part - mean) ** 2 for part in shifted) / window)


def _stretches(deviation: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of stretches of each row and the number of steps in them."""
    threshold = deviation.std(axis=1, keepdims=True)
    still = (deviation < threshold) | (threshold < _STILL)
    edges = np.diff(np.pad(still, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(edges == 1)
    length = np.nonzero(edges == -1)[1] - start  # both are in the order of rows, then steps
    kept = length > _SHORTEST
    rows = len(deviation)
    number = np.bincount(row[kept], minlength=rows)
    return number, np.bincount(row[kept], weights=length[kept], minlength=rows)
