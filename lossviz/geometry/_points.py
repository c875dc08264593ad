"""Checked points of a landscape, and what is measured at them."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks
from lossviz.landscape.base import BaseLandscape

LONG_NAMES = {
    "loss": "training loss",
    "accuracy": "training accuracy",
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
}


def checked_landscape(landscape: BaseLandscape) -> BaseLandscape:
    """Return a landscape; raise TypeError for anything else."""
    if not isinstance(landscape, BaseLandscape):
        raise TypeError(f"landscape must be a Landscape; got {type(landscape).__name__}.")
    return landscape


def points(
    landscape: BaseLandscape, what: str, got: Float[Tensor, "*points weight"]
) -> Float[Tensor, "*points weight"]:
    """Return finite points, called ``what`` in errors, in the landscape's precision."""
    values = _checks.tensor(what, got, landscape.dtype).detach().to(landscape.device)
    _checks.shape_ends(what, values, landscape.num_weights)
    return _checks.all_finite(what, values)


def one_point(
    landscape: BaseLandscape, what: str, got: Float[Tensor, "weight"]
) -> Float[Tensor, "weight"]:
    """Return a single finite point, called ``what`` in errors, in the landscape's precision."""
    values = points(landscape, what, got)
    if values.ndim != 1:
        raise ValueError(
            f"{what} must have shape ({landscape.num_weights},); got {tuple(values.shape)}."
        )
    return values


def batch_size(landscape: BaseLandscape, got: int | None, optimiser: str) -> int | None:
    """Return a number of samples that a step can take, or None for all."""
    if got is None:
        return None
    size = _checks.whole("batch_size", got, 1)
    if optimiser == "gd":
        raise ValueError(
            f"batch_size must be None with the optimiser 'gd', which takes all; got {size}."
        )
    if size > landscape.num_samples:
        raise ValueError(
            f"batch_size must be at most {landscape.num_samples}, the number of training "
            f"samples; got {size}."
        )
    return size


def knows_accuracy(landscape: BaseLandscape | None) -> bool:
    """Say whether accuracies are defined, as they are where targets are classes."""
    if landscape is None:
        return False
    origin = torch.zeros(landscape.num_weights, dtype=landscape.dtype, device=landscape.device)
    try:
        landscape.accuracy(origin)
    except ValueError:
        return False
    return True


def measured(
    landscape: BaseLandscape, at: Float[Tensor, "points weight"]
) -> dict[str, Float[np.ndarray, "points"]]:
    """Return loss, accuracy and both on the test part at points, as far as they are known."""
    found: dict[str, np.ndarray] = {}
    for prefix, part in (("", landscape), ("test_", landscape.test)):
        if part is not None:
            found[f"{prefix}loss"] = part.loss(at).cpu().numpy()
        if knows_accuracy(part):
            found[f"{prefix}accuracy"] = part.accuracy(at).cpu().numpy()
    return found
