"""One look for every picture: colours, markers, and a figure that carries its own description."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

_P = ParamSpec("_P")


@dataclass(frozen=True)
class Mark:
    """How one activation is drawn, everywhere: colour, marker and line style together."""

    colour: str
    marker: str
    dashes: str | tuple


# The first four are Okabe and Ito's. The others were searched for: as far from these and from
# each other as these are among themselves, for readers who see all colours and for those who do
# not. Fourteen colours are many: marker and line style tell activations apart without any.
_MARKS = {
    "tanh": Mark("#0072B2", "o", "-"),
    "relu": Mark("#D55E00", "^", (0, (6, 2))),
    "elu": Mark("#009E73", "s", (0, (4, 1, 1, 1))),
    "sigmoid": Mark("#CC79A7", "D", (0, (1, 1))),
    "leaky_relu": Mark("#991100", "v", (0, (8, 2, 2, 2))),
    "selu": Mark("#88BB66", "P", (0, (4, 1, 1, 1, 1, 1))),
    "gelu": Mark("#000000", "*", (0, (2, 1))),
    "silu": Mark("#5577FF", "<", (0, (5, 1))),
    "softplus": Mark("#550011", ">", (0, (1, 2))),
    "mish": Mark("#88AAFF", "p", (0, (7, 1, 1, 1, 1, 1))),
    "hard_tanh": Mark("#221177", "h", (0, (3, 1, 3, 3))),
    "lecun_tanh": Mark("#2222BB", "d", (0, (12, 1))),
    "sine": Mark("#443366", "X", (0, (6, 2, 2, 2, 2, 2))),
    "identity": Mark("#0000FF", "8", (0, (10, 4))),
}
_OTHER = Mark("#444444", "x", (0, (3, 3)))

_RC = {
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "figure.dpi": 100,
    "figure.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "savefig.dpi": 130,
    "savefig.facecolor": "white",
}


def mark(name: str) -> Mark:
    """Return how an activation is drawn.

    Args:
        name: the activation's name.

    Returns:
        Colour, marker and line style; grey crosses for a name outside the zoo.

    Raises:
        TypeError: if the name is no string.

    Example:
        >>> mark("relu").marker
        '^'
    """
    if not isinstance(name, str):
        raise TypeError(f"name must be a string; got {name!r} ({type(name).__name__}).")
    return _MARKS.get(name, _OTHER)


class Picture:
    """A figure with a description in words, taken from the data it shows.

    In a notebook it displays as a PNG image whose alternative text is the description, which is
    also its plain text. The figure can be changed before it is shown or saved.

    Attributes:
        figure: the matplotlib figure.
        alt: the description.
    """

    def __init__(self, figure: Figure, alt: str) -> None:
        self.figure = figure
        self.alt = " ".join(alt.split())

    @property
    def axes(self) -> list[Axes]:
        """The figure's axes."""
        return self.figure.axes

    def __repr__(self) -> str:
        return self.alt

    def png(self) -> bytes:
        """Return the figure as PNG with at most 256 colours: a third of the size."""
        with _style(), io.BytesIO() as raw, io.BytesIO() as packed:
            self.figure.savefig(raw, format="png", bbox_inches="tight", pad_inches=0.08)
            Image.open(raw).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
                packed, format="png", optimize=True
            )
            return packed.getvalue()

    def save(self, path: str | Path) -> None:
        """Save the figure; the file's ending decides the format (png, svg, pdf)."""
        with _style():
            self.figure.savefig(Path(path), bbox_inches="tight")

    def _repr_mimebundle_(
        self,
        include: object = None,  # noqa: ARG002 - the protocol passes both
        exclude: object = None,  # noqa: ARG002
    ) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
        image = base64.b64encode(self.png()).decode()
        return {"image/png": image, "text/plain": self.alt}, {"image/png": {"alt": self.alt}}


@contextmanager
def _style() -> Iterator[None]:
    with mpl.rc_context(_RC):
        yield


def styled(plot: Callable[_P, Picture]) -> Callable[_P, Picture]:
    """Decorate a plotting function: it draws in our style and leaves rcParams as they were."""

    @wraps(plot)
    def draw(*args: _P.args, **kwargs: _P.kwargs) -> Picture:
        with _style():
            return plot(*args, **kwargs)

    return draw


def grid(rows: int, columns: int, size: tuple[float, float], **kwargs: object) -> tuple:
    """Return a new figure outside pyplot's state, and its axes as a (rows, columns) array."""
    width, height = size
    figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, **kwargs)
    return figure, np.asarray(axes)


def listed(words: list[str]) -> str:
    """Join words as in a sentence: 'a', 'a and b', 'a, b and c'."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def percent(share: float, whole: Callable[[float], str] = "{:.0f}".format) -> str:
    """Write a share as whole per cent; what is neither none nor all is never written as such.

    Args:
        share: in [0, 1].
        whole: writes a number without decimals; by default halves go to the even neighbour.

    Example:
        >>> percent(0.5), percent(0.001), percent(0.999)
        ('50 %', 'under 1 %', 'over 99 %')
    """
    if 0 < share <= 0.005:
        return "under 1 %"
    if 0.995 <= share < 1:
        return "over 99 %"
    return f"{whole(100 * share)} %"
