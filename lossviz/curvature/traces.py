r"""The trace and the diagonal of the Hessian, in closed form or from products with random vectors.

Random vectors g of independent signs have :math:`E[g^T H g] = \operatorname{tr} H` and
:math:`E[g \odot H g] = \operatorname{diag} H` (Hutchinson 1989; Bekas, Kokiopoulou and Saad 2007).
The variance comes from what lies off the diagonal, and most of that from a few large eigenvalues.
Hutch++ (Meyer, Musco, Musco and Woodruff 2021) therefore finds most of their eigenvectors first,
takes their part exactly, and samples the rest alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from tqdm import tqdm

from lossviz import _checks, _progress
from lossviz.curvature._hutchinson import NUMBERS, Split
from lossviz.curvature._inputs import in_precision
from lossviz.curvature._krylov import ProductsAt
from lossviz.landscape.base import BaseLandscape

#: Ways to a trace or a diagonal.
TRACE_METHODS = ("auto", "exact", "hutch++", "hutchinson")


@dataclass(frozen=True)
class HessianEstimate:
    """A number, or one for each weight, that is made of a batch of Hessians.

    Attributes:
        value: float64, shape (...), or (..., num_weights) for a diagonal; NaN where the Hessian is
            not finite.
        standard_error: of the value, over random vectors, of its shape; 0 where it is exact.
        method: how the value was found: ``"exact"``, ``"hutch++"``, ``"hutchinson"`` or
            ``"lanczos"``.
        num_samples: number of independent samples behind the standard error: its degrees of
            freedom are one less. 0 where the value is exact.
        num_products: products taken with the Hessian at each point; 0 for a closed form.
    """

    value: Float[Tensor, "*points"]
    standard_error: Float[Tensor, "*points"]
    method: str
    num_samples: int
    num_products: int


def trace(
    landscape: BaseLandscape,
    weights: Float[Tensor, "*points weight"],
    method: str = "auto",
    num_products: int = 90,
    seed: int = 0,
    precision: str = "float64",
    progress: bool | None = None,
) -> HessianEstimate:
    r"""Return the trace of the Hessian, the sum of its eigenvalues.

    - ``"exact"``: the sum of the diagonal. With one hidden layer it is a closed form that costs
      about as much as the gradient; for modules it takes ``num_weights`` products.
    - ``"hutchinson"``: the mean of :math:`g^T H g` over n = ``num_products`` random vectors.
    - ``"hutch++"``: a third of the products sketch the range of H, a third multiply the sketch's
      orthonormal basis Q, and the last third, n vectors, sample what is left:

      .. math::

          \operatorname{tr} H \approx \operatorname{tr} Q^T H Q
          + \frac{1}{n} \sum_{i=1}^n g_i^T P H P g_i, \qquad P = 1 - Q Q^T

      (Meyer et al. 2021, algorithm 1).
    - ``"auto"``: exact where there is a closed form, or where it takes no more products than were
      allowed; else Hutch++.

    Both estimates are unbiased. The standard error is the samples' standard deviation over the
    root of n; with few samples a t distribution of n - 1 degrees of freedom belongs to it.

    Args:
        landscape: the landscape; it is evaluated in ``precision``, whatever its own is.
        weights: points, shape (..., num_weights), finite.
        method: one of :data:`TRACE_METHODS`.
        num_products: greatest number of products with each Hessian, at least 2, and 6 for
            Hutch++; exact values take what they need.
        seed: seed of the random vectors, the same ones at every point; at least 0.
        precision: ``"float64"`` or ``"float32"``, that of the products.
        progress: whether to show a progress bar; None shows one in a terminal, once it has taken
            two seconds.

    Returns:
        The traces, shape (...), with standard errors.

    Raises:
        ValueError: for weights of another shape or not finite, an unknown name, or a number out
            of its range.
        TypeError: if ``landscape`` is no landscape, or a number or a truth value is none.

    Example:
        >>> import torch
        >>> from lossviz import Landscape
        >>> landscape = Landscape("iris", "tanh")
        >>> points = landscape.initial(3, seed=0, start_range=1.0)
        >>> exact = trace(landscape, points)
        >>> eigenvalues = torch.linalg.eigvalsh(landscape.hessian(points))
        >>> torch.allclose(exact.value, eigenvalues.sum(-1))
        True
        >>> estimate = trace(landscape, points, "hutch++", num_products=30)
        >>> bool(((estimate.value - exact.value).abs() < 5 * estimate.standard_error).all())
        True
    """
    task = checked(landscape, weights, method, num_products, seed, precision, progress)
    return task.run(of_trace=True)


def hessian_diagonal(
    landscape: BaseLandscape,
    weights: Float[Tensor, "*points weight"],
    method: str = "auto",
    num_products: int = 90,
    seed: int = 0,
    precision: str = "float64",
    progress: bool | None = None,
) -> HessianEstimate:
    r"""Return the diagonal of the Hessian: the curvature along each weight alone.

    The methods are those of :func:`trace`, and so is the meaning of the products. With a basis Q
    from the sketch and :math:`P = 1 - Q Q^T`,

    .. math:: H = P H P + Q Q^T H + H Q Q^T - Q Q^T H Q Q^T .

    The parts that have a Q are known, and the first one's diagonal is the mean of
    :math:`g \odot P H P g` (Baston and Nakatsukasa 2022, who project from one side). Without the
    basis it is that of :math:`g \odot H g` (Bekas, Kokiopoulou and Saad 2007). The sum of the
    estimate is the estimate of the trace with the same seed.

    Args:
        landscape: the landscape; it is evaluated in ``precision``, whatever its own is.
        weights: points, shape (..., num_weights), finite.
        method: one of :data:`TRACE_METHODS`.
        num_products: greatest number of products with each Hessian, at least 2, and 6 for
            Hutch++; exact values take what they need.
        seed: seed of the random vectors, the same ones at every point; at least 0.
        precision: ``"float64"`` or ``"float32"``, that of the products.
        progress: whether to show a progress bar; None shows one in a terminal, once it has taken
            two seconds.

    Returns:
        The diagonals, shape (..., num_weights), with standard errors.

    Raises:
        ValueError: for weights of another shape or not finite, an unknown name, or a number out
            of its range.
        TypeError: if ``landscape`` is no landscape, or a number or a truth value is none.

    Example:
        Between its kinks, a ReLU network's cross-entropy is convex in each weight:

        >>> from lossviz import Landscape
        >>> landscape = Landscape("xor", "relu")
        >>> points = landscape.initial(5, seed=0, start_range=1.0)
        >>> diagonal = hessian_diagonal(landscape, points)
        >>> diagonal.method, bool((diagonal.value >= 0).all())
        ('exact', True)
    """
    task = checked(landscape, weights, method, num_products, seed, precision, progress)
    return task.run(of_trace=False)


@dataclass(frozen=True)
class Task:
    """What was asked for, checked.

    Attributes:
        products_at: from points to the products with the Hessians, or what stands for them.
        diagonal: from points to their diagonals; None if there is no closed form.
        points: shape (..., num_weights).
        method: any of the methods but ``"auto"``.
        num_products: greatest number of products.
        seed: of the random vectors.
        progress: whether to show progress.
    """

    products_at: ProductsAt
    diagonal: Callable[[Tensor], Tensor] | None
    points: Tensor
    method: str
    num_products: int
    seed: int
    progress: bool | None

    def run(self, of_trace: bool) -> HessianEstimate:
        """Return the estimate at all points."""
        flat = self.points.reshape(-1, self.points.shape[-1])
        find = self._exact if self.method == "exact" else self._sampled
        value, error, samples, products = find(flat, of_trace)
        shape = self.points.shape[:-1] if of_trace else self.points.shape
        return HessianEstimate(
            value.reshape(shape), error.reshape(shape), self.method, samples, products
        )

    def _exact(self, flat: Tensor, of_trace: bool) -> tuple[Tensor, Tensor, int, int]:
        if self.diagonal is not None:
            value, products = self.diagonal(flat), 0
        else:
            value, products = _by_unit_vectors(self.products_at, flat, self._bar), flat.shape[1]
        value = value.double()
        value = value.sum(-1) if of_trace else value
        return value, torch.zeros_like(value), 0, products

    def _sampled(self, flat: Tensor, of_trace: bool) -> tuple[Tensor, Tensor, int, int]:
        sketched = self.num_products // 3 if self.method == "hutch++" else 0
        samples = self.num_products - 2 * sketched
        rows = max(1, NUMBERS // (flat.shape[1] * max(sketched, 1)))
        parts = []
        with self._bar(len(flat), "point") as bar:
            for chunk in flat.split(rows) if len(flat) else (flat,):
                split = Split.of(self.products_at, chunk, sketched, self.seed)
                parts.append(split.estimate(samples, self.seed, of_trace))
                bar.update(len(chunk))
        value, error = (torch.cat(part) for part in zip(*parts, strict=True))
        return value, error, samples, self.num_products

    def _bar(self, total: int, unit: str) -> tqdm:
        return _progress.bar(total, self.progress, unit)


def checked(
    landscape: BaseLandscape,
    weights: Tensor,
    method: str,
    num_products: int,
    seed: int,
    precision: str,
    progress: bool | None,
) -> Task:
    """Check what :func:`trace` was called with, and choose a method where none was named."""
    evaluated = in_precision(landscape, precision)
    points = evaluated._points(weights)
    method = _checks.one_of("method", method, TRACE_METHODS)
    allowed = _checks.whole("num_products", num_products, 6 if method == "hutch++" else 2)
    m = evaluated.num_weights
    closed = evaluated._hessian_diagonal(points.new_zeros(0, m)) is not None
    if method == "auto":
        method = "exact" if closed or m <= allowed else "hutch++" if allowed >= 6 else "hutchinson"
    return Task(
        evaluated._products_at, evaluated._hessian_diagonal if closed else None, points, method,
        allowed, _checks.whole("seed", seed, 0), _progress.checked(progress),
    )  # fmt: skip


def _by_unit_vectors(
    products_at: ProductsAt, points: Tensor, bar: Callable[[int, str], tqdm]
) -> Tensor:
    """Return the diagonals by one product for each weight, (points, weight)."""
    count, m = points.shape
    diagonal = points.new_empty(count, m)
    products = products_at(points)
    with bar(m, "product") as seen:
        for some in torch.arange(m).split(max(1, NUMBERS // max(1, count * m))):
            units = torch.nn.functional.one_hot(some, m).to(points)
            images = products(units[:, None].expand(-1, count, -1))
            diagonal[:, some] = images[torch.arange(len(some)), :, some].T
            seen.update(len(some))
    return diagonal
