"""What is measured against what was varied."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from lossviz import _checks
from lossviz.activations import get_activation
from lossviz.plots import _inputs as inputs
from lossviz.plots.style import Picture, grid, listed, mark, styled


@styled
def sweep_curves(
    values: Float[np.ndarray, "setting"],
    panels: Mapping[str, Mapping[str, Float[np.ndarray, "setting"]]],
    xlabel: str,
    ylabel: str,
    log: bool = False,
) -> Picture:
    """Draw a measured number against a varied one, a curve per activation.

    Args:
        values: what was varied, above 0, shape (settings,); the horizontal axis is logarithmic.
        panels: for each panel's title, for each activation, what was measured, shape (settings,).
        xlabel: what was varied.
        ylabel: what was measured.
        log: whether the vertical axis is logarithmic; all numbers must then be above 0.

    Returns:
        A picture whose panels share their axes.

    Raises:
        ValueError: if there is no panel, an activation is unknown, shapes differ, or a value is
            not finite or, on a logarithmic axis, not above 0.
        TypeError: if a label is no text or ``log`` no boolean.

    Example:
        >>> sweep_curves([0.1, 1.0], {"XOR": {"elu": [2, 4]}}, "step", "gradient").alt
        'gradient against step from 0.1 to 1. XOR: ELU from 2 to 4.'
    """
    values = inputs.positive_line("values", values)
    xlabel, ylabel = inputs.text("xlabel", xlabel), inputs.text("ylabel", ylabel)
    panels, log = inputs.mapping("panels", panels), _checks.switch("log", log)
    check = inputs.positive_line if log else inputs.line
    figure, (axes,) = grid(1, len(panels), (3.1, 2.7), sharex=True, sharey=True)
    told = []
    for ax, (title, curves) in zip(axes, panels.items(), strict=True):
        ends = []
        for name, curve in inputs.mapping("panels", curves).items():
            activation, look = get_activation(name), mark(name)
            inputs.line(f"panels, {name},", curve, len(values))
            measured = check(f"panels, {name},", curve)
            ax.plot(values, measured, color=look.colour, linestyle=look.dashes,
                    marker=look.marker, markersize=5, label=activation.label)  # fmt: skip
            ends.append(f"{activation.label} from {measured[0]:.3g} to {measured[-1]:.3g}")
        ax.set(title=title, xlabel=xlabel, xscale="log")
        told.append(f"{title}: {listed(ends)}.")
    axes[0].set(ylabel=ylabel, yscale="log" if log else "linear")
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=3)
    span = f"from {values[0]:g} to {values[-1]:g}"
    return Picture(figure, f"{ylabel} against {xlabel} {span}. {' '.join(told)}")
