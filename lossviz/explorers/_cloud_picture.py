"""The linked cloud's still picture, and how kinds of curvature are told apart in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from lossviz.curvature._classes import INERTIA_KINDS
from lossviz.explorers._controls import State
from lossviz.plots.clouds import INERTIA_BARS
from lossviz.plots.style import Picture, grid, styled

# Edge and shape of each kind of inertia; the fills are those of `plots.curvature_shares`, and pale
# ones have a darker edge. Within a picture no two share a shape: colour is never needed.
_EDGES = (
    ("#4477AA", "circle"),
    ("#4477AA", "square"),
    ("#CC6677", "triangle"),
    ("#CC6677", "diamond"),
    ("#777777", "cross"),
)

# Fill, edge and shape of all kinds: of inertia, and the classes that are none of these.
_MARKS = {
    kind: (fill, *edge)
    for kind, (fill, _), edge in zip(INERTIA_KINDS, INERTIA_BARS, _EDGES, strict=True)
} | {
    "singular": ("#DDCC77", "#887722", "square"),
    "concave": ("#AA4499", "#AA4499", "diamond"),
    "undetermined": ("#BBBBBB", "#777777", "cross"),
}
_POINT = ("#4477AA", "#4477AA", "circle")
_MARKERS = {"circle": "o", "square": "s", "triangle": "^", "diamond": "D", "cross": "X"}


def marks(names: list[str]) -> list[dict[str, str]]:
    """Return how kinds are drawn; without kinds, how a point is."""
    found = [_MARKS[name] for name in names] or [_POINT]
    return [dict(zip(("fill", "edge", "shape"), mark, strict=True)) for mark in found]


@styled
def draw(data: dict[str, Any], result: dict[str, Any], state: State) -> Picture:  # noqa: ARG001
    """Return the cloud with its brush, and a panel for each of what was measured."""
    drawn = [(_draw_cloud, data)]
    if result["kinds"] is not None:
        drawn.append((_draw_kinds, result["kinds"]))
    if result["saturation"] is not None:
        drawn.append((_draw_saturation, result["saturation"]))
    if result["outputs"] is not None:
        drawn.append((_draw_outputs, data["outputs"]["title"]))
    figure, (panels,) = grid(1, len(drawn), (2.3 if len(drawn) > 1 else 3.4, 2.2))
    for axes, (paint, what) in zip(panels, drawn, strict=True):
        paint(axes, what, result)
    return Picture(
        figure, "Loss against gradient norm with a brush over a part of the cloud, and what was "
        f"measured at the points in it. {result['text']}"
    )  # fmt: skip


def _draw_cloud(axes: Axes, data: dict[str, Any], result: dict[str, Any]) -> None:
    inside = result["inside"].astype(bool)
    kinds = np.zeros(len(inside), dtype=int)
    if data["kinds"] is not None:
        kinds = np.frombuffer(data["kinds"].encode(), dtype=np.uint8) - ord("0")
    for kind, mark in enumerate(data["marks"]):
        for mine, alpha in ((~inside, 0.25), (inside, 0.9)):
            chosen = mine & (kinds == kind)
            axes.plot(
                data["loss"][chosen], data["gradient"][chosen], _MARKERS[mark["shape"]],
                markerfacecolor=mark["fill"], markeredgecolor=mark["edge"], alpha=alpha,
                markersize=3, markeredgewidth=0.4, linestyle="none",
            )  # fmt: skip
    (left, right), (low, high) = result["ends"]["loss"], result["ends"]["gradient"]
    axes.add_patch(
        Rectangle((left, low), right - left, high - low, fill=False, edgecolor="black", zorder=3)
    )
    along = data["axes"]
    first = "log₁₀ " if data["log"] else ""
    axes.set(
        xlim=_open(along["loss"]), ylim=_open(along["gradient"]), xlabel=f"{first}loss",
        ylabel=f"{first}gradient norm", title="the cloud and its brush",
    )  # fmt: skip


def _open(along: dict[str, float]) -> tuple[float, float]:
    """Return an axis' ends with some room, so that a brush at an end is seen."""
    room = 0.02 * (along["high"] - along["low"])
    return along["low"] - room, along["high"] + room


def _draw_kinds(axes: Axes, kinds: dict[str, Any], _: dict[str, Any]) -> None:
    rows = np.arange(len(kinds["names"]))
    colours = [mark["fill"] for mark in marks(kinds["names"])]
    edges = [mark["edge"] for mark in marks(kinds["names"])]
    axes.barh(rows - 0.2, 100 * kinds["inside"], 0.4, color=colours, edgecolor=edges)
    axes.barh(rows + 0.2, 100 * kinds["all"], 0.3, fill=False, edgecolor="black")
    axes.set(yticks=rows, yticklabels=kinds["names"], xlabel="share (%)",
             title="curvature")  # fmt: skip
    axes.invert_yaxis()


def _draw_saturation(axes: Axes, bins: dict[str, Any], _: dict[str, Any]) -> None:
    edges = np.linspace(0, 1, len(bins["all"]) + 1)
    axes.stairs(100 * bins["inside"], edges, fill=True, color="#4477AA")
    axes.stairs(100 * bins["all"], edges, color="black")
    axes.set(xlabel="saturation", ylabel="share (%)", title="saturation")


def _draw_outputs(axes: Axes, title: str, result: dict[str, Any]) -> None:
    rows = result["outputs"]
    for place, row in enumerate(rows):
        tallest = max(row["inside"].max(), row["all"].max()) / 0.8
        edges = np.linspace(0, 1, len(row["all"]) + 1)
        for which, look in (
            ("inside", {"fill": True, "color": "#4477AA"}), ("all", {"color": "black"})
        ):  # fmt: skip
            base = len(rows) - 1 - place
            axes.stairs(base + row[which] / tallest, edges, baseline=base, **look)
    axes.set(
        yticks=np.arange(len(rows))[::-1] + 0.1, yticklabels=[row["label"] for row in rows],
        xlabel="output", title=title[0].lower() + title[1:],
    )  # fmt: skip
