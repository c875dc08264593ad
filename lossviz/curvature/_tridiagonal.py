"""Eigenvalues and signs of many small tridiagonal matrices, compiled: one matrix in each lane.

Diagonals d and squared off-diagonals e have shape (n, LANES). ``work`` is room for what a step
needs: 2 n rows and 6 more.
"""

from __future__ import annotations

import math

import numpy as np

from lossviz._compiled import CONTRACT, compiled

#: Matrices that advance together.
LANES = 64

EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)

_SWEEPS = 60

_compiled = compiled(CONTRACT)


@_compiled
def iterate(d: np.ndarray, e: np.ndarray, work: np.ndarray) -> None:
    """Replace the diagonals by the eigenvalues, in no order; NaN if they do not converge."""
    n = len(d)
    active = work[2 * n]
    for low in range(n - 1):
        for _ in range(_SWEEPS):
            remaining = 0
            for lane in range(LANES):
                limit = EPS * (abs(d[low, lane]) + abs(d[low + 1, lane]))
                active[lane] = 1.0 if e[low, lane] > limit * limit else 0.0
                remaining += e[low, lane] > limit * limit
            if remaining == 0:
                break
            _sweep(d, e, low, work[2 * n :])
        else:
            for lane in range(LANES):
                if active[lane] > 0.0:
                    d[:, lane] = np.nan


@_compiled
def _sweep(d: np.ndarray, e: np.ndarray, low: int, work: np.ndarray) -> None:
    """Do one QL step from the last row to ``low``, in the lanes that are active."""
    active, shift, gamma, square, cosine, sine = work
    last = len(d) - 1
    for lane in range(LANES):
        root = math.sqrt(e[low, lane]) if active[lane] > 0.0 else 1.0
        half = (d[low + 1, lane] - d[low, lane]) / (2.0 * root)
        length = math.sqrt(1.0 + half * half)
        shift[lane] = d[low, lane] - root / (half + (length if half >= 0.0 else -length))
        gamma[lane] = d[last, lane] - shift[lane]
        square[lane] = gamma[lane] * gamma[lane]
        cosine[lane], sine[lane] = 1.0, 0.0
    for i in range(last - 1, low - 1, -1):
        for lane in range(LANES):
            # Without branches, so that the lanes' divisions overlap.
            on = active[lane] > 0.0
            off, alpha = e[i, lane], d[i, lane]
            radius = square[lane] + off
            divisor = radius if radius > 0.0 else 1.0
            whole = square[lane] if radius > 0.0 else 1.0
            e[i + 1, lane] = sine[lane] * radius if on else e[i + 1, lane]
            before, old = cosine[lane], gamma[lane]
            cosine[lane] = whole / divisor
            sine[lane] = off / divisor
            gamma[lane] = cosine[lane] * (alpha - shift[lane]) - sine[lane] * old
            d[i + 1, lane] = old + (alpha - gamma[lane]) if on else d[i + 1, lane]
            turned = cosine[lane] != 0.0
            divisor = cosine[lane] if turned else 1.0
            square[lane] = (gamma[lane] * gamma[lane] if turned else before * off) / divisor
    for lane in range(LANES):
        if active[lane] > 0.0:
            e[low, lane] = sine[lane] * square[lane]
            d[low, lane] = shift[lane] + gamma[lane]


@_compiled
def bounds(d: np.ndarray, e: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
    """Bound the largest absolute eigenvalue: by the columns' norms, by Gershgorin's discs."""
    n = len(d)
    low[:] = 0.0
    high[:] = 0.0
    for i in range(n):
        for lane in range(LANES):
            above = e[i - 1, lane] if i > 0 else 0.0
            norm = math.sqrt(d[i, lane] * d[i, lane] + above + e[i, lane])
            disc = abs(d[i, lane]) + math.sqrt(above) + math.sqrt(e[i, lane])
            low[lane] = max(low[lane], norm)
            high[lane] = max(high[lane], disc)


@_compiled
def count_beyond(
    d: np.ndarray, e: np.ndarray, at: np.ndarray, work: np.ndarray, signs: np.ndarray
) -> None:
    """Count eigenvalues above ``at`` and below ``-at``: negative pivots of T - x I."""
    n = len(d)
    q, r = work[0], work[1]
    q[:] = 1.0
    r[:] = 1.0
    signs[:] = 0
    for i in range(n):
        for lane in range(LANES):
            off = e[i - 1, lane] if i > 0 else 0.0
            q[lane] = at[lane] - d[i, lane] - off / q[lane]
            r[lane] = at[lane] + d[i, lane] - off / r[lane]
            q[lane] = q[lane] if abs(q[lane]) > TINY else -TINY
            r[lane] = r[lane] if abs(r[lane]) > TINY else -TINY
            signs[lane, 0] += q[lane] < 0.0
            signs[lane, 1] += r[lane] < 0.0


@_compiled
def sort(values: np.ndarray, ascending: np.ndarray) -> None:
    """Sort by insertion, the fastest way for a few."""
    for i in range(len(values)):
        value, j = values[i], i
        while j > 0 and ascending[j - 1] > value:
            ascending[j] = ascending[j - 1]
            j -= 1
        ascending[j] = value


@_compiled
def count_signs(values: np.ndarray, rtol: float, signs: np.ndarray) -> None:
    """Count eigenvalues beyond rtol times the largest; -1 if they are not numbers."""
    limit = rtol * np.abs(values).max()
    signs[0] = (values > limit).sum() if limit == limit else -1
    signs[1] = (values < -limit).sum() if limit == limit else -1
