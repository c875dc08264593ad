"""What the parts of a flat vector of weights are: matrices, biases, parameters of norms."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvTransposeNd

#: What a parameter can be.
PARAMETER_KINDS = ("weight", "bias", "norm")

# Batch and instance norms share _NormBase.
_NORMS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


@dataclass(frozen=True)
class Parameter:
    """A part of a landscape's flat weights: one of a network's parameters.

    Attributes:
        name: the parameter's name, as in ``torch.nn.Module.named_parameters``.
        shape: its shape.
        kind: ``"norm"`` for scales and shifts of batch, instance, layer, group and RMS norms;
            otherwise ``"weight"`` with two axes or more, and ``"bias"`` with one or none.
        unit_axis: the axis of a weight that has one entry for each unit or filter: the first,
            but the second in transposed convolutions.

    Example:
        >>> from lossviz import Landscape
        >>> [(p.name, p.shape, p.kind) for p in Landscape("xor").parameters[:2]]
        [('W1', (2, 2), 'weight'), ('b1', (2,), 'bias')]
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    unit_axis: int = 0

    @property
    def size(self) -> int:
        """The number of weights in it."""
        return math.prod(self.shape)


def parameters_of_layers(layers: tuple[int, int, int]) -> tuple[Parameter, ...]:
    """Return the parameters of a network with one hidden layer."""
    inputs, hidden, outputs = layers
    return (
        Parameter("W1", (hidden, inputs), "weight"), Parameter("b1", (hidden,), "bias"),
        Parameter("W2", (outputs, hidden), "weight"), Parameter("b2", (outputs,), "bias"),
    )  # fmt: skip


def parameters_of_module(module: nn.Module) -> tuple[Parameter, ...]:
    """Return a module's parameters in the order of ``parameters_to_vector``; tied ones once."""
    return tuple(_parameter(module, name, value) for name, value in module.named_parameters())


def _parameter(module: nn.Module, name: str, value: nn.Parameter) -> Parameter:
    owner = module.get_submodule(name.rpartition(".")[0])
    by_axes = "weight" if value.ndim >= 2 else "bias"
    kind = "norm" if isinstance(owner, _NORMS) else by_axes
    transposed = kind == "weight" and isinstance(owner, _ConvTransposeNd)
    return Parameter(name, tuple(value.shape), kind, int(transposed))
