r"""Cross-entropies for ``torch`` modules whose derivatives keep their digits.

Torch differentiates its stable losses through 1 - sigmoid(z) or sigmoid(z) - 1, which is exactly
0 from z = 17 in float32 and 38 in float64. Here softplus has the derivative sigmoid(z), and
sigmoid has sigmoid(z) sigmoid(-z): no difference of nearly equal numbers at any order.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn.functional import softplus

# softplus(z) = z holds exactly in float64 above this; below, torch takes log1p(exp(z)).
_EXACT_ABOVE = 40.0


class _Sigmoid(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor) -> Tensor:
        return torch.sigmoid(z)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors
        return slope * _Sigmoid.apply(z) * _Sigmoid.apply(-z)


class _Softplus(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(z: Tensor) -> Tensor:
        return softplus(z, threshold=_EXACT_ABOVE)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor], output: Tensor) -> None:  # noqa: ARG004
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> Tensor:
        (z,) = ctx.saved_tensors
        return slope * _Sigmoid.apply(z)


def stable_cross_entropy(
    outputs: Float[Tensor, "*shape"], targets: Float[Tensor, "*shape"]
) -> Float[Tensor, ""]:
    r"""Return the mean binary cross-entropy of logits, with accurate first and second derivatives.

    .. math::

        L = \frac{1}{n} \sum_i t_i \ln(1 + e^{-z_i}) + (1 - t_i) \ln(1 + e^{z_i})

    over all n entries: the loss of :class:`lossviz.Landscape` for sigmoid outputs, as a function
    that torch differentiates in reverse mode, any number of times. It has the values of torch's
    ``binary_cross_entropy_with_logits``, whose slope for t = 1 is exactly 0 from z = 38 in
    float64.

    Args:
        outputs: logits z, of floating point, any shape that is not empty.
        targets: t in [0, 1], of the same shape.

    Returns:
        A tensor of shape () through which torch differentiates.

    Raises:
        TypeError: if an argument is no tensor, or ``outputs`` is not of floating point.
        ValueError: for different shapes, empty ones, or targets outside [0, 1].

    Example:
        >>> z = torch.tensor([50.0], dtype=torch.float64, requires_grad=True)
        >>> stable_cross_entropy(z, torch.ones(1)).backward()
        >>> f"{z.grad.item():.3e}"
        '-1.929e-22'
    """
    if not isinstance(outputs, Tensor) or not outputs.is_floating_point():
        raise TypeError(f"outputs must be a tensor of floating point; got {_kind(outputs)}.")
    if not isinstance(targets, Tensor) or targets.is_complex():
        raise TypeError(f"targets must be a real tensor; got {_kind(targets)}.")
    if outputs.shape != targets.shape or outputs.numel() == 0:
        raise ValueError(
            "outputs and targets must have one shape that is not empty; "
            f"got {tuple(outputs.shape)} and {tuple(targets.shape)}."
        )
    if not bool(((targets >= 0) & (targets <= 1)).all()):
        raise ValueError(
            f"targets must lie in [0, 1]; got values from {targets.min():g} to {targets.max():g}."
        )
    t = targets.to(outputs.dtype)
    return (t * _Softplus.apply(-outputs) + (1 - t) * _Softplus.apply(outputs)).mean()


def stable_softmax_cross_entropy(
    outputs: Float[Tensor, "samples classes"], targets: Shaped[Tensor, "samples *classes"]
) -> Float[Tensor, ""]:
    r"""Return the mean cross-entropy of softmax outputs, with accurate derivatives.

    .. math::

        L = \frac{1}{n} \sum_i \sum_c t_{ic} \ln \Bigl(1 + \sum_{k \ne c} e^{z_{ik} - z_{ic}}\Bigr)

    over n samples: the loss ``"softmax_cross_entropy"`` of :class:`lossviz.Landscape`, and that of
    torch's ``cross_entropy``, whose slope for the true class is exactly 0 where the others'
    shares sum to less than the precision's epsilon. It is differentiated as
    :func:`stable_cross_entropy` is.

    Args:
        outputs: logits z, of floating point, shape (samples, classes), two classes or more.
        targets: integer classes of shape (samples,), or shares that are not negative, of the
            shape of the outputs.

    Returns:
        A tensor of shape () through which torch differentiates.

    Raises:
        TypeError: if an argument is no tensor, or ``outputs`` is not of floating point.
        ValueError: for other shapes, classes that are none, or negative shares.

    Example:
        >>> z = torch.tensor([[45.0, 0.0, 0.0]], dtype=torch.float64, requires_grad=True)
        >>> stable_softmax_cross_entropy(z, torch.tensor([0])).backward()
        >>> [f"{slope:.3e}" for slope in z.grad[0].tolist()]
        ['-5.725e-20', '2.863e-20', '2.863e-20']
    """
    shares = _shares(outputs, targets)
    k = outputs.shape[1]
    # Of each class, the numbers of all others.
    others = torch.arange(k * (k - 1), device=outputs.device).view(k, k - 1) % (k - 1)
    others = others + (others >= torch.arange(k, device=outputs.device)[:, None])
    excess = torch.logsumexp(outputs[:, others], dim=-1) - outputs
    return (shares * _Softplus.apply(excess)).sum(dim=1).mean()


def _shares(outputs: Any, targets: Any) -> Tensor:
    """Return targets as shares (samples, classes)."""
    if not isinstance(outputs, Tensor) or not outputs.is_floating_point():
        raise TypeError(f"outputs must be a tensor of floating point; got {_kind(outputs)}.")
    if not isinstance(targets, Tensor) or targets.is_complex():
        raise TypeError(f"targets must be a real tensor; got {_kind(targets)}.")
    if outputs.ndim != 2 or outputs.shape[0] == 0 or outputs.shape[1] < 2:
        raise ValueError(
            "outputs must have shape (samples, classes), with a sample and two classes or more; "
            f"got {tuple(outputs.shape)}."
        )
    k = outputs.shape[1]
    as_classes = targets.shape == outputs.shape[:1] and not targets.is_floating_point()
    if not as_classes and targets.shape != outputs.shape:
        raise ValueError(
            f"targets must be integer classes of shape ({len(outputs)},), or shares of shape "
            f"{tuple(outputs.shape)}; got {targets.dtype} of shape {tuple(targets.shape)}."
        )
    if not bool(((targets >= 0) & ((targets < k) | (not as_classes))).all()):
        allowed = f"lie in 0 .. {k - 1}" if as_classes else "not be negative"
        raise ValueError(
            f"targets must {allowed}; got values from {targets.min():g} to {targets.max():g}."
        )
    if as_classes:
        targets = targets[:, None] == torch.arange(k, device=targets.device)
    return targets.to(outputs.dtype)


def _kind(got: Any) -> str:
    return str(got.dtype) if isinstance(got, Tensor) else type(got).__name__
