"""The closed forms of a network with one hidden layer, over a chunk of points.

Notation: inputs x (with a 1 appended: x~), hidden net inputs z1 = W1 x + b1, hidden outputs
h = f(z1) (with a 1 appended: h~), output net inputs z2 = W2 h + b2, loss = mean over samples n
of l(z2[:, n], t[:, n]). Arrays are units-first: (points, units, samples). Nothing is checked here.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossviz.activations import Activation
from lossviz.landscape.losses import Loss


@dataclass(frozen=True)
class Pass:
    """What one pass of the samples through the network leaves behind."""

    z1: Tensor
    h: Tensor
    z2: Tensor
    w2: Tensor


@dataclass(frozen=True)
class Network:
    """Layers, activation and loss of a network, without samples.

    Inputs x are (inputs, samples), the same for all points, or (points, inputs, samples): a batch
    of its own for each point. The loss object carries the targets, likewise.
    """

    layers: tuple[int, ...]
    activation: Activation

    def split(self, w: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return W1 (points, hidden, inputs), b1, W2 (points, outputs, hidden), b2."""
        inputs, hidden, outputs = self.layers
        w1, b1, w2, b2 = w.split([hidden * inputs, hidden, outputs * hidden, outputs], dim=-1)
        w1 = w1.reshape(len(w), hidden, inputs)
        return w1, b1, w2.reshape(len(w), outputs, hidden), b2

    def forward(self, w: Tensor, x: Tensor) -> Pass:
        """Return z1 and h (points, hidden, samples), z2 (points, outputs, samples), and W2."""
        w1, b1, w2, b2 = self.split(w)
        z1 = _first_product(w1, x) + b1.unsqueeze(-1)
        h = self.activation.function(z1)
        return Pass(z1, h, torch.baddbmm(b2.unsqueeze(-1), w2, h), w2)

    def loss(self, w: Tensor, x: Tensor, loss_of: Loss) -> Tensor:
        """Return the loss, (points,)."""
        return loss_of.value_and_slope(self.forward(w, x).z2)[0]

    def loss_and_gradient(self, w: Tensor, x: Tensor, loss_of: Loss) -> Tensor:
        """Return the loss and the gradient side by side, (points, 1 + num_weights)."""
        p = self.forward(w, x)
        loss, slope = loss_of.value_and_slope(p.z2)
        slope1 = torch.bmm(p.w2.mT, slope) * self.activation.first(p.z1)
        return torch.cat([loss.unsqueeze(-1), *_backward(slope1, slope, p.h, x)], dim=-1)

    def hessian_vector_product(self, w: Tensor, v: Tensor, x: Tensor, loss_of: Loss) -> Tensor:
        """Return the Hessians' products with vectors, (points, num_weights).

        It is the derivative of the gradient along v (Pearlmutter 1994): a dot marks it below.
        """
        p = self.forward(w, x)
        v1, c1, v2, c2 = self.split(v)
        first = self.activation.first(p.z1)
        z1_dot = _first_product(v1, x) + c1.unsqueeze(-1)
        h_dot = first * z1_dot
        z2_dot = torch.baddbmm(c2.unsqueeze(-1), v2, p.h) + torch.bmm(p.w2, h_dot)
        slope, slope_dot = loss_of.slope_and_change(p.z2, z2_dot)
        below = torch.bmm(p.w2.mT, slope)
        below_dot = torch.bmm(v2.mT, slope) + torch.bmm(p.w2.mT, slope_dot)
        slope1_dot = below_dot * first + below * self.activation.second(p.z1) * z1_dot
        by_w1, by_b1, by_w2, by_b2 = _backward(slope1_dot, slope_dot, p.h, x)
        by_w2 = by_w2 + torch.bmm(slope, h_dot.mT).flatten(1)
        return torch.cat([by_w1, by_b1, by_w2, by_b2], dim=-1)


def _first_product(w1: Tensor, x: Tensor) -> Tensor:
    """Return W1 x, (points, hidden, samples)."""
    if x.ndim == 3:
        return torch.bmm(w1, x)
    # One product for all points: their first-layer units, one below the other.
    return (w1.flatten(0, 1) @ x).unflatten(0, w1.shape[:2])


def _backward(slope1: Tensor, slope: Tensor, h: Tensor, x: Tensor) -> tuple[Tensor, ...]:
    """Return the sums over samples that slopes at z1 and z2 give for W1, b1, W2, b2."""
    if x.ndim == 3:
        by_w1 = torch.bmm(slope1, x.mT).flatten(1)
    else:
        by_w1 = (slope1.flatten(0, 1) @ x.T).view(len(slope1), slope1.shape[1] * len(x))
    return by_w1, slope1.sum(-1), torch.bmm(slope, h.mT).flatten(1), slope.sum(-1)
