"""Checks of input that the curvature floor's functions share."""

from __future__ import annotations

import torch

from lossviz import _checks
from lossviz.landscape.base import BaseLandscape

_PRECISIONS = {"float32": torch.float32, "float64": torch.float64}


def in_precision(landscape: BaseLandscape, precision: str) -> BaseLandscape:
    """Return the landscape in a precision that a caller named; check both."""
    if not isinstance(landscape, BaseLandscape):
        raise TypeError(f"landscape must be a Landscape; got {type(landscape).__name__}.")
    return landscape.with_dtype(_PRECISIONS[_checks.one_of("precision", precision, _PRECISIONS)])
