"""The two parts of a Hessian: how the loss bends, and how the network does."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from lossviz.landscape.base import BaseLandscape
from lossviz.landscape.mlp import Landscape


@dataclass(frozen=True)
class HessianParts:
    """A batch of Hessians as sums of two parts.

    Attributes:
        gauss_newton: from the bend of the loss, shape (..., num_weights, num_weights).
        residual: from the bend of the network, weighted by the loss's slopes, of this shape.
    """

    gauss_newton: Float[Tensor, "*points weight weight"]
    residual: Float[Tensor, "*points weight weight"]

    @property
    def hessian(self) -> Float[Tensor, "*points weight weight"]:
        """The whole Hessian, the sum of both parts."""
        return self.gauss_newton + self.residual


def hessian_parts(
    landscape: BaseLandscape, weights: Float[Tensor, "*points weight"]
) -> HessianParts:
    r"""Split Hessians into the Gauss-Newton part and the residual part.

    With the k output net inputs :math:`z_n` of each of N samples, their Jacobian
    :math:`J_n = \partial z_n / \partial w`, and the loss :math:`\ell_n` as a function of them,

    .. math::

        H = \frac{1}{Nk} \sum_n \left( J_n^\top \, \nabla_z^2 \ell_n \, J_n
            + \sum_o \frac{\partial \ell_n}{\partial z_{no}} \nabla_w^2 z_{no} \right)

    (for softmax outputs the mean is over samples only). The first sum is the Gauss-Newton part
    in the generalised sense of Schraudolph (2002). With the cross-entropies :math:`\ell_n` is
    convex in :math:`z_n`, so this part has no negative eigenvalue; with the squared error of
    sigmoid outputs it may have. The residual part fades where the slopes of the loss do.

    Args:
        landscape: a :class:`lossviz.Landscape`: the closed form is needed.
        weights: points, shape (..., num_weights), finite.

    Returns:
        Both parts, in the landscape's precision.

    Raises:
        ValueError: for weights of another shape or not finite, or a landscape of a module.
        TypeError: if ``landscape`` is no landscape.

    Example:
        All of a ReLU network's negative curvature comes from the residual part:

        >>> import torch
        >>> from lossviz import Landscape
        >>> iris = Landscape("iris", "relu")
        >>> parts = hessian_parts(iris, iris.initial(1, seed=0, start_range=1.0)[0])
        >>> for part in (parts.hessian, parts.gauss_newton):
        ...     print(int((torch.linalg.eigvalsh(part) < -1e-10).sum()))
        9
        0
    """
    if not isinstance(landscape, BaseLandscape):
        raise TypeError(f"landscape must be a Landscape; got {type(landscape).__name__}.")
    if not isinstance(landscape, Landscape):
        raise ValueError(
            "landscape must be one in closed form, of one hidden layer; got a landscape of a "
            f"module, {type(landscape).__name__}."
        )
    whole = landscape.hessian(weights)
    form = landscape._form
    bent = landscape._over_points(weights, form.gauss_newton, form.layout.size)
    return HessianParts(bent, whole - bent)
