"""The closed forms of a network with one hidden layer, over a chunk of points.

Notation: inputs x with a 1 appended are x~, hidden net inputs z1 = W1~ x~, hidden outputs
h = f(z1), with a 1 appended h~, output net inputs z2 = W2~ h~; W1~ = [W1 b1] and W2~ = [W2 b2].
The loss is a mean over samples n of l(z2[:, n], t[:, n]). Arrays are units-first: (points, units,
samples). Inputs x~ are (inputs + 1, samples), the same for all points, or (points, inputs + 1,
samples): a batch of its own for each point. Nothing is checked here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from lossviz.activations import Activation
from lossviz.landscape._hessian import torch_order
from lossviz.landscape.losses import Loss


@dataclass(frozen=True)
class Pass:
    """What one pass of the samples through the network leaves behind.

    Attributes:
        z1: hidden net inputs, (points, hidden, samples).
        h: h~, (points, hidden + 1, samples).
        z2: output net inputs, (points, outputs, samples).
        w2: (points, outputs, hidden).
    """

    z1: Tensor
    h: Tensor
    z2: Tensor
    w2: Tensor


@dataclass(frozen=True)
class Network:
    """Layers, activation and loss of a network, without samples."""

    layers: tuple[int, ...]
    activation: Activation

    @cached_property
    def order(self) -> Tensor:
        """For each weight in torch's order, its place in [W1~ W2~], row by row."""
        return torch_order(*self.layers)

    @cached_property
    def inverse_order(self) -> Tensor:
        """For each place in [W1~ W2~], its weight in torch's order."""
        return torch.argsort(self.order)

    def matrices(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """Return W1~ (points, hidden, inputs + 1) and W2~ (points, outputs, hidden + 1)."""
        inputs, hidden, outputs = self.layers
        w1, b1, w2, b2 = w.split([hidden * inputs, hidden, outputs * hidden, outputs], dim=-1)
        return (
            torch.cat([w1.unflatten(-1, (hidden, inputs)), b1.unsqueeze(-1)], dim=-1),
            torch.cat([w2.unflatten(-1, (outputs, hidden)), b2.unsqueeze(-1)], dim=-1),
        )

    def flat(self, w1: Tensor, w2: Tensor) -> Tensor:
        """Return W1~ and W2~ as flat weights in torch's order, (points, num_weights)."""
        parts = (w1[..., :-1].flatten(1), w1[..., -1], w2[..., :-1].flatten(1), w2[..., -1])
        return torch.cat(parts, dim=-1)

    def forward(self, w: Tensor, x: Tensor) -> Pass:
        """Pass the samples x~ through the network."""
        w1, w2 = self.matrices(w)
        z1 = product(w1, x)
        h = torch.nn.functional.pad(self.activation.function(z1), (0, 0, 0, 1), value=1.0)
        return Pass(z1, h, torch.bmm(w2, h), w2[..., :-1])

    def loss(self, w: Tensor, x: Tensor, loss_of: Loss) -> Tensor:
        """Return the loss, (points,)."""
        return loss_of.value(self.forward(w, x).z2)

    def loss_and_gradient(self, w: Tensor, x: Tensor, loss_of: Loss) -> Tensor:
        """Return the loss and the gradient side by side, (points, 1 + num_weights)."""
        p = self.forward(w, x)
        slope = loss_of.slope(p.z2)
        slope1 = torch.bmm(p.w2.mT, slope) * self.activation.first(p.z1)
        gradient = self.flat(product_with_samples(slope1, x), torch.bmm(slope, p.h.mT))
        return torch.cat([loss_of.value(p.z2).unsqueeze(-1), gradient], dim=-1)

    def hessian_vector_product(self, w: Tensor, v: Tensor, x: Tensor, loss_of: Loss) -> Tensor:
        """Return the Hessians' products with vectors, (points, num_weights).

        It is the derivative of the gradient along v (Pearlmutter 1994): a dot marks it below.
        """
        p = self.forward(w, x)
        v1, v2 = self.matrices(v)
        first = self.activation.first(p.z1)
        z1_dot = product(v1, x)
        h_dot = first * z1_dot
        z2_dot = torch.baddbmm(torch.bmm(v2, p.h), p.w2, h_dot)
        slope, slope_dot = loss_of.slope_and_change(p.z2, z2_dot)
        below = torch.bmm(p.w2.mT, slope)
        below_dot = torch.baddbmm(torch.bmm(v2[..., :-1].mT, slope), p.w2.mT, slope_dot)
        slope1_dot = below_dot * first + below * self.activation.second(p.z1) * z1_dot
        by_w2 = torch.bmm(slope_dot, p.h.mT)
        by_w2[..., :-1].baddbmm_(slope, h_dot.mT)
        return self.flat(product_with_samples(slope1_dot, x), by_w2)


def product(w1: Tensor, x: Tensor) -> Tensor:
    """Return W1~ x~, (points, hidden, samples)."""
    if x.ndim == 3:
        return torch.bmm(w1, x)
    # One product for all points: their first-layer units, one below the other.
    return (w1.flatten(0, 1) @ x).unflatten(0, w1.shape[:2])


def product_with_samples(slope1: Tensor, x: Tensor) -> Tensor:
    """Return the sums over samples of slope1 x~, (points, hidden, inputs + 1)."""
    if x.ndim == 3:
        return torch.bmm(slope1, x.mT)
    return (slope1.flatten(0, 1) @ x.T).unflatten(0, slope1.shape[:2])
