"""The still picture of the XOR landscape: the plane, the line, and the input plane."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from lossviz.explorers import _xor_points as xor
from lossviz.explorers._controls import State
from lossviz.plots.style import Picture, grid, styled

_OUTPUTS = LinearSegmentedColormap.from_list("outputs", ["#0072B2", "#ffffff", "#E69F00"], 12)


@styled
def draw(result: dict[str, Any], state: State) -> Picture:
    """Draw a result of the XOR landscape."""
    figure, (panels,) = grid(1, 3, (2.4, 2.3))
    _draw_plane(panels[0], result, state)
    _draw_line(panels[1], result["line"])
    _draw_inputs(panels[2], result)
    told = (
        "A plane of the loss landscape with contours at known levels, the loss along a straight "
        f"line, and the output over the input plane. {result['text']}"
    )
    return Picture(figure, told)


def _draw_plane(axes: Axes, result: dict[str, Any], state: State) -> None:
    side = round(len(result["plane"]) ** 0.5)
    a, b = (np.linspace(low, high, side) for low, high in result["windows"])
    loss = np.minimum(result["plane"].reshape(side, side), xor.CAP)
    axes.contourf(a, b, loss, np.linspace(0, xor.CAP, 13))
    axes.contour(a, b, loss, xor.LEVELS[1:], colors="white", linewidths=1,
                 linestyles=["-", "--", ":"])  # fmt: skip
    if state["shift"] == 0:  # off its plane an attractor is not where it seems to be
        known = [level is not None for level in xor.levels_of(state)]
        places = [
            place for place, there in zip(((0, 0), (1, 0), (0, 1)), known, strict=True) if there
        ]
        axes.plot(*zip(*places, strict=True), "o", color="white", markersize=4)
        axes.plot([0, int(known[1])], [0, 0], color="white", linewidth=1)
    axes.plot(state["along"], state["across"], "X", color="#D55E00", markeredgecolor="white",
              markersize=9, clip_on=True)  # fmt: skip
    axes.grid(visible=False)
    axes.set(title="loss in the plane", xlabel="along", ylabel="across",
             xlim=result["windows"][0], ylim=result["windows"][1])  # fmt: skip


def _draw_line(axes: Axes, line: np.ndarray) -> None:
    axes.plot(np.linspace(0, 1, len(line)), line, color="black")
    for level in xor.LEVELS:
        axes.axhline(level, color="black", linewidth=0.8, linestyle=":")
    axes.set(title="loss on the straight line", xlabel="along", ylabel="loss")


def _draw_inputs(axes: Axes, result: dict[str, Any]) -> None:
    side = round(len(result["inputs"]) ** 0.5)
    places = np.linspace(-0.5, 1.5, side)
    outputs = result["inputs"].reshape(side, side)
    axes.contourf(places, places, outputs, np.linspace(0, 1, 13), cmap=_OUTPUTS)
    axes.contour(places, places, outputs, [0.5], colors="black")
    for (x, y), output in zip(((0, 0), (0, 1), (1, 0), (1, 1)), result["outputs"], strict=True):
        axes.plot(x, y, "o" if x == y else "^", color="black", markersize=6)
        axes.annotate(f"{output:.2f}", (x, y), (0, 6), textcoords="offset points", ha="center")
    axes.grid(visible=False)
    axes.set(title="output (circles: 0, triangles: 1)", xlabel="first input", ylabel="second input")
