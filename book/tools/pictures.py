"""Draw the picture of the landing page and the README, and that of link previews, from new walks.

Usage: python book/tools/pictures.py
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

import lossviz as lv
from lossviz.plots.style import mark

ASSETS = Path(__file__).parents[1] / "assets"
TITLE = "Activation functions and loss landscapes"
LEVELS = (0.0, np.log(2) / 2, 0.75 * np.log(3) - 0.5 * np.log(2), np.log(2))


def main() -> None:
    """Sample XOR with each activation and write the clouds."""
    walks = [
        lv.progressive_gradient_walk(
            lv.Landscape("xor", name), 90, 1000, 0.02, 1.0, seed=0
        )
        for name in ("tanh", "relu", "elu")
    ]
    save("xor-cloud.png", lv.plots.loss_gradient_cloud(walks, LEVELS).png())
    save("card.png", card(walks))


def save(name: str, content: bytes) -> None:
    """Write a picture among the book's assets, and say how large it is."""
    (ASSETS / name).write_bytes(content)
    print(f"wrote {name}, {len(content) / 1000:.0f} kB")


def card(walks: Sequence[xr.Dataset]) -> bytes:
    """Return the picture of link previews as PNG, 1200 by 630 pixels."""
    figure = Figure(figsize=(12, 6.3), dpi=100, facecolor="white")
    figure.text(0.05, 0.86, TITLE, fontsize=32, weight="bold")
    figure.text(
        0.05,
        0.775,
        "Sampled networks on XOR: loss across, gradient norm up",
        fontsize=19,
        color="#444444",
    )
    panels = figure.subplots(1, len(walks), sharex=True, sharey=True)
    figure.subplots_adjust(
        left=0.05, right=0.97, top=0.66, bottom=0.06, wspace=0.08
    )
    for axes, sample in zip(panels, walks, strict=True):
        draw_cloud(axes, sample)
    with io.BytesIO() as raw, io.BytesIO() as packed:
        figure.savefig(raw, format="png")
        colours = Image.open(raw).convert("RGB")
        colours.quantize(64, dither=Image.Dither.NONE).save(
            packed, format="png", optimize=True
        )
        return packed.getvalue()


def draw_cloud(axes: Axes, sample: xr.Dataset) -> None:
    """Draw every point of a sample, without scales: a card is looked at for a second."""
    activation = lv.get_activation(sample.attrs["activation"])
    look = mark(activation.name)
    axes.plot(
        sample.loss.values.ravel(),
        sample.gradient_norm.values.ravel(),
        look.marker,
        color=look.colour,
        markersize=2,
        alpha=0.25,
        markeredgewidth=0,
    )
    for level in LEVELS:
        axes.axvline(level, color="black", linewidth=0.8, linestyle=":")
    axes.set(xlim=(-0.02, 0.8), ylim=(-0.02, 1.2), xticks=[], yticks=[])
    axes.set_title(activation.label, fontsize=22, loc="left")
    axes.spines[["top", "right"]].set_visible(False)


if __name__ == "__main__":
    main()
