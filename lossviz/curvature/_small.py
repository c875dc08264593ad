"""Eigenvalues and inertia of many small symmetric matrices, compiled.

LAPACK takes one matrix at a time and, on small ones, spends its time on calls and on waiting for
one division after another. Here LANES matrices advance together, each in a lane of its own: the
innermost loop of every step runs over them. The steps are the usual ones, Householder reflections
to a tridiagonal matrix (Golub and Van Loan, Matrix Computations, section 8.3), then either the
root-free QL iteration of Pal, Walker and Kahan (Parlett, The Symmetric Eigenvalue Problem,
section 8.15), or counts of eigenvalues by the signs of Sturm's sequence (section 7.7 there). No
lane looks at another, so a result does not depend on a matrix's company or place.
"""

from __future__ import annotations

import math

import numpy as np

from lossviz._compiled import CONTRACT, compiled
from lossviz.curvature._tridiagonal import (
    EPS,
    LANES,
    TINY,
    bounds,
    count_beyond,
    count_signs,
    iterate,
    sort,
)

# Of the squared length of a column, in matrices whose largest entry is in [1, 2).
NOTHING = 1e-250

#: Below this tolerance rounding decides what counts as zero, and eigenvalues are looked at.
SMALLEST_RTOL = 1e-12


_compiled = compiled(CONTRACT)


@_compiled
def eigenvalues(entries: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return eigenvalues in ascending order, (matrices, n); NaN where undetermined.

    Args:
        entries: distinct entries of each matrix, (matrices, entries), float64.
        place: position of the entry of each cell, (n, n); only the lower triangle is read.
    """
    count, n = len(entries), len(place)
    values = np.empty((count, n))
    a, d, e, work, scale = _room(n)
    for start in range(0, count, LANES):
        _load(entries, place, start, a, scale)
        _tridiagonalise(a, d, e, work)
        iterate(d, e, work)
        for lane in range(min(LANES, count - start)):
            sort(d[:, lane], values[start + lane])
            values[start + lane] /= scale[lane]
    return values


@_compiled
def inertia(entries: np.ndarray, place: np.ndarray, rtol: float) -> tuple[np.ndarray, np.ndarray]:
    """Return numbers of positive and negative eigenvalues, (matrices, 2), and how they were found.

    With G a bound of all eigenvalues from above and g one of the largest from below, the counts
    beyond rtol G and beyond rtol g are compared: where they agree, the largest eigenvalue need not
    be known (True). Where not, the eigenvalues decide (False). Undetermined matrices get -1.

    Args:
        entries: as for ``eigenvalues``.
        place: as for ``eigenvalues``.
        rtol: at least ``SMALLEST_RTOL``.
    """
    count, n = len(entries), len(place)
    signs = np.empty((count, 2), np.int32)
    by_counts = np.ones(count, np.bool_)
    a, d, e, work, scale = _room(n)
    near, far = np.empty((LANES, 2), np.int32), np.empty((LANES, 2), np.int32)
    low, high = np.empty(LANES), np.empty(LANES)
    for start in range(0, count, LANES):
        _load(entries, place, start, a, scale)
        _tridiagonalise(a, d, e, work)
        bounds(d, e, low, high)
        for lane in range(LANES):
            low[lane] *= rtol
            high[lane] *= rtol
        count_beyond(d, e, low, work, near)
        count_beyond(d, e, high, work, far)
        lanes = min(LANES, count - start)
        agree = True
        for lane in range(lanes):
            same = near[lane, 0] == far[lane, 0] and near[lane, 1] == far[lane, 1]
            by_counts[start + lane] = same
            signs[start + lane] = near[lane]
            agree = agree and same
        if not agree:
            iterate(d, e, work)
        for lane in range(lanes):
            if not by_counts[start + lane]:
                count_signs(d[:, lane], rtol, signs[start + lane])
            if scale[lane] != scale[lane]:
                signs[start + lane] = -1
    return signs, by_counts


@_compiled
def _room(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return room for matrices, diagonals, off-diagonals, and what a step needs."""
    shape = (n, LANES)
    return (
        np.empty((n, n, LANES)), np.empty(shape), np.empty(shape),
        np.empty((2 * n + 6, LANES)), np.empty(LANES),
    )  # fmt: skip


@_compiled
def _load(
    entries: np.ndarray, place: np.ndarray, start: int, a: np.ndarray, scale: np.ndarray
) -> None:
    """Fill the lanes with matrices whose largest entry is in [1, 2); their scale, or NaN.

    What is left over at the end is filled with the last matrix.
    """
    n, last = len(place), len(entries) - 1
    for lane in range(LANES):
        row = entries[min(start + lane, last)]
        largest = 0.0
        for i in range(n):
            for j in range(i + 1):
                value = abs(row[place[i, j]])
                if not value <= largest and largest == largest:  # NaN is taken and kept
                    largest = value
        # Below tiny/eps, arithmetic on subnormal numbers has no relative precision left.
        known = TINY / EPS <= largest < np.inf
        factor = math.ldexp(1.0, 1 - math.frexp(largest)[1]) if known else np.nan
        scale[lane] = factor
        for i in range(n):
            for j in range(i + 1):
                a[i, j, lane] = row[place[i, j]] * factor if known else (1.0 if i == j else 0.0)


@_compiled
def _tridiagonalise(a: np.ndarray, d: np.ndarray, e: np.ndarray, work: np.ndarray) -> None:
    """Replace the matrices by tridiagonal ones: diagonals d, squared off-diagonals e."""
    n = len(a)
    v, p = work[:n], work[n : 2 * n]
    total, factor = work[2 * n], work[2 * n + 1]
    for k in range(n - 2):
        _reflector(a, k, d, e, v, total, factor)
        # p = factor A v, then A - v p' - p v' with p made orthogonal to half of v's share.
        for i in range(k + 1, n):
            for lane in range(LANES):
                p[i, lane] = a[i, i, lane] * v[i, lane]
        for i in range(k + 1, n):
            for j in range(k + 1, i):
                for lane in range(LANES):
                    p[i, lane] += a[i, j, lane] * v[j, lane]
                    p[j, lane] += a[i, j, lane] * v[i, lane]
        total[:] = 0.0
        for i in range(k + 1, n):
            for lane in range(LANES):
                p[i, lane] *= factor[lane]
                total[lane] += p[i, lane] * v[i, lane]
        for lane in range(LANES):
            total[lane] *= 0.5 * factor[lane]
        for i in range(k + 1, n):
            for lane in range(LANES):
                p[i, lane] -= total[lane] * v[i, lane]
        for i in range(k + 1, n):
            for j in range(k + 1, i + 1):
                for lane in range(LANES):
                    a[i, j, lane] -= v[i, lane] * p[j, lane] + p[i, lane] * v[j, lane]
    for lane in range(LANES):
        d[n - 1, lane] = a[n - 1, n - 1, lane]
        e[n - 1, lane] = 0.0
        if n > 1:
            d[n - 2, lane] = a[n - 2, n - 2, lane]
            e[n - 2, lane] = a[n - 1, n - 2, lane] ** 2


@_compiled
def _reflector(
    a: np.ndarray, k: int, d: np.ndarray, e: np.ndarray, v: np.ndarray,
    total: np.ndarray, factor: np.ndarray,
) -> None:  # fmt: skip
    """Find the reflection I - factor v v' that clears column k below the off-diagonal."""
    n = len(a)
    total[:] = 0.0
    for i in range(k + 2, n):
        for lane in range(LANES):
            v[i, lane] = a[i, k, lane]
            total[lane] += v[i, lane] * v[i, lane]
    for lane in range(LANES):
        x = a[k + 1, k, lane]
        # Entries below 1e-125 of the largest are nothing; 2 / square would overflow.
        rest = total[lane] if total[lane] > NOTHING else 0.0
        # The sign that does not cancel; nothing to reflect where the rest of the column is 0.
        end = x if rest == 0.0 else -math.copysign(math.sqrt(x * x + rest), x)
        v[k + 1, lane] = x - end
        square = (x - end) * (x - end) + rest
        factor[lane] = 2.0 / square if square > 0.0 else 0.0
        d[k, lane] = a[k, k, lane]
        e[k, lane] = end * end
