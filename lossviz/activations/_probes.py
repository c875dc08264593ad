"""What a function must show before it is registered as an activation."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from lossviz.activations._activation import Elementwise

# 49 net inputs: an odd grid that misses the usual kinks, the usual kinks, and far ones.
POINTS = torch.cat(
    [
        torch.linspace(-6.137, 6.093, 40, dtype=torch.float64),
        torch.tensor([-30.0, -13.7, -1.0, -0.5, 0.0, 0.5, 1.0, 13.9, 30.0], dtype=torch.float64),
    ]
)


def check_elementwise(what: str, function: Elementwise) -> None:
    """Check that a function keeps shape, dtype and input, is finite and acts by element."""
    for dtype in (torch.float64, torch.float32):
        z = POINTS.to(dtype)
        values = _values(what, function, z)
        bad = z[~torch.isfinite(values)]
        if len(bad):
            raise ValueError(
                f"{what} must be finite at net inputs from -30 to 30; "
                f"got NaN or infinity at {bad.tolist()} ({dtype})."
            )
        alone = torch.stack([_values(what, function, point) for point in z])
        _check_equal(what, "an element alone", values, alone)
        backwards = _values(what, function, z.flip(0)).flip(0)
        _check_equal(what, "its elements in another order", values, backwards)
        square = _values(what, function, z.reshape(7, 7)).flatten()
        _check_equal(what, "its elements in another shape", values, square)


def _values(what: str, function: Elementwise, z: Tensor) -> Tensor:
    given = z.clone()
    with torch.no_grad():
        try:
            values = function(given)
        except Exception as error:
            raise ValueError(
                f"{what} must take a torch tensor of any shape; for {tuple(z.shape)}, {z.dtype}, "
                f"got {type(error).__name__}: {error}"
            ) from error
    if not isinstance(values, Tensor):
        raise TypeError(f"{what} must return a torch tensor; got {type(values).__name__}.")
    if (values.shape, values.dtype) != (z.shape, z.dtype):
        raise ValueError(
            f"{what} must return the shape and dtype of its input, {tuple(z.shape)} and "
            f"{z.dtype}; got {tuple(values.shape)} and {values.dtype}."
        )
    if not torch.equal(given, z):
        raise ValueError(f"{what} must not change its input; got one that works in place.")
    return values


def _check_equal(what: str, how: str, values: Tensor, others: Tensor) -> None:
    # Vectorised and scalar code may round differently.
    tolerance = 1e3 * torch.finfo(values.dtype).eps
    if not torch.allclose(values, others, rtol=tolerance, atol=tolerance):
        raise ValueError(
            f"{what} must act element by element, the same each time; got other values for "
            f"{how}: a largest difference of {float((values - others).abs().max()):.3g}."
        )


class _Slopes(NamedTuple):
    """Slopes at the probes, as the values show them."""

    slope: Tensor  # by central differences
    smooth: Tensor  # whether that is a slope: not at kinks and jumps
    noise: Tensor  # what the rounding of the values may add to it


def check_slope(what: str, below: Elementwise, used: Elementwise) -> None:
    """Check a derivative ``used`` of the function ``below`` against finite differences."""
    with torch.no_grad():
        slopes, shown = used(POINTS), _differences(below)
    if 2 * int(shown.smooth.sum()) < len(POINTS):
        raise ValueError(
            f"{what} must exist at most net inputs; got jumps at {int((~shown.smooth).sum())} of "
            f"{len(POINTS)} probes."
        )
    allowed = 1e-4 * _scale(shown.slope, shown.smooth) + shown.noise
    _check_close(what, "finite differences give", shown.smooth, slopes, shown.slope, allowed)


def check_against_autograd(
    what: str, below: Elementwise, given: Elementwise, by_autograd: Elementwise
) -> None:
    """Check a given derivative more sharply where autograd's is right: not at kinks."""
    try:
        exact = by_autograd(POINTS)
    except RuntimeError:
        # No chain of torch operations. That is allowed with derivatives given, and the
        # finite differences have vouched for them.
        return
    with torch.no_grad():
        slopes, shown = given(POINTS), _differences(below)
    near = 1e-4 * _scale(shown.slope, shown.smooth) + shown.noise
    right = shown.smooth & ((exact - shown.slope).abs() <= near)
    allowed = 1e-6 * _scale(exact, right) + shown.noise
    _check_close(what, "autograd gives", right, slopes, exact, allowed)


def check_precisions(what: str, function: Elementwise, below: Elementwise | None = None) -> None:
    """Check that a function, or a slope of ``below``, is the same in float32, but for rounding."""
    single = POINTS.float()
    z = single.double()
    with torch.no_grad():
        expected, got, shown = function(z), function(single).double(), _differences(function)
        terms = expected if below is None else torch.cat([expected, below(z)])
    # Rounding within a function acts as a rounding of z, as in sin(30 z), or is relative to the
    # terms of a difference, as in 1000 (1 - tanh(z)^2).
    rounding = 8 * torch.finfo(torch.float32).eps * ((z * shown.slope).abs() + terms.abs().max())
    allowed = 1e-4 * _scale(expected, shown.smooth) + rounding
    wrong = shown.smooth & ~((got - expected).abs() <= allowed)
    if wrong.any():
        where, one, other = (float(values[wrong][0]) for values in (z, got, expected))
        raise ValueError(
            f"{what} must be the same in float32 and in float64; at z = {where:.4g} got "
            f"{one:.6g} in float32, where float64 gives {other:.6g}."
        )


def _scale(values: Tensor, where: Tensor) -> Tensor:
    """Return the sizes that tolerances are relative to: of the value, and of the largest one.

    The latter lets values near 0 differ by rounding. It is at most 1, as exp(30) would hide all
    others, and at least 1e-9, as all slopes of cos(z)^2 + sin(z)^2 are rounding.
    """
    largest = values.abs().masked_fill(~where, 0).max().clamp(1e-9, 1)
    return largest + values.abs()


def _differences(function: Elementwise) -> _Slopes:
    step = 1e-6 * (1 + POINTS.abs())
    low, here, high = (function(z) for z in (POINTS - step, POINTS, POINTS + step))
    left, right, slope = (here - low) / step, (high - here) / step, (high - low) / (2 * step)
    nearer = (function(POINTS + step / 4) - function(POINTS - step / 4)) / (step / 2)
    # At a kink the sides differ; at a jump, which may look alike from both, the step matters.
    uneven = torch.maximum((left - right).abs(), (slope - nearer).abs())
    everywhere = torch.ones_like(here, dtype=torch.bool)
    noise = 8 * torch.finfo(here.dtype).eps * _scale(here, everywhere) / step
    # The smaller side, as the other one may be a jump.
    sides = _scale(torch.minimum(left.abs(), right.abs()), everywhere)
    smooth = uneven <= 1e-3 * (sides + left.abs() + right.abs()) + noise
    return _Slopes(slope, smooth, noise)


def _check_close(
    what: str, says: str, where: Tensor, got: Tensor, expected: Tensor, allowed: Tensor
) -> None:
    wrong = where & ~((got - expected).abs() <= allowed)
    if wrong.any():
        z, one, other = (float(values[wrong][0]) for values in (POINTS, got, expected))
        raise ValueError(
            f"{what} must be the slope that the values show; at z = {z:.4g} got {one:.6g}, "
            f"where {says} {other:.6g}."
        )


def check_bounds(
    function: Elementwise, minimum: tuple[float, float] | None, bounds: tuple[float, float]
) -> None:
    """Check a stated minimum and range against the function's values at the probes."""
    with torch.no_grad():
        values = function(POINTS)
    low, high = float(values.min()), float(values.max())
    largest = min(1.0, max(abs(low), abs(high)))
    if _beyond(bounds[0] - low, bounds[0], largest) or _beyond(
        high - bounds[1], bounds[1], largest
    ):
        raise ValueError(f"range must hold all outputs; got {bounds}, outputs {low:g} to {high:g}.")
    if minimum is None:
        return
    z, value = minimum
    with torch.no_grad():
        there = float(function(torch.tensor(z, dtype=torch.float64)))
    if _beyond(abs(there - value), value, largest) or _beyond(value - low, value, largest):
        raise ValueError(
            f"minimum must be (z, f(z)) at the lowest point; got {minimum}, where f is {there:g} "
            f"there and as low as {low:g} elsewhere."
        )


def _beyond(excess: float, stated: float, largest: float) -> bool:
    """Say whether a value exceeds a stated one by more than rounding; NaN does."""
    return not excess <= 1e-6 * (largest + abs(stated))
