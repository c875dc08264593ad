"""Quadratic landscapes: the shape of any smooth loss close to a critical point."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from lossviz import _checks


def quadratic_descent(
    eigenvalues: Float[np.ndarray, "weight"],
    start: Float[np.ndarray, "weight"],
    rate: float,
    num_steps: int,
) -> Float[np.ndarray, "step weight"]:
    r"""Return the points of gradient descent on a quadratic, in the axes of its eigenvectors.

    For :math:`L(w) = \frac12 \sum_i \lambda_i w_i^2` each step multiplies each coordinate by a
    factor of its own,

    .. math::

        w_{k,i} = (1 - \eta \lambda_i)^k \, w_{0,i},

    so a coordinate shrinks where :math:`0 < \lambda_i < 2 / \eta`, stays where
    :math:`\lambda_i = 0`, and grows elsewhere.

    Args:
        eigenvalues: curvatures along the axes, shape (weight,), finite.
        start: the first point, shape (weight,), finite.
        rate: step size, above 0.
        num_steps: number of points, the start included, at least 1.

    Returns:
        Points, shape (step, weight).

    Raises:
        ValueError: if shapes differ or a number is out of its range or not finite.
        TypeError: if an argument is of the wrong type.

    Example:
        In a saddle the first coordinate halves with each step, the second grows by half:

        >>> quadratic_descent([1.0, -1.0], [1.0, 1.0], rate=0.5, num_steps=3).tolist()
        [[1.0, 1.0], [0.5, 1.5], [0.25, 2.25]]
    """
    curvatures = _checks.array("eigenvalues", eigenvalues, None)
    first = _checks.array("start", start, len(curvatures))
    rate = _checks.real("rate", rate, above=0)
    steps = np.arange(_checks.whole("num_steps", num_steps, 1))
    return (1 - rate * curvatures) ** steps[:, None] * first
