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

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lossviz.curvature._krylov import Krylov, ProductsAt

# At most this many bytes of basis vectors are held at a time.
_BASIS_BYTES = 2**27


class Ritz(NamedTuple):
    """Ritz pairs that were asked for, with what is known about each operator.

    Attributes:
        values: shape (operators, pairs); NaN where a product was not finite.
        residuals: no less than the norm of H v - theta v for the unit vector v, and more by no
            more than rounding, shape (operators, pairs).
        vectors: unit vectors, shape (operators, pairs, size).
        largest: the largest absolute Ritz value, wanted or not, shape (operators,).
        iterations: products taken for the basis, shape (operators,).
    """

    values: Float[Tensor, "operators pairs"]
    residuals: Float[Tensor, "operators pairs"]
    vectors: Float[Tensor, "operators pairs size"]
    largest: Float[Tensor, "operators"]
    iterations: Int[Tensor, "operators"]


class Look(NamedTuple):
    """Wanted Ritz pairs of the operators that are not finished, at some step.

    Attributes:
        values: in units of the scale, shape (operators, pairs).
        residuals: estimates by the recurrence, of that shape.
        largest: the largest absolute Ritz value, wanted or not, shape (operators,).
        scale: a power of two near each operator's size, shape (operators, 1).
        rows: which of the operators that were asked for these are, shape (operators,).
        size: products taken so far.
    """

    values: Float[Tensor, "operators pairs"]
    residuals: Float[Tensor, "operators pairs"]
    largest: Float[Tensor, "operators"]
    scale: Float[Tensor, "operators one"]
    rows: Int[Tensor, "operators"]
    size: int


@dataclass(frozen=True)
class Task:
    """What is wanted of each operator, and when it is good enough.

    Attributes:
        choose: from ascending Ritz values and estimates of their residuals, both of shape
            (operators, values), the positions of the wanted ones, (operators, pairs).
        enough: which operators are finished, (operators,).
        needed: least number of Ritz values to choose from.
        max_iterations: greatest number of products for the basis, at least ``needed``.
        seed: of the starts, the same for every operator: one number or several.
    """

    choose: Callable[[Tensor, Tensor], Int[Tensor, "operators pairs"]]
    enough: Callable[[Look], Bool[Tensor, "operators"]]
    needed: int
    max_iterations: int
    seed: tuple[int, ...]


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
        krylov = Krylov(products_at, points[part], locked[part], steps, task.seed)
        groups.append(_lockstep(krylov, task, start, partial(report, start)))
    return Ritz(*(torch.cat(parts)[:count] for parts in zip(*groups, strict=True)))


def _lockstep(krylov: Krylov, task: Task, before: int, report: Callable[[int, int], None]) -> Ritz:
    """Run one group, which comes after ``before`` others; operators that are finished leave it."""
    count, steps = krylov.diagonal.shape
    active = torch.arange(count, device=krylov.points.device)
    order, found, next_look = [], [], task.needed
    while len(active):
        krylov.grow()
        due = krylov.size in (next_look, steps) or bool(krylov.broken.any())
        if krylov.size < task.needed or not due:
            continue
        next_look = krylov.size + _pause(krylov.size, krylov.basis.shape[2])
        look, mixing = _look(krylov, task, before + active)
        done = task.enough(look) | krylov.failed
        if krylov.size == steps:
            done[:] = True
        if bool(done.any()):
            found.append(_finish(krylov, look, mixing, done))
            order.append(active[done])
            active = active[~done]
            if len(active):
                krylov.keep(~done)
        report(count - len(active), krylov.size)
    places = torch.argsort(torch.cat(order))
    return Ritz(*(torch.cat(parts)[places] for parts in zip(*found, strict=True)))


def _pause(steps: int, size: int) -> int:
    """Return how many products are taken before the next look, which costs the cube of the steps.

    It is every step's where that is little beside keeping the vectors orthogonal.
    """
    return 1 if 20 * steps**2 < size else max(2, steps // 8)


def _look(krylov: Krylov, task: Task, rows: Tensor) -> tuple[Look, Tensor]:
    """Return wanted Ritz values with what is known of them, and their vectors in the basis."""
    values, vectors = krylov.tridiagonal()
    residuals = krylov.off[:, krylov.size - 1, None] * vectors[:, -1].abs()
    chosen = task.choose(values, residuals)
    mixing = vectors.gather(2, chosen[:, None].expand(-1, krylov.size, -1))
    largest = values.abs().amax(dim=1)
    wanted, missed = values.gather(1, chosen), residuals.gather(1, chosen)
    return Look(wanted, missed, largest, krylov.scale, rows, krylov.size), mixing


def _finish(krylov: Krylov, look: Look, mixing: Tensor, done: Tensor) -> Ritz:
    """Return the Ritz pairs of the operators that are done, their residuals checked by a product.

    What H v misses theta v by is beta y q in exact arithmetic, y the last entry of v in the basis
    and q the next vector: parallel for all pairs. So H times the sum of the vectors, signs taken
    such that all the y are positive, must miss by the sum of the residuals; how far it does
    not is rounding, and added to each.
    """
    values, estimates = look.values[done], look.residuals[done]
    largest, failed = look.largest[done, None], krylov.failed[done]
    mixing = mixing[done] * torch.where(mixing[done, -1:] < 0, -1.0, 1.0)
    vectors = torch.bmm(mixing.mT.to(krylov.basis), krylov.basis[done, : krylov.size])
    vectors = torch.nn.functional.normalize(vectors, dim=-1)
    scale = krylov.scale[done]
    image = krylov.product_of(done)(vectors.sum(dim=1)) / scale
    missed = image.double() - (values[..., None] * vectors).sum(dim=1)
    expected = estimates.sum(dim=1, keepdim=True)
    rounding = torch.linalg.vector_norm(missed - expected * krylov.direction[done], dim=1)
    residuals = estimates + rounding[:, None]
    for part in (values, residuals, vectors, largest):
        part[failed] = torch.nan
    values, residuals, largest = (part * scale.double() for part in (values, residuals, largest))
    iterations = torch.full((len(values),), krylov.size, device=values.device)
    return Ritz(values, residuals, vectors, largest[:, 0], iterations)
