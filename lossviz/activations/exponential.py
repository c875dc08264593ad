"""Activations with an exponential approach to a limit on the left: ELU, SELU and softplus.

Their measures agree on what is saturated: an output whose slope is at most 5 % of the greatest
slope on the exponential branch. ELU's slope there is h + alpha, so that means an output within 5 %
of the limit -alpha; softplus's slope is 1 - exp(-beta h), so it means h <= -ln(0.95) / beta.
"""

from __future__ import annotations

from functools import partial
from math import inf, log1p

import torch
from torch import Tensor
from torch.nn import functional

from lossviz.activations import saturation
from lossviz.activations._activation import Activation
from lossviz.activations._parameters import sized
from lossviz.activations.sigmoidal import sigmoid_first

_FLAT = 0.05  # of the greatest slope

# Klambauer et al. (2017): with these, standard normal net inputs give outputs of mean 0 and
# variance 1.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946
_SELU_LIMIT = -_SELU_SCALE * _SELU_ALPHA


def _branches(z: Tensor, left: float, right: float) -> Tensor:
    """Return left * exp(z) up to the kink at 0, and right beyond it."""
    # output + left rounds to exactly 0 below about -17 in float32; exp(z) does not.
    decay = torch.exp(z.clamp(max=0))
    if left == right == 1:
        return decay
    return torch.where(z > 0, right, left * decay)


def _left_branch(z: Tensor, left: float) -> Tensor:
    decay = torch.exp(z.clamp(max=0)) * (z < 0)
    return decay if left == 1 else left * decay


def elu(alpha: float = 1.0) -> Activation:
    """Return the exponential linear unit with the limit -alpha; alpha is from 1e-6 to 1e6."""
    alpha = sized("parameter alpha of elu", alpha)
    branch = "e^z - 1" if alpha == 1 else f"{alpha} (e^z - 1)"
    return Activation(
        name="elu",
        label="ELU",
        formula=rf"z \text{{ for }} z > 0,\; {branch} \text{{ otherwise}}",
        source="clevert2016elu",
        function=partial(functional.elu, alpha=alpha),
        first=partial(_branches, left=alpha, right=1.0),
        second=partial(_left_branch, left=alpha),
        saturation_measure=f"share of outputs within 5 % of the lower limit {-alpha:g}",
        saturation=partial(saturation.share_at_most, limit=-(1 - _FLAT) * alpha),
        parameters={"alpha": alpha},
        defaults={"alpha": 1.0},
        range=(-alpha, inf),
    )


def selu() -> Activation:
    """Return the scaled exponential linear unit."""
    return Activation(
        name="selu",
        label="SELU",
        formula=r"1.0507 z \text{ for } z > 0,\; 1.7581 (e^z - 1) \text{ otherwise}",
        source="klambauer2017",
        function=functional.selu,
        first=partial(_branches, left=-_SELU_LIMIT, right=_SELU_SCALE),
        second=partial(_left_branch, left=-_SELU_LIMIT),
        saturation_measure=f"share of outputs within 5 % of the lower limit {_SELU_LIMIT:.4f}",
        saturation=partial(saturation.share_at_most, limit=(1 - _FLAT) * _SELU_LIMIT),
        range=(_SELU_LIMIT, inf),
    )


def _softplus(z: Tensor, beta: float) -> Tensor:
    # PyTorch's own returns z itself above 20 / beta, where ln(1 + e^-20) is still 1e-10 of it, and
    # logaddexp's second derivative by autograd is NaN in the tail.
    u = beta * z
    left = torch.log1p(torch.exp(u.clamp(max=0)))
    right = u + torch.log1p(torch.exp(-u.clamp(min=0)))
    return torch.where(u < 0, left, right) / beta


def _softplus_first(z: Tensor, beta: float) -> Tensor:
    return torch.sigmoid(beta * z)


def _softplus_second(z: Tensor, beta: float) -> Tensor:
    return beta * sigmoid_first(beta * z)


def softplus(beta: float = 1.0) -> Activation:
    """Return the smooth stand-in for ReLU of sharpness beta, from 1e-6 to 1e6."""
    beta = sized("parameter beta of softplus", beta)
    limit = -log1p(-_FLAT) / beta
    return Activation(
        name="softplus",
        label="softplus",
        formula=r"\ln(1 + e^z)" if beta == 1 else rf"\ln(1 + e^{{{beta} z}}) / {beta}",
        source="dugas2001",
        function=partial(_softplus, beta=beta),
        first=partial(_softplus_first, beta=beta),
        second=partial(_softplus_second, beta=beta),
        saturation_measure=f"share of outputs of at most {limit:.4g}, where the slope is 5 %",
        saturation=partial(saturation.share_at_most, limit=limit),
        parameters={"beta": beta},
        defaults={"beta": 1.0},
        range=(0.0, inf),
    )
