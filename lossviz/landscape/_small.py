"""The distinct entries of a small network's Hessian, compiled.

The same sums as in ``_hessian``, in the same order of entries. Matrix products of a few rows by a
few columns cost more in calls than in arithmetic; here each entry is one pass over the samples.
"""

from __future__ import annotations

import numpy as np

from lossviz._compiled import REASSOCIATE, compiled

_compiled = compiled(REASSOCIATE)


@_compiled
def entries(
    h: np.ndarray, first: np.ndarray, second: np.ndarray, w2: np.ndarray, slope: np.ndarray,
    bend: np.ndarray, features: np.ndarray, gram: np.ndarray, out: np.ndarray,
) -> None:  # fmt: skip
    """Fill ``out`` (points, entries) with the distinct entries.

    Args:
        h: h~, (points, hidden + 1, samples).
        first: f', (points, hidden, samples).
        second: f'', (points, hidden, samples).
        w2: (points, outputs, hidden).
        slope: (points, outputs, samples).
        bend: (points, outputs, samples).
        features: x~, (features, samples).
        gram: x~[i] x~[i'] for i <= i', (pairs, samples).
        out: room for the result; what it holds is kept where no entry belongs.
    """
    hidden, outputs, samples = first.shape[1], slope.shape[1], first.shape[2]
    curved = np.empty((outputs, hidden, samples))
    row = np.empty(samples)
    for p in range(len(h)):
        for o in range(outputs):
            for j in range(hidden):
                for n in range(samples):
                    curved[o, j, n] = bend[p, o, n] * w2[p, o, j] * first[p, j, n]
        at = _first_layer(curved, first[p], second[p], w2[p], slope[p], gram, row, out[p])
        for o in range(outputs):
            for j in range(hidden):
                for unit in range(hidden + 1):
                    for n in range(samples):
                        row[n] = curved[o, j, n] * h[p, unit, n]
                    if unit == j:
                        for n in range(samples):
                            row[n] += slope[p, o, n] * first[p, j, n]
                    at = _products(row, features, 0, out[p], at)
        for o in range(outputs):
            for unit in range(hidden + 1):
                for n in range(samples):
                    row[n] = bend[p, o, n] * h[p, unit, n]
                at = _products(row, h[p], unit, out[p], at + unit)


@_compiled
def _first_layer(
    curved: np.ndarray, first: np.ndarray, second: np.ndarray, w2: np.ndarray, slope: np.ndarray,
    gram: np.ndarray, row: np.ndarray, out: np.ndarray,
) -> int:  # fmt: skip
    """Fill in the entries of W1~ with W1~; return where the next ones begin."""
    outputs, hidden, samples = curved.shape
    at = 0
    for j in range(hidden):
        for other in range(j, hidden):
            row[:] = 0.0
            for o in range(outputs):
                for n in range(samples):
                    row[n] += curved[o, j, n] * w2[o, other]
            for n in range(samples):
                row[n] *= first[other, n]
            if other == j:
                for o in range(outputs):
                    for n in range(samples):
                        row[n] += slope[o, n] * w2[o, j] * second[j, n]
            at = _products(row, gram, 0, out, at)
    return at


@_compiled
def _products(row: np.ndarray, others: np.ndarray, skip: int, out: np.ndarray, at: int) -> int:
    """Put the scalar products of a row with others, from ``skip`` on, at ``at`` and after."""
    for i in range(skip, len(others)):
        total = 0.0
        for n in range(len(row)):
            total += row[n] * others[i, n]
        out[at] = total
        at += 1
    return at
