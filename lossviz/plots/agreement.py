"""What was measured against what was to be expected."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from lossviz.plots import _inputs as inputs
from lossviz.plots.style import Picture, grid, styled


@styled
def agreement(rows: Mapping[str, Float[np.ndarray, "4"]]) -> Picture:
    """Draw measured numbers in units of what was expected, with their intervals.

    Args:
        rows: for each row's label: the expected number, which is not 0, the measured one, and the
            lower and upper end of its interval.

    Returns:
        A picture of one panel, with a line at 1. Rows whose interval contains the expected
        number have a filled marker, others an open one.

    Raises:
        ValueError: if there is no row, or numbers are not four, finite, in order, and the first
            different from 0.
        TypeError: if a label is no text.

    Example:
        >>> agreement({"gain": (2.0, 2.1, 1.9, 2.3), "share": (0.5, 0.4, 0.3, 0.45)}).alt[30:]
        'gain 1.05 (0.95 to 1.15); share 0.8 (0.6 to 0.9), which leaves out 1.'
    """
    found = inputs.mapping("rows", rows)
    labels = inputs.words("rows", list(found))
    size = (6.6, 0.9 + 0.3 * len(labels))
    figure, ((axes,),) = grid(1, 1, size)
    axes.axvline(1.0, color="#888888", linewidth=1.0, zorder=0)
    told = []
    for place, label in enumerate(labels):
        value, low, high = _in_units(label, found[label])
        apart = not low <= 1 <= high
        axes.plot([low, high], [place] * 2, color="#4477AA", linewidth=1.5)
        axes.plot(value, place, "o", color="#4477AA", markersize=6,
                  markerfacecolor="white" if apart else "#4477AA")  # fmt: skip
        told.append(
            f"{label} {value:.3g} ({low:.3g} to {high:.3g})"
            f"{', which leaves out 1' if apart else ''}"
        )
    axes.set(yticks=range(len(labels)), yticklabels=labels, ylim=(len(labels) - 0.5, -0.5),
             xlabel="measured, divided by expected")  # fmt: skip
    return Picture(figure, f"Measured divided by expected. {'; '.join(told)}.")


def _in_units(label: str, row: object) -> tuple[float, float, float]:
    """Return a row's value and interval, divided by what was expected."""
    expected, *numbers = inputs.line(f"rows, {label},", row, 4)
    value, low, high = numbers
    if expected == 0 or not low <= value <= high:
        raise ValueError(
            f"each of rows must be an expected number other than 0, a measured one, and an "
            f"interval around it; got {[float(n) for n in (expected, *numbers)]} for {label!r}."
        )
    ends = sorted((low / expected, high / expected))
    return value / expected, ends[0], ends[1]
