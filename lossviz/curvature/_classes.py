"""Names: of curvature classes, of kinds of inertia, of what an inertia rests on."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from lossviz import _checks
from lossviz.curvature._signs import PROOFS

#: Names of the curvature classes; a class is stored as its position in this tuple.
CURVATURE_CLASSES = ("convex", "saddle", "singular", "concave", "undetermined")
CONVEX, SADDLE, SINGULAR, CONCAVE, UNDETERMINED = range(5)

#: Names of the kinds of inertia that :func:`inertia_kinds` tells apart.
INERTIA_KINDS = ("convex", "flat (rest convex)", "saddle", "flat (rest saddle)", "other")


#: What a class can rest on: nothing (undetermined), zeros known from the network's structure,
#: counts of signs of a tridiagonal form's pivots, of LDL^T factors' pivots, or the eigenvalues.
INERTIA_PROOFS = PROOFS


def inertia_kinds(
    classes: Int[Tensor, "*points"],
    positive: Int[Tensor, "*points"],
    negative: Int[Tensor, "*points"],
) -> Int[Tensor, "*points"]:
    """Tell apart what the class "singular" hides: the signs of the eigenvalues that are not zero.

    A flat point is one with eigenvalues that count as zero. Its other eigenvalues are all
    positive ("flat (rest convex)") or of both signs ("flat (rest saddle)"). Concave, undetermined
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
        >>> from lossviz import classify_eigenvalues
        >>> curvature = classify_eigenvalues([[0.0, 2.0], [-1.0, 2.0]])
        >>> kinds = inertia_kinds(curvature.classes, curvature.positive, curvature.negative)
        >>> [INERTIA_KINDS[kind] for kind in kinds]
        ['flat (rest convex)', 'saddle']
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
