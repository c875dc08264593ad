r"""How likely a ReLU network is dead from the start: in closed form, and by drawing networks.

A layer is dead at an input if none of its units is active there. Without biases all that follows
is then 0: the network's output no longer depends on any weight before it (Lu et al. 2020, arXiv
1903.06733).
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float

from lossviz import _checks, _streams

# Networks are drawn in groups, each with a stream of its own.
_GROUP = 500


def dead_probability(width: int, depth: int) -> float:
    r"""Return the probability that a random ReLU network is dead at one input.

    .. math:: P = 1 - (1 - 2^{-N})^L

    for L hidden layers of N units, weights that are independent and symmetric about 0, no biases
    and an input that is not 0: while a layer passes something on, each unit of the next is
    inactive with probability 1/2, independently. That a network is dead at *all* inputs is
    less likely (Lu et al. 2020, arXiv 1903.06733).

    Args:
        width: units N of each hidden layer, at least 1.
        depth: number L of hidden layers, at least 1.

    Returns:
        The probability, in [0, 1]; it rounds to 0 for layers of more than a thousand units.

    Raises:
        ValueError: if a number is below 1.
        TypeError: if a number is no integer.

    Example:
        >>> f"{dead_probability(2, 10):.3f}"
        '0.944'
    """
    width, depth = _checks.whole("width", width, 1), _checks.whole("depth", depth, 1)
    # By logarithms, as 1 - 2^-N rounds to 1 for wide layers.
    return float(-np.expm1(depth * np.log1p(-(2.0**-width))))


def draw_dead_networks(
    inputs: Float[np.ndarray, "sample input"],
    width: int,
    depth: int,
    num_networks: int = 1000,
    bias: float = 0.0,
    seed: int = 0,
) -> xr.Dataset:
    r"""Draw random ReLU networks, and see from which layer on each is dead.

    Weights are normal with variance 2 / n for n inputs of a layer, biases all equal to b. A
    network is dead at an input if in one of its layers no unit is active there: without biases
    its output is then 0 there. A network that is dead at all inputs computes a constant on them.

    In one dimension and without biases the inputs 1 and -1 stand for all: outputs at any other
    input are a multiple of those at one of them.

    Args:
        inputs: shape (samples, inputs), finite.
        width: units of each hidden layer, at least 1.
        depth: number of hidden layers, at least 1.
        num_networks: how many networks, at least 1.
        bias: b, the same for all units.
        seed: of the draws, at least 0; the first networks are the same however many follow.

    Returns:
        A data set over ``network`` and ``layer``, which counts from 1, of ``dead_first``, whether
        by that layer the network is dead at the first input, and ``dead_all``, whether some layer
        so far was silent at all inputs.

    Raises:
        ValueError: if inputs are not finite or of another shape, or a number is out of its range.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> found = draw_dead_networks([[1.0], [-1.0]], width=2, depth=10)
        >>> bool(abs(found.dead_first[:, -1].mean() - dead_probability(2, 10)) < 0.03)
        True
        >>> bool(found.dead_all[:, -1].mean() < found.dead_first[:, -1].mean())
        True
    """
    points = _checks.array("inputs", inputs, None, None)
    width, depth = _checks.whole("width", width, 1), _checks.whole("depth", depth, 1)
    count = _checks.whole("num_networks", num_networks, 1)
    bias, seed = _checks.real("bias", bias), _checks.whole("seed", seed, 0)
    groups = [
        _dead(points, _weights(seed, group, (depth, width, points.shape[1])), bias)
        for group in range(-(-count // _GROUP))
    ]
    first, every = (np.concatenate(each)[:count] for each in zip(*groups, strict=True))
    axes = ("network", "layer")
    return xr.Dataset(
        {"dead_first": (axes, first), "dead_all": (axes, every)},
        coords={"layer": np.arange(1, depth + 1)},
        attrs={"activation": "relu", "width": width, "bias": bias, "seed": seed},
    )


def _weights(seed: int, group: int, sizes: tuple[int, int, int]) -> list[np.ndarray]:
    """Return a group's weights for each layer, shape (networks, inputs, units)."""
    depth, width, inputs = sizes
    rng = _streams.stream(seed, group, _streams.START)
    fans = [inputs, *[width] * (depth - 1)]
    return [rng.standard_normal((_GROUP, fan, width)) * np.sqrt(2 / fan) for fan in fans]


def _dead(
    points: np.ndarray, weights: list[np.ndarray], bias: float
) -> tuple[np.ndarray, np.ndarray]:
    """Say for each network and layer whether it is dead at the first input, and at all."""
    signal, silent = np.broadcast_to(points, (_GROUP, *points.shape)), []
    for each in weights:
        signal = np.maximum(signal @ each + bias, 0)
        silent.append(~(signal > 0).any(axis=2))
    by_layer = np.stack(silent, axis=1)
    so_far = np.logical_or.accumulate
    return so_far(by_layer[..., 0], axis=1), so_far(by_layer.all(axis=2), axis=1)
