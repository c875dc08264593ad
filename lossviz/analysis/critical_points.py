"""Critical points of a landscape: from many starts to where the gradient vanishes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lossviz import _checks
from lossviz.curvature.inertia import Curvature, classify_eigenvalues
from lossviz.landscape.base import BaseLandscape

#: Dampings that are tried in one step, as multiples of the present one.
_DAMPINGS = 4.0 ** torch.arange(8, dtype=torch.float64)
#: A step is good if it takes this share of the gradient's norm away.
_GAIN = 0.05


@dataclass(frozen=True)
class CriticalPoints:
    r"""Points at which searches for a zero gradient ended.

    Attributes:
        weights: shape (points, num_weights).
        loss: the loss, with the penalty if there is one, shape (points,).
        gradient_norm: Euclidean norm of its gradient, shape (points,).
        converged: whether that is at most the tolerance, shape (points,).
        curvature: classes, inertia and eigenvalues of its Hessian. The number of negative
            eigenvalues is called the *index* of a critical point.
        steps: number of steps taken, shape (points,).
    """

    weights: Float[Tensor, "points weight"]
    loss: Float[Tensor, "points"]
    gradient_norm: Float[Tensor, "points"]
    converged: Bool[Tensor, "points"]
    curvature: Curvature
    steps: Int[Tensor, "points"]


def find_critical_points(
    landscape: BaseLandscape,
    starts: Float[Tensor, "points weight"],
    penalty: float = 0.0,
    tolerance: float = 1e-9,
    max_steps: int = 100,
    rtol: float = 1e-8,
) -> CriticalPoints:
    r"""Look for points where the gradient vanishes: minima, saddles and maxima alike.

    The steps are those of Levenberg and Marquardt for the equations :math:`g = 0`, in lockstep
    for all starts. In the Hessian's eigenvectors, with eigenvalues :math:`\lambda_i`,

    .. math::

        d_i = -\frac{\lambda_i g_i}{\lambda_i^2 + \mu^2},

    at most of length 1, with a damping :math:`\mu` that makes the norm of the gradient fall.
    A search stops where no damping does; it may also run off to infinity, where many landscapes
    of networks have their infima. A penalty on large weights,

    .. math::

        L(w) + \frac{p}{2} \|w\|^2,

    makes critical points finite and mostly isolated (Mehta et al. 2018). Which points are found
    depends on the starts: they are no random sample of all critical points.

    Args:
        landscape: the landscape, without kinks; it is evaluated in float64.
        starts: points, shape (points, num_weights), finite.
        penalty: p, at least 0.
        tolerance: norm of the gradient at which a search has converged, above 0.
        max_steps: greatest number of steps, at least 1.
        rtol: tolerance of the curvature classes, 0 <= rtol < 1.

    Returns:
        A point for each start, converged or not.

    Raises:
        ValueError: for starts of another shape or not finite, or a number out of its range.
        TypeError: if ``landscape`` is no landscape or a number is none.

    Example:
        >>> import lossviz as lv
        >>> xor = lv.Landscape("xor", "tanh")
        >>> found = find_critical_points(xor, xor.initial(20, seed=0, start_range=1), penalty=0.01)
        >>> bool((found.gradient_norm[found.converged] <= 1e-9).all())
        True
        >>> best = int(found.loss.argmin())
        >>> int(found.curvature.negative[best]), found.curvature.names[best]
        (0, 'convex')
    """
    if not isinstance(landscape, BaseLandscape):
        raise TypeError(f"landscape must be a Landscape; got {type(landscape).__name__}.")
    exact = landscape.with_dtype(torch.float64)
    points = torch.from_numpy(_checks.array("starts", starts, None, exact.num_weights))
    search = _Search(
        exact,
        _checks.real("penalty", penalty, minimum=0),
        _checks.real("tolerance", tolerance, above=0),
    )
    max_steps = _checks.whole("max_steps", max_steps, 1)
    classify_eigenvalues([1.0], rtol)  # refuses a tolerance out of range before the work
    weights, steps = search.run(points, max_steps)
    loss, gradient = search.loss_and_gradient(weights)
    norm = gradient.norm(dim=-1)
    curvature = classify_eigenvalues(torch.linalg.eigvalsh(search.hessian(weights)), rtol)
    return CriticalPoints(weights, loss, norm, norm <= search.tolerance, curvature, steps)


@dataclass(frozen=True)
class _Search:
    """What does not change during a search."""

    landscape: BaseLandscape
    penalty: float
    tolerance: float

    def loss_and_gradient(self, w: Tensor) -> tuple[Tensor, Tensor]:
        loss, gradient = (part.cpu() for part in self.landscape.loss_and_gradient(w))
        return loss + self.penalty / 2 * (w**2).sum(dim=-1), gradient + self.penalty * w

    def hessian(self, w: Tensor) -> Tensor:
        return self.landscape.hessian(w).cpu() + self.penalty * torch.eye(w.shape[-1]).to(w)

    def run(self, starts: Tensor, max_steps: int) -> tuple[Tensor, Tensor]:
        """Return where searches end and after how many steps."""
        w, gradient = starts.clone(), self.loss_and_gradient(starts)[1]
        damping = torch.full((len(w),), 1e-2, dtype=torch.float64)
        steps = torch.zeros(len(w), dtype=torch.int64)
        live = torch.nonzero(gradient.norm(dim=-1) > self.tolerance).flatten()
        for _ in range(max_steps):
            if not len(live):
                break
            moved, slope, fell, tried = self._step(w[live], gradient[live], damping[live])
            damping[live] = (tried / 3).clamp(min=1e-12)
            w[live[fell]], gradient[live[fell]] = moved[fell], slope[fell]
            steps[live[fell]] += 1
            live = live[fell & (slope.norm(dim=-1) > self.tolerance)]
        return w, steps

    def _step(self, w: Tensor, gradient: Tensor, damping: Tensor) -> tuple[Tensor, ...]:
        """Return the next points, their gradients, whether these are shorter, and dampings."""
        values, vectors = torch.linalg.eigh(self.hessian(w))
        scale = values.abs().amax(dim=-1, keepdim=True).clamp(min=1e-300)
        curve = values / scale
        slope = (gradient[:, None] @ vectors).squeeze(1) / scale
        tried = damping[:, None] * _DAMPINGS
        moves = -(curve * slope)[:, None] / (curve[:, None] ** 2 + tried[..., None] ** 2)
        moves = moves @ vectors.mT
        moves = moves / moves.norm(dim=-1, keepdim=True).clamp(min=1)
        gradients = self.loss_and_gradient(w[:, None] + moves)[1]
        norms, before = gradients.norm(dim=-1), gradient.norm(dim=-1)
        good = norms < (1 - _GAIN) * before[:, None]
        # The smallest damping that is good, else the best of them.
        best = torch.where(good.any(dim=1), good.double().argmax(dim=1), norms.argmin(dim=1))
        rows = torch.arange(len(w))
        fell = norms[rows, best] < before
        return w + moves[rows, best], gradients[rows, best], fell, tried[rows, best]
