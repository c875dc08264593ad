"""What ties a rectifier's incoming weights to its outgoing ones: two sums that are equal."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from lossviz.geometry._moves import check_homogeneous, points_and_layer
from lossviz.landscape.base import BaseLandscape


@dataclass(frozen=True)
class UnitBalance:
    """Sums over the weights into and out of each unit of a hidden layer; the last axis is the unit.

    Attributes:
        incoming: sum of weight times gradient over the weights into a unit, its bias included.
        outgoing: the same over the weights out of it.
        difference: squared length of the incoming weights, bias included, minus that of the
            outgoing ones.
    """

    incoming: Float[Tensor, "*points unit"]
    outgoing: Float[Tensor, "*points unit"]
    difference: Float[Tensor, "*points unit"]


def unit_balance(
    landscape: BaseLandscape, weights: Float[Tensor, "*points weight"], layer: int = 0
) -> UnitBalance:
    r"""Return what gradients and lengths say about the weights into and out of each unit.

    Where the activation is positive homogeneous, such as ReLU or its leaky form, multiplying the
    incoming weights u of a unit by a > 0 and dividing the outgoing weights v by a changes no
    output. The derivative of the loss L along this move is 0, so

    .. math:: \sum_j u_j \frac{\partial L}{\partial u_j}
              = \sum_k v_k \frac{\partial L}{\partial v_k},

    and gradient descent with infinitely small steps keeps :math:`\|u\|^2 - \|v\|^2` for ever (Du,
    Hu and Lee 2018, arXiv 1806.00900, theorem 2.1). A step of size r changes it by
    :math:`r^2 (\|\partial L / \partial u\|^2 - \|\partial L / \partial v\|^2)`.

    Args:
        landscape: a closed form, or one of a ``Sequential`` of dense or convolutional layers.
        weights: points, shape (..., num_weights), finite.
        layer: which hidden layer, counted from 0 at the inputs.

    Returns:
        The sums, each of shape (..., units).

    Raises:
        ValueError: for weights of another shape or not finite, a layer that is not there, an
            activation that is not homogeneous, or a network whose structure is not known.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> iris = Landscape("iris", "relu")
        >>> found = unit_balance(iris, iris.initial(5, seed=0, start_range=1.0))
        >>> found.difference.shape, bool((found.incoming - found.outgoing).abs().max() < 1e-12)
        (torch.Size([5, 4]), True)
    """
    points, hidden = points_and_layer(landscape, weights, layer)
    check_homogeneous(hidden, layer)
    products = points * landscape.gradient(points)

    def summed(values: Tensor, places: Tensor) -> Tensor:
        return values[..., places].sum(dim=-1)

    squares = points.square()
    return UnitBalance(
        summed(products, hidden.incoming),
        summed(products, hidden.outgoing),
        summed(squares, hidden.incoming) - summed(squares, hidden.outgoing),
    )
