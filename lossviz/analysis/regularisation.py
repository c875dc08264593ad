"""Implicit regularisation: how many weights, and how many directions, the loss depends on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lossviz import _checks
from lossviz.curvature._classes import UNDETERMINED
from lossviz.curvature.full import full_curvature
from lossviz.landscape.base import BaseLandscape

# Candidates of several points are evaluated together, up to about this many weights.
_CANDIDATE_WEIGHTS = 2**21


@dataclass(frozen=True)
class EffectiveWeights:
    """Weights that the loss does not need, at a batch of points.

    Attributes:
        removable: number of weights that greedy removal sets to 0 jointly, shape (...).
        removable_singly: number of weights each of which can be set to 0 alone, shape (...).
        removed: which weights greedy removal sets to 0, shape (..., num_weights).
        change: change of the loss by removing all of these, at most the tolerance in size.
        tolerance: largest allowed change of the loss.
    """

    removable: Int[Tensor, "*points"]
    removable_singly: Int[Tensor, "*points"]
    removed: Bool[Tensor, "*points weight"]
    change: Float[Tensor, "*points"]
    tolerance: float

    @property
    def effective(self) -> Int[Tensor, "*points"]:
        """Number of weights that are left."""
        return self.removed.shape[-1] - self.removable


def effective_weights(
    landscape: BaseLandscape, weights: Float[Tensor, "*points weight"], tolerance: float
) -> EffectiveWeights:
    r"""Count the weights that can be set to 0 without changing the loss.

    A set of weights is removable if setting all of them to 0 changes the loss by at most
    ``tolerance``, up or down. Greedy removal starts from none and always adds the weight that
    leaves the loss nearest to what it was, for as long as the set is removable. It is a lower
    bound of the largest removable set: the loss need not change monotonically along the way.
    Weights that are 0 already count as removed. The number can exceed that of weights removable
    singly: once a unit's outgoing weight is 0, its incoming ones do not matter.

    A point costs up to m^2 evaluations of the loss for m weights.

    Args:
        landscape: whose loss.
        weights: points, shape (..., num_weights), finite.
        tolerance: largest allowed size of the change, at least 0, in units of the loss: state
            it with any result.

    Returns:
        Numbers of removable weights, jointly and singly, and which.

    Raises:
        ValueError: for another shape, non-finite weights or a negative tolerance.
        TypeError: if ``landscape`` is no landscape.

    Example:
        With all weights 0 none is needed; a lone output bias is:

        >>> import torch
        >>> from lossviz import Landscape
        >>> points = torch.zeros(2, 9)
        >>> points[1, 8] = 1.0
        >>> effective_weights(Landscape("xor", "tanh"), points, 1e-3).effective.tolist()
        [0, 1]
    """
    points = _points(landscape, weights)
    limit = _checks.real("tolerance", tolerance, minimum=0)
    m = landscape.num_weights
    flat = points.reshape(-1, m)
    rows = max(1, _CANDIDATE_WEIGHTS // m**2)
    parts = [_greedy(landscape, chunk, limit) for chunk in flat.split(rows)]
    removed, change, singly = (torch.cat(part) for part in zip(*parts, strict=True))
    shape = points.shape[:-1]
    return EffectiveWeights(
        removed.sum(-1).reshape(shape), singly.reshape(shape), removed.reshape(points.shape),
        change.reshape(shape), limit,
    )  # fmt: skip


def _greedy(
    landscape: BaseLandscape, points: Tensor, limit: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return which weights go (points, weight), the change of the loss, how many go singly."""
    base = landscape.loss(points)
    removed = torch.zeros(points.shape, dtype=torch.bool, device=points.device)
    change = torch.zeros_like(base)
    singly = (_changes(landscape, points, base).abs() <= limit).sum(-1)
    active = torch.arange(len(points), device=points.device)
    while len(active):
        left = torch.where(removed[active], 0, points[active])
        changes = _changes(landscape, left, base[active])
        size = torch.where(removed[active], torch.inf, changes.abs())
        least, which = size.min(dim=-1)
        goes = least <= limit  # false where every weight is gone
        active, which = active[goes], which[goes]
        removed[active, which] = True
        change[active] = changes[goes].gather(1, which[:, None])[:, 0]
    return removed, change, singly


def _changes(landscape: BaseLandscape, points: Tensor, base: Tensor) -> Tensor:
    """Return the change of the loss by setting each weight to 0, shape (points, weight)."""
    m = points.shape[-1]
    changes = []
    for some in torch.arange(m).split(max(1, _CANDIDATE_WEIGHTS // points.numel())):
        without = points[:, None, :].repeat(1, len(some), 1)
        without[:, torch.arange(len(some)), some] = 0
        changes.append(landscape.loss(without) - base[:, None])
    return torch.cat(changes, dim=1)


def hessian_rank(
    landscape: BaseLandscape, weights: Float[Tensor, "*points weight"], rtol: float = 1e-8
) -> Int[Tensor, "*points"]:
    r"""Return the rank of the Hessian: in how many directions the loss curves.

    It is the number of eigenvalues, in float64, with
    :math:`|\lambda| > \mathrm{rtol} \cdot \max |\lambda|`.

    Args:
        landscape: whose loss.
        weights: points, shape (..., num_weights), finite.
        rtol: relative tolerance, 0 <= rtol < 1; state it with any result.

    Returns:
        Ranks, shape (...); -1 where the curvature is undetermined (see
        :func:`lossviz.classify_curvature`).

    Raises:
        ValueError: for another shape, non-finite weights, or ``rtol`` out of range.
        TypeError: if ``landscape`` is no landscape.

    Example:
        With all weights 0, only the output bias curves the loss:

        >>> import torch
        >>> from lossviz import Landscape
        >>> int(hessian_rank(Landscape("xor", "tanh"), torch.zeros(9)))
        1
    """
    curvature = full_curvature(landscape, weights, rtol)
    rank = curvature.positive + curvature.negative
    return torch.where(curvature.classes == UNDETERMINED, -1, rank)


def _points(landscape: BaseLandscape, weights: object) -> Tensor:
    if not isinstance(landscape, BaseLandscape):
        raise TypeError(f"landscape must be a Landscape; got {type(landscape).__name__}.")
    return landscape._points(weights)
