"""Whether and how gradient descent keeps to the largest curvature that it can bear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lossviz import _checks


@dataclass(frozen=True)
class EdgeOfStability:
    """How a run behaved at the limit of stability, counted over what was recorded of it.

    Attributes:
        limit: the largest stable curvature, 2 / learning rate.
        reached: index of the first record whose sharpness is at least the limit; None if there
            is none. What follows counts from there on.
        hover: median of sharpness / limit; None where the limit was not reached.
        above: share of records with a sharpness above the limit; None likewise.
        rises: share of records with a higher loss than the record before; None likewise, and
            where the limit was reached at the last record.
    """

    limit: float
    reached: int | None
    hover: float | None
    above: float | None
    rises: float | None


def edge_of_stability(
    loss: Float[np.ndarray, "record"], sharpness: Float[np.ndarray, "record"], learning_rate: float
) -> EdgeOfStability:
    r"""Say when a run of gradient descent reached the edge of stability, and what it did there.

    On a quadratic, gradient descent with learning rate r grows along an eigenvector whose
    eigenvalue exceeds :math:`2 / r`. On networks the largest eigenvalue is often seen to rise to
    that limit and to hover about it, while the loss falls, though not at each step (Cohen
    et al. 2021, section 3).

    Args:
        loss: training loss at the records, in the order of training, shape (records,), finite.
        sharpness: largest Hessian eigenvalue at the same records, shape (records,), finite.
        learning_rate: r > 0.

    Returns:
        When the limit was reached, and what the records say from then on.

    Raises:
        ValueError: if there is no record, shapes differ, or a number is not finite or not above 0.
        TypeError: if an argument is no number or no array of numbers.

    Example:
        >>> found = edge_of_stability([0.5, 0.4, 0.41, 0.3], [3.0, 21.0, 22.0, 19.0], 0.1)
        >>> found.limit, found.reached, found.hover, found.rises == 1 / 2
        (20.0, 1, 1.05, True)
    """
    losses = _checks.array("loss", loss, None)
    if not len(losses):
        raise ValueError("loss must have at least one record; got none.")
    sharp = _checks.array("sharpness", sharpness, len(losses))
    limit = 2 / _checks.real("learning_rate", learning_rate, above=0)
    over = np.flatnonzero(sharp >= limit)
    if not len(over):
        return EdgeOfStability(limit, None, None, None, None)
    first = int(over[0])
    ratio, steps = sharp[first:] / limit, np.diff(losses[first:])
    rises = float((steps > 0).mean()) if len(steps) else None
    return EdgeOfStability(limit, first, float(np.median(ratio)), float((ratio > 1).mean()), rises)
