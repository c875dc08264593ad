"""What samplers say about a landscape: numbers of their walks, side by side.

``js/race_reports.js`` computes the same on a page.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr

from lossviz.activations.saturation import dead_units
from lossviz.analysis.ruggedness import ruggedness
from lossviz.curvature.full import full_curvature
from lossviz.landscape.base import BaseLandscape

#: Curvature is looked at every so many steps.
EVERY = 10

#: The axes of the clouds end at this quantile of the sampler that reaches furthest.
_SHOWN = 0.95

_QUARTILES = (0.25, 0.5, 0.75)


def report(landscape: BaseLandscape, walks: xr.Dataset) -> dict[str, Any]:
    """Return what one sampler reports.

    Args:
        landscape: what it walked on.
        walks: with ``loss``, ``gradient_norm`` and ``weights``.

    Returns:
        Lists by step (``low``, ``median`` and ``high``, quartiles of the loss over walks, and
        ``steepness``, the median norm of the gradient), ``loss`` and ``norm`` of all points, walk
        after walk, and the numbers of the table.
    """
    loss, norm, points = (walks[name].values for name in ("loss", "gradient_norm", "weights"))
    low, median, high = np.quantile(loss, _QUARTILES, axis=0)
    seen = full_curvature(landscape, points[:, ::EVERY])
    return {
        "low": low, "median": median, "high": high, "steepness": np.median(norm, axis=0),
        "loss": loss.ravel(), "norm": norm.ravel(),
        "lowest": np.quantile(loss.min(axis=1), _QUARTILES),
        "middle": float(np.median(loss)),
        "steep": float(np.median(norm)),
        "rugged": float(ruggedness(loss).mean()),
        "zeros": _share(landscape.gradient(points) == 0),
        "dead": float(dead_units(landscape.hidden_outputs(points)).mean()),
        "upward": _share(seen.negative == 0),
    }  # fmt: skip


def _share(true: torch.Tensor) -> float:
    return float(true.double().mean())


def shared_axes(reports: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the ends of the clouds' axes, and the largest share of points outside them."""
    right, top = (
        max(float(np.quantile(each[what], _SHOWN)) for each in reports) for what in ("loss", "norm")
    )
    outside = [np.mean((each["loss"] > right) | (each["norm"] > top)) for each in reports]
    left = min(float(each["loss"].min()) for each in reports)
    return {"left": left, "right": right, "top": top, "outside": float(max(outside))}
