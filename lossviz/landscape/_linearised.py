"""Products of many vectors with the Hessians at the same points: what the points decide is kept.

A product is the derivative of the gradient along a vector (Pearlmutter 1994). Of its three passes
of the samples through the first layer, one depends on the point alone; so do the activation's
derivatives, and what comes back to the hidden units.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from lossviz.landscape._closed_form import ClosedForm
from lossviz.landscape._network import Network, Pass, product, product_with_samples
from lossviz.landscape._products import KEPT_NUMBERS, Products
from lossviz.landscape.losses import Loss

# What is kept per number that arises in a pass.
_KEPT_PER_NUMBER = 4


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


@torch.no_grad()
def products_at(form: ClosedForm, w: Tensor) -> Products | None:
    """Return the products with vectors (..., points, weight), or None: too much to keep."""
    if _KEPT_PER_NUMBER * form.net_size * len(w) > KEPT_NUMBERS:
        return None
    alone = form.samples.ndim == 3  # samples of their own for each point: no chunks
    rows = len(w) if alone else form.rows(2 * form.net_size)
    parts = [
        Linearised.at(form.network, chunk, form.samples, form.loss_of)
        for chunk in w.split(max(1, rows))
    ]
    sizes = [len(part.slope) for part in parts]

    @torch.no_grad()
    def products(vectors: Tensor) -> Tensor:
        if not vectors.numel():
            return torch.zeros_like(vectors)
        found = [
            part.product(chunk)
            for v in vectors.reshape(-1, *w.shape)
            for part, chunk in zip(parts, v.split(sizes), strict=True)
        ]
        return torch.cat(found).view(vectors.shape)

    return products


def hessian_diagonal(form: ClosedForm, w: Tensor) -> Tensor:
    """Return the Hessians' diagonals in torch's order of weights, (points, num_weights).

    They are those of the entries in ``_hessian.py``.
    """
    h, first, second, w2, slope, bend = form.terms(form.run(w))
    if form.loss_of.coupled:
        curved = torch.einsum("poqn,pqj->pojn", bend, w2)
        outer = (curved * w2.unsqueeze(-1)).sum(dim=1)
        bend = bend.diagonal(dim1=1, dim2=2).mT
    else:
        outer = torch.bmm(w2.square().mT, bend)
    by_unit = torch.addcmul(outer * first.square(), torch.bmm(w2.mT, slope), second)
    by_w1 = product_with_samples(by_unit, form.samples.square())
    return form.network.flat(by_w1, torch.bmm(bend, h.square().mT))
