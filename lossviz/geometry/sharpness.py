r"""How sharp a minimum is: largest curvature, mean curvature, or how far the loss rises nearby.

Plain measures can be made as large as one likes without changing a prediction: in a ReLU network,
multiply what enters a unit and divide what leaves it (Dinh, Pascanu, Bengio and Bengio 2017).
Measures relative to the size of each weight do not see that: curvature after each direction i is
stretched by :math:`|w_i|`, :math:`D H D` with D = diag(\|w\|), or a ball stretched likewise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks, _progress
from lossviz.curvature._inputs import in_precision
from lossviz.curvature._krylov import ProductsAt
from lossviz.curvature.spectra import pairs, run
from lossviz.curvature.traces import Task, checked
from lossviz.geometry._ascent import highest_in_box
from lossviz.landscape._products import Products
from lossviz.landscape.base import BaseLandscape

Losses = Float[Tensor, "*points"]

# Of the largest eigenvalue, relative, and the products it may take.
_TOLERANCE, _MOST_PRODUCTS = 1e-6, 1000

_TINY = torch.finfo(torch.float64).tiny


@dataclass(frozen=True)
class _Asked:
    """What was asked for, checked.

    Attributes:
        landscape: in float64.
        points: shape (..., num_weights).
        radius: of the ball or box, None where there is none.
        num_steps: of the ascent.
        num_products: for a trace.
        seed: of what is random.
        progress: whether to show progress.
    """

    landscape: BaseLandscape
    points: Tensor
    radius: float | None
    num_steps: int
    num_products: int
    seed: int
    progress: bool | None

    def trace_task(self) -> Task:
        """Return what finds the trace of the Hessian."""
        return checked(
            self.landscape, self.points, "auto", self.num_products, self.seed, "float64",
            self.progress,
        )  # fmt: skip

    def stretched_products_at(self, points: Tensor) -> Products:
        """Return the products with D H D, D = diag(|w|)."""
        products, size = self.landscape._products_at(points), points.abs()
        return lambda vectors: size * products(size * vectors)


def sharpness(
    landscape: BaseLandscape,
    weights: Float[Tensor, "*points weight"],
    measure: str = "max_eigenvalue",
    radius: float | None = None,
    num_steps: int = 20,
    num_products: int = 90,
    seed: int = 0,
    progress: bool | None = None,
) -> Float[Tensor, "*points"]:
    r"""Return a measure of how sharply the loss L rises around points.

    Of the Hessian H at w:

    - ``"max_eigenvalue"``: its largest eigenvalue; a step of gradient descent with learning rate
      :math:`\eta` diverges along it above :math:`2 / \eta` (Cohen et al. 2021).
    - ``"trace"``: the sum of its eigenvalues; see :func:`lossviz.trace`.

    Of the loss nearby, with radius r:

    - ``"sam"``: :math:`L(w + r\, g / \|g\|) - L(w)` with the gradient g: the rise within a
      Euclidean ball, its place found to first order (Foret et al. 2021, equation 2).
    - ``"keskar"``: the largest :math:`L(w + d) - L(w)`, in per cent of :math:`1 + L(w)`, with
      :math:`|d_i| \le r (|w_i| + 1)` (Keskar et al. 2017, metric 2.1 over the whole
      space). It is what projected ascent by signs of the gradient finds, from the middle and from
      a random place: a lower bound.

    Relative to the size of each weight, and so the same after a unit of a ReLU network is rescaled:

    - ``"relative"``: :math:`\sum_i w_i^2 H_{ii} = \operatorname{tr} D H D`, D = diag(\|w\|): of
      the relative flatness of Petzka et al. (2021, definition 3) the terms on the diagonal.
    - ``"relative_max_eigenvalue"``: the largest eigenvalue of :math:`D H D`.
    - ``"asam"``: :math:`L(w + r\, D^2 g / \|D g\|) - L(w)`: the rise within the ball
      :math:`\|D^{-1} d\| \le r`, as for SAM (Kwon et al. 2021, equation 5, without a constant
      added to D).

    All are taken in float64. A zero gradient gives a rise of 0.

    Args:
        landscape: the landscape; it is evaluated in float64, whatever its own precision is.
        weights: points, shape (..., num_weights), finite.
        measure: one of :data:`SHARPNESS_MEASURES`.
        radius: r > 0, or None for that of the measure's paper: 0.05 for SAM, 0.5 for ASAM, 0.001
            for Keskar's. The others take none.
        num_steps: gradients of each ascent of Keskar's measure, at least 1.
        num_products: greatest number of products with each Hessian for a trace where there is no
            closed form, at least 6.
        seed: seed of random vectors, the same ones at every point; at least 0.
        progress: whether to show progress; None shows it in a terminal, after two seconds.

    Returns:
        The measure, shape (...), float64; NaN where the loss or the Hessian is not finite, or an
        eigenvalue did not converge within 1,000 products.

    Raises:
        ValueError: for weights of another shape or not finite, an unknown name, a radius for a
            measure without one, or a number out of its range.
        TypeError: if ``landscape`` is no landscape, or a number or a truth value is none.

    Example:
        Doubling what enters a ReLU unit and halving what leaves it changes no prediction:

        >>> from lossviz import Landscape
        >>> landscape = Landscape("xor", "relu")
        >>> point = landscape.initial(1, seed=1, start_range=2.0)[0]
        >>> other = point.clone()
        >>> other[[0, 1, 4]] *= 2.0  # its two weights and bias
        >>> other[6] /= 2.0
        >>> plain, moved = (sharpness(landscape, w, "trace") for w in (point, other))
        >>> bool(abs(plain - moved) > 0.01 * plain)
        True
        >>> plain, moved = (sharpness(landscape, w, "relative") for w in (point, other))
        >>> bool(abs(plain - moved) < 1e-12)
        True
    """
    evaluated = in_precision(landscape, "float64")
    points = evaluated._points(weights)
    name = _checks.one_of("measure", measure, SHARPNESS_MEASURES)
    asked = _Asked(
        evaluated, points, _radius(name, radius),
        _checks.whole("num_steps", num_steps, 1),
        _checks.whole("num_products", num_products, 6),
        _checks.whole("seed", seed, 0),
        _progress.checked(progress),
    )  # fmt: skip
    return _MEASURES[name](asked)


# --- of the Hessian ---------------------------------------------------------------------------


def _max_eigenvalue(asked: _Asked) -> Losses:
    return _largest(asked, asked.landscape._products_at)


def _relative_max_eigenvalue(asked: _Asked) -> Losses:
    return _largest(asked, asked.stretched_products_at)


def _largest(asked: _Asked, products_at: ProductsAt) -> Losses:
    task = pairs(1, "largest", _TOLERANCE, _MOST_PRODUCTS, asked.seed)
    found = run(products_at, asked.points, task, bool(asked.progress))
    converged = found.residuals <= _TOLERANCE * found.largest[:, None]
    return found.values.where(converged, torch.nan)[:, 0].reshape(asked.points.shape[:-1])


def _trace(asked: _Asked) -> Losses:
    return asked.trace_task().run(of_trace=True).value


def _relative(asked: _Asked) -> Losses:
    task = asked.trace_task()
    known = task.diagonal
    stretched = None if known is None else lambda w: w.square() * known(w)
    task = replace(task, products_at=asked.stretched_products_at, diagonal=stretched)
    return task.run(of_trace=True).value


# --- of the loss nearby -----------------------------------------------------------------------


def _sam(asked: _Asked) -> Losses:
    return _rise(asked, torch.ones_like(asked.points))


def _asam(asked: _Asked) -> Losses:
    return _rise(asked, asked.points.abs())


def _rise(asked: _Asked, stretch: Tensor) -> Losses:
    """Return the rise of the loss to the place that is highest to first order, (...)."""
    loss, gradient = asked.landscape.loss_and_gradient(asked.points)
    # By the largest entry first, as squares of tiny ones would underflow.
    slope = stretch * gradient
    slope = slope / slope.abs().amax(dim=-1, keepdim=True).clamp(min=_TINY)
    length = torch.linalg.vector_norm(slope, dim=-1, keepdim=True).clamp(min=_TINY)
    moved = asked.points + asked.radius * stretch * slope / length
    return asked.landscape.loss(moved) - loss


def _keskar(asked: _Asked) -> Losses:
    landscape, points = asked.landscape, asked.points.reshape(-1, asked.landscape.num_weights)
    size = asked.radius * (points.abs() + 1)
    loss = landscape.loss(points)
    highest = highest_in_box(landscape, points, size, asked.num_steps, asked.seed, asked.progress)
    rise = 100 * (torch.maximum(highest, loss) - loss) / (1 + loss)
    return rise.reshape(asked.points.shape[:-1])


_MEASURES: dict[str, Callable[[_Asked], Losses]] = {
    "max_eigenvalue": _max_eigenvalue,
    "trace": _trace,
    "sam": _sam,
    "keskar": _keskar,
    "relative": _relative,
    "relative_max_eigenvalue": _relative_max_eigenvalue,
    "asam": _asam,
}

#: Names of measures of sharpness.
SHARPNESS_MEASURES = tuple(_MEASURES)

# The radius of a measure's own paper, where it has one.
_RADII = {"sam": 0.05, "asam": 0.5, "keskar": 1e-3}


def _radius(measure: str, got: float | None) -> float | None:
    """Return the radius of a measure; refuse one that has no use."""
    if got is None:
        return _RADII.get(measure)
    if measure not in _RADII:
        raise ValueError(f"radius must be None for {measure!r}, which has none; got {got!r}.")
    return _checks.real("radius", got, above=0)
