"""Directions of the weights in which a Hessian vanishes, written down by their causes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from lossviz.landscape._dense_layers import HiddenLayer

# How far beside a net input an activation is tried.
_BESIDE = 1e-4


def unseen_directions(layer: HiddenLayer, inputs: Tensor, m: int) -> list[Tensor]:
    """Directions of a first-layer unit's weights that no sample sees, for each unit."""
    null = _null_space(inputs[:, : layer.incoming.shape[1]])
    return [_placed(null.mT, places, m) for places in layer.incoming] if null.numel() else []


def common_shifts(layer: HiddenLayer, m: int) -> list[Tensor]:
    """The same change of all outputs' weights from a unit, for each unit, and of the biases."""
    groups = [*layer.outgoing, *([layer.above] if len(layer.above) else [])]
    return [_placed(torch.ones(1, len(places)).double(), places, m) for places in groups]


def weights_of_dead_units(
    layers: Sequence[HiddenLayer], outputs: Sequence[Tensor], m: int
) -> list[Tensor]:
    """Each weight of a unit that is 0 on all samples."""
    found = []
    for layer, values in zip(layers, outputs, strict=True):
        if layer.rectifies:
            for unit in torch.nonzero((values == 0).all(dim=0)).flatten().tolist():
                places = torch.cat([layer.incoming[unit], layer.outgoing[unit]])
                found.append(_placed(torch.eye(len(places)).double(), places, m))
    return found


def directions_of_flat_units(layer: HiddenLayer, inputs: Tensor, point: Tensor) -> list[Tensor]:
    """Directions of a first-layer unit's weights that only samples see on which it is constant."""
    if not bends_nowhere(layer):
        return []
    seen = inputs[:, : layer.incoming.shape[1]]
    z = seen @ point[layer.incoming].mT
    here = layer.function(z)
    constant = (layer.function(z + _BESIDE) == here) & (layer.function(z - _BESIDE) == here)
    found = []
    for unit in torch.nonzero(constant.any(dim=0)).flatten().tolist():
        null = _null_space(seen[~constant[:, unit]])
        if null.numel():
            found.append(_placed(null.mT, layer.incoming[unit], len(point)))
    return found


def moves_of_scale(
    layers: Sequence[HiddenLayer], outputs: Sequence[Tensor], point: Tensor
) -> list[Tensor]:
    """For each active unit, the change of the weights when scale moves through it."""
    found = []
    for layer, values in zip(layers, outputs, strict=True):
        if layer.homogeneous:
            for unit in torch.nonzero((values != 0).any(dim=0)).flatten().tolist():
                direction = torch.zeros(1, len(point)).double()
                direction[0, layer.incoming[unit]] = point[layer.incoming[unit]]
                direction[0, layer.outgoing[unit]] = -point[layer.outgoing[unit]]
                found.append(direction)
    return found


def _placed(rows: Tensor, places: Tensor, m: int) -> Tensor:
    found = torch.zeros(len(rows), m, dtype=torch.float64)
    found[:, places] = rows
    return found


def _null_space(matrix: Tensor) -> Tensor:
    """Return orthonormal columns that a matrix, of any number of rows, maps to zero."""
    triangle = torch.linalg.qr(matrix, mode="r").R
    _, values, right = torch.linalg.svd(triangle)
    largest = float(values[0]) if len(values) else 0.0
    least = max(matrix.shape) * torch.finfo(torch.float64).eps * largest
    return right[int((values > least).sum()) :].mT


def new_dimensions(groups: dict[str, list[Tensor]], m: int) -> dict[str, int]:
    """Return by how much each group, in turn, makes the span of all before it larger."""
    basis, counts = torch.zeros(m, 0, dtype=torch.float64), {}
    for name, rows in groups.items():
        counts[name] = 0
        if not rows:
            continue
        columns = torch.nn.functional.normalize(torch.cat(rows), dim=1).mT
        for _ in range(2):  # the second time for what rounding has left
            columns = columns - basis @ (basis.mT @ columns)
        left, values, _ = torch.linalg.svd(columns, full_matrices=False)
        counts[name] = int((values > 1e-8).sum())
        basis = torch.cat([basis, left[:, : counts[name]]], dim=1)
    return counts


def bends_nowhere(layer: HiddenLayer) -> bool:
    """Say whether the activation is piecewise linear: without curvature beside its kinks."""
    z = torch.linspace(-8, 8, 1001, dtype=torch.float64) + 1 / 3000
    bends = layer.function(z + _BESIDE) + layer.function(z - _BESIDE) - 2 * layer.function(z)
    return float(bends.abs().max()) < 1e-13


def hidden_outputs(layers: Sequence[HiddenLayer], point: Tensor, inputs: Tensor) -> list[Tensor]:
    """Return the outputs of each hidden layer, (samples, units)."""
    found, below = [], inputs
    for layer in layers:
        below = layer.function(below[:, : layer.incoming.shape[1]] @ point[layer.incoming].mT)
        found.append(below)
        below = torch.cat([below, torch.ones(len(below), 1, dtype=torch.float64)], dim=1)
    return found
