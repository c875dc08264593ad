"""Curvature classes of points by their whole Hessians, of which only a few are held at a time."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lossviz import _checks
from lossviz.curvature.inertia import (
    Curvature,
    check_rtol,
    classify_entries,
    joined,
    singular_by_structure,
)
from lossviz.landscape.base import BaseLandscape

# At most about this many bytes are held for Hessians at a time.
_BYTES = 2**24


def full_curvature(
    landscape: BaseLandscape,
    weights: Float[Tensor, "*points weight"],
    rtol: float = 1e-8,
    *,
    eigenvalues: bool = False,
    null_directions: str = "count",
    inertia: bool = True,
) -> Curvature:
    r"""Classify points of a landscape by the signs of their Hessians' eigenvalues, in float64.

    The same definition as :func:`lossviz.classify_curvature`, for as many points as there are: the
    Hessians are formed, a few at a time, without the directions that are known to be flat
    everywhere (the landscape's ``null_basis``), and forgotten again.

    Args:
        landscape: the landscape; it is evaluated in float64.
        weights: points, shape (..., num_weights), finite.
        rtol: relative tolerance, 0 <= rtol < 1: an eigenvalue is zero when
            \|lambda\| <= rtol * max \|lambda\|.
        eigenvalues: whether to return the eigenvalues too.
        null_directions: ``"count"`` known flat directions as zero eigenvalues, or ``"project"``
            them out, so that class, counts and eigenvalues are those of the other directions.
        inertia: whether the counts are wanted. If not, and neither are eigenvalues, points of
            a landscape with ``structural_zeros`` are singular without further ado (unless they
            are undetermined); their counts are -1.

    Returns:
        Classes, inertia, proofs, and eigenvalues if asked for.

    Raises:
        ValueError: for another shape, non-finite weights, an unknown name, or a tolerance out of
            range.
        TypeError: if ``landscape`` is no landscape or a switch no bool.

    Example:
        At the origin only the output's bias makes a difference to XOR's loss, in second order:

        >>> import torch
        >>> from lossviz import Landscape
        >>> found = full_curvature(Landscape("xor", "tanh"), torch.zeros(9))
        >>> found.names, int(found.positive), int(found.negative), int(found.zero)
        ('singular', 1, 0, 8)
    """
    if not isinstance(landscape, BaseLandscape):
        raise TypeError(f"landscape must be a Landscape; got {type(landscape).__name__}.")
    rtol = check_rtol(rtol)
    for what, switch in (("eigenvalues", eigenvalues), ("inertia", inertia)):
        _checks.switch(what, switch)
    project = _checks.one_of("null_directions", null_directions, ("count", "project")) == "project"
    exact = landscape.with_dtype(torch.float64)
    points = exact._points(weights)
    flat = points.reshape(-1, exact.num_weights)
    by_structure = not (inertia or eigenvalues or project) and exact.structural_zeros > 0
    parts = []
    rows = max(1, _BYTES // (8 * exact._numbers_per_point))
    for chunk in flat.split(rows):
        everything = torch.arange(len(chunk))
        if by_structure:
            parts.append(class_by_structure(exact, chunk, everything, rtol))
            continue
        entries, place = exact._hessian_entries(chunk, everything)
        zeros = 0 if project else exact.num_weights - len(place)
        parts.append(
            classify_entries(entries.cpu(), place.cpu(), rtol, eigenvalues=eigenvalues, zeros=zeros)
        )
    return joined(parts, points.shape[:-1])


def class_by_structure(
    exact: BaseLandscape,
    points: Float[Tensor, "points weight"],
    wanted: Int[Tensor, "wanted"],
    rtol: float,
) -> Curvature:
    """Classify points of a float64 landscape that has eigenvalues known to be zero everywhere.

    They are singular, unless they are undetermined: only where that is in doubt is a Hessian
    formed. Counts that nobody needed are -1.

    Args:
        exact: the landscape.
        points: what is evaluated together.
        wanted: positions of the points that are classified.
        rtol: tolerance of the class.
    """
    found = singular_by_structure((len(wanted),), rtol)
    doubtful = torch.nonzero(~exact._surely_determined(points).cpu()[wanted]).flatten()
    if len(doubtful):
        entries, place = exact._hessian_entries(points, wanted[doubtful])
        zeros = exact.num_weights - len(place)
        formed = classify_entries(entries.cpu(), place.cpu(), rtol, zeros=zeros)
        for name in ("classes", "positive", "negative", "zero", "proof"):
            getattr(found, name)[doubtful] = getattr(formed, name)
    return found
