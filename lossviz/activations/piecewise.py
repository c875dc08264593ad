"""Piecewise linear activations: identity, ReLU, leaky ReLU and hard tanh."""

from __future__ import annotations

from functools import partial
from math import inf

import torch
from torch import Tensor
from torch.nn import functional

from lossviz import _checks
from lossviz.activations import saturation
from lossviz.activations._activation import Activation
from lossviz.activations._parameters import SMALLEST


def identity() -> Activation:
    """Return the identity, which makes a network linear in its inputs."""
    return Activation(
        name="identity",
        label="identity",
        formula="z",
        source="baldi1989",
        # A copy: what a caller does to the outputs must not reach the net inputs.
        function=torch.clone,
        first=torch.ones_like,
        second=torch.zeros_like,
        saturation_measure="does not saturate: its slope is 1 everywhere",
    )


def _relu_first(z: Tensor) -> Tensor:
    return (z > 0).to(z.dtype)


def relu() -> Activation:
    """Return the rectified linear unit."""
    return Activation(
        name="relu",
        label="ReLU",
        formula=r"\max(0, z)",
        source="glorot2011deep",
        function=torch.relu,
        first=_relu_first,
        second=torch.zeros_like,
        saturation_measure="share of outputs that are exactly 0",
        saturation=saturation.share_of_zeros,
        range=(0.0, inf),
    )


def _leaky_first(z: Tensor, negative_slope: float) -> Tensor:
    return torch.where(z > 0, torch.ones_like(z), negative_slope)


def leaky_relu(negative_slope: float = 0.01) -> Activation:
    """Return the leaky ReLU of a slope on the left that is at least 1e-6 and below 1."""
    what = "parameter negative_slope of leaky_relu"
    slope = _checks.real(what, negative_slope, minimum=SMALLEST)
    if slope >= 1:
        raise ValueError(f"{what} must be below 1; got {slope}.")
    return Activation(
        name="leaky_relu",
        label="leaky ReLU",
        formula=rf"z \text{{ for }} z > 0,\; {slope} z \text{{ otherwise}}",
        source="maas2013",
        function=partial(functional.leaky_relu, negative_slope=slope),
        first=partial(_leaky_first, negative_slope=slope),
        second=torch.zeros_like,
        saturation_measure="does not saturate: its slope is nowhere 0",
        parameters={"negative_slope": slope},
        defaults={"negative_slope": 0.01},
    )


def _hard_tanh_first(z: Tensor) -> Tensor:
    return (z.abs() < 1).to(z.dtype)


def hard_tanh() -> Activation:
    """Return tanh's piecewise linear stand-in."""
    return Activation(
        name="hard_tanh",
        label="hard tanh",
        formula=r"\max(-1, \min(1, z))",
        source="collobert2004",
        function=functional.hardtanh,
        first=_hard_tanh_first,
        second=torch.zeros_like,
        # Not the share of outputs at -1 or 1: so its degree can be compared with tanh's.
        saturation_measure="mean of |h|: 0 none, 1 all outputs at -1 or 1",
        saturation=partial(saturation.mean_distance, low=-1.0, high=1.0),
        range=(-1.0, 1.0),
    )
