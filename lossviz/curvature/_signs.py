"""Signs of eigenvalues of many symmetric matrices, with and without the eigenvalues.

Matrices come as their distinct entries and the place of each: (matrices, entries) and (n, n). Small
ones go to compiled code, many at a time; large ones to LAPACK, one at a time. So a result does
not depend on which other matrices are asked for, to the last bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

# Up to here the compiled routines are faster than LAPACK's: their matrices fit the caches.
SMALL = 64

#: What a class can rest on. "structure": eigenvalues that are zero for every choice of weights;
#: "counts": signs of a tridiagonal form's pivots; "factors": signs of LDL^T factors' pivots;
#: "eigenvalues": the eigenvalues themselves; "none": nothing, the class is undetermined.
PROOFS = ("none", "structure", "counts", "factors", "eigenvalues")
NONE, STRUCTURE, COUNTS, FACTORS, EIGENVALUES = range(5)


@dataclass(frozen=True)
class Signs:
    """Numbers of positive and negative eigenvalues, how they were found, and perhaps the values.

    Attributes:
        positive: shape (matrices,), int32; -1 where undetermined.
        negative: likewise.
        proof: positions in :data:`PROOFS`, int8.
        eigenvalues: ascending, (matrices, n), or None.
    """

    positive: np.ndarray
    negative: np.ndarray
    proof: np.ndarray
    eigenvalues: np.ndarray | None = None


def signs_by_eigenvalues(entries: np.ndarray, place: np.ndarray, rtol: float) -> Signs:
    """Count signs of eigenvalues: zero is what is at most rtol times the largest."""
    if len(place) <= SMALL:
        # Imported when needed: the compiler takes half a second to load.
        from lossviz.curvature import _small

        values = _small.eigenvalues(entries, place)
    else:
        values = np.stack([_values_of(row[place]) for row in entries])
    return count_signs(values, rtol)


def signs_by_proof(entries: np.ndarray, place: np.ndarray, rtol: float) -> Signs:
    """Count signs without computing eigenvalues, where the counts at two bounds agree."""
    from lossviz.curvature import _small

    if rtol < _small.SMALLEST_RTOL:
        return signs_by_eigenvalues(entries, place, rtol)
    if len(place) <= SMALL:
        signs, by_counts = _small.inertia(entries, place, rtol)
        proof = np.where(by_counts, COUNTS, EIGENVALUES).astype(np.int8)
        proof[signs[:, 0] < 0] = NONE
        return Signs(signs[:, 0], signs[:, 1], proof)
    found = [_signs_by_factors(row[place], rtol) for row in entries]
    positive, negative, proof = (np.array(column) for column in zip(*found, strict=True))
    return Signs(positive.astype(np.int32), negative.astype(np.int32), proof.astype(np.int8))


def count_signs(values: np.ndarray, rtol: float) -> Signs:
    """Count signs of known eigenvalues, (matrices, n); NaN means undetermined."""
    floor = rtol * np.abs(values).max(axis=-1, keepdims=True)
    unknown = np.isnan(floor[..., 0])
    with np.errstate(invalid="ignore"):
        positive = np.where(unknown, -1, (values > floor).sum(axis=-1)).astype(np.int32)
        negative = np.where(unknown, -1, (values < -floor).sum(axis=-1)).astype(np.int32)
    proof = np.where(unknown, NONE, EIGENVALUES).astype(np.int8)
    return Signs(positive, negative, proof, values)


def is_determined(matrix: np.ndarray) -> bool:
    """Say whether a matrix is finite and large enough to have relative precision.

    Below tiny/eps, arithmetic on subnormal numbers has none left.
    """
    largest = np.abs(matrix).max()  # NaN if any entry is NaN
    limits = np.finfo(np.float64)
    return bool(np.isfinite(largest) and largest >= limits.tiny / limits.eps)


def _values_of(matrix: np.ndarray) -> np.ndarray:
    if not is_determined(matrix):
        return np.full(len(matrix), np.nan)
    return np.linalg.eigvalsh(matrix)


def _signs_by_factors(matrix: np.ndarray, rtol: float) -> tuple[int, int, int]:
    """Count signs by the inertia of H - r I and H + r I (Sylvester), if no eigenvalue is zero.

    r is rtol times a bound of the largest eigenvalue from above. If no eigenvalue is within r, the
    largest need not be known. A column shorter than r, taken with a bound from below, is proof of
    one that is; then, or where some eigenvalue is within r, the eigenvalues decide.
    """
    if not is_determined(matrix):
        return -1, -1, NONE
    lengths = np.sqrt(np.einsum("ij,ij->j", matrix, matrix))
    if lengths.min() > rtol * lengths.max():
        above, below = _inertia_beyond(matrix, rtol * np.linalg.norm(lengths))
        if above + below == len(matrix):
            return above, below, FACTORS
    found = count_signs(np.linalg.eigvalsh(matrix)[None], rtol)
    return int(found.positive[0]), int(found.negative[0]), EIGENVALUES


def _inertia_beyond(matrix: np.ndarray, at: float) -> tuple[int, int]:
    """Return how many eigenvalues are above ``at`` and below ``-at``."""
    pair = torch.from_numpy(np.stack([-matrix, matrix]))
    pair.diagonal(dim1=-2, dim2=-1).add_(at)
    above, below = _negative_pivots(pair).tolist()
    return above, below


def _negative_pivots(matrices: Tensor) -> Tensor:
    """Count negative eigenvalues by Bunch and Kaufman's factorisation P L D L^T P^T."""
    factors, pivots, _ = torch.linalg.ldl_factor_ex(matrices)
    diagonal = factors.diagonal(dim1=-2, dim2=-1)
    # A pair of negative pivot numbers marks a block of 2 x 2 in D, whose signs are opposite.
    return ((diagonal < 0) & (pivots > 0)).sum(-1) + (pivots < 0).sum(-1) // 2
