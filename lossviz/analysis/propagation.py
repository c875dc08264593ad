r"""How signals and gradients scale with depth in random networks: by recursion, and measured.

Weights into a unit are independent with mean 0 and variance g^2 / n for n inputs; g is the *gain*.
Biases have standard deviation b. In the limit of wide layers the mean square q of the net inputs
follows q' = g^2 E[f(z)^2] + b^2 with z ~ N(0, q), and going back every layer multiplies the mean
square of the gradient by g^2 E[f'(z)^2] (He et al. 2015; Poole et al. 2016).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float

from lossviz import _checks, _streams
from lossviz.activations import Activation, get_activation
from lossviz.analysis.gaussian import gaussian_moments, positive


@dataclass(frozen=True)
class SignalPropagation:
    """What wide random networks pass on, layer by layer; the last axis is the layer.

    Attributes:
        variance: mean square q of each layer's net inputs.
        factor: what each layer multiplies the mean square of the gradient by, going back:
            g^2 E[f'(z)^2].
    """

    variance: Float[np.ndarray, "... layer"]
    factor: Float[np.ndarray, "... layer"]

    @property
    def gradient(self) -> Float[np.ndarray, "... layer"]:
        """Mean squared gradient with respect to each layer's net inputs; 1 at the last layer."""
        passed = np.concatenate(
            [np.ones_like(self.factor[..., :1]), self.factor[..., -2::-1]], axis=-1
        )
        return np.cumprod(passed, axis=-1)[..., ::-1]

    @property
    def gradient_by_depth(self) -> Float[np.ndarray, "... layer"]:
        """The first layer's mean squared gradient if the network ended at this layer."""
        passed = np.concatenate(
            [np.ones_like(self.factor[..., :1]), self.factor[..., :-1]], axis=-1
        )
        return np.cumprod(passed, axis=-1)


def signal_propagation(
    activation: str | Activation,
    depth: int,
    gain: Float[np.ndarray, "..."] | float = 1.0,
    bias: float = 0.0,
    input_square: float = 1.0,
) -> SignalPropagation:
    r"""Return how signal and gradient scale with depth in wide random networks.

    .. math:: q_1 = g^2 \overline{x^2} + b^2, \qquad q_{l+1} = g^2 E[f(z)^2] + b^2, \qquad
              \chi_l = g^2 E[f'(z)^2], \qquad z \sim N(0, q_l)

    Args:
        activation: an activation, or its name.
        depth: number of layers, at least 1.
        gain: g, above 0, of any shape; weights have variance g^2 / n for n inputs.
        bias: standard deviation b of the biases, at least 0.
        input_square: mean square of the network's inputs, above 0.

    Returns:
        Variances and factors of shape (..., depth), where the dots are the gains' shape.

    Raises:
        ValueError: if there is no such activation, or a number is out of its range.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> he = signal_propagation("relu", 50, gain=[1.0, 2**0.5])
        >>> [f"{last:.1e}" for last in he.variance[:, -1]]
        ['1.8e-15', '2.0e+00']
    """
    f = get_activation(activation)
    depth = _checks.whole("depth", depth, 1)
    squared = positive("gain", gain) ** 2
    bias = _checks.real("bias", bias, minimum=0) ** 2
    q = squared * _checks.real("input_square", input_square, above=0) + bias
    variances, factors = [], []
    for _ in range(depth):
        moments = gaussian_moments(f, np.sqrt(q))
        variances.append(q)
        factors.append(squared * moments.squared_slope)
        q = squared * moments.square + bias
    return SignalPropagation(np.stack(variances, axis=-1), np.stack(factors, axis=-1))


def measure_signals(
    activation: str | Activation,
    depth: int,
    width: int,
    gain: float = 1.0,
    bias: float = 0.0,
    num_networks: int = 1,
    num_samples: int = 100,
    seed: int = 0,
    keep_outputs: bool = False,
) -> xr.Dataset:
    r"""Run random networks forward and backward, and measure what arrives at each layer.

    All layers are equally wide. Inputs and the gradient handed to the last layer's net inputs are
    standard normal, weights normal with variance g^2 / width. The same seed gives the same draws to
    every activation and gain, so that they can be compared in pairs.

    Args:
        activation: an activation, or its name.
        depth: number of layers, at least 1.
        width: inputs and units of each layer, at least 1.
        gain: g, above 0.
        bias: standard deviation of the biases, at least 0.
        num_networks: how many networks, at least 1.
        num_samples: inputs for each network, at least 1.
        seed: of the draws; network i's depend on (seed, i) and the sizes alone.
        keep_outputs: whether hidden outputs are kept, as ``outputs``.

    Returns:
        A data set of ``variance`` (mean squared net input), ``gradient`` (mean squared gradient
        with respect to the net inputs, 1 at the last layer), ``weight_gradient`` (mean squared
        gradient of one sample with respect to the weights into the layer, in the same unit) and,
        where the activation has a measure, ``saturation``, over ``network`` and ``layer``, which
        counts from 1; and ``outputs`` over ``network, layer, sample, unit``.

    Raises:
        ValueError: if there is no such activation, or a number is out of its range.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> deep = measure_signals("relu", depth=30, width=50, gain=1.0)
        >>> bool(deep.variance[0, -1] < 1e-6)
        True
    """
    f = get_activation(activation)
    depth, width = _checks.whole("depth", depth, 1), _checks.whole("width", width, 1)
    gain, bias = _checks.real("gain", gain, above=0), _checks.real("bias", bias, minimum=0)
    networks = _checks.whole("num_networks", num_networks, 1)
    samples, seed = _checks.whole("num_samples", num_samples, 1), _checks.whole("seed", seed, 0)
    keep = _checks.switch("keep_outputs", keep_outputs)
    measured = []
    for network in range(networks):
        drawn = _drawn(seed, network, (depth, width, samples), gain, bias)
        measured.append(_measured(f, drawn, keep))
    axes = {1: ("network", "layer"), 3: ("network", "layer", "sample", "unit")}
    found = {
        name: (axes[measured[0][name].ndim], np.stack([each[name] for each in measured]))
        for name in measured[0]
    }
    settings = {"depth": depth, "width": width, "gain": gain, "bias": bias, "seed": seed}
    return xr.Dataset(
        found, coords={"layer": np.arange(1, depth + 1)}, attrs=f.attributes | settings
    )


@dataclass(frozen=True)
class _Drawn:
    """One random network, its inputs, and the gradient that is handed back to it."""

    weights: Float[np.ndarray, "layer unit input"]
    biases: Float[np.ndarray, "layer unit"]
    inputs: Float[np.ndarray, "sample input"]
    handed: Float[np.ndarray, "sample unit"]


def _drawn(
    seed: int, network: int, sizes: tuple[int, int, int], gain: float, bias: float
) -> _Drawn:
    depth, width, samples = sizes
    parameters = _streams.stream(seed, network, _streams.START)
    weights = parameters.standard_normal((depth, width, width)) * (gain / np.sqrt(width))
    biases = parameters.standard_normal((depth, width)) * bias
    inputs = _streams.stream(seed, network, _streams.BATCH).standard_normal((samples, width))
    handed = _streams.stream(seed, network, _streams.DIRECTION).standard_normal((samples, width))
    return _Drawn(weights, biases, inputs, handed)


def _measured(f: Activation, drawn: _Drawn, keep: bool) -> dict[str, np.ndarray]:
    """Run one network forward and backward; every array's first axis is the layer."""
    signals, net_inputs = [drawn.inputs], []
    for weights, biases in zip(drawn.weights, drawn.biases, strict=True):
        net_inputs.append(signals[-1] @ weights.T + biases)
        signals.append(f(net_inputs[-1]).numpy())
    gradients = [drawn.handed]
    for weights, z in zip(drawn.weights[:0:-1], net_inputs[-2::-1], strict=True):
        gradients.append((gradients[-1] @ weights) * f.derivative(z).numpy())
    handed = np.mean(drawn.handed**2)
    by_sample = [np.mean(each**2, axis=1) / handed for each in gradients[::-1]]
    arriving = [np.mean(each**2, axis=1) for each in signals[:-1]]
    outputs = np.stack(signals[1:])
    found = {
        "variance": np.array([np.mean(z**2) for z in net_inputs]),
        "gradient": np.array([np.mean(each) for each in by_sample]),
        # A weight's gradient is its unit's times its input, so their squares' means multiply.
        "weight_gradient": np.array(
            [np.mean(g * h) for g, h in zip(by_sample, arriving, strict=True)]
        ),
    }
    if f.saturation is not None:
        found["saturation"] = f.saturation(_checks.tensor("outputs", outputs)).numpy()
    return found | ({"outputs": outputs} if keep else {})
