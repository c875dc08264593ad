"""Eigenvalues that stand apart from the bulk of a spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from lossviz import _checks


@dataclass(frozen=True)
class Outliers:
    """How many of the largest eigenvalues stand apart, and by how much.

    Attributes:
        count: number of eigenvalues above the widest gap.
        ratio: the last of them over the next eigenvalue, at least 1: how wide the gap is.
    """

    count: int
    ratio: float


def spectral_outliers(eigenvalues: Float[np.ndarray, "eigenvalue"], most: int = 25) -> Outliers:
    r"""Count the eigenvalues above the widest gap, as a ratio, among the largest ones.

    With eigenvalues :math:`\lambda_1 \ge \lambda_2 \ge \dots`, the count is the i that makes
    :math:`\lambda_i / \lambda_{i+1}` largest, over i from 1 to ``most`` with
    :math:`\lambda_{i+1} > 0`; of equal gaps the first. In classifiers with k classes, about k
    eigenvalues are often seen to stand apart (Sagun et al. 2017). The rule always finds a gap: only
    its ratio says whether it means anything.

    Args:
        eigenvalues: of one Hessian, all or the largest, in any order, shape (count,), finite.
        most: greatest number of outliers, at least 1.

    Returns:
        The count, and the ratio of its gap.

    Raises:
        ValueError: if fewer than two eigenvalues are positive, or one is not finite.
        TypeError: if an argument is no number or no array of numbers.

    Example:
        >>> spectral_outliers([9.0, 8.0, 1.0, 0.5, -0.1])
        Outliers(count=2, ratio=8.0)
    """
    values = _checks.array("eigenvalues", eigenvalues, None)
    most = _checks.whole("most", most, 1)
    positive = np.sort(values[values > 0])[::-1][: most + 1]
    if len(positive) < 2:
        raise ValueError(
            f"eigenvalues must have at least two positive ones; got {len(positive)} of "
            f"{len(values)}."
        )
    ratios = positive[:-1] / positive[1:]
    return Outliers(int(np.argmax(ratios)) + 1, float(ratios.max()))
