"""The still picture of a walk race, and how samplers look in it and on a page."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lossviz.explorers._controls import State
from lossviz.explorers._words import percent
from lossviz.plots.style import Picture, grid, styled


@dataclass(frozen=True)
class Look:
    """How a sampler is drawn: its colour, one for a dark ground, and the dashes of its line.

    These colours are none of the activations'. Lines of samplers that took the same walks lie
    on each other, so the dashes leave room for those below.
    """

    label: str
    colour: str
    light: str
    dashes: tuple[int, ...]
    width: float

    def spec(self) -> dict[str, Any]:
        """Return what the page needs to know."""
        return asdict(self)


LOOKS = {
    "random": Look("random", "#6b6b6b", "#c8c8c8", (2, 2), 2),
    "progressive": Look("progressive", "#8c6d1f", "#dcc06a", (8, 3, 2, 3), 2),
    "increase": Look("gradient, increase", "#5b3fa8", "#b9a3f5", (), 4),
    "stay": Look("gradient, stay", "#0b7a66", "#6fd3be", (9, 7), 3),
    "random_sign": Look("gradient, random sign", "#c02a78", "#f58cc0", (2, 6), 2.5),
}


# A picture stands twice in a notebook, so it has every second point, and no bands.
_THIN = 2


@styled
def draw(result: dict[str, Any], state: State) -> Picture:  # noqa: ARG001 - what pictures take
    """Draw losses by step, and a loss-gradient cloud for each sampler."""
    figure, panels = grid(2, 3, (2.25, 1.75))
    race, *clouds = panels.ravel()
    looks = list(LOOKS.values())
    for look, sampler in zip(looks, result["samplers"], strict=True):
        _draw_line(race, look, sampler)
    race.set(title="loss along the walks", xlabel="step", ylabel="loss")
    figure.legend(loc="outside lower center", ncols=3, fontsize="small", handlelength=3)
    ends = result["axes"]
    room = 0.03 * (ends["right"] - ends["left"])
    for axes, look, sampler in zip(clouds, looks, result["samplers"], strict=True):
        axes.plot(
            sampler["loss"][::_THIN], sampler["norm"][::_THIN], "s", color=look.colour,
            markersize=1.2, markeredgewidth=0, antialiased=False,
        )  # fmt: skip
        axes.set(
            title=look.label, xlabel="loss", ylabel="gradient norm",
            xlim=(ends["left"] - room, ends["right"]), ylim=(-0.03 * ends["top"], ends["top"]),
        )  # fmt: skip
    return Picture(
        figure, "Loss against step, median over walks, for five samplers; and "
        "gradient norm against loss at every second point of each sampler, of which at most "
        f"{percent(ends['outside'])} lie outside the axes. {result['text']}"
    )  # fmt: skip


def _draw_line(axes: Axes, look: Look, sampler: dict[str, Any]) -> None:
    steps = np.arange(len(sampler["median"]))
    dashes = (0, tuple(length / look.width for length in look.dashes)) if look.dashes else "-"
    axes.plot(steps, sampler["median"], color=look.colour, linestyle=dashes,
              linewidth=0.75 * look.width, label=look.label)  # fmt: skip
