"""Probes: loss and gradient at block after block of points, for walks that take many small steps.

A walk only adds and compares weights, so it may hold them in whatever order suits the landscape.
A probe brings a block of points into that order and back, and keeps what it met at each of the
steps of a chunk, so that losses and Hessians of the whole chunk follow at once.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from typing_extensions import override

from lossviz.landscape._network import Network, Pass
from lossviz.landscape.losses import Loss


class Probe:
    """The probe of any landscape: it holds points as they are.

    Args:
        loss_and_gradient: function of (points, weight) that gives both.
        points: the first block, (points, num_weights).
        steps: number of steps per chunk.

    Attributes:
        blocks: the packed points of a chunk, one row per step, and one more for the next chunk's
            first; the walk writes them.
        gradients: the packed gradients of a chunk, one row per step.
    """

    def __init__(
        self, loss_and_gradient: Callable[[Tensor], tuple[Tensor, Tensor]], points: Tensor,
        steps: int,
    ) -> None:  # fmt: skip
        self._loss_and_gradient = loss_and_gradient
        self._losses: list[Tensor] = [torch.empty(0)] * steps
        self._make_room(points, steps)

    def _make_room(self, points: Tensor, steps: int) -> None:
        self.shape = points.shape
        self.steps = steps
        self.blocks = points.new_empty(steps + 1, points.numel())
        self.gradients = points.new_empty(steps, points.numel())
        self.blocks[0] = self.packed(points)
        # Taken once: a small network's arithmetic is over sooner than a view is made.
        self.rows = list(self.blocks), list(self.gradients)

    def packed(self, weights: Tensor) -> Tensor:
        """Return blocks of points (..., points, num_weights) in the probe's order, (..., n)."""
        return weights.flatten(-2)

    def unpacked(self, blocks: Tensor) -> Tensor:
        """Undo ``packed``."""
        return blocks.unflatten(-1, self.shape)

    def fill_gradient(self, step: int) -> None:
        """Compute the gradient at a step's block; keep what this step of the chunk met."""
        block = self.unpacked(self.blocks[step])
        self._losses[step], gradient = self._loss_and_gradient(block)
        self.gradients[step] = self.packed(gradient)

    def losses(self) -> Tensor:
        """Return the losses of the chunk, (steps, points)."""
        return torch.stack(self._losses)

    def passes(self) -> Pass | None:
        """Return the passes of the chunk through the network, or None if none were kept."""
        return None


class NetworkProbe(Probe):
    """The probe of a closed form: W1~ of all points, then W2~ of all points, one below the other.

    So each layer is one matrix product away from its gradient. What the samples do on their way
    through the network is kept for the chunk.
    """

    def __init__(
        self, points: Tensor, steps: int, network: Network, samples: Tensor, loss_of: Loss
    ) -> None:
        self._network, self._samples, self._loss_of = network, samples, loss_of
        inputs, hidden, outputs = network.layers
        count, size = len(points), samples.shape[-1]
        self._cut = count * hidden * (inputs + 1)
        self._shape1 = (count, hidden, inputs + 1)
        self._shape2 = (count, outputs, hidden + 1)
        self._make_room(points, steps)
        new = points.new_empty
        self._z1, self._z2 = new(steps, count, hidden, size), new(steps, count, outputs, size)
        self._h = new(steps, count, hidden + 1, size)
        self._h[:, :, hidden] = 1.0
        self._views = [self._views_of(step) for step in range(steps)]
        self._transposed = samples.T

    def _views_of(self, step: int) -> tuple[Tensor, ...]:
        """Return the parts of a step: W1~, W2~, W2^T, z1 twice, h~, h, h~^T, z2, gradients."""
        w1, w2 = self._matrices(self.blocks[step])
        by_w1, by_w2 = self._matrices(self.gradients[step])
        z1, h = self._z1[step], self._h[step]
        return (
            w1.flatten(0, 1), w2, w2[..., :-1].mT, z1.flatten(0, 1), z1, h, h[:, :-1], h.mT,
            self._z2[step], by_w1.flatten(0, 1), by_w2,
        )  # fmt: skip

    def _matrices(self, blocks: Tensor) -> tuple[Tensor, Tensor]:
        w1 = blocks[..., : self._cut].unflatten(-1, self._shape1)
        return w1, blocks[..., self._cut :].unflatten(-1, self._shape2)

    @override
    def packed(self, weights: Tensor) -> Tensor:
        w1, w2 = self._network.matrices(weights)
        return torch.cat([w1.flatten(-3), w2.flatten(-3)], dim=-1)

    @override
    def unpacked(self, blocks: Tensor) -> Tensor:
        w1, w2 = self._matrices(blocks)
        parts = (w1[..., :-1].flatten(-2), w1[..., -1], w2[..., :-1].flatten(-2), w2[..., -1])
        return torch.cat(parts, dim=-1)

    @override
    def fill_gradient(self, step: int) -> None:
        w1, w2, w2_up, z1_rows, z1, h, h_body, h_up, z2, by_w1, by_w2 = self._views[step]
        torch.mm(w1, self._samples, out=z1_rows)
        h_body.copy_(self._network.activation.function(z1))
        torch.bmm(w2, h, out=z2)
        slope = self._loss_of.slope(z2)
        slope1 = torch.bmm(w2_up, slope).mul_(self._network.activation.first(z1))
        torch.mm(slope1.view(z1_rows.shape), self._transposed, out=by_w1)
        torch.bmm(slope, h_up, out=by_w2)

    @override
    def losses(self) -> Tensor:
        return self._loss_of.value(self._z2.flatten(0, 1)).view(self.steps, -1)

    @override
    def passes(self) -> Pass:
        w2 = self._matrices(self.blocks[:-1])[1][..., :-1]
        return Pass(*(part.flatten(0, 1) for part in (self._z1, self._h, self._z2, w2)))
