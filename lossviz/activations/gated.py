"""Activations of the form z times a gate that opens from 0 to 1: SiLU, GELU and Mish.

They fall to a minimum left of 0 and rise from there to 0 again, so one output belongs to two net
inputs: an output just below 0 may come from the flat tail or from the steep part beside the
origin. A measure that sees outputs alone cannot tell these, and at small weights it would call
half of all units saturated. So these activations have none.
"""

from __future__ import annotations

from functools import partial
from math import inf, pi, sqrt

import torch
from torch import Tensor

from lossviz.activations._activation import Activation
from lossviz.activations._parameters import sized

_NO_MEASURE = (
    "has no measure of saturation: an output just below 0 may lie in the flat tail or in the "
    "steep part beside 0"
)

# Minima (z, f(z)); SiLU's are -1 - W(1/e) and -W(1/e) with Lambert's W, the others' numeric.
_SILU_MINIMUM = (-1.2784645427610738, -0.2784645427610738)
_GELU_MINIMUM = (-0.7517915246935645, -0.16997120747990361)
_MISH_MINIMUM = (-1.1924312145154952, -0.3088434130172504)

# Beyond these, exponentials are 0 in float64: larger net inputs change nothing but could make
# 0 times infinity.
_EXP_IS_ZERO = 1000.0
_NORMAL_IS_ZERO = 40.0


def _sigmoid(u: Tensor) -> Tensor:
    # torch.sigmoid is exactly 0 below -88.7 in float32, where u times it should still be 1e-37.
    decay = torch.exp(u.clamp(max=0))
    return torch.where(u < 0, decay / (1 + decay), torch.sigmoid(u))


def _silu(z: Tensor, beta: float) -> Tensor:
    return z * _sigmoid(beta * z)


def _silu_first(z: Tensor, beta: float) -> Tensor:
    u = (beta * z).clamp(-_EXP_IS_ZERO, _EXP_IS_ZERO)
    return _sigmoid(u) * (1 + u * _sigmoid(-u))


def _silu_second(z: Tensor, beta: float) -> Tensor:
    u = (beta * z).clamp(-_EXP_IS_ZERO, _EXP_IS_ZERO)
    return beta * _sigmoid(u) * _sigmoid(-u) * (2 - u * torch.tanh(u / 2))


def silu(beta: float = 1.0) -> Activation:
    """Return the sigmoid linear unit, also called swish, of sharpness beta, from 1e-6 to 1e6."""
    beta = sized("parameter beta of silu", beta)
    z, value = _SILU_MINIMUM
    return Activation(
        name="silu",
        label="SiLU",
        formula=r"z / (1 + e^{-z})" if beta == 1 else rf"z / (1 + e^{{-{beta} z}})",
        source="ramachandran2017",
        function=partial(_silu, beta=beta),
        first=partial(_silu_first, beta=beta),
        second=partial(_silu_second, beta=beta),
        saturation_measure=_NO_MEASURE,
        parameters={"beta": beta},
        defaults={"beta": 1.0},
        minimum=(z / beta, value / beta),
        range=(value / beta, inf),
    )


def _normal_share(z: Tensor) -> Tensor:
    # Not (1 + erf) / 2, which is exactly 0 below -8.3 in float64 and -5.4 in float32.
    return torch.erfc(z * -sqrt(0.5)) / 2


def _normal_density(z: Tensor) -> Tensor:
    return torch.exp(-z.square() / 2) / sqrt(2 * pi)


def _gelu(z: Tensor) -> Tensor:
    return z * _normal_share(z)


def _gelu_first(z: Tensor) -> Tensor:
    z = z.clamp(-_NORMAL_IS_ZERO, _NORMAL_IS_ZERO)
    return _normal_share(z) + z * _normal_density(z)


def _gelu_second(z: Tensor) -> Tensor:
    z = z.clamp(-_NORMAL_IS_ZERO, _NORMAL_IS_ZERO)
    return (2 - z.square()) * _normal_density(z)


def gelu() -> Activation:
    """Return the Gaussian error linear unit, exact: no approximation by tanh."""
    return Activation(
        name="gelu",
        label="GELU",
        formula=r"z \, \Phi(z)",
        source="hendrycks2016",
        function=_gelu,
        first=_gelu_first,
        second=_gelu_second,
        saturation_measure=_NO_MEASURE,
        minimum=_GELU_MINIMUM,
        range=(_GELU_MINIMUM[1], inf),
    )


def _mish_gate(z: Tensor) -> tuple[Tensor, Tensor]:
    """Return t = tanh(ln(1 + e^z)) and its slope, free of differences.

    With p = e^z, t = p (p + 2) / (p (p + 2) + 2) and t' = 4 p (1 + p) / (p (p + 2) + 2)^2; for
    z > 0 both are written in 1/p.
    """
    p, q = torch.exp(z.clamp(max=0)), torch.exp(-z.clamp(min=0))
    rise, fall = p * (p + 2), 2 * q * (q + 1)
    gate = torch.where(z < 0, rise / (rise + 2), (1 + 2 * q) / (1 + fall))
    left = p * (1 + p) * (2 / (rise + 2)).square()
    right = q * q * (1 + q) * (2 / (1 + fall)).square()
    return gate, torch.where(z < 0, left, right)


def _mish(z: Tensor) -> Tensor:
    return z * _mish_gate(z)[0]


def _mish_first(z: Tensor) -> Tensor:
    gate, slope = _mish_gate(z)
    return gate + z * slope


def _mish_second(z: Tensor) -> Tensor:
    z = z.clamp(-_EXP_IS_ZERO, _EXP_IS_ZERO)
    gate, slope = _mish_gate(z)
    # t'' = t' (1 - s - 2 t s) with the sigmoid s.
    return slope * (2 + z * (_sigmoid(-z) - 2 * gate * _sigmoid(z)))


def mish() -> Activation:
    """Return Mish, z times the tanh of softplus."""
    return Activation(
        name="mish",
        label="Mish",
        formula=r"z \tanh(\ln(1 + e^z))",
        source="misra2019",
        function=_mish,
        first=_mish_first,
        second=_mish_second,
        saturation_measure=_NO_MEASURE,
        minimum=_MISH_MINIMUM,
        range=(_MISH_MINIMUM[1], inf),
    )
