"""The sizes that parameters of activations may have."""

from __future__ import annotations

from typing import Any

from lossviz import _checks

#: Beyond these, a formula's terms leave the range of float32 at net inputs that are common.
SMALLEST, LARGEST = 1e-6, 1e6


def sized(what: str, got: Any) -> float:
    """Return a parameter that is positive, neither tiny nor huge."""
    value = _checks.real(what, got)
    if not SMALLEST <= value <= LARGEST:
        raise ValueError(f"{what} must be between {SMALLEST:g} and {LARGEST:g}; got {value}.")
    return value
