"""The still picture of the slice liar: the plane, and the loss along both directions."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import LogNorm

from lossviz.explorers._controls import State
from lossviz.explorers._slice_words import HIGH, LOW
from lossviz.plots.style import Picture, grid, styled

_LINES = (("first direction", "black", "-"), ("second direction", "#D55E00", (0, (6, 3))))


@styled
def draw(result: dict[str, Any], state: State) -> Picture:
    """Draw a result of the slice liar."""
    figure, ((area, lines),) = grid(1, 2, (4.0, 3.2))
    side = round(len(result["plane"]) ** 0.5)
    places = np.linspace(-state["reach"], state["reach"], side)
    plane = np.clip(result["plane"].reshape(side, side), LOW, HIGH)
    levels = np.geomspace(LOW, HIGH, 19)
    drawn = area.contourf(places, places, plane, levels, norm=LogNorm(LOW, HIGH))
    area.plot(0, 0, "+", color="white", markersize=11, markeredgewidth=1.8)
    area.grid(visible=False)
    area.set(title="loss in the plane", xlabel="alpha", ylabel="beta", aspect="equal")
    bar = figure.colorbar(drawn, ax=area, ticks=[LOW, 0.1, 1, 10])
    bar.ax.set_yticklabels([str(LOW), "0.1", "1", "10"])
    middle = side // 2
    for (label, colour, dashes), heights in zip(
        _LINES, (plane[middle], plane[:, middle]), strict=True
    ):
        lines.plot(places, heights, color=colour, linestyle=dashes, label=label)
    lines.set(title="loss along the directions", xlabel="step", yscale="log", ylim=(LOW, HIGH))
    lines.legend(loc="upper center")
    told = f"A plane of losses and two lines through its centre. {result['text']}"
    return Picture(figure, told)
