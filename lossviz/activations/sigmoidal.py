"""S-shaped activations: tanh, LeCun's scaled tanh, and the sigmoid."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from lossviz.activations import saturation
from lossviz.activations._activation import Activation

# LeCun et al. (1998), section 4.4: f(1) is 1 and the curvature is largest near 1.
_HEIGHT, _STEEPNESS = 1.7159, 2 / 3


def tanh_first(z: Tensor) -> Tensor:
    """Return the slope of tanh."""
    # 1 - tanh^2 cancels for |z| > 4; the square of 1/cosh keeps its digits into the tail.
    return torch.cosh(z).reciprocal().square()


def _tanh_second(z: Tensor) -> Tensor:
    return -2 * torch.tanh(z) * tanh_first(z)


def tanh() -> Activation:
    """Return the hyperbolic tangent."""
    return Activation(
        name="tanh",
        label="tanh",
        formula=r"\tanh z",
        source="lecun1998efficient",
        function=torch.tanh,
        first=tanh_first,
        second=_tanh_second,
        saturation_measure="mean of |h|: 0 none, 1 all outputs at -1 or 1",
        saturation=partial(saturation.mean_distance, low=-1.0, high=1.0),
        range=(-1.0, 1.0),
    )


def _lecun(z: Tensor) -> Tensor:
    return _HEIGHT * torch.tanh(_STEEPNESS * z)


def _lecun_first(z: Tensor) -> Tensor:
    return _HEIGHT * _STEEPNESS * tanh_first(_STEEPNESS * z)


def _lecun_second(z: Tensor) -> Tensor:
    return _HEIGHT * _STEEPNESS**2 * _tanh_second(_STEEPNESS * z)


def lecun_tanh() -> Activation:
    """Return LeCun's scaled hyperbolic tangent."""
    return Activation(
        name="lecun_tanh",
        label="LeCun's tanh",
        formula=r"1.7159 \tanh(2z/3)",
        source="lecun1998efficient",
        function=_lecun,
        first=_lecun_first,
        second=_lecun_second,
        saturation_measure="mean of |h| / 1.7159: 0 none, 1 all outputs at -1.7159 or 1.7159",
        saturation=partial(saturation.mean_distance, low=-_HEIGHT, high=_HEIGHT),
        range=(-_HEIGHT, _HEIGHT),
    )


def sigmoid_first(z: Tensor) -> Tensor:
    """Return the slope of the sigmoid."""
    # Not sigmoid (1 - sigmoid), which cancels for large z.
    return torch.sigmoid(z) * torch.sigmoid(-z)


def sigmoid_second(z: Tensor) -> Tensor:
    """Return the second derivative of the sigmoid."""
    return -torch.tanh(z / 2) * sigmoid_first(z)


def sigmoid() -> Activation:
    """Return the logistic sigmoid."""
    return Activation(
        name="sigmoid",
        label="sigmoid",
        formula=r"1 / (1 + e^{-z})",
        source="lecun1998efficient",
        function=torch.sigmoid,
        first=sigmoid_first,
        second=sigmoid_second,
        saturation_measure="mean of |2h - 1|: 0 none, 1 all outputs at 0 or 1",
        saturation=partial(saturation.mean_distance, low=0.0, high=1.0),
        range=(0.0, 1.0),
    )
