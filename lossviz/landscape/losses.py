r"""Losses as functions of the output units' net inputs, with slope and bend in closed form.

For net inputs z of shape (points, outputs, samples), each class gives

- ``value``: the loss, shape (points,);
- ``slope``: its derivative with respect to each z;
- ``slope_and_bend``: the first and second derivative with respect to each z. The bend has shape
  (points, outputs, samples) where outputs do not influence each other's slope, and (points,
  outputs, outputs, samples) where the class says ``coupled``;
- ``slope_and_change``: the slope, and its derivative along a change of z.

Sigmoid outputs take the mean over samples and outputs, softmax the mean over samples. All are
written in sigmoid(z) and sigmoid(-z), or in sums of the other outputs' shares: automatic
differentiation of the usual stable loss takes 1 - sigmoid(z) instead, which is exactly 0 from
z = 17 in float32 and 38 in float64, and that changes where a gradient walk goes. Here the slope
underflows only where exp(-\|z\|) does: beyond 88 and 709.

Targets have shape (outputs, samples), or (points, outputs, samples): a batch for each point.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import softplus

# softplus(z) = z holds exactly in float64 above this; below, torch takes log1p(exp(z)).
_EXACT_ABOVE = 40.0


class Loss(ABC):
    """What the three losses share.

    Attributes:
        coupled: whether one output's slope depends on the other outputs' net inputs.
    """

    coupled: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, targets: Tensor) -> None:
        """Take the targets."""

    @abstractmethod
    def value(self, z: Tensor) -> Tensor:
        """Return the loss per point."""

    @abstractmethod
    def slope(self, z: Tensor) -> Tensor:
        """Return slopes."""

    @abstractmethod
    def slope_and_bend(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return slopes and bends."""

    def slope_and_change(self, z: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
        """Return slopes and their derivative along a change of z."""
        slope, bend = self.slope_and_bend(z)
        return slope, bend * change


class CrossEntropy(Loss):
    """Binary cross-entropy -t ln o - (1 - t) ln(1 - o), natural logarithm, sigmoid outputs."""

    def __init__(self, targets: Tensor) -> None:
        self.share = 1 / targets.shape[-1] / targets.shape[-2]
        self.ones = targets * self.share
        self.zeros = (1 - targets) * self.share
        self.binary = bool(((targets == 0) | (targets == 1)).all())
        self.sign = 1 - 2 * targets
        self.signed_share = self.sign * self.share

    def value(self, z: Tensor) -> Tensor:
        """Return the loss per point."""
        if self.binary:
            # softplus(-z) where t = 1, softplus(z) where t = 0.
            value = softplus(self.sign * z, threshold=_EXACT_ABOVE)
            return value.sum(dim=(-2, -1)) * self.share
        value = self.zeros * softplus(z, threshold=_EXACT_ABOVE)
        value = torch.addcmul(value, self.ones, softplus(-z, threshold=_EXACT_ABOVE))
        return value.sum(dim=(-2, -1))

    def slope(self, z: Tensor) -> Tensor:
        """Return slopes."""
        if self.binary:
            return torch.sigmoid(self.sign * z) * self.signed_share
        slope = self.zeros * torch.sigmoid(z)
        return torch.addcmul(slope, self.ones, torch.sigmoid(-z), value=-1)

    def slope_and_bend(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return slopes and bends."""
        up, down = torch.sigmoid(z), torch.sigmoid(-z)
        slope = torch.addcmul(self.zeros * up, self.ones, down, value=-1)
        return slope, up * down * self.share


class SquaredError(Loss):
    """Squared error (o - t)^2, without the factor 1/2, sigmoid outputs."""

    def __init__(self, targets: Tensor) -> None:
        self.ones = targets
        self.zeros = 1 - targets
        self.share = 1 / targets.shape[-1] / targets.shape[-2]

    def value(self, z: Tensor) -> Tensor:
        """Return the loss per point."""
        residual = self.zeros * torch.sigmoid(z) - self.ones * torch.sigmoid(-z)
        return residual.square().sum(dim=(-2, -1)) * self.share

    def slope(self, z: Tensor) -> Tensor:
        """Return slopes."""
        residual, steepness, _ = self._parts(z)
        return 2 * self.share * residual * steepness

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


class SoftmaxCrossEntropy(Loss):
    """Cross-entropy -sum_o t_o ln p_o of softmax outputs p, mean over samples, natural logarithm.

    The targets of a sample may be any shares that are not negative; classes are one-hot.
    """

    coupled = True

    def __init__(self, targets: Tensor) -> None:
        self.share = 1 / targets.shape[-1]
        self.targets = targets * self.share
        self.others = self.targets.sum(dim=-2, keepdim=True) - self.targets

    def value(self, z: Tensor) -> Tensor:
        """Return the loss per point."""
        # ln p_o = (z_o - z_max) - log1p(r), where r sums exp(z - z_max) over all but the largest:
        # a loss near 0 keeps its digits.
        top, place = z.max(dim=-2, keepdim=True)
        below = z - top
        rest = torch.exp(below).scatter(-2, place, 0).sum(dim=-2, keepdim=True)
        value = self.targets * (torch.log1p(rest) - below)
        return value.sum(dim=(-2, -1))

    def slope(self, z: Tensor) -> Tensor:
        """Return slopes."""
        return self._slope(torch.softmax(z, dim=-2))

    def slope_and_bend(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return slopes and bends s (diag(p) - p p^T), s the sum of the sample's targets."""
        p = torch.softmax(z, dim=-2)
        weighted = (self.targets + self.others) * p
        bend = -weighted.unsqueeze(-2) * p.unsqueeze(-3)
        # p (1 - p) with 1 - p as the sum of the others, which does not cancel.
        bend.diagonal(dim1=-3, dim2=-2).copy_((weighted * _sum_of_others(p)).mT)
        return self._slope(p), bend

    def slope_and_change(self, z: Tensor, change: Tensor) -> tuple[Tensor, Tensor]:
        """Return slopes and their derivative along a change of z."""
        p = torch.softmax(z, dim=-2)
        centred = change - (p * change).sum(dim=-2, keepdim=True)
        return self._slope(p), (self.targets + self.others) * p * centred

    def _slope(self, p: Tensor) -> Tensor:
        return self.others * p - self.targets * _sum_of_others(p)


def _sum_of_others(p: Tensor) -> Tensor:
    """For each output, the sum of the shares of all others."""
    k = p.shape[-2]
    others = torch.ones(k, k, dtype=p.dtype, device=p.device).fill_diagonal_(0)
    return others @ p


LOSSES = {
    "cross_entropy": CrossEntropy,
    "softmax_cross_entropy": SoftmaxCrossEntropy,
    "squared_error": SquaredError,
}
