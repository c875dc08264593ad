"""Two models' hidden units brought into the same order."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from lossviz import _checks, _streams
from lossviz.geometry._flat import checked_landscape, one_point, some_points
from lossviz.geometry._moves import moved
from lossviz.landscape._dense_layers import HiddenLayer, hidden_layers
from lossviz.landscape.base import BaseLandscape

# Layer after layer is matched until none gains; each gain is a finite step, so it ends long before.
_MOST_SWEEPS = 1000


def match_units(
    landscape: BaseLandscape,
    reference: Float[Tensor, "weight"],
    weights: Float[Tensor, "*points weight"],
    signs: bool = False,
    seed: int = 0,
) -> Float[Tensor, "*points weight"]:
    r"""Permute hidden units so that the weights come near those of a reference; the functions stay.

    .. math::

        \min_\pi \| w_{\mathrm{ref}} - \pi(w) \|^2
        \quad\Longleftrightarrow\quad
        \max_\pi \langle w_{\mathrm{ref}}, \pi(w) \rangle

    over the permutations of hidden units: weight matching (Ainsworth, Hayase and Srinivasa 2022,
    arXiv 2209.04836, section 3.2), each unit taken with incoming weights, bias and outgoing
    weights. With one hidden layer it is one linear assignment, whose solution is the best
    there is. With several, layer after layer is matched while the others stand still, in random
    orders, until none gains (their algorithm 1): a local optimum.

    What is left of a barrier after matching is not due to the units' order, though another order
    may lower it further: the objective is the distance, not the loss.

    Args:
        landscape: a closed form, or one of a ``Sequential`` of dense or convolutional layers, a
            convolution's units being its channels.
        reference: the model whose order is taken, shape (num_weights,), finite.
        weights: points to be permuted, shape (..., num_weights), finite.
        signs: whether units of an odd activation may be turned about, too, as by
            :func:`lossviz.flip_signs`.
        seed: seed of the orders in which several layers are matched, at least 0.

    Returns:
        Points, shape (..., num_weights), with the same outputs as ``weights``.

    Raises:
        ValueError: for points of another shape or not finite, a network whose structure is not
            known, or ``signs`` with an activation that is not odd.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape, permute_units
        >>> landscape = Landscape("iris", "tanh")
        >>> point = landscape.initial(1, seed=0, start_range=1.0)[0]
        >>> shuffled = permute_units(landscape, point, [2, 0, 3, 1])
        >>> bool((match_units(landscape, point, shuffled) == point).all())
        True
    """
    layers = hidden_layers(checked_landscape(landscape))
    goal = one_point("reference", reference, landscape)
    points = some_points("weights", weights, landscape)
    if _checks.switch("signs", signs):
        for number, layer in enumerate(layers):
            if layer.centre != 0:
                raise ValueError(
                    f"signs must be False where an activation is not odd; got hidden layer {number}"
                    f" with f(1) + f(-1) = {_sum_of_sides(layer):.3g}, or max pooling above it."
                )
    number = _checks.whole("seed", seed, 0)
    flat = points.reshape(-1, landscape.num_weights)
    matched = [_matched(layers, goal, point, number, signs=signs) for point in flat]
    return torch.stack(matched).reshape(points.shape) if matched else points


def _matched(
    layers: tuple[HiddenLayer, ...], goal: Tensor, point: Tensor, seed: int, *, signs: bool
) -> Tensor:
    """Match layer after layer, in random orders, until none gains."""
    stream = _streams.stream(seed, 0, _streams.ORDER)
    for _ in range(_MOST_SWEEPS):
        gains = []
        for number in stream.permutation(len(layers)):
            order, turned, gain = _assignment(layers[number], goal, point, signs=signs)
            gains.append(gain)
            if gain:
                point = moved(point, layers[number], order, turned)
        if not any(gains) or len(layers) == 1:
            break
    return point


def _assignment(
    layer: HiddenLayer, goal: Tensor, point: Tensor, *, signs: bool
) -> tuple[Int[np.ndarray, "unit"], Float[Tensor, "unit"], bool]:
    """Return a layer's best order and signs, and whether they are better than as it is."""
    products = sum(
        (goal[places].double() @ point[places].double().mT).cpu()
        for places in (layer.incoming, layer.outgoing)
    ).numpy()
    rewards = np.abs(products) if signs else products
    rows, order = linear_sum_assignment(rewards, maximize=True)
    turned = np.where(signs & (products[rows, order] < 0), -1.0, 1.0)
    gain = rewards[rows, order].sum() - np.trace(products)
    # Less than rounding is no gain: it would go round in circles.
    return order, torch.from_numpy(turned), bool(gain > 1e-12 * np.abs(products).sum())


def _sum_of_sides(layer: HiddenLayer) -> float:
    return float(layer.function(torch.tensor([1.0, -1.0], dtype=torch.float64)).sum())
