"""Hessians split into what a few vectors know of them and a rest that random signs sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lossviz.curvature._krylov import ProductsAt

# Vectors that are multiplied together hold at most about so many numbers.
NUMBERS = 2**22

# The sketch, the samples and the probes of a quadrature have streams of their own.
_SKETCH, _SAMPLES, PROBES = range(3)

# Rounding of an estimate, in units of epsilon and the norm of what is known.
_ROUNDINGS = 10


@dataclass(frozen=True)
class Split:
    """Hessians H at points, split into what a basis Q knows of them and the rest P H P.

    Attributes:
        products: the products with H.
        basis: Q^T, (points, rank, weight).
        images: (H Q)^T, of that shape.
    """

    products: Callable[[Tensor], Tensor]
    basis: Tensor
    images: Tensor

    @classmethod
    def of(cls, products_at: ProductsAt, points: Tensor, rank: int, seed: int) -> Split:
        """Find an orthonormal basis of most of the range of H by products with random signs."""
        products = products_at(points)
        count, m = points.shape
        if rank == 0:
            empty = points.new_empty(count, 0, m)
            return cls(products, empty, empty)
        g = signs(seed, _SKETCH, range(rank), m).to(points)[:, None].expand(-1, count, -1)
        sketch = products(g).transpose(0, 1)
        # LAPACK refuses what is not finite; NaN is put back by the images.
        failed = ~torch.isfinite(sketch).all(dim=(1, 2), keepdim=True)
        q = torch.linalg.qr(sketch.where(~failed, 1).mT).Q.mT
        images = products(q.transpose(0, 1).contiguous()).transpose(0, 1)
        return cls(products, q, images.where(~failed, torch.nan))

    def without_basis(self, vectors: Tensor) -> Tensor:
        """Return P v for vectors (vectors, points, weight)."""
        v = vectors.transpose(0, 1)
        for _ in range(2):
            v = v - (v @ self.basis.mT) @ self.basis
        return v.transpose(0, 1)

    def known(self) -> Tensor:
        """Return the diagonal of what Q knows, (points, weight)."""
        inner = self.images @ self.basis.mT
        return (self.basis * (2 * self.images - inner @ self.basis)).sum(dim=1).double()

    def estimate(self, samples: int, seed: int, of_trace: bool) -> tuple[Tensor, Tensor]:
        """Return value and standard error, (points,) or (points, weight)."""
        count, _, m = self.basis.shape
        known = self.known()
        mean = known.new_zeros(count) if of_trace else torch.zeros_like(known)
        squares = torch.zeros_like(mean)
        chunk = max(1, NUMBERS // max(1, count * m))
        for first in range(0, samples, chunk):
            numbers = range(first, min(first + chunk, samples))
            g = signs(seed, _SAMPLES, numbers, m).to(self.basis)[:, None].expand(-1, count, -1)
            terms = g * self.without_basis(self.products(self.without_basis(g)))
            terms = terms.double().sum(-1) if of_trace else terms.double()
            for seen, term in enumerate(terms, start=first + 1):  # Welford's recurrence
                change = term - mean
                mean += change / seen
                squares += change * (term - mean)
        value = mean + (known.sum(-1) if of_trace else known)
        # Where nothing is left beside the basis, the samples differ by less than rounding.
        rounding = _ROUNDINGS * torch.finfo(self.basis.dtype).eps * self.images.norm(dim=(1, 2))
        rounding = rounding.double().reshape(-1, *(1,) * (mean.ndim - 1))
        return value, (squares / (samples - 1) / samples).sqrt() + rounding


def signs(seed: int, purpose: int, numbers: range, size: int) -> Tensor:
    """Return random signs; vector i depends on the seed, the purpose and i alone."""
    rows = [
        np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(purpose, i))).random(size)
        for i in numbers
    ]
    return torch.from_numpy(np.where(np.stack(rows) < 0.5, -1.0, 1.0))
