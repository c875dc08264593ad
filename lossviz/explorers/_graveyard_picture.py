"""The still picture of the unit graveyard."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossviz.explorers._controls import State
from lossviz.plots.style import Picture, grid, styled

#: Half the width of the plane that is shown; ``js/unit_graveyard.js`` has the same.
SPAN = 2.5


@styled
def draw(data: dict[str, Any], result: dict[str, Any], state: State) -> Picture:
    """Draw kinks over the points, and on how many points each unit is on at each step."""
    figure, ((plane, strips),) = grid(1, 2, (4.2, 3.4))
    points = np.asarray(data["points"], dtype=float)
    units = np.asarray(data["starts"]).shape[1]
    on = result["on"].reshape(-1, units)
    step = int(result["step"])
    lines = result["lines"].reshape(units, 3)
    for number, (line, count) in enumerate(zip(lines, on[step], strict=True), start=1):
        _kink(plane, line, number, alive=bool(count) or state["leak"] > 0)
    for target, marker, colour in ((1, "^", "#D55E00"), (-1, "o", "#0072B2")):
        x, y = points[points[:, 2] == target, :2].T
        plane.plot(x, y, marker, color=colour, markeredgecolor="white", markersize=6)
    plane.set(title=f"kinks at step {step}", xlabel="first input", ylabel="second input",
              xlim=(-SPAN, SPAN), ylim=(-SPAN, SPAN))  # fmt: skip
    plane.grid(visible=False)
    image = strips.imshow(on.T / len(points), aspect="auto", origin="lower", vmin=0, vmax=1,
                          extent=(-0.5, len(on) - 0.5, 0.5, units + 0.5), cmap="viridis",
                          interpolation="nearest")  # fmt: skip
    strips.axvline(step, color="white", linewidth=1.5)
    for number in np.flatnonzero(on[step] == 0):
        strips.text(len(on) * 1.01, number + 1, "✝" if state["leak"] == 0 else "-", va="center")
    strips.set(title="share of points where a unit is on", xlabel="step", ylabel="unit")
    strips.grid(visible=False)
    figure.colorbar(image, ax=strips, pad=0.08)
    return Picture(
        figure, "Left, the lines on which units bend over the points; right, the share of points "
        f"on which each unit is on, step by step. {result['text']}"
    )  # fmt: skip


def _kink(axes: Any, line: np.ndarray, number: int, *, alive: bool) -> None:
    """Draw where a unit's net input is 0, with its number on the side where it is on."""
    w, b = line[:2], float(line[2])
    length = float(np.hypot(*w))
    if length == 0:
        return
    foot, along = -b * w / length**2, np.array([-w[1], w[0]]) / length
    ends = foot + np.outer([-9, 9], along)
    style = {"color": "black", "linewidth": 1.3} if alive else {"color": "#999999", "ls": ":"}
    axes.plot(*ends.T, **style)
    place = foot + 0.22 * w / length
    if np.abs(place).max() < SPAN:
        axes.text(*place, f"{number}" if alive else f"✝{number}", ha="center", va="center",
                  fontsize="small", color=style["color"])  # fmt: skip
