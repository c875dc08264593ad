"""Pictures of what separates kinked activations from smooth ones, and of their mean outputs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from lossviz.activations import get_activation
from lossviz.plots import _inputs as inputs
from lossviz.plots._fields import capital
from lossviz.plots.style import Picture, grid, listed, mark, styled


@styled
def kink_curves(
    net_inputs: Float[np.ndarray, "point"],
    panels: Mapping[str, Mapping[str, Float[np.ndarray, "point"]]],
    xlabel: str = "net input z",
) -> Picture:
    """Draw derivatives while a net input crosses 0; curves are broken there, so that jumps show.

    Args:
        net_inputs: rising, not 0, with points on both sides of 0, shape (points,).
        panels: for each panel's title, for each activation, its curve, shape (points,).
        xlabel: what runs along the horizontal axes.

    Returns:
        A picture with a panel per title, each with a vertical scale of its own.

    Raises:
        ValueError: if net inputs do not rise or lie on one side of 0, there is no panel or curve,
            an activation is unknown, shapes differ, or a value is not finite.
        TypeError: if ``xlabel`` is no text.

    Example:
        >>> kink_curves([-1.0, 1.0], {"slope": {"relu": [0.0, 1.0]}}).alt[-39:]
        'left and right of 0: ReLU 0.00 to 1.00.'
    """
    z, xlabel = inputs.line("net_inputs", net_inputs), inputs.text("xlabel", xlabel)
    if (np.diff(z) <= 0).any() or (z == 0).any() or not z[0] < 0 < z[-1]:
        raise ValueError(f"net_inputs must rise from below 0 to above it, without 0; got {z}.")
    first = int(np.argmax(z > 0))
    found = inputs.mapping("panels", panels)
    figure, (axes,) = grid(1, len(found), (3.6, 3.0))
    told = []
    for ax, (title, curves) in zip(axes, found.items(), strict=True):
        sides = []
        for name, values in inputs.mapping("panels", curves).items():
            activation, look = get_activation(name), mark(name)
            values = inputs.line(f"panels, {name},", values, len(z))
            for part in (slice(None, first), slice(first, None)):
                label = activation.label if part.start is None else None
                ax.plot(z[part], values[part], color=look.colour, linestyle=look.dashes,
                        label=label)  # fmt: skip
            sides.append(f"{activation.label} {values[first - 1]:.2f} to {values[first]:.2f}")
        ax.axvline(0, color="black", linewidth=0.8, linestyle=":")
        ax.set(title=title, xlabel=xlabel)
        told.append(f"{title}, left and right of 0: {listed(sides)}.")
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=3)
    return Picture(figure, f"Curves against {xlabel}, broken at 0. {' '.join(told)}")


@styled
def mean_output_curves(
    measured: Mapping[str, Float[np.ndarray, "layer"]],
    expected: Mapping[str, Float[np.ndarray, "layer"]],
    ylabel: str = "mean output",
) -> Picture:
    """Draw the mean output of each layer: marks for networks that were run, lines for theory.

    Args:
        measured: for each activation, the mean output of each layer, shape (layers,).
        expected: for the same activations, what theory expects, shape (layers,).
        ylabel: what is drawn, such as means divided by something.

    Returns:
        A picture of one panel.

    Raises:
        ValueError: if there is no activation or an unknown one, names or shapes differ, or a
            value is not finite.
        TypeError: if ``ylabel`` is no text.

    Example:
        >>> mean_output_curves({"relu": [0.4, 0.5]}, {"relu": [0.4, 0.4]}).alt[-10:]
        'ReLU 0.50.'
    """
    measured = inputs.mapping("measured", measured)
    expected, ylabel = inputs.mapping("expected", expected), inputs.text("ylabel", ylabel)
    if list(measured) != list(expected):
        raise ValueError(
            "measured and expected must have the same names in the same order; got "
            f"{list(measured)} and {list(expected)}."
        )
    figure, ((axes,),) = grid(1, 1, (6.2, 3.6))
    told, count = [], None
    for name, values in measured.items():
        activation, look = get_activation(name), mark(name)
        values = inputs.line(f"measured of {name}", values, count)
        count = len(values)
        layers = np.arange(1, count + 1)
        theory = inputs.line(f"expected of {name}", expected[name])
        if len(theory) != count:
            raise ValueError(
                f"measured and expected of {name} must have as many layers; "
                f"got {count} and {len(theory)}."
            )
        axes.plot(layers, theory, color=look.colour, linestyle=look.dashes, linewidth=1.4)
        axes.plot(layers, values, color=look.colour, marker=look.marker, linestyle="",
                  markersize=5, label=activation.label)  # fmt: skip
        told.append(f"{activation.label} {round(values[-1], 2) + 0.0:.2f}")  # no -0.00
    axes.axhline(0, color="black", linewidth=0.8, linestyle=":")
    axes.set(xlabel="layer", ylabel=ylabel)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    alt = f"""{capital(ylabel)} against the layer, 1 to {count}: marks are networks that were run,
        lines the theory. Measured at the last layer: {listed(told)}."""
    return Picture(figure, alt)
