"""Linear regions: the pieces of the plane on each of which a rectifier network is linear."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr
from torch import nn

from lossviz import _checks

_RECTIFIERS = (nn.ReLU, nn.LeakyReLU)
_PLAIN = (nn.Linear, nn.Identity, nn.Flatten)


def linear_regions(
    network: nn.Sequential,
    span: float = 1.0,
    resolution: int = 201,
) -> xr.Dataset:
    r"""Map the linear regions of a rectifier network with two inputs, on a grid.

    Each unit is on (net input above 0) or off. Where the pattern of all units is the same, the
    network is an affine function of its inputs. Regions are counted by their patterns, so what
    lies between the grid's points is missed: the number is a lower bound.

    A single layer of N units whose N lines are in general position cuts the plane into
    :math:`1 + N + \binom{N}{2}` regions. Deep networks can have many more (Montufar et al. 2014,
    arXiv 1402.1869), and at random have few (Hanin and Rolnick 2019, arXiv 1906.00904).

    Args:
        network: ``Linear`` layers with two inputs at first, ``ReLU`` or ``LeakyReLU`` between.
        span: half the width of the square around 0, above 0.
        resolution: points along a side, at least 2.

    Returns:
        A data set of ``region`` over ``y`` and ``x``, numbered from 0 in the order in which
        regions are met, and of ``active`` over ``layer`` (of rectifiers, from 1), ``y`` and ``x``,
        the number of units that are on. The attribute ``regions`` is the number of regions, and
        ``dead`` lists for each layer how many units are on nowhere.

    Raises:
        ValueError: if the network has other layers, no rectifier, or not two inputs, or if a
            number is out of its range.
        TypeError: if the network is no ``Sequential``, or a number is of the wrong type.

    Example:
        >>> layer = nn.Linear(2, 2)
        >>> layer.weight.data, layer.bias.data = torch.eye(2), torch.zeros(2)
        >>> linear_regions(nn.Sequential(layer, nn.ReLU())).attrs["regions"]
        4
    """
    layers = _checked(network)
    span = _checks.real("span", span, above=0)
    side = np.linspace(-span, span, _checks.whole("resolution", resolution, 2))
    x, y = np.meshgrid(side, side)
    patterns = _patterns(layers, np.stack([x.ravel(), y.ravel()], axis=1))
    shape = (len(side), len(side))
    region = _numbered(np.concatenate(patterns, axis=1)).reshape(shape)
    active = np.stack([each.sum(axis=1).reshape(shape) for each in patterns])
    return xr.Dataset(
        {"region": (("y", "x"), region), "active": (("layer", "y", "x"), active)},
        coords={"x": side, "y": side, "layer": np.arange(1, len(patterns) + 1)},
        attrs={
            "regions": int(region.max()) + 1,
            "dead": [int((~each.any(axis=0)).sum()) for each in patterns],
        },
    )


def _patterns(layers: list[nn.Module], points: np.ndarray) -> list[np.ndarray]:
    """Return which units of each rectifier layer are on, shape (points, units)."""
    first = next(layer for layer in layers if isinstance(layer, nn.Linear))
    signal, found = torch.from_numpy(points).to(first.weight), []
    with torch.no_grad():
        for layer in layers:
            if isinstance(layer, _RECTIFIERS):
                found.append((signal > 0).cpu().numpy())
                signal = signal.clone()  # some write into their input
            signal = layer(signal)
    return found


def _numbered(patterns: np.ndarray) -> np.ndarray:
    """Number equal rows alike, from 0 in the order in which they are met."""
    packed = np.packbits(patterns, axis=1)
    rows = np.ascontiguousarray(packed).view([("", packed.dtype)] * packed.shape[1]).ravel()
    _, first, numbers = np.unique(rows, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[numbers.ravel()]


def _checked(network: nn.Sequential) -> list[nn.Module]:
    if not isinstance(network, nn.Sequential):
        raise TypeError(f"network must be a torch.nn.Sequential; got {type(network).__name__}.")
    layers = list(network)
    for layer in layers:
        if type(layer) not in (*_RECTIFIERS, *_PLAIN):
            raise ValueError(
                "network must have only Linear, ReLU, LeakyReLU, Identity and Flatten layers; "
                f"got a {type(layer).__name__}."
            )
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    if not linear or linear[0].in_features != 2:
        got = linear[0].in_features if linear else "no Linear layer"
        raise ValueError(f"network must have two inputs; got {got}.")
    if not any(isinstance(layer, _RECTIFIERS) for layer in layers):
        raise ValueError("network must have at least one ReLU or LeakyReLU layer; got none.")
    return layers
