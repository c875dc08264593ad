"""The sine as an activation."""

from __future__ import annotations

import torch
from torch import Tensor

from lossviz.activations._activation import Activation


def _minus_sine(z: Tensor) -> Tensor:
    return -torch.sin(z)


def sine() -> Activation:
    """Return the sine."""
    return Activation(
        name="sine",
        label="sine",
        formula=r"\sin z",
        source="sitzmann2020",
        function=torch.sin,
        first=torch.cos,
        second=_minus_sine,
        saturation_measure="does not saturate: it is bounded, but its slope comes back for ever",
        range=(-1.0, 1.0),
    )
