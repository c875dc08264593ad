r"""Random symmetric matrices: what signs eigenvalues have if nothing but chance decides.

The Gaussian orthogonal ensemble (GOE; Mehta 2004) is the usual null model of a Hessian.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from lossviz import _checks, _streams

# P(all eigenvalues > 0), from the joint density of the eigenvalues.
_SHARES = (
    1 / 2,
    1 / 2 - math.sqrt(2) / 4,
    1 / 4 - math.sqrt(2) / (2 * math.pi),
)


def goe_matrices(size: int, count: int, seed: int) -> Float[np.ndarray, "count size size"]:
    r"""Draw random symmetric matrices of the Gaussian orthogonal ensemble.

    With a matrix X of independent standard normal entries,

    .. math::

        A = (X + X^\top) / \sqrt 2,

    so that entries off the diagonal have variance 1 and those on it 2. The distribution does not
    change under rotations, :math:`Q A Q^\top`: no direction is special (Mehta 2004).

    Args:
        size: number of rows, n, at least 1.
        count: number of matrices, at least 1.
        seed: seed of the draw, at least 0. The first matrices of a longer draw are the same.

    Returns:
        Exactly symmetric matrices, float64, shape (count, size, size).

    Raises:
        ValueError: if a number is out of its range.
        TypeError: if a number is no integer.

    Example:
        >>> matrices = goe_matrices(2, 10_000, seed=0)
        >>> f"{matrices[:, 0, 0].var():.1f} on the diagonal, {matrices[:, 0, 1].var():.1f} off it"
        '2.0 on the diagonal, 1.0 off it'
    """
    size = _checks.whole("size", size, 1)
    count = _checks.whole("count", count, 1)
    rng = _streams.stream(_checks.whole("seed", seed, 0), size, _streams.DIRECTION)
    normal = rng.standard_normal((count, size, size))
    return (normal + normal.transpose(0, 2, 1)) / math.sqrt(2)


def goe_positive_share(size: int) -> float:
    r"""Return the probability that all eigenvalues of a GOE matrix are positive.

    In closed form for n up to 3:

    .. math::

        P_1 = \frac12, \qquad P_2 = \frac{2 - \sqrt 2}{4}, \qquad
        P_3 = \frac{\pi - 2 \sqrt 2}{4 \pi}.

    Eigenvalues repel each other, so this is far below the :math:`2^{-n}` of independent signs;
    for large n it falls like :math:`3^{-n^2/4}` (Dean and Majumdar 2006).

    Args:
        size: number of rows, n, from 1 to 3.

    Returns:
        The probability.

    Raises:
        ValueError: if ``size`` is out of its range.
        TypeError: if it is no integer.

    Example:
        >>> [f"{goe_positive_share(n):.4f}" for n in (1, 2, 3)]
        ['0.5000', '0.1464', '0.0249']
    """
    size = _checks.whole("size", size, 1)
    if size > len(_SHARES):
        raise ValueError(f"size must be at most {len(_SHARES)} for a closed form; got {size}.")
    return _SHARES[size - 1]
