"""Checks of points and directions that the functions of this floor share."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from lossviz import _checks
from lossviz.landscape.base import BaseLandscape


def checked_landscape(got: Any) -> BaseLandscape:
    """Return ``got`` if it is a landscape."""
    if not isinstance(got, BaseLandscape):
        raise TypeError(f"landscape must be a Landscape; got {type(got).__name__}.")
    return got


def one_point(what: str, got: Any, landscape: BaseLandscape) -> Tensor:
    """Return one finite point of a landscape, shape (num_weights,), in its precision."""
    value = _checks.tensor(what, got, landscape.dtype).detach().to(landscape.device)
    if value.shape != (landscape.num_weights,):
        raise ValueError(
            f"{what} must have shape ({landscape.num_weights},), one number for each weight; "
            f"got {tuple(value.shape)}."
        )
    return _checks.all_finite(what, value)


def some_points(what: str, got: Any, landscape: BaseLandscape) -> Tensor:
    """Return finite points of a landscape, shape (..., num_weights), in its precision."""
    value = _checks.tensor(what, got, landscape.dtype).detach().to(landscape.device)
    _checks.shape_ends(what, value, landscape.num_weights)
    return _checks.all_finite(what, value)


def one_direction(what: str, got: Any, landscape: BaseLandscape) -> Tensor:
    """Return one finite direction that is not zero, shape (num_weights,)."""
    value = one_point(what, got, landscape)
    if not bool(value.any()):
        raise ValueError(f"{what} must not be zero; got {landscape.num_weights} zeros.")
    return value


def some_directions(what: str, got: Any, landscape: BaseLandscape) -> Tensor:
    """Return finite directions of which none is zero, shape (..., num_weights)."""
    value = some_points(what, got, landscape)
    zero = int((~value.any(dim=-1)).sum())
    if zero or value.numel() == 0:
        raise ValueError(
            f"{what} must have at least one direction, and none that is zero; got {zero} of "
            f"{value.shape[:-1].numel()} zero."
        )
    return value


def norms(vectors: Tensor) -> Tensor:
    """Return Euclidean norms in float64: in float32 those of small vectors would be 0."""
    return torch.linalg.vector_norm(vectors.to(torch.float64), dim=-1)


def cosine(a: Tensor, b: Tensor) -> float:
    """Return the cosine of the angle between two directions."""
    a, b = (v.to(torch.float64) / norms(v) for v in (a, b))
    return float(torch.clamp(a @ b, -1.0, 1.0))
