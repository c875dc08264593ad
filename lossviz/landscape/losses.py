r"""Losses as functions of the output units' net inputs, with slope and bend in closed form.

For sigmoid outputs o = sigmoid(z) and targets t, each function returns, element by element,

- the value of the loss,
- the slope, its first derivative with respect to z, and
- the bend, its second derivative with respect to z.

All are written through exp(-\|z\|): automatic differentiation of the usual stable loss gives a
slope that is exactly 0 once 1 - o rounds to 0, which changes where a gradient walk goes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_Parts = tuple[Tensor, Tensor, Tensor]


def _sigmoids(z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return exp(-|z|), sigmoid(z) and sigmoid(-z), the last two without cancellation."""
    decay = torch.exp(-z.abs())
    large = 1 / (1 + decay)
    small = decay * large
    positive = z > 0
    return decay, torch.where(positive, large, small), torch.where(positive, small, large)


def cross_entropy(z: Tensor, targets: Tensor) -> _Parts:
    """Binary cross-entropy -t ln o - (1 - t) ln(1 - o), natural logarithm."""
    decay, up, down = _sigmoids(z)
    value = z.clamp(min=0) - z * targets + torch.log1p(decay)
    slope = (1 - targets) * up - targets * down
    return value, slope, up * down


def squared_error(z: Tensor, targets: Tensor) -> _Parts:
    """Squared error (o - t)^2, without the factor 1/2."""
    _, up, down = _sigmoids(z)
    residual = (1 - targets) * up - targets * down
    slope_of_output = up * down
    bend_of_output = slope_of_output * (down - up)
    slope = 2 * residual * slope_of_output
    bend = 2 * (slope_of_output**2 + residual * bend_of_output)
    return residual**2, slope, bend


LOSSES: dict[str, Callable[[Tensor, Tensor], _Parts]] = {
    "cross_entropy": cross_entropy,
    "squared_error": squared_error,
}
