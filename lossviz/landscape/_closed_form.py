"""A network with one hidden layer, its samples and its loss: everything that takes many points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from lossviz._threads import one_thread
from lossviz.landscape._chain import (
    Chain,
    ChainOnSubspace,
    Head,
    Layer,
    fast_tanh,
    largest_is,
)
from lossviz.landscape._hessian import SMALL, HessianLayout, kronecker
from lossviz.landscape._network import Network, Pass
from lossviz.landscape._subspace import Measured
from lossviz.landscape.losses import LOSSES, Loss

# Points are worked through in chunks whose largest intermediate array has about this many
# elements: small enough for a core's caches, large enough to hide the cost of a call.
_CHUNK_ELEMENTS = 2**18

# An entry of a Hessian that is certainly no rounding; weights whose squares and fourth powers,
# times any input, are certainly finite.
_SURELY_LARGE, _SURELY_FINITE = 1e-280, 1e50


@dataclass(frozen=True)
class FormHead(Head):
    """Loss and accuracy of a closed form.

    Attributes:
        form: the closed form.
    """

    form: ClosedForm

    def measure(self, outputs: Tensor, batch: int) -> Measured:
        """Return loss and accuracy from the outputs' net inputs (points, outputs, samples)."""
        del batch
        return self.form.loss_of.value(outputs), self.form.share_correct(outputs)


@dataclass(frozen=True)
class ClosedForm:
    """Loss, derivatives and outputs of flat batches of points, (points, num_weights).

    Attributes:
        network: layers and activation.
        samples: x~, (inputs + 1, samples), or (points, inputs + 1, samples): a batch per point.
        targets: (outputs, samples), or (points, outputs, samples).
        loss_name: one of ``LOSSES``.
    """

    network: Network
    samples: Tensor
    targets: Tensor
    loss_name: str

    @cached_property
    def loss_of(self) -> Loss:
        """The loss as a function of the outputs' net inputs."""
        return LOSSES[self.loss_name](self.targets)

    @cached_property
    def net_size(self) -> int:
        """Numbers that arise per point in a pass."""
        return sum(self.network.layers) * self.samples.shape[-1]

    def rows(self, size: int) -> int:
        """Return how many points are evaluated together, from whose every one ``size`` arise."""
        return max(1, _CHUNK_ELEMENTS // size)

    def in_chunks(self, function: Callable[..., Tensor], size: int, *arrays: Tensor) -> Tensor:
        """Apply a function of points, from whose every point ``size`` numbers arise."""
        rows = self.rows(size)
        if len(arrays[0]) <= rows or self.samples.ndim == 3:
            return function(*arrays)
        chunks = zip(*(array.split(rows) for array in arrays), strict=True)
        return torch.cat([function(*chunk) for chunk in chunks])

    def run(self, w: Tensor) -> Pass:
        """Pass the samples through the network."""
        return self.network.forward(w, self.samples)

    def loss(self, w: Tensor) -> Tensor:
        """Return the loss, (points,)."""
        return self.network.loss(w, self.samples, self.loss_of)

    def loss_and_gradient(self, w: Tensor) -> Tensor:
        """Return loss and gradient side by side, (points, 1 + num_weights)."""
        return self.network.loss_and_gradient(w, self.samples, self.loss_of)

    def product(self, w: Tensor, v: Tensor) -> Tensor:
        """Return the Hessians' products with vectors, (points, num_weights)."""
        return self.network.hessian_vector_product(w, v, self.samples, self.loss_of)

    def hidden_outputs(self, w: Tensor) -> Tensor:
        """Return h, (points, samples, hidden)."""
        return self.run(w).h[:, :-1].mT

    def outputs(self, w: Tensor) -> Tensor:
        """Return the outputs, (points, samples, outputs)."""
        z2 = self.run(w).z2
        return (torch.softmax(z2, dim=-2) if self.loss_of.coupled else torch.sigmoid(z2)).mT

    def accuracy(self, w: Tensor) -> Tensor:
        """Return the share of samples classified correctly, (points,)."""
        return self.share_correct(self.run(w).z2)

    def share_correct(self, z2: Tensor) -> Tensor:
        """Return the same from the outputs' net inputs (points, outputs, samples)."""
        if z2.shape[1] == 1:
            correct = (z2 > 0) == (self.targets > 0.5)
            return correct.to(z2.dtype).mean(dim=(-2, -1))
        return largest_is(z2, self._classes).to(z2.dtype).mean(dim=-1)

    @cached_property
    def _classes(self) -> Tensor:
        return self.targets.argmax(dim=-2)

    def on_subspace(self, origin: Tensor, directions: Tensor) -> ChainOnSubspace:
        """Return loss and accuracy along directions; samples must be the same for all points."""
        inputs, hidden, outputs = self.network.layers
        ends = np.cumsum([0, hidden * inputs, hidden, outputs * hidden, outputs]).tolist()
        w1, b1, w2, b2 = (slice(a, b) for a, b in pairwise(ends))
        function = self.network.activation.function
        layers = (
            Layer(w1, b1, hidden, fast_tanh if function is torch.tanh else function),
            Layer(w2, b2, outputs, lambda z: z),
        )
        chain = Chain(layers, (self.samples[:-1],), (1.0,), FormHead(self))
        return chain.on_subspace(origin, directions)

    # --- batches -------------------------------------------------------------------------------

    def on_batches(self, chosen: Tensor) -> ClosedForm:
        """Return the same with the samples ``chosen`` (points, batch) for each point."""
        # From rows of one sample each: columns would be gathered number by number.
        samples, targets = (table[chosen].mT for table in self._rows)
        return ClosedForm(self.network, samples, targets, self.loss_name)

    def on_samples(self, chosen: Tensor) -> ClosedForm:
        """Return the same with some samples alone, (batch,)."""
        samples, targets = (table[chosen].T.contiguous() for table in self._rows)
        return ClosedForm(self.network, samples, targets, self.loss_name)

    @cached_property
    def _rows(self) -> tuple[Tensor, Tensor]:
        return self.samples.T.contiguous(), self.targets.T.contiguous()

    # --- Hessians ------------------------------------------------------------------------------

    @cached_property
    def layout(self) -> HessianLayout:
        """Where a Hessian's entries come from, in the coordinates of x~ itself."""
        return self._layout_of(self.samples)

    @cached_property
    def reduced(self) -> HessianLayout:
        """The same in coordinates of what the samples fill: no larger, and with no empty rows."""
        filled, empty = self._directions
        return (
            self._layout_of((filled.T @ self.samples).contiguous()) if len(empty.T) else self.layout
        )

    @cached_property
    def _directions(self) -> tuple[Tensor, Tensor]:
        """Orthonormal bases of the directions of x~ that samples fill, and of those they do not."""
        exact = self.samples.to(torch.float64)
        with one_thread():  # else the bases, and so Hessians, would depend on the number of them
            left, values, _ = torch.linalg.svd(exact, full_matrices=False)
        tolerance = max(exact.shape) * torch.finfo(torch.float64).eps * values[0]
        rank = int((values > tolerance).sum())
        with one_thread():
            whole = torch.linalg.qr(left[:, :rank], mode="complete").Q
        return left[:, :rank].to(self.samples), whole[:, rank:].to(self.samples)

    def _layout_of(self, features: Tensor) -> HessianLayout:
        _, hidden, outputs = self.network.layers
        return HessianLayout(features, hidden, outputs, coupled=self.loss_of.coupled)

    def terms(self, p: Pass) -> tuple[Tensor, ...]:
        """Return what a layout makes a Hessian's entries of."""
        slope, bend = self.loss_of.slope_and_bend(p.z2)
        f = self.network.activation
        return p.h, f.first(p.z1), f.second(p.z1), p.w2, slope, bend

    def hessian(self, w: Tensor) -> Tensor:
        """Return the Hessians in torch's order of weights, (points, num_weights, num_weights)."""
        entries = self.layout.entries(*self.terms(self.run(w)))
        return entries.index_select(1, self._place.flatten()).unflatten(1, self._place.shape)

    def gauss_newton(self, w: Tensor) -> Tensor:
        """Return the Hessians' parts with the loss's bend, (points, num_weights, num_weights)."""
        *terms, slope, bend = self.terms(self.run(w))
        entries = self.layout.entries(*terms, torch.zeros_like(slope), bend)
        return entries.index_select(1, self._place.flatten()).unflatten(1, self._place.shape)

    @cached_property
    def _place(self) -> Tensor:
        order = self.network.order
        return self.layout.place[order][:, order]

    def hessian_entries(
        self, points: Tensor, wanted: Tensor, passes: Pass | None
    ) -> tuple[Tensor, Tensor]:
        """Return entries of reduced Hessians, and their places; as ``BaseLandscape`` says it."""
        layout = self.reduced
        if layout.num_weights <= SMALL:
            # All points go through the functions, whose rounding depends on the place of a point.
            terms = self.terms(self.run(points) if passes is None else passes)
            if len(wanted) < len(points):
                terms = tuple(term[wanted] for term in terms)
            entries = layout.entries(*terms)
        else:  # one at a time
            found = [layout.entries(*self.terms(self.run(w[None]))) for w in points[wanted]]
            entries = torch.cat(found)
        return layout.without_shift(entries) if layout.coupled else (entries, layout.place)

    def surely_determined(self, points: Tensor) -> Tensor:
        """Say where the Hessian is finite and not tiny; as ``BaseLandscape`` says it."""
        _, bend = self.loss_of.slope_and_bend(self.run(points).z2)
        if self.loss_of.coupled:
            bend = bend.diagonal(dim1=-3, dim2=-2).mT
        # The entries of the output biases; all others are products of few factors.
        entries = bend.sum(dim=-1).abs().amax(dim=-1)
        return (entries > _SURELY_LARGE) & (points.abs().amax(dim=-1) < _SURELY_FINITE)

    # --- null directions -----------------------------------------------------------------------

    @property
    def null_basis(self) -> Tensor:
        """Directions in which the loss never changes, (num_weights, directions)."""
        _, hidden, outputs = self.network.layers
        empty = self._directions[1]
        basis = kronecker(torch.eye(hidden).to(empty), empty)
        shift = empty.new_zeros(outputs * (hidden + 1), 0)
        if self.loss_of.coupled:  # the same change of all outputs' net inputs
            same = empty.new_full((outputs, 1), outputs**-0.5)
            shift = kronecker(same, torch.eye(hidden + 1).to(empty))
        return torch.block_diag(basis, shift)[self.network.order]

    @cached_property
    def largest_rank(self) -> int:
        """The largest rank that the Hessian can have, as far as layers and samples decide it.

        Null directions are left out; and between the kinks of a piecewise linear activation the
        rank is at most N k + 2 h min(r, k), with N samples, k outputs (one less with softmax),
        h hidden units and r independent inputs, the bias among them: the Gauss-Newton part has
        N k terms, and the rest lies between the layers.
        """
        _, hidden, outputs = self.network.layers
        free = outputs - int(self.loss_of.coupled)
        rank = self.reduced.inputs * hidden + free * (hidden + 1)
        if self.network.activation.second is torch.zeros_like:  # piecewise linear
            between = 2 * hidden * min(self.reduced.inputs, free)
            rank = min(rank, self.samples.shape[-1] * free + between)
        return rank
