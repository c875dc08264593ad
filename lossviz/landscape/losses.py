r"""Losses as functions of the output units' net inputs, with slope and bend in closed form.

For sigmoid outputs o = sigmoid(z) and targets t, the loss of a point is a mean over samples and
outputs. Each class gives, for net inputs z of shape (points, outputs, samples),

- ``value_and_slope``: the loss, shape (points,), and its derivative with respect to each z;
- ``slope_and_bend``: the first and second derivative with respect to each z.

All divide by the number of samples times outputs. They are written in sigmoid(z) and sigmoid(-z):
automatic differentiation of the usual stable loss takes 1 - sigmoid(z) instead, which is exactly 0
from z = 17 in float32 and 38 in float64, and that changes where a gradient walk goes. Here the
slope underflows only where exp(-\|z\|) does: beyond 88 and 709.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

# softplus(z) = z holds exactly in float64 above this; below, torch takes log1p(exp(z)).
_EXACT_ABOVE = 40.0


class CrossEntropy:
    """Binary cross-entropy -t ln o - (1 - t) ln(1 - o), natural logarithm."""

    def __init__(self, targets: Tensor) -> None:
        self.ones = targets / targets.numel()
        self.zeros = (1 - targets) / targets.numel()
        self.share = 1 / targets.numel()

    def value_and_slope(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss per point and its slopes."""
        down = -z
        value = self.zeros * softplus(z, threshold=_EXACT_ABOVE)
        value = torch.addcmul(value, self.ones, softplus(down, threshold=_EXACT_ABOVE))
        slope = self.zeros * torch.sigmoid(z)
        slope = torch.addcmul(slope, self.ones, torch.sigmoid(down), value=-1)
        return value.sum(dim=(-2, -1)), slope

    def slope_and_bend(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return slopes and bends."""
        up, down = torch.sigmoid(z), torch.sigmoid(-z)
        slope = torch.addcmul(self.zeros * up, self.ones, down, value=-1)
        return slope, up * down * self.share


class SquaredError:
    """Squared error (o - t)^2, without the factor 1/2."""

    def __init__(self, targets: Tensor) -> None:
        self.ones = targets
        self.zeros = 1 - targets
        self.share = 1 / targets.numel()

    def value_and_slope(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss per point and its slopes."""
        residual, steepness, _ = self._parts(z)
        value = residual.square().sum(dim=(-2, -1)) * self.share
        return value, 2 * self.share * residual * steepness

    def slope_and_bend(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return slopes and bends."""
        residual, steepness, turn = self._parts(z)
        slope = 2 * self.share * residual * steepness
        return slope, 2 * self.share * (steepness.square() + residual * turn)

    def _parts(self, z: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return o - t and the first and second derivatives of o."""
        up, down = torch.sigmoid(z), torch.sigmoid(-z)
        steepness = up * down
        return self.zeros * up - self.ones * down, steepness, steepness * (down - up)


LOSSES = {"cross_entropy": CrossEntropy, "squared_error": SquaredError}
