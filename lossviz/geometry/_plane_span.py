"""How far to look: spans at which the loss has clearly risen."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from lossviz import _checks
from lossviz.landscape.base import BaseLandscape

FIXED = "fixed"
AUTO = "smallest power of 2 with half of the ends at twice the loss and that of zero weights"

_SMALLEST, _LARGEST = -10, 10


def checked_span(got: float | str) -> float | None:
    """Return a span, or None for ``"auto"``."""
    if isinstance(got, str):
        _checks.one_of("span", got, ("auto",))
        return None
    return _checks.real("span", got, above=0)


def found_span(landscape: BaseLandscape, centre: Tensor, directions: Tensor) -> float:
    """Return the smallest power of two at whose ends the loss has clearly risen.

    At half or more of the points centre +- span d, d one of the directions, it is at least
    twice that of the centre, and that of a network whose weights are all 0, which says nothing.
    """
    here = float(landscape.loss(centre))
    if not math.isfinite(here):
        raise ValueError(f"span 'auto' needs a finite loss at the centre; got {here}.")
    nothing = float(landscape.loss(torch.zeros_like(centre)))
    level = here + abs(here)
    if math.isfinite(nothing):  # at weights of 0 a norm may divide by 0
        level = max(level, nothing)
    subspace = landscape._on_subspace(centre, directions)
    ends = torch.eye(len(directions)).to(centre)
    ends = torch.cat([ends, -ends])
    for power in range(_SMALLEST, _LARGEST + 1):
        loss, _ = subspace.measure(2.0**power * ends)
        # What is not a number lies beyond what one looks for.
        if int((~(loss < level)).sum()) * 2 >= len(ends):
            return 2.0**power
    raise ValueError(
        f"span must be a number here: along these directions the loss does not rise to {level:g} "
        f"within 2^{_LARGEST}; got 'auto'."
    )
