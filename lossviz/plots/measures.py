"""Several measures against what was varied, on logarithmic axes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from lossviz.plots import _inputs as inputs
from lossviz.plots._series import called, series_marks
from lossviz.plots.style import Picture, grid, listed, styled

# Up to so many settings are named on the axis, each at its place.
_NAMED = 8


@styled
def measure_curves(
    values: Float[np.ndarray, "setting"],
    panels: Mapping[str, Mapping[str, Float[np.ndarray, "setting"]]],
    xlabel: str,
    ylabel: str,
) -> Picture:
    """Draw measures against a varied number, both axes logarithmic, a curve per measure.

    Args:
        values: what was varied, above 0, shape (settings,).
        panels: for each panel's title, for each of at most six measures, what was measured, above
            0, shape (settings,).
        xlabel: what was varied.
        ylabel: what was measured.

    Returns:
        A picture whose panels share their axes, each with a legend of its own.

    Raises:
        ValueError: if there is no panel, a panel has no curve or too many, shapes differ, or a
            value is not finite and above 0.
        TypeError: if a label is no text.

    Example:
        >>> measure_curves([0.1, 1.0], {"plain": {"trace": [2, 4]}}, "factor", "sharpness").alt
        'sharpness against factor from 0.1 to 1. plain: trace between 2 and 4.'
    """
    values = inputs.positive_line("values", values)
    xlabel, ylabel = inputs.text("xlabel", xlabel), inputs.text("ylabel", ylabel)
    panels = inputs.mapping("panels", panels)
    figure, (axes,) = grid(1, len(panels), (3.9, 3.4), sharex=True, sharey=True)
    told = []
    for ax, (title, curves) in zip(axes, panels.items(), strict=True):
        curves = inputs.mapping("panels", curves)
        looks = series_marks("each of panels", inputs.words("panels", list(curves)))
        ranges = []
        for label, look in looks.items():
            inputs.line(f"panels, {label},", curves[label], len(values))
            curve = inputs.positive_line(f"panels, {label},", curves[label])
            ax.plot(values, curve, color=look.colour, linestyle=look.dashes, marker=look.marker,
                    markersize=5, linewidth=1.5, label=called(label))  # fmt: skip
            ranges.append(f"{called(label)} between {curve.min():.3g} and {curve.max():.3g}")
        ax.set(title=inputs.text("each title of panels", title), xlabel=xlabel)
        ax.set(xscale="log", yscale="log")
        if len(values) <= _NAMED:  # else the names would run into each other
            ax.set_xticks(values, [f"{value:g}" for value in values])
            ax.minorticks_off()
        ax.legend(loc="best", handlelength=3.2, fontsize="small")
        told.append(f"{title}: {listed(ranges)}.")
    axes[0].set_ylabel(ylabel)
    span = f"from {values[0]:g} to {values[-1]:g}"
    return Picture(figure, f"{ylabel} against {xlabel} {span}. {' '.join(told)}")
