"""Moves of a hidden layer's units, unchecked, and the checks that they share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lossviz import _checks
from lossviz.geometry._flat import checked_landscape, some_points
from lossviz.landscape._dense_layers import HiddenLayer, hidden_layers
from lossviz.landscape.base import BaseLandscape


def moved(points: Tensor, hidden: HiddenLayer, order: Sequence[int], signs: Tensor) -> Tensor:
    """Permute a layer's units, then turn those of sign -1 about."""
    signs = signs.to(points)
    incoming = points[..., hidden.incoming[list(order)]] * signs[:, None]
    before = points[..., hidden.outgoing[list(order)]]
    outgoing = before * signs[:, None]
    found = points.clone()
    found[..., hidden.incoming.flatten()] = incoming.flatten(-2)
    found[..., hidden.outgoing.flatten()] = outgoing.flatten(-2)
    if hidden.centre and len(hidden.above):
        # w f(-z) = 2 c w - w f(z), for each weight of a turned unit.
        gained = (before * (1 - signs[:, None]) * hidden.centre).sum(dim=-2)
        found[..., hidden.above] += gained.unflatten(-1, (len(hidden.above), -1)).sum(dim=-1)
    return found


def scaled(points: Tensor, hidden: HiddenLayer, scales: Tensor) -> Tensor:
    """Multiply the incoming weights of a layer's units, and divide the outgoing ones."""
    scales = scales.to(points)[:, None]
    found = points.clone()
    found[..., hidden.incoming] *= scales
    found[..., hidden.outgoing] /= scales
    return found


def check_homogeneous(hidden: HiddenLayer, layer: int) -> None:
    """Raise ValueError where units cannot be rescaled."""
    if not hidden.homogeneous:
        raise ValueError(
            f"landscape must have a positive homogeneous activation in hidden layer {layer}, such "
            f"as ReLU; got one with f(2) - 2 f(1) = {_excess(hidden):.3g}."
        )


def points_and_layer(
    landscape: BaseLandscape, weights: Tensor, layer: int
) -> tuple[Tensor, HiddenLayer]:
    """Return checked points and the hidden layer of that number."""
    layers = hidden_layers(checked_landscape(landscape))
    return some_points("weights", weights, landscape), layers[check_layer(layer, len(layers))]


def check_layer(layer: int, count: int) -> int:
    """Return the number of a hidden layer if there is one of that number."""
    number = _checks.whole("layer", layer, 0)
    if number >= count:
        raise ValueError(f"layer must be below {count}, the number of hidden layers; got {number}.")
    return number


def unit_numbers(what: str, got: Sequence[int], units: int) -> list[int]:
    """Return distinct numbers of units."""
    if isinstance(got, Tensor | np.ndarray):
        got = got.tolist()
    if not isinstance(got, Sequence | range) or isinstance(got, str | bytes):
        raise TypeError(f"{what} must be a sequence of integers; got {got!r}.")
    numbers = [_checks.whole(f"each of {what}", number, 0) for number in got]
    if len(set(numbers)) < len(numbers) or max(numbers, default=0) >= units:
        raise ValueError(
            f"{what} must be distinct numbers of units, 0..{units - 1}; got {list(numbers)}."
        )
    return numbers


def _at(hidden: HiddenLayer, *z: float) -> list[float]:
    return hidden.function(torch.tensor(z, dtype=torch.float64)).tolist()


def asymmetry(hidden: HiddenLayer) -> float:
    """Return f(-1) + f(1) - 2 f(0), which is 0 where units can be turned about."""
    left, middle, right = _at(hidden, -1.0, 0.0, 1.0)
    return left + right - 2 * middle


def _excess(hidden: HiddenLayer) -> float:
    one, two = _at(hidden, 1.0, 2.0)
    return two - 2 * one
