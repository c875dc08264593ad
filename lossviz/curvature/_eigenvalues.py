"""Eigenvalues of many symmetric matrices, with bits that do not depend on their company.

torch's batched routine is the fastest for small matrices. It works where each matrix lies in the
batch, and the rounding of the library behind it depends on how that place is aligned in memory:
an odd number of weights puts every second matrix on an odd multiple of 8 bytes. So a matrix must
be given a place with the same alignment whenever it is asked for.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

# From about here numpy's routine is faster; it copies each matrix to one place before it starts.
_NUMPY_FROM = 200

# Alignment is counted in 8-byte numbers, up to a cache line.
_LINE = 8


def symmetric_eigenvalues(matrices: Tensor, places: np.ndarray | None = None) -> Tensor:
    """Return eigenvalues in ascending order.

    Args:
        matrices: symmetric, finite, float64, shape (matrices, size, size).
        places: places of the matrices in the batch that they were taken from, if their bits
            must be those that they would have there; shape (matrices,).

    Returns:
        Eigenvalues, shape (matrices, size).
    """
    count, size = matrices.shape[:2]
    if size >= _NUMPY_FROM:
        return torch.from_numpy(np.linalg.eigvalsh(matrices.numpy()))
    period = _LINE // math.gcd(size * size, _LINE)
    if places is None or np.array_equal(places % period, np.arange(count) % period):
        return torch.linalg.eigvalsh(matrices)
    slots = torch.from_numpy(_slots(places % period, period))
    padded = torch.eye(size, dtype=matrices.dtype).repeat(int(slots.max()) + 1, 1, 1)
    padded[slots] = matrices
    return torch.linalg.eigvalsh(padded)[slots]


def _slots(residues: np.ndarray, period: int) -> np.ndarray:
    """Return distinct places with these residues modulo the period, as low as possible."""
    slots = np.empty_like(residues)
    for residue in range(period):
        mine = residues == residue
        slots[mine] = residue + period * np.arange(mine.sum())
    return slots
