r"""Curvature classes from the inertia of the whole Hessian.

The inertia of a symmetric matrix is how many of its eigenvalues are positive, negative and zero.
In floating point, "zero" needs a tolerance: here \|lambda\| <= rtol * max \|lambda\|.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lossviz import _checks
from lossviz.curvature._eigenvalues import symmetric_eigenvalues

#: Names of the curvature classes; a class is stored as its position in this tuple.
CURVATURE_CLASSES = ("convex", "saddle", "singular", "concave", "undetermined")
CONVEX, SADDLE, SINGULAR, CONCAVE, UNDETERMINED = range(5)

#: Names of the kinds of inertia that :func:`inertia_kinds` tells apart.
INERTIA_KINDS = ("convex", "flat, rest convex", "saddle", "flat, rest saddle", "other")


@dataclass(frozen=True)
class Curvature:
    """Curvature classes and inertia of a batch of Hessians.

    Attributes:
        classes: int8, shape (...): positions in :data:`CURVATURE_CLASSES`.
        positive: number of positive eigenvalues, shape (...).
        negative: number of negative eigenvalues, shape (...).
        zero: number of eigenvalues that count as zero, shape (...).
        eigenvalues: ascending, float64, shape (..., num_weights).
        rtol: the tolerance below which an eigenvalue counts as zero.

    Where the class is "undetermined" all three counts are 0 and the eigenvalues NaN.
    """

    classes: Int[Tensor, "*points"]
    positive: Int[Tensor, "*points"]
    negative: Int[Tensor, "*points"]
    zero: Int[Tensor, "*points"]
    eigenvalues: Float[Tensor, "*points weight"]
    rtol: float

    @property
    def names(self) -> list:
        """The classes by name, nested as the points are."""
        return _named(self.classes.tolist())


def _named(codes: int | list) -> str | list:
    return [_named(code) for code in codes] if isinstance(codes, list) else CURVATURE_CLASSES[codes]


def classify_curvature(
    hessians: Float[Tensor, "*points weight weight"], rtol: float = 1e-8
) -> Curvature:
    r"""Classify points by the eigenvalues of their whole Hessians, in float64.

    An eigenvalue is zero when :math:`|\lambda| \le \mathrm{rtol} \cdot \max |\lambda|`.
    The classes, in this order:

    - *singular* if any eigenvalue is zero,
    - *saddle* if both signs occur,
    - *convex* if all are positive,
    - *concave* if all are negative;
    - *undetermined* if an entry is not finite or max \|H_ij\| is below tiny/eps of float64
      (1e-292), where arithmetic on subnormal numbers has no relative precision left.

    This is the definition by the full Hessian. It differs from classifying one block per layer.

    Args:
        hessians: symmetric matrices, shape (..., num_weights, num_weights).
        rtol: relative tolerance, 0 <= rtol < 1. The share of singular points depends on it
            where weights are large: state it with any result.

    Returns:
        Classes, inertia and eigenvalues.

    Raises:
        ValueError: if the matrices are not square, not symmetric or empty, or ``rtol`` is out of
            range.

    Example:
        >>> import torch
        >>> curvature = classify_curvature(torch.diag_embed(torch.tensor([[1.0, 2.0], [1, -1]])))
        >>> curvature.names
        ['convex', 'saddle']
        >>> int(curvature.negative[1])
        1
    """
    return classify_checked(_symmetric(hessians), check_rtol(rtol))


def classify_checked(
    matrices: Float[Tensor, "*points weight weight"],
    rtol: float,
    places: np.ndarray | None = None,
) -> Curvature:
    """Do :func:`classify_curvature`'s work on float64 matrices that are known to be symmetric.

    ``places`` are as in :func:`lossviz.curvature._eigenvalues.symmetric_eigenvalues`.
    """
    largest = matrices.abs().amax(dim=(-2, -1))  # NaN if any entry is NaN
    limits = torch.finfo(torch.float64)
    undetermined = ~(torch.isfinite(largest) & (largest >= limits.tiny / limits.eps))
    if undetermined.any():
        some = torch.eye(matrices.shape[-1], dtype=matrices.dtype)  # any that has eigenvalues
        matrices = torch.where(undetermined[..., None, None], some, matrices)
    size = matrices.shape[-1]
    values = symmetric_eigenvalues(matrices.reshape(largest.numel(), size, size), places)
    values = values.reshape((*largest.shape, size))
    values[undetermined] = torch.nan
    return classify_eigenvalues(values, rtol)


def classify_eigenvalues(
    eigenvalues: Float[Tensor, "*points weight"], rtol: float = 1e-8
) -> Curvature:
    """Classify points by eigenvalues that are already known; NaN means undetermined.

    Args:
        eigenvalues: shape (..., num_weights), ascending.
        rtol: relative tolerance, 0 <= rtol < 1.

    Returns:
        The same as :func:`classify_curvature`.

    Raises:
        ValueError: if ``rtol`` is out of range or there are no eigenvalues.

    Example:
        >>> classify_eigenvalues([[-1.0, 0.0, 3.0]], rtol=1e-8).names
        ['singular']
    """
    rtol = check_rtol(rtol)
    values = _checks.shape_ends(
        "eigenvalues", _checks.tensor("eigenvalues", eigenvalues, torch.float64), None
    )
    values = values.detach()
    size = values.abs()
    floor = rtol * size.amax(dim=-1, keepdim=True)
    zero = (size <= floor).sum(-1)
    positive = (values > floor).sum(-1)
    negative = (values < -floor).sum(-1)
    classes = torch.full(zero.shape, CONCAVE, dtype=torch.int8)
    classes[(positive > 0) & (negative == 0)] = CONVEX
    classes[(positive > 0) & (negative > 0)] = SADDLE
    classes[zero > 0] = SINGULAR
    classes[torch.isnan(floor.squeeze(-1))] = UNDETERMINED
    return Curvature(classes, positive, negative, zero, values, rtol)


def inertia_kinds(
    classes: Int[Tensor, "*points"],
    positive: Int[Tensor, "*points"],
    negative: Int[Tensor, "*points"],
) -> Int[Tensor, "*points"]:
    """Tell apart what the class "singular" hides: the signs of the eigenvalues that are not zero.

    A flat point is one with eigenvalues that count as zero. Its other eigenvalues are all
    positive ("flat, rest convex") or of both signs ("flat, rest saddle"). Concave, undetermined
    and flat points without a positive eigenvalue are "other".

    Args:
        classes: curvature classes, shape (...).
        positive: numbers of positive eigenvalues, shape (...).
        negative: numbers of negative eigenvalues, shape (...).

    Returns:
        Positions in :data:`INERTIA_KINDS`, int8, shape (...).

    Raises:
        ValueError: if the shapes differ.

    Example:
        >>> curvature = classify_eigenvalues([[0.0, 2.0], [-1.0, 2.0]])
        >>> kinds = inertia_kinds(curvature.classes, curvature.positive, curvature.negative)
        >>> [INERTIA_KINDS[kind] for kind in kinds]
        ['flat, rest convex', 'saddle']
    """
    named = {"classes": classes, "positive": positive, "negative": negative}
    code, up, down = (_checks.tensor(what, values) for what, values in named.items())
    if not code.shape == up.shape == down.shape:
        raise ValueError(
            "classes, positive and negative must have one shape; "
            f"got {tuple(code.shape)}, {tuple(up.shape)} and {tuple(down.shape)}."
        )
    flat = (code == SINGULAR) & (up > 0)
    kinds = torch.full(code.shape, 4, dtype=torch.int8)
    kinds[code == CONVEX] = 0
    kinds[flat & (down == 0)] = 1
    kinds[code == SADDLE] = 2
    kinds[flat & (down > 0)] = 3
    return kinds


def check_rtol(rtol: float) -> float:
    """Return the tolerance as a float if 0 <= rtol < 1; raise ValueError otherwise."""
    value = _checks.real("rtol", rtol, minimum=0)
    if value >= 1:
        raise ValueError(f"rtol must be below 1; got {value}.")
    return value


def _symmetric(hessians: Tensor) -> Tensor:
    matrices = _checks.tensor("hessians", hessians, torch.float64).detach()
    _checks.shape_ends("hessians", matrices, None, None)
    if matrices.shape[-1] != matrices.shape[-2]:
        raise ValueError(f"hessians must be square; got shape {tuple(matrices.shape)}.")
    skew = (matrices - matrices.mT).abs().nan_to_num(0, posinf=0)
    scale = matrices.abs().nan_to_num(0, posinf=0).amax(dim=(-2, -1), keepdim=True)
    # 1e-3 forgives Hessians made by finite differences and catches what is not one.
    if bool((skew > 1e-3 * scale).any()):
        raise ValueError(
            "hessians must be symmetric; got matrices that differ from their transpose by up to "
            f"{float(skew.max()):.3g}."
        )
    return matrices
