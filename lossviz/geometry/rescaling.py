"""Dinh's rescaling: the same function, as sharp as one likes."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks
from lossviz.curvature.spectra import top_eigenvalues
from lossviz.geometry._flat import checked_landscape, one_point
from lossviz.geometry._moves import check_homogeneous, points_and_layer, scaled
from lossviz.landscape.base import BaseLandscape

# Scales are looked for within a factor of e to this power, either way.
_REACH = 12.0
_GOLDEN = (math.sqrt(5) - 1) / 2
# Steps of the search for the flattest scale, which is then known to about 1e-4 of itself.
_STEPS = 25


def rescale_to_sharpness(
    landscape: BaseLandscape,
    weights: Float[Tensor, "weight"],
    sharpness: float,
    layer: int = 0,
    tolerance: float = 1e-3,
) -> Float[Tensor, "weight"]:
    r"""Return a point of the same function whose largest Hessian eigenvalue is what one wants.

    All units of a homogeneous hidden layer are rescaled by one factor a, as in
    :func:`lossviz.rescale_units`: the Hessian H becomes :math:`T^{-1} H T^{-1}`. For a positive
    semi-definite H, the logarithm of its largest eigenvalue is convex in ln a, so there is a
    flattest scale, and every greater sharpness is reached on both sides of it. The nearest on the
    way from a = 1 is taken: upwards if the point must become sharper, else towards the flattest.
    Sharpness by itself is therefore no property of the function (Dinh et al. 2017, arXiv
    1703.04933).

    Args:
        landscape: a closed form, or one of a ``Sequential`` of dense or convolutional layers; in
            float32, the tolerance cannot be met below about 1e-5.
        weights: a point, shape (num_weights,), finite.
        sharpness: the wanted largest eigenvalue, above 0.
        layer: which hidden layer to rescale, counted from 0 at the inputs.
        tolerance: relative tolerance of the sharpness, in [1e-9, 1).

    Returns:
        The point, shape (num_weights,).

    Raises:
        ValueError: for weights of another shape or not finite, a sharpness that no factor between
            exp(-12) and exp(12) gives, an activation that is not homogeneous, or a network
            whose structure is not known.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("iris", "relu")
        >>> point = landscape.initial(1, seed=0, start_range=1.0)[0]
        >>> sharp = rescale_to_sharpness(landscape, point, 1000.0)
        >>> f"{landscape.loss(sharp) - landscape.loss(point):.6f}".replace("-", "")
        '0.000000'
        >>> from lossviz import top_eigenvalues
        >>> f"{float(top_eigenvalues(landscape, sharp).eigenvalues[0]):.2g}"
        '1e+03'
    """
    checked_landscape(landscape)
    point = one_point("weights", weights, landscape)
    hidden = points_and_layer(landscape, point, layer)[1]
    check_homogeneous(hidden, layer)
    goal = math.log(_checks.real("sharpness", sharpness, above=0))
    slack = _tolerance(tolerance)

    def rescaled(log_scale: float) -> Tensor:
        scale = torch.tensor(math.exp(log_scale), dtype=torch.float64)
        return scaled(point, hidden, scale.expand(hidden.units))

    def excess(log_scale: float) -> float:
        found = top_eigenvalues(landscape, rescaled(log_scale), tolerance=slack / 10)
        value = float(found.eigenvalues[0])
        return math.log(value) - goal if value > 0 else -math.inf

    start = excess(0.0)
    if start > 0:
        ends = (_flattest(excess), 0.0)
    else:
        ends = (0.0, next((s for s in (1.0, 2.0, 4.0, 8.0, _REACH) if excess(s) > 0), math.nan))
    return rescaled(_crossing(excess, *ends, math.log1p(slack / 2), sharpness, start + goal))


def _tolerance(tolerance: float) -> float:
    value = _checks.real("tolerance", tolerance, minimum=1e-9)
    if value >= 1:
        raise ValueError(f"tolerance must be below 1; got {value}.")
    return value


def _crossing(
    excess: Callable[[float], float], low: float, high: float, slack: float, wanted: float,
    start: float,
) -> float:  # fmt: skip
    """Return where the excess is nearly 0, between a place where it is not above 0 and one above.

    Args:
        excess: logarithm of the sharpness, over the wanted one.
        low: a place where it is at most 0.
        high: a place where it is above 0; NaN if none was found.
        slack: what counts as nearly 0.
        wanted: the wanted sharpness, for the error.
        start: logarithm of the sharpness before, for the error.
    """
    if math.isnan(high) or excess(low) > slack:
        reached = "at most " if math.isnan(high) else "at least "
        edge = _REACH if math.isnan(high) else low
        there = math.exp(excess(edge) + math.log(wanted)) if excess(edge) > -math.inf else 0.0
        raise ValueError(
            f"sharpness must be {reached}{there:.6g}, what a factor between exp(-{_REACH:g}) and "
            f"exp({_REACH:g}) can give here; got {wanted} (before: {math.exp(start):.6g})."
        )
    for _ in range(100):
        middle = (low + high) / 2
        value = excess(middle)
        if abs(value) <= slack:
            return middle
        low, high = (middle, high) if value < 0 else (low, middle)
    return middle


def _flattest(excess: Callable[[float], float]) -> float:
    """Return the scale, as a logarithm, at which a convex function is least: by golden sections."""
    low, high = -_REACH, _REACH
    one, two = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_one, at_two = excess(one), excess(two)
    for _ in range(_STEPS):
        if at_one < at_two:
            high, two, at_two = two, one, at_one
            one = high - _GOLDEN * (high - low)
            at_one = excess(one)
        else:
            low, one, at_one = one, two, at_two
            two = low + _GOLDEN * (high - low)
            at_two = excess(two)
    return (low + high) / 2
