"""A network of linear layers and elementwise activations, on lines and planes of its weights.

The first layer's net inputs are linear in the weights: at w_0 + sum_i c_i d_i they are
Z_0 + sum_i c_i Z_i, with one product of all samples per direction, whatever the number of points.
All that follows is units-first: (points, units, samples), so that products are few and wide.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from lossviz.landscape._subspace import Measured, Subspace, split_leading

# Arrays of hidden units have about so many elements, so that they stay in a core's cache: at each
# of a few points, so many.
_TILE_ELEMENTS, _POINT_ELEMENTS = 2**19, 2**16

# Outputs of so many elements are held at a time, and first-layer products of so many are kept.
_OUTPUT_ELEMENTS, _KEPT_ELEMENTS = 2**21, 2**26


@dataclass(frozen=True)
class Layer:
    """A linear layer and the activation after it.

    Attributes:
        weight: where its weights (units x inputs, row by row) lie in the flat vector.
        bias: where its biases lie; None without.
        units: number of its units.
        activation: elementwise, free to write into what it is given.
        scales: what weights and biases are multiplied by.
    """

    weight: slice
    bias: slice | None
    units: int
    activation: Callable[[Tensor], Tensor]
    scales: tuple[float, float] = (1.0, 1.0)

    def matrices(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """Return weights (points, units, inputs) and biases (points, units, 1)."""
        weight = self.scales[0] * flat[:, self.weight].unflatten(1, (self.units, -1))
        if self.bias is None:
            return weight, weight.new_zeros(len(flat), 1, 1)
        return weight, self.scales[1] * flat[:, self.bias].unsqueeze(-1)

    def matrices_at(self, frame: Tensor, coordinates: Tensor) -> tuple[Tensor, Tensor]:
        """Return the same at points of a subspace, from its origin and directions."""
        origins, along = self.matrices(frame[:1]), self.matrices(frame[1:])
        weight, bias = (
            origin + torch.tensordot(coordinates, change, dims=1)
            for origin, change in zip(origins, along, strict=True)
        )
        return weight, bias


class Head(ABC):
    """What is made of the outputs of a batch."""

    @abstractmethod
    def measure(self, outputs: Tensor, batch: int) -> Measured:
        """Return loss and accuracy from the outputs (points, units, samples) of a batch."""


@dataclass(frozen=True)
class Chain:
    """Layers, batches of samples, and what is made of the outputs.

    Attributes:
        layers: the layers from the inputs on.
        batches: inputs of each batch, (inputs, samples).
        shares: share of all samples that each batch has.
        head: from outputs to loss and accuracy.
    """

    layers: tuple[Layer, ...]
    batches: tuple[Tensor, ...]
    shares: tuple[float, ...]
    head: Head

    def on_subspace(self, origin: Tensor, directions: Tensor) -> ChainOnSubspace:
        """Return the chain in a subspace of its weights."""
        return ChainOnSubspace(self, torch.cat([origin[None], directions]))


class ChainOnSubspace(Subspace):
    """A chain at points of a subspace.

    Args:
        chain: the chain.
        frame: origin and directions, (1 + directions, num_weights).
    """

    def __init__(self, chain: Chain, frame: Tensor) -> None:
        self._chain, self._frame = chain, frame
        self._first, *self._rest = with_half_tanh(chain.layers)
        samples = sum(x.shape[1] for x in chain.batches)
        kept = self._first.units * samples * len(frame) <= _KEPT_ELEMENTS
        self._tiles = [list(self._split(x, kept)) for x in chain.batches]
        self._units = max(layer.units for layer in chain.layers)
        self._outputs = chain.layers[-1].units

    def measure(self, coordinates: Tensor) -> Measured:
        """Return losses and accuracies."""
        found: list[Measured] = []
        samples = max(x.shape[1] for x in self._chain.batches)
        size = max(1, _OUTPUT_ELEMENTS // (samples * self._outputs))
        with torch.no_grad():
            for part in coordinates.split(size):
                shares = zip(self._tiles, self._chain.shares, strict=True)
                found.append(
                    total(
                        (self._chain.head.measure(self._run(tiles, part), batch), share)
                        for batch, (tiles, share) in enumerate(shares)
                    )
                )
        return joined(found)

    def _split(self, x: Tensor, kept: bool) -> Iterator[Tensor]:
        """Yield tiles of samples: first-layer products, or inputs where those are too many."""
        width = max(64, _POINT_ELEMENTS // self._first.units)
        for part in x.split(width, dim=1):
            yield self._products(part) if kept else part

    def _products(self, x: Tensor) -> Tensor:
        """Return the first layer's net inputs along the frame, (1 + directions, units, samples)."""
        weight, bias = self._first.matrices(self._frame)
        return (weight.flatten(0, 1) @ x).unflatten(0, weight.shape[:2]).add_(bias)

    def _run(self, tiles: Sequence[Tensor], coordinates: Tensor) -> Tensor:
        """Return outputs, (points, outputs, samples)."""
        matrices = [layer.matrices_at(self._frame, coordinates) for layer in self._rest]
        columns = [self._tile(tile, coordinates, matrices) for tile in tiles]
        return columns[0] if len(columns) == 1 else torch.cat(columns, dim=-1)

    def _tile(
        self, tile: Tensor, coordinates: Tensor, matrices: list[tuple[Tensor, Tensor]]
    ) -> Tensor:
        """Return outputs for a tile of samples, a few points at a time."""
        base, *varying = self._products(tile) if tile.ndim == 2 else tile
        shared, count = split_leading(coordinates)
        for c, along in zip(shared.tolist(), varying, strict=False):
            base = torch.add(base, along, alpha=c)
        size = max(1, _TILE_ELEMENTS // (self._units * base.shape[-1]))
        found = []
        for a in range(0, len(coordinates), size):
            h = net_inputs(base, varying[count:], coordinates[a : a + size, count:])
            h = self._first.activation(h)
            for layer, (weight, bias) in zip(self._rest, matrices, strict=True):
                here = slice(a, a + size)
                h = layer.activation(torch.baddbmm(bias[here], weight[here], h))
            found.append(h)
        return found[0] if len(found) == 1 else torch.cat(found)


def net_inputs(base: Tensor, along: Sequence[Tensor], coordinates: Tensor) -> Tensor:
    """Return Z + sum_i c_i Z_i at points, (points, units, samples), which may be written into."""
    z = base.expand(len(coordinates), *base.shape)
    for c, change in zip(coordinates.T, along, strict=True):
        z = torch.addcmul(z, c[:, None, None], change)
    return z if along else z.clone()


def fast_tanh(z: Tensor) -> Tensor:
    """Return tanh(z) as 2 sigma(2z) - 1, in place: torch's tanh takes five times as long.

    It is right to a few roundings of 1, in absolute terms.
    """
    return z.mul_(2).sigmoid_().mul_(2).sub_(1)


def with_half_tanh(layers: Sequence[Layer]) -> list[Layer]:
    """Return layers with tanh(z) / 2 = sigma(2z) - 1/2 in place of tanh, which is half the work.

    The factors of 2, before and after, go into the weights: they are exact.
    """
    found = list(layers)
    for i, (layer, after) in enumerate(pairwise(layers)):
        if layer.activation is fast_tanh:
            double = tuple(2 * scale for scale in found[i].scales)
            found[i] = replace(found[i], activation=_half_tanh, scales=double)
            found[i + 1] = replace(after, scales=(2.0, 1.0))
    return found


def _half_tanh(doubled: Tensor) -> Tensor:
    return doubled.sigmoid_().sub_(0.5)


def largest_is(outputs: Tensor, classes: Tensor) -> Tensor:
    """Say where the largest output (points, units, samples) is that of the class.

    Of equal ones the first counts, as torch's ``argmax`` has it, which is slow along this axis.
    """
    top = outputs.amax(dim=1, keepdim=True)
    if int((outputs == top).sum()) != top.numel():  # equal ones, or NaN
        return outputs.mT.contiguous().argmax(dim=-1) == classes
    shape = (len(outputs), 1, outputs.shape[-1])
    places = classes.expand(shape[0], shape[-1]).view(shape)
    return (outputs.gather(1, places) == top).squeeze(1)


def total(parts: Iterator[tuple[Measured, float]]) -> Measured:
    """Average what was measured on batches, each weighted by its share of the samples."""
    losses, accuracies = [], []
    for (loss, accuracy), share in parts:
        losses.append(share * loss)
        accuracies.append(None if accuracy is None else share * accuracy)
    return sum(losses), None if accuracies[0] is None else sum(accuracies)


def joined(parts: list[Measured]) -> Measured:
    """Put what was measured at parts of the points one behind the other."""
    losses, accuracies = zip(*parts, strict=True)
    return torch.cat(losses), None if accuracies[0] is None else torch.cat(accuracies)
