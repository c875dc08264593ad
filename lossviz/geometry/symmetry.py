"""Moves of the weights that leave a network's outputs alone: permutations, signs, scales."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks
from lossviz.geometry._flat import checked_landscape, one_point
from lossviz.geometry._moves import (
    asymmetry,
    check_homogeneous,
    moved,
    points_and_layer,
    scaled,
    unit_numbers,
)
from lossviz.landscape._dense_layers import hidden_layers
from lossviz.landscape.base import BaseLandscape

# An orbit is returned as long as it has no more numbers than this.
_MOST_NUMBERS = 2**26


def permute_units(
    landscape: BaseLandscape,
    weights: Float[Tensor, "*points weight"],
    order: Sequence[int],
    layer: int = 0,
) -> Float[Tensor, "*points weight"]:
    r"""Return points with the units of a hidden layer in another order: the same functions.

    A unit takes its incoming weights, its bias and its outgoing weights with it, so the outputs
    stay (Hecht-Nielsen 1990). Of h units there are h! orders.

    Args:
        landscape: a closed form, or one of a ``Sequential`` of dense or convolutional layers; a
            convolution's units are its channels.
        weights: points, shape (..., num_weights), finite.
        order: for each place, the number of the unit that comes there: a permutation of 0..h-1.
        layer: which hidden layer, counted from 0 at the inputs.

    Returns:
        Points, shape (..., num_weights).

    Raises:
        ValueError: for weights of another shape or not finite, an order that is no permutation, a
            layer that is not there, or a network whose structure is not known.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("xor", "tanh")
        >>> permute_units(landscape, range(9), [1, 0])
        tensor([2., 3., 0., 1., 5., 4., 7., 6., 8.], dtype=torch.float64)
    """
    points, hidden = points_and_layer(landscape, weights, layer)
    order = unit_numbers("order", order, hidden.units)
    if len(order) != hidden.units:
        raise ValueError(
            f"order must be a permutation of 0..{hidden.units - 1}; got {list(order)}."
        )
    return moved(points, hidden, order, torch.ones(hidden.units))


def flip_signs(
    landscape: BaseLandscape,
    weights: Float[Tensor, "*points weight"],
    units: Sequence[int],
    layer: int = 0,
) -> Float[Tensor, "*points weight"]:
    r"""Return points with units turned about: their weights negated, their function the same.

    Where the activation is odd, :math:`f(-z) = -f(z)`, incoming and outgoing weights change
    their signs. Where :math:`f(-z) = 2c - f(z)`, as for the sigmoid with c = 1/2, the biases
    above also grow by 2c times the outgoing weights (Chen, Lu and Hecht-Nielsen 1993).

    Args:
        landscape: a closed form, or one of a ``Sequential`` of dense or convolutional layers.
        weights: points, shape (..., num_weights), finite.
        units: the numbers of the units to turn about, each once; may be empty.
        layer: which hidden layer, counted from 0 at the inputs.

    Returns:
        Points, shape (..., num_weights).

    Raises:
        ValueError: for weights of another shape or not finite, units or a layer that are not
            there, an activation without such a symmetry, or a network whose structure is not
            known.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("xor", "tanh")
        >>> flip_signs(landscape, range(1, 10), [1])
        tensor([ 1.,  2., -3., -4.,  5., -6.,  7., -8.,  9.], dtype=torch.float64)
    """
    points, hidden = points_and_layer(landscape, weights, layer)
    numbers = unit_numbers("units", units, hidden.units)
    if hidden.centre is None:
        raise ValueError(
            "landscape must have an odd activation, or one like the sigmoid, in hidden layer "
            f"{layer}; got one with f(-1) + f(1) - 2 f(0) = {asymmetry(hidden):.3g}, or pooling, "
            "or no biases to take up f(0)."
        )
    signs = torch.ones(hidden.units)
    signs[numbers] = -1
    return moved(points, hidden, range(hidden.units), signs)


def rescale_units(
    landscape: BaseLandscape,
    weights: Float[Tensor, "*points weight"],
    factors: float | Float[Tensor, "unit"],
    layer: int = 0,
) -> Float[Tensor, "*points weight"]:
    r"""Return points with units rescaled: incoming weights grow, outgoing ones shrink.

    With a positive homogeneous activation such as ReLU,
    :math:`\frac{1}{a} f(a z) = f(z)` for a > 0, so the outputs stay. The Hessian H becomes
    :math:`T^{-1} H T^{-1}` with T diagonal: a, 1/a, or 1. So its eigenvalues take almost any
    size, though no function changes (Dinh et al. 2017, arXiv 1703.04933, theorem 4).

    Args:
        landscape: a closed form, or one of a ``Sequential`` of dense or convolutional layers.
        weights: points, shape (..., num_weights), finite.
        factors: a > 0, by which incoming weights and biases are multiplied and outgoing weights
            divided: one for all units, or shape (h,).
        layer: which hidden layer, counted from 0 at the inputs.

    Returns:
        Points, shape (..., num_weights).

    Raises:
        ValueError: for weights of another shape or not finite, factors that are not positive, a
            layer that is not there, an activation that is not homogeneous, or a network whose
            structure is not known.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("xor", "relu")
        >>> rescale_units(landscape, range(9), [2, 1])
        tensor([0., 2., 2., 3., 8., 5., 3., 7., 8.], dtype=torch.float64)
    """
    points, hidden = points_and_layer(landscape, weights, layer)
    check_homogeneous(hidden, layer)
    scales = _checks.all_finite("factors", _checks.tensor("factors", factors, torch.float64))
    if scales.shape not in ((), (hidden.units,)):
        raise ValueError(
            f"factors must be a number or have shape ({hidden.units},); got {tuple(scales.shape)}."
        )
    if not bool((scales > 0).all()):
        raise ValueError(f"factors must be greater than 0; got {float(scales.min())}.")
    return scaled(points, hidden, scales.expand(hidden.units))


def orbit_size(landscape: BaseLandscape) -> int:
    r"""Return how many copies a point has by permuted and turned units, itself included.

    .. math::

        \prod_l h_l! \, s_l^{h_l}

    over hidden layers of :math:`h_l` units, with :math:`s_l = 2` where units can be turned about
    (:func:`flip_signs`) and 1 elsewhere. Rescaling, where it is possible, adds as many continuous
    dimensions as there are units. A point at which units are alike has fewer copies.

    Args:
        landscape: a closed form, or one of a ``Sequential`` of dense or convolutional layers.

    Returns:
        The number, exact however large.

    Raises:
        ValueError: for a network whose structure is not known.
        TypeError: if ``landscape`` is no landscape.

    Example:
        >>> from lossviz import Landscape
        >>> orbit_size(Landscape("xor", "tanh")), orbit_size(Landscape("xor", "relu"))
        (8, 2)
    """
    layers = hidden_layers(checked_landscape(landscape))
    return math.prod(
        math.factorial(layer.units) * 2 ** (layer.units * (layer.centre is not None))
        for layer in layers
    )


def orbit(
    landscape: BaseLandscape, weights: Float[Tensor, "weight"]
) -> Float[Tensor, "copies weight"]:
    """Return all copies of a point by permuted and turned units, itself first.

    Args:
        landscape: a closed form, or one of a ``Sequential`` of dense or convolutional layers.
        weights: a point, shape (num_weights,), finite.

    Returns:
        Points, shape (orbit_size, num_weights); they differ from each other unless units of the
        point are alike.

    Raises:
        ValueError: for weights of another shape or not finite, an orbit of more than 2^26 numbers
            in all, or a network whose structure is not known.
        TypeError: if ``landscape`` is no landscape, or ``weights`` are no numbers.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("xor", "tanh")
        >>> point = landscape.initial(1, seed=0, start_range=1.0)[0]
        >>> copies = orbit(landscape, point)
        >>> len(copies.unique(dim=0)), f"{landscape.loss(copies).std():.0e}" < "1e-15"
        (8, True)
    """
    layers = hidden_layers(checked_landscape(landscape))
    copies = one_point("weights", weights, landscape)[None]
    numbers = orbit_size(landscape) * landscape.num_weights
    if numbers > _MOST_NUMBERS:
        raise ValueError(
            f"landscape must have an orbit of at most {_MOST_NUMBERS} numbers; got "
            f"{orbit_size(landscape)} copies of {landscape.num_weights} weights."
        )
    for hidden in layers:
        choices = [1.0] if hidden.centre is None else [1.0, -1.0]
        copies = torch.cat([
            moved(copies, hidden, order, torch.tensor(signs))
            for order in itertools.permutations(range(hidden.units))
            for signs in itertools.product(choices, repeat=hidden.units)
        ])  # fmt: skip
    return copies
