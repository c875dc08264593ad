"""Measures of saturation: how far hidden outputs sit where the activation is flat.

Each takes hidden outputs of shape (..., samples, hidden) and returns a degree in [0, 1] for each
point, shape (...): 0 for none and 1 for all outputs saturated.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from lossviz import _checks


def checked_outputs(outputs: Float[Tensor, "*points samples hidden"]) -> Tensor:
    """Return hidden outputs as a tensor; they must be finite and at least one."""
    values = _checks.shape_ends("outputs", _checks.tensor("outputs", outputs), None, None)
    return _checks.all_finite("outputs", values.detach())


def mean_distance(
    outputs: Float[Tensor, "*points samples hidden"], low: float, high: float
) -> Float[Tensor, "*points"]:
    """Return the mean distance of outputs from the middle of [low, high], in half widths.

    This is the measure of Rakitianskaia and Engelbrecht (2015). They sort the outputs, scaled to
    [-1, 1], into ten bins and take the frequency-weighted mean of the absolute bin averages. One
    edge of ten bins is at 0, so all outputs of a bin share one sign, and the mean is that of |h|.
    """
    scaled = (2 * checked_outputs(outputs) - (low + high)) / (high - low)
    # Dividing by the half width may end one rounding above 1.
    return scaled.abs().mean(dim=(-2, -1)).clamp(max=1)


def share_at_most(
    outputs: Float[Tensor, "*points samples hidden"], limit: float
) -> Float[Tensor, "*points"]:
    """Return the share of outputs that do not exceed a limit."""
    values = checked_outputs(outputs)
    return (values <= limit).to(values.dtype).mean(dim=(-2, -1))


def share_of_zeros(outputs: Float[Tensor, "*points samples hidden"]) -> Float[Tensor, "*points"]:
    """Return the share of outputs that are exactly 0."""
    values = checked_outputs(outputs)
    return (values == 0).to(values.dtype).mean(dim=(-2, -1))


def dead_units(outputs: Float[Tensor, "*points samples hidden"]) -> Float[Tensor, "*points"]:
    """Return the share of hidden units whose output is exactly 0 for every sample.

    Such a unit of a ReLU network passes no gradient to the weights before it.

    Args:
        outputs: hidden outputs of the whole data set, shape (..., samples, hidden).

    Returns:
        Share in [0, 1], shape (...).

    Raises:
        ValueError: if ``outputs`` has fewer than two axes, is empty or not finite.

    Example:
        >>> dead_units([[0.0, 1.0], [0.0, 0.0]])
        tensor(0.5000, dtype=torch.float64)
    """
    values = checked_outputs(outputs)
    return (values == 0).all(dim=-2).to(values.dtype).mean(dim=-1)
