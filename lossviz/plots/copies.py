"""A small network's hidden units in the plane of its inputs, beside those of its copies."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from torch import Tensor

from lossviz import _checks
from lossviz.plots import _inputs as inputs_of
from lossviz.plots._series import SERIES
from lossviz.plots.style import Picture, grid, listed, styled

# Panels in one row.
_COLUMNS = 4
# Margin around the samples, and the length of an arrow, as shares of their range.
_MARGIN, _ARROW = 0.3, 0.2


@styled
def unit_lines(
    networks: Mapping[str, Float[Tensor, "weight"]],
    inputs: Float[np.ndarray, "sample 2"],
    targets: Float[np.ndarray, "sample"],
) -> Picture:
    r"""Draw where each hidden unit of a network with two inputs changes its sign.

    A unit's line is where its net input :math:`w_1 x_1 + w_2 x_2 + b` is 0; an arrow points to the
    side where it is positive. The legend tells the unit's number, a title what the outgoing
    weights are. Two networks with the same lines, the same arrows and the same outgoing weights
    compute the same; so do those in which units are renumbered or turned about.

    Args:
        networks: for each title, the weights of a network of two inputs, h <= 6 hidden units and
            one output, in the order W1, b1, W2, b2: shape (4 h + 1,).
        inputs: samples that are shown as dots, shape (samples, 2).
        targets: shape (samples,); dots are filled where the target is above 1/2.

    Returns:
        A picture with a panel for each network, at most four in a row.

    Raises:
        ValueError: if there is no network, shapes differ from these or from each other, or a
            number is not finite.

    Example:
        >>> unit_lines({"one unit": [1.0, 1.0, -0.5, 2.0, 0.0]}, [[0, 0], [1, 1]], [0, 1]).alt
        'Lines on which hidden units change their sign, with arrows to the positive side. one unit:
        unit 1 is positive where 1 x1 + 1 x2 - 0.5 > 0 and goes out with 2.'
    """
    found = _parameters(inputs_of.mapping("networks", networks))
    places = _checks.array("inputs", inputs, None, 2)
    filled = inputs_of.line("targets", targets, len(places)) > 0.5
    columns = min(len(found), _COLUMNS)
    figure, panels = grid(-(-len(found) // columns), columns, (2.2, 2.4), sharex=True, sharey=True)
    told = []
    for axes, (title, units) in zip(panels.flat, found.items(), strict=False):
        _samples(axes, places, filled)
        for number, unit in enumerate(units):
            _line(axes, places, number, unit)
        axes.set_title(f"{title}\nout: {', '.join(f'{unit[3]:+.2g}' for unit in units)}")
        told.append(f"{title}: {listed([_in_words(n, unit) for n, unit in enumerate(units, 1)])}.")
    for axes in panels.flat[len(found) :]:
        axes.remove()
    for axes in panels[:, 0]:
        axes.set_ylabel("input 2")
    for axes in panels[-1]:
        axes.set_xlabel("input 1")
    handles, labels = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=6, handlelength=3.2)
    return Picture(
        figure,
        f"""Lines on which hidden units change their sign, with arrows to the positive side.
        {" ".join(told)}""",
    )


def _parameters(networks: dict) -> dict[str, Float[np.ndarray, "unit 4"]]:
    """Return for each network a row per unit: two incoming weights, bias, outgoing weight."""
    found = {}
    for title, weights in networks.items():
        w = inputs_of.line("each of networks", weights)
        units, rest = divmod(len(w) - 1, 4)
        if rest or not 1 <= units <= len(SERIES):
            raise ValueError(
                f"each of networks must have 4 h + 1 weights with h from 1 to {len(SERIES)}; "
                f"got {len(w)}."
            )
        bias, outgoing = w[2 * units : 3 * units], w[3 * units : 4 * units]
        name = inputs_of.text("each title of networks", title)
        found[name] = np.column_stack([w[: 2 * units].reshape(units, 2), bias, outgoing])
    if len({len(units) for units in found.values()}) > 1:
        raise ValueError("networks must have equally many hidden units; got different numbers.")
    return found


def _samples(axes: Axes, places: np.ndarray, filled: np.ndarray) -> None:
    for chosen, face in ((filled, "black"), (~filled, "white")):
        axes.plot(*places[chosen].T, "o", color="black", markerfacecolor=face, markersize=5)
    low, high = places.min(), places.max()
    margin = _MARGIN * ((high - low) or 1.0)
    axes.set(xlim=(low - margin, high + margin), ylim=(low - margin, high + margin))
    axes.set(aspect="equal")
    axes.grid(visible=False)


def _line(axes: Axes, places: np.ndarray, number: int, unit: np.ndarray) -> None:
    """Draw a unit's line from border to border, and from its middle an arrow."""
    look, label = SERIES[number], f"unit {number + 1}"
    normal, bias = unit[:2], unit[2]
    size = float(np.hypot(*normal))
    if size == 0:  # it has the same sign everywhere
        axes.plot([], [], color=look.colour, linestyle=look.dashes, label=label)
        return
    ahead = normal / size
    middle = places.mean(axis=0)
    foot = middle - (middle @ normal + bias) / size * ahead
    reach = np.array([-10.0, 10.0])[:, None] * max(1.0, float(np.ptp(places)))
    ends = foot + reach * np.array([-ahead[1], ahead[0]])
    axes.plot(*ends.T, color=look.colour, linestyle=look.dashes, linewidth=1.8, label=label)
    tip = foot + _ARROW * (float(np.ptp(places)) or 1.0) * ahead
    axes.annotate("", tip, foot, arrowprops={"arrowstyle": "-|>", "color": look.colour, "lw": 1.8})


def _in_words(number: int, unit: np.ndarray) -> str:
    first, second, bias, outgoing = unit
    net = f"{first:.3g} x1 {_signed(second)} x2 {_signed(bias)}"
    return f"unit {number} is positive where {net} > 0 and goes out with {outgoing:.3g}"


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else '+'} {abs(value):.3g}"
