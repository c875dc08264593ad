"""Lanczos' method for many symmetric operators in lockstep, with full reorthogonalisation.

From a start q_1, each operator H gets an orthonormal basis Q of its Krylov space, one vector per
product, with H Q = Q T + beta q e^T and T tridiagonal (Lanczos 1950; Golub and Van Loan 2013,
chapter 10). Eigenvalues of T are Ritz values, and Q times its eigenvectors y are Ritz vectors;
they miss by a residual of norm beta * |last entry of y|. Where beta is 0 the space is exhausted:
it goes on from a random vector orthogonal to it, and T falls into parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

# A new direction shorter than this many roundings of the operator's size is rounding itself.
_ROUNDINGS = 10

# From points (operators, size) to the function from vectors (..., operators, size) to products.
ProductsAt = Callable[[Tensor], Callable[[Tensor], Tensor]]

# At most this many bytes of basis vectors are held at a time.
_BASIS_BYTES = 2**27


class Ritz(NamedTuple):
    """Ritz pairs that were asked for, with what is known about each operator.

    Attributes:
        values: shape (operators, pairs); NaN where a product was not finite.
        residuals: norm of H v - theta v for the unit vector v, shape (operators, pairs).
        vectors: unit vectors, shape (operators, pairs, size).
        largest: the largest absolute Ritz value, wanted or not, shape (operators,).
        iterations: products taken for the basis, shape (operators,).
    """

    values: Float[Tensor, "operators pairs"]
    residuals: Float[Tensor, "operators pairs"]
    vectors: Float[Tensor, "operators pairs size"]
    largest: Float[Tensor, "operators"]
    iterations: Int[Tensor, "operators"]


@dataclass(frozen=True)
class Task:
    """What is wanted of each operator, and when it is good enough.

    Attributes:
        choose: from ascending Ritz values and estimates of their residuals, both of shape
            (operators, values), the positions of the wanted ones, (operators, pairs).
        enough: from wanted values, their estimates and the largest absolute Ritz value, whether
            an operator is finished, (operators,).
        needed: least number of Ritz values to choose from.
        max_iterations: greatest number of products for the basis, at least ``needed``.
        seed: of the starts, the same for every operator: one number or several.
    """

    choose: Callable[[Tensor, Tensor], Int[Tensor, "operators pairs"]]
    enough: Callable[[Tensor, Tensor, Tensor], Bool[Tensor, "operators"]]
    needed: int
    max_iterations: int
    seed: tuple[int, ...]


class _Krylov:
    """Bases that grow by one vector per step, for operators scaled to sizes around 1."""

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
        if self.size < self.basis.shape[1]:
            self.next = rest / length.clamp(min=torch.finfo(rest.dtype).tiny)[:, None]
            rows = torch.nonzero(self.broken).flatten()
            self.next[rows] = self._orthogonal(rows)

    def tridiagonal(self) -> tuple[Tensor, Tensor]:
        """Return eigenvalues and eigenvectors of T."""
        n = self.size
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
            parts = torch.bmm(basis, vectors.unsqueeze(-1))
            vectors = vectors - torch.bmm(basis.mT, parts).squeeze(-1)
        return vectors


def lanczos(
    products_at: ProductsAt,
    points: Float[Tensor, "operators size"],
    task: Task,
    report: Callable[[int, int, int], None],
    locked: Float[Tensor, "operators locked size"] | None = None,
) -> Ritz:
    """Return the wanted Ritz pairs of the operators that belong to points.

    Args:
        products_at: from points to the operators' products; symmetric, linear in the vectors.
        points: shape (operators, size), all operators with the dimension of the points.
        task: what is wanted.
        report: called now and then with the numbers of operators finished in groups before and
            in this group, and of this group's iterations.
        locked: orthonormal vectors to which all shall be orthogonal; the operators are taken
            between vectors of that kind. At least ``task.needed`` dimensions must be left.
    """
    if locked is None:
        locked = points.new_empty(len(points), 0, points.shape[1])
    count, steps = len(points), min(task.max_iterations, points.shape[1] - locked.shape[1])
    held = max(1, _BASIS_BYTES // (steps * points.shape[1] * points.element_size()))
    if len(points) == 0:  # one operator, for the shapes
        points, locked = (
            points.new_zeros(1, points.shape[1]),
            locked.new_zeros(1, *locked.shape[1:]),
        )
    groups: list[Ritz] = []
    for start in range(0, len(points), held):
        part = slice(start, start + held)
        krylov = _Krylov(products_at, points[part], locked[part], steps, task.seed)
        groups.append(_lockstep(krylov, task, partial(report, start)))
    return Ritz(*(torch.cat(parts)[:count] for parts in zip(*groups, strict=True)))


def _lockstep(krylov: _Krylov, task: Task, report: Callable[[int, int], None]) -> Ritz:
    """Run one group; operators that are finished leave it."""
    count, steps = krylov.diagonal.shape
    active = torch.arange(count, device=krylov.points.device)
    order, found, look = [], [], task.needed
    while len(active):
        krylov.grow()
        due = krylov.size in (look, steps) or bool(krylov.broken.any())
        if krylov.size < task.needed or not due:
            continue
        # A look costs the cube of the size, so the next is taken when the size has grown.
        look = krylov.size + max(2, krylov.size // 8)
        values, mixing, largest, done = _look(krylov, task)
        if krylov.size == steps:
            done[:] = True
        if bool(done.any()):
            found.append(_finish(krylov, values, mixing, largest, done))
            order.append(active[done])
            active = active[~done]
            if len(active):
                krylov.keep(~done)
        report(count - len(active), krylov.size)
    places = torch.argsort(torch.cat(order))
    return Ritz(*(torch.cat(parts)[places] for parts in zip(*found, strict=True)))


def _look(krylov: _Krylov, task: Task) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return wanted Ritz values, their vectors in the basis, the largest value, who is done."""
    values, vectors = krylov.tridiagonal()
    residuals = krylov.off[:, krylov.size - 1, None] * vectors[:, -1].abs()
    largest = values.abs().amax(dim=1)
    chosen = task.choose(values, residuals)
    wanted, missed = values.gather(1, chosen), residuals.gather(1, chosen)
    mixing = vectors.gather(2, chosen[:, None].expand(-1, krylov.size, -1))
    return wanted, mixing, largest, task.enough(wanted, missed, largest) | krylov.failed


def _finish(krylov: _Krylov, values: Tensor, mixing: Tensor, largest: Tensor, done: Tensor) -> Ritz:
    """Return the Ritz pairs of the operators that are done, their residuals by one more product."""
    values, largest, failed = values[done], largest[done, None], krylov.failed[done]
    vectors = torch.bmm(mixing[done].mT.to(krylov.basis), krylov.basis[done, : krylov.size])
    vectors = torch.nn.functional.normalize(vectors, dim=-1)
    images = krylov.product_of(done)(vectors.transpose(0, 1)).transpose(0, 1)
    scale = krylov.scale[done]
    missed = (images / scale[..., None]).double() - values[..., None] * vectors
    residuals = torch.linalg.vector_norm(missed, dim=-1)
    for part in (values, residuals, vectors, largest):
        part[failed] = torch.nan
    values, residuals, largest = (part * scale.double() for part in (values, residuals, largest))
    iterations = torch.full((len(values),), krylov.size, device=values.device)
    return Ritz(values, residuals, vectors, largest[:, 0], iterations)


def _power_of_two(largest: Tensor) -> Tensor:
    """Return powers of two near positive numbers; 1 for 0 and for what is no number."""
    powers = largest / torch.frexp(largest).mantissa
    limits = torch.finfo(largest.dtype)
    return powers.nan_to_num(1, posinf=1).clamp(limits.tiny, limits.max / 4)
