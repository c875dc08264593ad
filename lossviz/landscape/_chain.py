"""A network of linear layers and elementwise activations, on lines and planes of its weights.

The first layer's net inputs are linear in the weights: at w_0 + sum_i c_i d_i they are
Z_0 + sum_i c_i Z_i, with one product of all samples per direction, whatever the number of points.
All that follows is units-first: (points, units, samples), so that products are few and wide.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from lossviz.landscape._subspace import Measured, Subspace, split_leading

# Arrays of hidden units have about this many elements, so that they stay in a core's cache.
_TILE_ELEMENTS = 2**16

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
    """

    weight: slice
    bias: slice | None
    units: int
    activation: Callable[[Tensor], Tensor]

    def matrices(self, flat: Tensor) -> tuple[Tensor, Tensor]:
        """Return weights (points, units, inputs) and biases (points, units, 1)."""
        weight = flat[:, self.weight].unflatten(1, (self.units, -1))
        if self.bias is None:
            return weight, weight.new_zeros(1, 1, 1)
        return weight, flat[:, self.bias].unsqueeze(-1)


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
        self._first, *self._rest = chain.layers
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
        width = max(64, _TILE_ELEMENTS // self._first.units)
        for part in x.split(width, dim=1):
            yield self._products(part) if kept else part

    def _products(self, x: Tensor) -> Tensor:
        """Return the first layer's net inputs along the frame, (1 + directions, units, samples)."""
        weight, bias = self._first.matrices(self._frame)
        return (weight.flatten(0, 1) @ x).unflatten(0, weight.shape[:2]).add_(bias)

    def _run(self, tiles: Sequence[Tensor], coordinates: Tensor) -> Tensor:
        """Return outputs, (points, outputs, samples)."""
        points = self._frame[0] + coordinates @ self._frame[1:] if self._rest else coordinates
        matrices = [layer.matrices(points) for layer in self._rest]
        columns = []
        for tile in tiles:
            products = self._products(tile) if tile.ndim == 2 else tile
            size = max(1, _TILE_ELEMENTS // (self._units * products.shape[-1]))
            groups = [
                self._tile(products, coordinates[a : a + size], matrices, slice(a, a + size))
                for a in range(0, len(coordinates), size)
            ]
            columns.append(groups[0] if len(groups) == 1 else torch.cat(groups))
        return columns[0] if len(columns) == 1 else torch.cat(columns, dim=-1)

    def _tile(
        self, products: Tensor, coordinates: Tensor, matrices: list[tuple[Tensor, Tensor]],
        here: slice,
    ) -> Tensor:  # fmt: skip
        h = self._first.activation(net_inputs(products, coordinates))
        for layer, (weight, bias) in zip(self._rest, matrices, strict=True):
            bias = bias[here] if layer.bias is not None else bias
            h = layer.activation(torch.baddbmm(bias, weight[here], h))
        return h


def net_inputs(products: Tensor, coordinates: Tensor) -> Tensor:
    """Return Z_0 + sum_i c_i Z_i at points, (points, units, samples)."""
    shared, count = split_leading(coordinates)
    z = products[0]
    for c, along in zip(shared.tolist(), products[1:], strict=False):
        z = torch.add(z, along, alpha=c)
    z = z.expand(len(coordinates), *z.shape)
    for c, along in zip(coordinates.T[count:], products[1 + count :], strict=True):
        z = torch.addcmul(z, c[:, None, None], along)
    # A copy where points share one array: activations write into what they get.
    return z.clone() if len(z) > 1 and z.stride(0) == 0 else z


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
