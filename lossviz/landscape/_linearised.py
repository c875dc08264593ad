"""Products of many vectors with the Hessians at the same points: what the points decide is kept.

A product is the derivative of the gradient along a vector (Pearlmutter 1994). Of its three passes
of the samples through the first layer, one depends on the point alone; so do the activation's
derivatives, and what comes back to the hidden units.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossviz.landscape._network import Network, Pass, product, product_with_samples
from lossviz.landscape.losses import Loss


@dataclass(frozen=True)
class Linearised:
    """A network with one hidden layer around a chunk of points; a dot marks a derivative along v.

    Attributes:
        network: layers and activation.
        samples: x~, as :class:`Network` takes it.
        loss_of: the loss as a function of the output net inputs.
        passed: what the pass of the samples left behind.
        first: f'(z1), (points, hidden, samples).
        bent: W2^T s f''(z1), s the slope of the loss, of that shape.
        slope: s, (points, outputs, samples).
    """

    network: Network
    samples: Tensor
    loss_of: Loss
    passed: Pass
    first: Tensor
    bent: Tensor
    slope: Tensor

    @classmethod
    def at(cls, network: Network, w: Tensor, x: Tensor, loss_of: Loss) -> Linearised:
        """Pass the samples through the network once."""
        p, f = network.forward(w, x), network.activation
        slope = loss_of.slope(p.z2)
        bent = torch.bmm(p.w2.mT, slope) * f.second(p.z1)
        return cls(network, x, loss_of, p, f.first(p.z1), bent, slope)

    def product(self, v: Tensor) -> Tensor:
        """Return the Hessians' products with one vector for each point, (points, num_weights)."""
        p, (v1, v2) = self.passed, self.network.matrices(v)
        z1_dot = product(v1, self.samples)
        h_dot = self.first * z1_dot
        z2_dot = torch.baddbmm(torch.bmm(v2, p.h), p.w2, h_dot)
        _, slope_dot = self.loss_of.slope_and_change(p.z2, z2_dot)
        below_dot = torch.baddbmm(torch.bmm(v2[..., :-1].mT, self.slope), p.w2.mT, slope_dot)
        slope1_dot = torch.addcmul(self.bent * z1_dot, below_dot, self.first)
        by_w2 = torch.bmm(slope_dot, p.h.mT)
        by_w2[..., :-1].baddbmm_(self.slope, h_dot.mT)
        return self.network.flat(product_with_samples(slope1_dot, self.samples), by_w2)
