r"""Curvature classes of points whose Hessians are too large to be formed.

Three arguments replace the whole spectrum. Some zero eigenvalues need no arithmetic: a landscape
may know that they are there at every point. For any unit vector v, the largest eigenvalue is no
smaller and the smallest no larger than :math:`\theta = v^T H v`, which proves signs. And within
:math:`\|H v - \theta v\|` of :math:`\theta` there is an eigenvalue (Parlett 1998, chapters 1 and
4), which proves that one counts as zero. None of them can show that no eigenvalue in the middle of
the spectrum is zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lossviz import _checks
from lossviz.curvature._inputs import in_precision
from lossviz.curvature._lanczos import Look, Ritz, Task
from lossviz.curvature.inertia import (
    CONCAVE,
    CONVEX,
    CURVATURE_CLASSES,
    SADDLE,
    SINGULAR,
    UNDETERMINED,
    check_rtol,
)
from lossviz.curvature.spectra import check_tolerance, run
from lossviz.landscape.base import BaseLandscape

#: Arguments that decide a class without the Hessian; one is stored as its position in this tuple.
CURVATURE_PROOFS = (
    "open", "structural zeros", "zero eigenvalue", "extreme eigenvalues", "whole spectrum",
    "no numbers",
)  # fmt: skip
_OPEN, _STRUCTURAL, _ZERO, _EXTREME, _WHOLE, _NO_NUMBERS = range(6)

_LOW, _NEAREST, _HIGH = range(3)

# Rounding of v^T H v in float64, relative to the largest eigenvalue, with room to spare.
_ROUNDING = 1e-13


@dataclass(frozen=True)
class ExtremeCurvature:
    r"""Curvature classes of a batch of points, by the ends of their Hessians' spectra.

    Attributes:
        classes: int8, shape (...): positions in :data:`CURVATURE_CLASSES`.
        proof: int8, shape (...): positions in :data:`CURVATURE_PROOFS`: what decided the class.
        has_positive: int8, shape (...): 1 where a positive eigenvalue is proven to exist, -1
            where the largest has converged and is not above r (evidence, but no proof), 0 where
            neither is known.
        has_negative: int8, shape (...): the same for negative eigenvalues.
        eigenvalues: the smallest and the largest, float64, shape (..., 2).
        residuals: :math:`\|H v - \theta v\|` of both, shape (..., 2).
        converged: whether both are known to ``tolerance``, shape (..., 2).
        iterations: products that were taken with each Hessian, shape (...).
        rtol: the tolerance below which an eigenvalue counts as zero.
    """

    classes: Int[Tensor, "*points"]
    proof: Int[Tensor, "*points"]
    has_positive: Int[Tensor, "*points"]
    has_negative: Int[Tensor, "*points"]
    eigenvalues: Float[Tensor, "*points end"]
    residuals: Float[Tensor, "*points end"]
    converged: Bool[Tensor, "*points end"]
    iterations: Int[Tensor, "*points"]
    rtol: float

    @property
    def names(self) -> list:
        """The classes by name, nested as the points are."""
        return _named(self.classes.tolist(), CURVATURE_CLASSES)

    @property
    def proofs(self) -> list:
        """What decided each class, in words, nested as the points are."""
        return _named(self.proof.tolist(), CURVATURE_PROOFS)


def _named(codes: int | list, words: tuple[str, ...]) -> str | list:
    return [_named(code, words) for code in codes] if isinstance(codes, list) else words[codes]


def extreme_curvature(
    landscape: BaseLandscape,
    weights: Float[Tensor, "*points weight"],
    rtol: float = 1e-8,
    tolerance: float = 1e-6,
    max_iterations: int = 300,
    seed: int = 0,
    progress: bool = False,
) -> ExtremeCurvature:
    r"""Classify points without their Hessians, and say what decided and what stays open.

    The classes are those of :func:`classify_curvature`, in float64, with
    :math:`r = \mathrm{rtol} \cdot \max |\lambda|`. Each is decided by the first of:

    - "no numbers": a product with the Hessian is not finite, or max \|lambda\| is below tiny/eps
      of float64 (*undetermined*);
    - "structural zeros": the landscape knows eigenvalues that are zero at every point, and rtol
      is not 0 (*singular*);
    - "zero eigenvalue": some eigenvalue lies in [-r, r] by its residual (*singular*);
    - "extreme eigenvalues": the smallest has converged above r (*convex*), or the largest below
      -r (*concave*);
    - "whole spectrum": ``max_iterations`` reached ``num_weights``, so all eigenvalues are known
      (*saddle*);
    - "open": none of these. The class is then "undetermined"; ``has_positive`` and
      ``has_negative`` may still say that the point is no minimum.

    A saddle of a network with more weights than ``max_iterations`` therefore stays open: both
    signs are proven, but Lanczos' method cannot exclude a zero in the middle of the spectrum.
    What rests on a value having converged (convex, concave, a sign that is ruled out, and r, for
    which the largest \|theta\| stands) holds unless the random start had next to no part of the
    extreme eigenvector. Up to a thousand weights, the whole Hessian is the better way.

    Args:
        landscape: the landscape; it is evaluated in float64, whatever its own precision is.
        weights: points, shape (..., num_weights), finite.
        rtol: relative tolerance of a zero, 0 <= rtol < 1.
        tolerance: relative tolerance of the extreme eigenvalues, 0 <= tolerance < 1. The method
            goes on until their signs are certain, too, or ``max_iterations`` is reached.
        max_iterations: greatest number of products with a Hessian, at least 1.
        seed: seed of the start, the same vector at every point; at least 0.
        progress: whether to write progress to standard error.

    Returns:
        Classes, signs and extreme eigenvalues, with what they rest on.

    Raises:
        ValueError: for weights of another shape or not finite, or a number out of its range.
        TypeError: if ``landscape`` is no landscape, or a number or a truth value is none.

    Example:
        >>> import torch
        >>> from lossviz import Landscape
        >>> landscape = Landscape("iris", "tanh")
        >>> point = landscape.initial(1, seed=0, start_range=1.0)[0]
        >>> found = extreme_curvature(landscape, point)
        >>> found.names, found.proofs
        ('saddle', 'whole spectrum')
        >>> found = extreme_curvature(landscape, point, max_iterations=20)
        >>> found.names, found.proofs, int(found.has_negative)
        ('undetermined', 'open', 1)
    """
    evaluated = in_precision(landscape, "float64")
    points = evaluated._points(weights)
    rtol, below = check_rtol(rtol), check_tolerance(tolerance)
    most = _checks.whole("max_iterations", max_iterations, 1)
    whole = most >= evaluated.num_weights
    task = Task(
        choose=_ends_and_nearest,
        enough=partial(_settled, tolerance=below, rtol=rtol, whole=whole),
        needed=1,
        max_iterations=most,
        seed=(_checks.whole("seed", seed, 0), 0),
    )
    ritz = run(evaluated._products_at, points, task, progress)
    known = ritz.residuals <= below * ritz.largest[:, None]
    fields = _decide(ritz, known, rtol, evaluated)
    ends = (ritz.values, ritz.residuals, known)
    fields += [part[:, [_LOW, _HIGH]] for part in ends] + [ritz.iterations]
    shape = points.shape[:-1]
    return ExtremeCurvature(*(part.reshape((*shape, *part.shape[1:])) for part in fields), rtol)


def _ends_and_nearest(values: Tensor, residuals: Tensor) -> Tensor:
    """Return positions of the smallest, the one that is most surely near 0, and the largest."""
    nearest = (values.abs() + residuals).argmin(dim=1)
    return torch.stack(
        [torch.zeros_like(nearest), nearest, torch.full_like(nearest, values.shape[1] - 1)], dim=1
    )


def _settled(look: Look, tolerance: float, rtol: float, whole: bool) -> Tensor:
    """Say where more products would change nothing: both ends are known, their signs certain."""
    values, residuals, largest = look.values, look.residuals, look.largest
    if whole:
        return torch.zeros(len(values), dtype=torch.bool, device=values.device)
    size, zero = values.abs(), rtol * largest[:, None]
    certain = (size - 2 * residuals > zero) | (size + 2 * residuals < zero)
    settled = certain & (residuals <= 0.9 * tolerance * largest[:, None])
    return settled[:, [_LOW, _HIGH]].all(dim=1)


def _decide(ritz: Ritz, known: Tensor, rtol: float, landscape: BaseLandscape) -> list[Tensor]:
    """Return classes, proofs, and whether there are positive and negative eigenvalues."""
    values, residuals = ritz.values, ritz.residuals
    whole = ritz.iterations == landscape.num_weights
    known = known | whole[:, None]
    up, down = values + residuals, values - residuals
    # Of r it is known that the largest |lambda| is no less than this and, if it has converged,
    # no more than that.
    slack = residuals[:, [_LOW, _HIGH]].amax(dim=1)
    at_least, at_most = rtol * (ritz.largest - slack), rtol * (ritz.largest + slack)
    # What v^T H v says needs no residual; a margin is left for its rounding.
    proven = torch.minimum(residuals, _ROUNDING * ritz.largest[:, None])
    positive = (values - proven > at_most[:, None]).any(dim=1)
    negative = (values + proven < -at_most[:, None]).any(dim=1)
    no_positive = known[:, _HIGH] & (up[:, _HIGH] <= at_least) & ~positive
    no_negative = known[:, _LOW] & (down[:, _LOW] >= -at_least) & ~negative
    nearest = values[:, _NEAREST].abs()
    limits = torch.finfo(torch.float64)
    arguments = (  # the last that holds decides
        (
            whole & positive & negative & (nearest - residuals[:, _NEAREST] > at_most),
            SADDLE,
            _WHOLE,
        ),
        (known[:, _HIGH] & (up[:, _HIGH] < -at_most), CONCAVE, _EXTREME),
        (known[:, _LOW] & (down[:, _LOW] > at_most), CONVEX, _EXTREME),
        (nearest + residuals[:, _NEAREST] <= at_least, SINGULAR, _ZERO),
        (torch.full_like(whole, landscape.structural_zeros > 0 < rtol), SINGULAR, _STRUCTURAL),
        (~(ritz.largest >= limits.tiny / limits.eps), UNDETERMINED, _NO_NUMBERS),
    )
    classes = torch.full(whole.shape, UNDETERMINED, dtype=torch.int8, device=values.device)
    proof = torch.full_like(classes, _OPEN)
    for holds, code, argument in arguments:
        classes[holds], proof[holds] = code, argument
    signs = [
        has.to(torch.int8) - hasnt.to(torch.int8)
        for has, hasnt in ((positive, no_positive), (negative, no_negative))
    ]
    return [classes, proof, *signs]
