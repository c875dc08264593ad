"""Directions of the weights in which a Hessian vanishes, counted by their causes.

Directions are never written out over all weights: those of one unit lie in its own incoming
weights, those of a dead unit are whole weights, and a shift has one number for each unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from lossviz.landscape._dense_layers import HiddenLayer

# How far beside a net input an activation is tried.
_BESIDE = 1e-4
# A direction that is left, relative to what it was, counts as none.
_LEFT = 1e-8


@dataclass(frozen=True)
class Flatness:
    """The flat directions of dense layers at a point.

    Attributes:
        layers: the hidden layers.
        point: the weights, (weight,), float64.
        inputs: the samples' inputs with a 1 appended, (samples, inputs + 1), float64.
        softmax: whether the loss does not change when all outputs grow alike.
    """

    layers: Sequence[HiddenLayer]
    point: Float[Tensor, "weight"]
    inputs: Float[Tensor, "samples features"]
    softmax: bool

    @cached_property
    def outputs(self) -> list[Tensor]:
        """The outputs of each hidden layer, (samples, units)."""
        found, below = [], self.inputs
        for layer in self.layers:
            below = layer.function(below[:, : layer.incoming.shape[1]] @ self._rows(layer).mT)
            found.append(below)
            below = torch.cat([below, torch.ones(len(below), 1).to(below)], dim=1)
        return found

    @cached_property
    def seen(self) -> Tensor:
        """What the first layer's weights meet, (samples, incoming)."""
        return self.inputs[:, : self.layers[0].incoming.shape[1]]

    @cached_property
    def unseen(self) -> Float[Tensor, "incoming null"]:
        """Directions of a first-layer unit's incoming weights that no sample sees."""
        return null_space(self.seen)

    @cached_property
    def active(self) -> list[Bool[Tensor, "unit"]]:
        """For each layer, which units have an output other than 0 on some sample."""
        return [(values != 0).any(dim=0) for values in self.outputs]

    @cached_property
    def dead(self) -> list[Bool[Tensor, "unit"]]:
        """For each layer, which units are rectified to 0 on all samples."""
        return [
            ~active if layer.rectifies else torch.zeros_like(active)
            for layer, active in zip(self.layers, self.active, strict=True)
        ]

    @cached_property
    def idle(self) -> Bool[Tensor, "weight"]:
        """Which weights are incoming or outgoing weights of a dead unit."""
        found = torch.zeros(len(self.point), dtype=torch.bool)
        for layer, dead in zip(self.layers, self.dead, strict=True):
            found[layer.incoming[dead].flatten()] = True
            found[layer.outgoing[dead].flatten()] = True
        return found

    @cached_property
    def varied(self) -> list[Float[Tensor, "samples incoming"]]:
        """For each first-layer unit, what it meets of samples on which it is not constant."""
        layer = self.layers[0]
        if not bends_nowhere(layer):
            return [self.seen] * layer.units
        z = self.seen @ self._rows(layer).mT
        here = layer.function(z)
        constant = (layer.function(z + _BESIDE) == here) & (layer.function(z - _BESIDE) == here)
        return [self.seen[~column] for column in constant.mT]

    @cached_property
    def rank(self) -> int:
        """The number of independent inputs of the first layer, its bias among them."""
        return self.seen.shape[1] - self.unseen.shape[1]

    def _lost(self, rows: Tensor) -> int:
        """Return how much smaller the rank of some of the samples is than that of all."""
        if len(rows) == len(self.seen):
            return 0
        # Some may show already that nothing is lost.
        few = self.rank - rank(rows[: 2 * self.rank])
        return few if few == 0 else self.rank - rank(rows)

    def _rows(self, layer: HiddenLayer) -> Tensor:
        return self.point[layer.incoming]

    # --- counts ---------------------------------------------------------------------------------

    def counts(self, *, critical: bool) -> dict[str, int]:
        """Return how many directions each cause adds to those before it."""
        first, last = self.layers[0], self.layers[-1]
        dependent = first.units * self.unseen.shape[1]
        shift = (last.units + int(len(last.above) > 0)) * int(self.softmax)
        counted = int(self.dead[0].sum()) * self.unseen.shape[1]
        counted += int(self.dead[-1].sum()) * int(self.softmax)
        flat = sum(
            self._lost(rows)
            for rows, dead in zip(self.varied, self.dead[0].tolist(), strict=True)
            if not dead
        )
        return {
            "dependent_inputs": dependent,
            "softmax_shift": shift,
            "dead_units": int(self.idle.sum()) - counted,
            "flat_units": flat,
            "rescaling": self._scales() if critical else 0,
        }

    @cached_property
    def _blind(self) -> list[Float[Tensor, "incoming null"]]:
        """For each first-layer unit, directions seen only by samples on which it is constant."""
        return [
            self.unseen if len(rows) == len(self.seen) else null_space(rows) for rows in self.varied
        ]

    def _scales(self) -> int:
        """Return how many moves of scale through active units the directions before leave."""
        left = []
        for number, layer in enumerate(self.layers):
            if not layer.homogeneous:
                continue
            for unit in torch.nonzero(self.active[number]).flatten().tolist():
                move = torch.zeros_like(self.point)
                move[layer.incoming[unit]] = self.point[layer.incoming[unit]]
                move[layer.outgoing[unit]] = -self.point[layer.outgoing[unit]]
                left.append(self._without_counted(move / move.norm()))
        values = torch.linalg.svdvals(torch.stack(left)) if left else torch.zeros(0)
        return int((values > _LEFT).sum())

    def _without_counted(self, move: Tensor) -> Tensor:
        """Take away what lies in directions that are counted under the causes before."""
        move = torch.where(self.idle, 0.0, move)
        for places, null in zip(self.layers[0].incoming, self._blind, strict=True):
            move[places] -= null @ (null.mT @ move[places])
        if self.softmax:
            last = self.layers[-1]
            for places in (*last.outgoing, last.above):
                if len(places):
                    move[places] -= move[places].mean()
        return torch.where(self.idle, 0.0, move)

    def rank_between_kinks(self, free: int) -> int:
        """Return a bound of the Hessian's rank for one piecewise linear layer; else, m.

        Args:
            free: outputs, one less with softmax.
        """
        layer = self.layers[0]
        if len(self.layers) > 1 or not bends_nowhere(layer):
            return len(self.point)
        active = int((~self.dead[0]).sum())
        return len(self.inputs) * free + 2 * active * min(self.rank, free)


def null_space(matrix: Float[Tensor, "rows columns"]) -> Float[Tensor, "columns null"]:
    """Return orthonormal columns that a matrix, of any number of rows, maps to zero."""
    _, values, right = torch.linalg.svd(torch.linalg.qr(matrix, mode="r").R)
    return right[_nonzero(values, matrix) :].mT


def rank(matrix: Float[Tensor, "rows columns"]) -> int:
    """Return the number of independent rows."""
    return _nonzero(torch.linalg.svdvals(torch.linalg.qr(matrix, mode="r").R), matrix)


def _nonzero(values: Tensor, matrix: Tensor) -> int:
    """Return how many singular values of a matrix are more than rounding."""
    largest = float(values[0]) if len(values) else 0.0
    return int((values > max(matrix.shape) * torch.finfo(torch.float64).eps * largest).sum())


def bends_nowhere(layer: HiddenLayer) -> bool:
    """Say whether the activation is piecewise linear: without curvature beside its kinks."""
    z = torch.linspace(-8, 8, 1001, dtype=torch.float64) + 1 / 3000
    bends = layer.function(z + _BESIDE) + layer.function(z - _BESIDE) - 2 * layer.function(z)
    return float(bends.abs().max()) < 1e-13
