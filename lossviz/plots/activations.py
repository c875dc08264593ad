"""Pictures of activation functions and of what hidden units do with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from lossviz import _checks
from lossviz.activations import Activation, get_activation
from lossviz.plots._inputs import activations, line, mapping, positive_line
from lossviz.plots.style import Picture, grid, listed, mark, styled

_INSIDE = 5  # labels that a panel has room for
_ORDERS = ("f(z)", "slope f'(z)", "curvature f''(z)")


@styled
def activation_curves(names: Sequence[str | Activation], span: float = 4.0) -> Picture:
    """Draw f, f' and f'' of some activations side by side.

    Args:
        names: activations, or their names.
        span: the net input z runs from -span to span; above 0.

    Returns:
        A picture of three panels.

    Raises:
        ValueError: for an unknown name, no name at all, or a span that is not positive.

    Example:
        >>> activation_curves(["tanh", "relu"]).alt[:41]
        'Three panels against the net input z from'
    """
    zoo = activations(names)
    span = _checks.real("span", span, above=0)
    # An even number of points avoids z = 0, where ReLU's derivatives jump.
    z = np.linspace(-span, span, 800)
    figure, ((value, slope, bend),) = grid(1, 3, (2.5, 2.6))
    for activation in zoo:
        look = mark(activation.name)
        curves = (activation(z), activation.derivative(z), activation.second_derivative(z))
        for axes, curve in zip((value, slope, bend), curves, strict=True):
            axes.plot(z, curve, color=look.colour, linestyle=look.dashes, label=activation.label)
    for axes, title in zip((value, slope, bend), _ORDERS, strict=True):
        axes.set(title=title, xlabel="net input z")
    floors = [a.range[0] - 0.2 for a in zoo if np.isfinite(a.range[0])]
    value.set_ylim(min([-1.3, *floors]), min(span, 3))
    if len(zoo) <= _INSIDE:
        value.legend(loc="upper left", handlelength=2.8)
    else:
        handles, labels = value.get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside right upper", handlelength=3.2, fontsize="small"
        )
    labels = listed([activation.label for activation in zoo])
    peaks = listed(
        [f"{a.label} {float(a.derivative(z).max()):.2f}" for a in zoo],
    )
    alt = f"""Three panels against the net input z from {-span:g} to {span:g}: values, slopes and
        curvatures of {labels}. Largest slopes: {peaks}."""
    return Picture(figure, alt)


@styled
def saturation_curves(
    scales: Float[np.ndarray, "scale"], saturation: Mapping[str, Float[np.ndarray, "scale"]]
) -> Picture:
    """Draw the saturation of activations against the scale of their net inputs.

    Args:
        scales: standard deviations of the net inputs, positive, shape (scales,).
        saturation: for each activation, its saturation in [0, 1], shape (scales,).

    Returns:
        A picture of one panel with a logarithmic horizontal axis.

    Raises:
        ValueError: if there is no activation or an unknown one, if shapes differ, or if a value
            is not finite or a scale not positive.

    Example:
        >>> saturation_curves([0.5, 2.0], {"tanh": [0.34, 0.75]}).alt[-29:]
        'to 2: tanh from 0.34 to 0.75.'
    """
    scales = positive_line("scales", scales)
    figure, ((axes,),) = grid(1, 1, (6.2, 3.4))
    ends = []
    for name, values in mapping("saturation", saturation).items():
        activation, look = get_activation(name), mark(name)
        values = line(f"saturation of {name}", values, len(scales))
        axes.plot(
            scales, values, color=look.colour, linestyle=look.dashes, marker=look.marker,
            markevery=4, markersize=5, label=activation.label,
        )  # fmt: skip
        ends.append(f"{activation.label} from {values[0]:.2f} to {values[-1]:.2f}")
    axes.set(xscale="log", ylim=(-0.03, 1.03), ylabel="saturation (own measure)")
    axes.set_xlabel("standard deviation of the net inputs")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=3.2)
    alt = f"""Saturation against the standard deviation of the net inputs, from {scales[0]:g} to
        {scales[-1]:g}: {listed(ends)}."""
    return Picture(figure, alt)


@styled
def unit_sums(
    x: Float[np.ndarray, "points"],
    contributions: Mapping[str, Float[np.ndarray, "hidden points"]],
    target: Float[np.ndarray, "points"],
) -> Picture:
    """Draw how weighted hidden units add up to a curve, one panel per activation.

    Args:
        x: inputs, shape (points,).
        contributions: for each activation, each hidden unit's output times its outgoing weight, and
            the output bias if there is one, shape (hidden, points).
        target: the curve to be built, shape (points,).

    Returns:
        A picture with the units thin, their sum thick and the target dotted.

    Raises:
        ValueError: if there is no activation or an unknown one, if shapes differ, or if a value
            is not finite.

    Example:
        >>> unit_sums([0.0, 1.0], {"relu": [[0.0, 1.0], [0.5, 0.5]]}, [0.5, 1.0]).alt[-10:]
        'ReLU 0.50.'
    """
    x = line("x", x)
    target = line("target", target, len(x))
    contributions = mapping("contributions", contributions)
    figure, (panels,) = grid(1, len(contributions), (2.5, 2.6), sharey=True)
    errors = []
    for axes, (name, parts) in zip(panels, contributions.items(), strict=True):
        activation, look = get_activation(name), mark(name)
        parts = _checks.array(f"contributions of {name}", parts, None, len(x))
        axes.plot(x, parts.T, color="#999999", linewidth=0.9)
        axes.plot(x, parts.sum(axis=0), color=look.colour, linestyle=look.dashes, linewidth=2.6)
        axes.plot(x, target, color="black", linestyle=":", linewidth=1.6)
        worst = np.abs(parts.sum(axis=0) - target).max()
        axes.set(title=f"{activation.label} units", xlabel="input x")
        errors.append(f"{activation.label} {worst:.2f}")
    panels[0].set(ylim=(target.min() - 1.5, target.max() + 1.5), ylabel="output")
    alt = f"""One panel per activation: thin grey curves are single hidden units times their
        outgoing weights, the thick curve is their sum, the dotted one the target. Largest
        distance of the sum from the target: {listed(errors)}."""
    return Picture(figure, alt)
