"""What a saturation measure of a reader's own must show before it is registered."""

from __future__ import annotations

import torch
from torch import Tensor

from lossviz.activations._activation import Elementwise, Measure
from lossviz.activations._probes import POINTS


def check_measure(function: Elementwise, measure: Measure) -> None:
    """Check that a measure gives a degree in [0, 1] for each point, in both precisions."""
    for dtype in (torch.float64, torch.float32):
        with torch.no_grad():
            outputs = function(POINTS[:48].to(dtype)).reshape(2, 6, 4)
            degrees, alone = _degrees(measure, outputs), _degrees(measure, outputs[1])
        if not torch.allclose(degrees[1], alone):
            raise ValueError(
                "saturation must treat each point alone; got "
                f"{float(degrees[1]):g} beside another point and {float(alone):g} alone."
            )


def _degrees(measure: Measure, outputs: Tensor) -> Tensor:
    given = outputs.clone()
    try:
        found = measure(given)
    except Exception as error:
        raise ValueError(
            "saturation must take hidden outputs of shape (..., samples, hidden); for "
            f"{tuple(outputs.shape)}, {outputs.dtype}, got {type(error).__name__}: {error}"
        ) from error
    if not torch.equal(given, outputs):
        raise ValueError("saturation must not change its input; got one that works in place.")
    _check_degrees(found, outputs.shape[:-2])
    return found


def _check_degrees(found: Tensor, shape: torch.Size) -> None:
    if not isinstance(found, Tensor) or found.shape != shape:
        got = tuple(found.shape) if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(
            "saturation must turn outputs of shape (..., samples, hidden) into a tensor of "
            f"shape (...), here {tuple(shape)}; got {got}."
        )
    if not found.is_floating_point():
        raise ValueError(f"saturation must return floating-point numbers; got {found.dtype}.")
    if not bool(((found >= 0) & (found <= 1)).all()):
        raise ValueError(f"saturation must lie in [0, 1]; got {found.tolist()}.")
