"""Which weights lead into and out of a network's hidden units: what symmetries act on.

Known for closed forms, and for a ``torch.nn.Sequential`` of dense or convolutional layers with
activations and pooling between them. A convolution's units are its channels.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor, nn

from lossviz.landscape.base import BaseLandscape
from lossviz.landscape.mlp import Landscape
from lossviz.landscape.module import ModuleLandscape

_ELEMENTWISE = (
    nn.CELU, nn.ELU, nn.GELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh,
    nn.LeakyReLU, nn.LogSigmoid, nn.Mish, nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU, nn.Sigmoid,
    nn.Softplus, nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink, nn.Threshold,
)  # fmt: skip
# Dropout that is at work is refused by landscapes: what is left does nothing.
_IDLE = (
    nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout,
    nn.FeatureAlphaDropout,
)  # fmt: skip
_MEAN_POOLS = (
    nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d,
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d,
)  # fmt: skip
_MAX_POOLS = (
    nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d,
    nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d,
)  # fmt: skip
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)

_Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Layer:
    """A layer's weights, shape (outputs, inputs, taps), and its biases behind them.

    Attributes:
        outputs: its units, or channels.
        inputs: the units, or channels, below it.
        taps: weights that join a unit to one below: 1 between dense layers, else the size of a
            kernel, or the number of positions in a channel.
        bias: whether it has biases.
    """

    outputs: int
    inputs: int
    taps: int = 1
    bias: bool = True


@dataclass(frozen=True)
class HiddenLayer:
    """A hidden layer as symmetries see it; all places are those in the flat weights.

    Attributes:
        incoming: places of each unit's incoming weights, its bias last.
        outgoing: places of each unit's outgoing weights: to each unit above, tap by tap.
        above: places of the biases of the units above; none where they have none.
        bias: whether the units have biases.
        function: the activation.
        centre: c where f(-z) = 2c - f(z) for all z; None where that does not hold.
        homogeneous: whether f(az) = a f(z) for all z and positive a.
        dense: whether units are joined to those below and above by one weight each.
    """

    incoming: Int[Tensor, "unit incoming"]
    outgoing: Int[Tensor, "unit outgoing"]
    above: Int[Tensor, "above"]
    bias: bool
    function: _Function
    centre: float | None
    homogeneous: bool
    dense: bool

    @property
    def units(self) -> int:
        """The number of units."""
        return len(self.incoming)

    @property
    def rectifies(self) -> bool:
        """Whether the activation is homogeneous and 0 on the left, as a ReLU is."""
        return self.homogeneous and float(self.function(torch.tensor([-1.0]))) == 0


def hidden_layers(landscape: BaseLandscape) -> tuple[HiddenLayer, ...]:
    """Return a landscape's hidden layers, from the inputs upwards.

    Raises:
        ValueError: for a network whose structure is not known, or one without hidden units.
        TypeError: if ``landscape`` is no landscape.
    """
    if isinstance(landscape, Landscape):
        inputs, hidden, outputs = landscape.problem.layers
        layers = [Layer(hidden, inputs), Layer(outputs, hidden)]
        return _joined(layers, [_Between(landscape.activation.function)])
    if isinstance(landscape, ModuleLandscape):
        layers, between = _read(landscape._source.module)
        if sum(layer.outputs * (layer.inputs * layer.taps + layer.bias) for layer in layers) != (
            landscape.num_weights
        ):
            _refuse("a module whose layers share weights")
        if len(layers) < 2:
            _refuse("a module without hidden units")
        return _joined(layers, between)
    raise TypeError(f"landscape must be a Landscape; got {type(landscape).__name__}.")


def leading_parts(module: nn.Module) -> list[nn.Module]:
    """Return what a Sequential does to its inputs before the first layer."""
    parts = itertools.takewhile(
        lambda part: not isinstance(part, (nn.Linear, *_CONVOLUTIONS)), _parts(module)
    )
    return list(parts)


@dataclass(frozen=True)
class _Between:
    """What stands between two layers.

    Attributes:
        function: what happens to every number.
        max_pool: whether maxima are taken.
        spread: whether a unit's outputs are weighed by position, as in and after a convolution.
    """

    function: _Function
    max_pool: bool = False
    spread: bool = False


def _joined(layers: Sequence[Layer], between: Sequence[_Between]) -> tuple[HiddenLayer, ...]:
    places, start = [], 0
    for layer in layers:
        size = layer.outputs * layer.inputs * layer.taps
        weights = torch.arange(start, start + size)
        biases = torch.arange(start + size, start + size + layer.outputs * layer.bias)
        places.append((weights.view(layer.outputs, layer.inputs, layer.taps), biases))
        start += size + len(biases)
    pairs = zip(layers, places, layers[1:], places[1:], between, strict=False)
    return tuple(_hidden(*pair) for pair in pairs)


def _hidden(
    layer: Layer, own: tuple[Tensor, Tensor], next_layer: Layer, above: tuple[Tensor, Tensor],
    between: _Between,
) -> HiddenLayer:  # fmt: skip
    incoming = own[0].flatten(1)
    if layer.bias:
        incoming = torch.cat([incoming, own[1][:, None]], dim=1)
    centre, homogeneous = _symmetries(between.function)
    if between.max_pool or (centre and (between.spread or not next_layer.bias)):
        centre = None  # -max(z) is no maximum; and at a border a kernel does not see all of 2c
    dense = layer.taps == next_layer.taps == 1 and not between.spread
    return HiddenLayer(
        incoming, above[0].transpose(0, 1).flatten(1), above[1], layer.bias, between.function,
        centre, homogeneous, dense,
    )  # fmt: skip


def _symmetries(function: _Function) -> tuple[float | None, bool]:
    """Return the centre of an activation, or None, and whether it is homogeneous; by trying."""
    z = torch.linspace(1 / 64, 12, 768, dtype=torch.float64)
    z = torch.cat([z, -z])
    values = function(z.clone())
    slack = 1e-13 * (1 + float(values.abs().max()))
    sums = values + function(-z)
    odd = float(sums.max() - sums.min()) <= slack
    centre = float(function(torch.zeros(1, dtype=torch.float64)))
    homogeneous = all(
        float((function(a * z) - a * values).abs().max()) <= 4 * slack for a in (0.25, 3.0)
    )
    return (centre if odd else None), homogeneous


# --- reading a module -----------------------------------------------------------------------------


def _read(module: nn.Module) -> tuple[list[Layer], list[_Between]]:
    layers: list[Layer] = []
    between: list[_Between] = []
    since: list[nn.Module] = []  # what came since the last layer
    convolved = False
    for part in _parts(module):
        if not isinstance(part, (nn.Linear, *_CONVOLUTIONS)):
            if any(True for _ in part.parameters()):
                _refuse(f"a {type(part).__name__}")
            since.append(part)
            continue
        if layers:
            between.append(_between(since, convolved=convolved))
        layers.append(_layer(part, layers, since, convolved=convolved))
        convolved, since = isinstance(part, _CONVOLUTIONS), []
    return layers, between


def _parts(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the modules of a Sequential, and of those within it, in order."""
    if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
        for part in module:
            yield from _parts(part)
    elif any(True for _ in module.children()):
        _refuse(f"a {type(module).__name__}")
    else:
        yield module


def _layer(
    part: nn.Module, below: list[Layer], since: list[nn.Module], *, convolved: bool
) -> Layer:
    if isinstance(part, _CONVOLUTIONS):
        if part.groups != 1 or (below and not convolved):
            _refuse(f"a {part}" + " above a Linear" * (part.groups == 1))
        taps = part.weight[0, 0].numel()
        return Layer(part.out_channels, part.in_channels, taps, part.bias is not None)
    inputs, flat = part.in_features, any(isinstance(module, nn.Flatten) for module in since)
    if below and flat and inputs % below[-1].outputs == 0:
        inputs = below[-1].outputs
    elif below and (convolved or inputs != below[-1].outputs):
        _refuse(f"a Linear of {inputs} inputs above {below[-1].outputs} units")
    return Layer(part.out_features, inputs, part.in_features // inputs, part.bias is not None)


def _between(since: list[nn.Module], *, convolved: bool) -> _Between:
    for part in since:
        known = (nn.Flatten, *_ELEMENTWISE, *_IDLE, *_MEAN_POOLS, *_MAX_POOLS)
        if type(part) not in known or (
            isinstance(part, nn.Flatten) and (part.start_dim, part.end_dim) != (1, -1)
        ):
            _refuse(f"{part} between layers")
    functions = [part for part in since if isinstance(part, _ELEMENTWISE)]

    def function(z: Tensor) -> Tensor:
        for part in functions:
            z = part(z.clone())  # some write into their input
        return z

    pools = any(isinstance(part, (*_MEAN_POOLS, *_MAX_POOLS)) for part in since)
    return _Between(function, any(isinstance(p, _MAX_POOLS) for p in since), convolved or pools)


def _refuse(got: str) -> None:
    raise ValueError(
        "landscape must be a closed form, or of a torch.nn.Sequential of Linear or Conv layers "
        f"with elementwise activations and pooling between them; got {got}."
    )
