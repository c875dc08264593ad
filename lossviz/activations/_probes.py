"""What a function must show before it is registered as an activation."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lossviz.activations._activation import Elementwise

# 49 net inputs: an odd grid that misses the usual kinks, the usual kinks, and far ones.
_POINTS = torch.cat(
    [
        torch.linspace(-6.137, 6.093, 40, dtype=torch.float64),
        torch.tensor([-30.0, -13.7, -1.0, -0.5, 0.0, 0.5, 1.0, 13.9, 30.0], dtype=torch.float64),
    ]
)


def check_elementwise(what: str, function: Elementwise) -> None:
    """Check that a function keeps shape, dtype and input, is finite and acts by element."""
    for dtype in (torch.float64, torch.float32):
        z = _POINTS.to(dtype)
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


def check_slope(what: str, below: Elementwise, used: Elementwise) -> None:
    """Check a derivative ``used`` of the function ``below`` against finite differences."""
    with torch.no_grad():
        slopes, (expected, smooth) = used(_POINTS), _differences(below)
    if 2 * int(smooth.sum()) < len(smooth):
        raise ValueError(
            f"{what} must exist at most net inputs; got jumps at {int((~smooth).sum())} of "
            f"{len(smooth)} probes."
        )
    _check_close(what, "finite differences give", smooth, slopes, expected, 1e-4)


def check_against_autograd(
    what: str, below: Elementwise, given: Elementwise, by_autograd: Elementwise
) -> None:
    """Check a given derivative more sharply where autograd's is right: not at kinks."""
    try:
        exact = by_autograd(_POINTS)
    except RuntimeError:
        # No chain of torch operations. That is allowed with derivatives given, and the
        # finite differences have vouched for them.
        return
    with torch.no_grad():
        slopes, (expected, smooth) = given(_POINTS), _differences(below)
    right = smooth & ((exact - expected).abs() <= 1e-4 * (1 + expected.abs()))
    _check_close(what, "autograd gives", right, slopes, exact, 1e-6)


def _differences(function: Elementwise) -> tuple[Tensor, Tensor]:
    """Return central differences at the probes, and where they are slopes: not at kinks."""
    step = 1e-6 * (1 + _POINTS.abs())
    low, here, high = (function(z) for z in (_POINTS - step, _POINTS, _POINTS + step))
    left, right, slope = (here - low) / step, (high - here) / step, (high - low) / (2 * step)
    nearer = (function(_POINTS + step / 4) - function(_POINTS - step / 4)) / (step / 2)
    # At a kink the sides differ; at a jump, which may look alike from both, the step matters.
    uneven = torch.maximum((left - right).abs(), (slope - nearer).abs())
    return slope, uneven <= 1e-3 * (1 + left.abs() + right.abs())


def _check_close(
    what: str, says: str, where: Tensor, got: Tensor, expected: Tensor, tolerance: float
) -> None:
    wrong = where & ~((got - expected).abs() <= tolerance * (1 + expected.abs()))
    if wrong.any():
        z, one, other = (float(values[wrong][0]) for values in (_POINTS, got, expected))
        raise ValueError(
            f"{what} must be the slope that the values show; at z = {z:.4g} got {one:.6g}, "
            f"where {says} {other:.6g}."
        )


def check_bounds(
    function: Elementwise, minimum: tuple[float, float] | None, bounds: tuple[float, float]
) -> None:
    """Check a stated minimum and range against the function's values at the probes."""
    with torch.no_grad():
        values = function(_POINTS)
    low, high = float(values.min()), float(values.max())
    slack = 1e-6 * (1 + max(abs(low), abs(high)))
    if low < bounds[0] - slack or high > bounds[1] + slack:
        raise ValueError(f"range must hold all outputs; got {bounds}, outputs {low:g} to {high:g}.")
    if minimum is None:
        return
    z, value = minimum
    with torch.no_grad():
        there = float(function(torch.tensor(z, dtype=torch.float64)))
    if abs(there - value) > 1e-6 * (1 + abs(value)) or low < value - slack:
        raise ValueError(
            f"minimum must be (z, f(z)) at the lowest point; got {minimum}, where f is {there:g} "
            f"there and as low as {low:g} elsewhere."
        )


def check_measure(function: Elementwise, measure: Callable[[Tensor], Tensor]) -> None:
    """Check that a saturation measure gives a degree in [0, 1] for each point."""
    with torch.no_grad():
        outputs = function(_POINTS[:48]).reshape(2, 6, 4)
        degrees, alone = measure(outputs), measure(outputs[1])
    for shape, found in (((2,), degrees), ((), alone)):
        if not isinstance(found, Tensor) or found.shape != shape:
            got = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
            raise ValueError(
                "saturation must turn outputs of shape (..., samples, hidden) into a tensor of "
                f"shape (...), here {shape}; got {got}."
            )
        if not bool(((found >= 0) & (found <= 1)).all()):
            raise ValueError(f"saturation must lie in [0, 1]; got {found.tolist()}.")
    if not torch.allclose(degrees[1], alone):
        raise ValueError(
            "saturation must treat each point alone; got "
            f"{float(degrees[1]):g} beside another point and {float(alone):g} alone."
        )
