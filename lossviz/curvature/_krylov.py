"""Krylov spaces of many symmetric operators in lockstep, with full reorthogonalisation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

# A new direction shorter than this many roundings of the operator's size is rounding itself.
_ROUNDINGS = 10

# From so many numbers on, products with bases one by one are several times faster than batched.
_LONG = 2**12

# From points (operators, size) to the function from vectors (..., operators, size) to products.
ProductsAt = Callable[[Tensor], Callable[[Tensor], Tensor]]


class Krylov:
    """Bases that grow by one vector per step, for operators scaled to sizes around 1.

    Args:
        products_at: from points to the operators' products with vectors.
        points: shape (operators, size).
        locked: orthonormal vectors to which all shall be orthogonal, (operators, locked, size).
        steps: greatest number of basis vectors.
        seed: of what is random: one number or several.
        start: first basis vectors, unit and orthogonal to the locked ones, (operators, size);
            random and the same for all operators if None.
    """

    def __init__(
        self,
        products_at: ProductsAt,
        points: Tensor,
        locked: Tensor,
        steps: int,
        seed: tuple[int, ...],
        start: Tensor | None = None,
    ) -> None:
        count, size = points.shape
        self.points, self.locked, self.seed, self.size = points, locked, seed, 0
        self._products_at, self._product = products_at, None
        self.basis = points.new_empty(count, steps, size)
        self.diagonal = points.new_zeros(count, steps)
        self.off = points.new_zeros(count, steps)
        self.norm = points.new_zeros(count)
        self.failed = torch.zeros(count, dtype=torch.bool, device=points.device)
        self.broken = self.failed
        self.scale = points.new_ones(count, 1)
        everyone = torch.arange(count, device=points.device)
        self.next = self._orthogonal(everyone) if start is None else start

    def product(self, vectors: Tensor) -> Tensor:
        """Return the products with vectors (..., operators, size)."""
        if self._product is None:
            self._product = self._products_at(self.points)
        return self._product(vectors)

    def product_of(self, rows: Bool[Tensor, "operators"]) -> Callable[[Tensor], Tensor]:
        """Return the products of some operators."""
        return self.product if bool(rows.all()) else self._products_at(self.points[rows])

    def grow(self) -> None:
        """Add the next vector to each basis and find the one after it."""
        j, q = self.size, self.next
        self.basis[:, j] = q
        image = self.product(q)
        if j == 0:
            # A power of two, so that no digit changes: tiny operators' squares would underflow.
            self.scale = _power_of_two(image.abs().amax(dim=1, keepdim=True))
        image = image / self.scale
        failed = ~torch.isfinite(image).all(dim=1)
        image[failed] = 0
        self.failed = self.failed | failed
        self.diagonal[:, j] = (image * q).sum(dim=1)
        self.size += 1
        rest = self._without_basis(image)
        length = torch.linalg.vector_norm(rest, dim=1)
        self.norm = torch.stack([self.norm, self.diagonal[:, j].abs(), length]).amax(dim=0)
        limit = _ROUNDINGS * torch.finfo(rest.dtype).eps * self.norm
        self.broken = length <= limit
        self.off[:, j] = torch.where(self.broken, 0, length)
        self.direction = rest / length.clamp(min=torch.finfo(rest.dtype).tiny)[:, None]
        if self.size < self.basis.shape[1]:
            self.next = self.direction
            if bool(self.broken.any()):
                rows = torch.nonzero(self.broken).flatten()
                self.next = self.next.index_copy(0, rows, self._orthogonal(rows))

    def tridiagonal(self, size: int | None = None) -> tuple[Tensor, Tensor]:
        """Return eigenvalues and eigenvectors of T, or of what T was at a smaller size."""
        n = self.size if size is None else size
        t = torch.diag_embed(self.diagonal[:, :n].double().cpu())
        t = t + torch.diag_embed(self.off[:, : n - 1].double().cpu(), offset=-1)
        values, vectors = torch.linalg.eigh(t)  # which reads the lower triangle alone
        return values.to(self.points.device), vectors.to(self.points.device)

    def keep(self, rows: Bool[Tensor, "operators"]) -> None:
        """Forget all operators but these."""
        old, n = self.basis, self.size
        self.basis = old.new_empty(int(rows.sum()), *old.shape[1:])
        self.basis[:, :n] = old[rows, :n]
        for name in ("points", "locked", "diagonal", "off", "norm", "failed", "scale", "next"):
            setattr(self, name, getattr(self, name)[rows])
        self.direction = self.direction[rows]
        self._product = None

    def _orthogonal(self, rows: Tensor) -> Tensor:
        """Return random unit vectors orthogonal to some of the bases.

        They depend on the seed and the step alone, and not on the number of operators.
        """
        size = self.points.shape[1]
        draw = np.random.default_rng([*self.seed, self.size]).random(size) - 0.5
        vectors = torch.from_numpy(draw).to(self.points).expand(len(rows), -1)
        vectors = self._without_basis(vectors, rows)
        return vectors / torch.linalg.vector_norm(vectors, dim=1, keepdim=True)

    def _without_basis(self, vectors: Tensor, rows: Tensor | slice = slice(None)) -> Tensor:
        known = (self.locked[rows], self.basis[rows, : self.size])
        for basis in 2 * known:  # once leaves rounding of what was taken away; twice is enough
            vectors = _without(basis, vectors)
        return vectors


def _without(basis: Tensor, vectors: Tensor) -> Tensor:
    """Take away the components along bases (operators, vectors, size)."""
    count, held, size = basis.shape
    if held * size < _LONG:
        parts = torch.bmm(basis, vectors.unsqueeze(-1))
        return vectors - torch.bmm(basis.mT, parts).squeeze(-1)
    if count == 0:
        return vectors
    return torch.stack([v - (b @ v) @ b for b, v in zip(basis, vectors, strict=True)])


def _power_of_two(largest: Tensor) -> Tensor:
    """Return powers of two near positive numbers; 1 for 0 and for what is no number."""
    powers = largest / torch.frexp(largest).mantissa
    limits = torch.finfo(largest.dtype)
    return powers.nan_to_num(1, posinf=1).clamp(limits.tiny, limits.max / 4)
