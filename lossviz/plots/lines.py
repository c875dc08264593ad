"""Lines through a landscape, with training and test part, and the barriers between two models."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.patheffects as effects
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from lossviz import _checks
from lossviz.plots import _fields as fields
from lossviz.plots._fields import number
from lossviz.plots._scales import is_wide
from lossviz.plots._series import called, legend_of, series_marks
from lossviz.plots.style import Mark, Picture, grid, listed, styled

# Colours that stand for no common activation.
_TRAINING, _TEST = Mark("#000000", "o", "-"), Mark("#AA3377", "^", (0, (5, 2)))
_BAR = "barrier"  # what the bars among an Axes' lines are known by
_LOW = 0.08  # of the axis: a bar that is lower has its height beneath it, not beside it
_NEAR = 0.12  # of alpha: a bar that has another so close to its right has its height on the left
_ROUNDING = 1e-12  # of the losses at the ends: less is no barrier
_PARTS = (("", "training part", _TRAINING), ("test_", "test part", _TEST))


@styled
def loss_lines(lines: xr.Dataset | Mapping[str, xr.Dataset], accuracy: bool = False) -> Picture:
    """Draw the loss along lines, on the training part and, where known, on the test part.

    Panels share their vertical axis, which is logarithmic where the largest loss is more than 30
    times the smallest. Points that are not finite are gaps. A dotted line marks alpha = 0.

    Args:
        lines: what :func:`lossviz.loss_line` or :func:`lossviz.interpolate` return, or several
            by their labels: a panel each.
        accuracy: whether to draw the accuracies in a row beneath.

    Returns:
        A picture of one row, or of two.

    Raises:
        ValueError: if there is no line, one lacks what is to be drawn, or nothing is finite.
        TypeError: if ``accuracy`` is no truth value.

    Example:
        >>> import numpy as np, xarray as xr
        >>> x = np.linspace(-1.0, 1.0, 5)
        >>> line = xr.Dataset({"loss": ("alpha", x**2), "test_loss": ("alpha", (x - 0.5) ** 2)},
        ...                   coords={"alpha": x})
        >>> loss_lines(line).alt[-36:]
        'The two lowest points are 0.5 apart.'
    """
    lines = fields.datasets("lines", lines, "alpha")
    rows = ["loss", "accuracy"] if _checks.switch("accuracy", accuracy) else ["loss"]
    fields.has("lines", lines, *rows)
    size = (5.6, 3.0) if len(lines) == 1 else (2.7, 2.5)
    figure, panels = grid(len(rows), len(lines), size, sharex="col", sharey="row")
    for row, variable in zip(panels, rows, strict=True):
        _row(row, lines, variable)
    for axes, label in zip(panels[0], lines, strict=True):
        axes.set_title(called(label))
    for axes in panels[-1]:
        axes.set_xlabel("alpha")
    legend_of(figure, panels)
    told = " ".join(_line_in_words(called(label), line) for label, line in lines.items())
    measured = listed([{"loss": "Loss", "accuracy": "accuracy"}[name] for name in rows])
    return Picture(figure, f"{measured} along {_ways(len(lines))}. {told}")


def _ways(count: int) -> str:
    return "a line through the landscape" if count == 1 else f"{count} lines, a panel each"


def _row(row: np.ndarray, lines: Mapping[str, xr.Dataset], variable: str) -> None:
    """Draw a variable of every line on one scale."""
    everything = []
    for axes, line in zip(row, lines.values(), strict=True):
        for prefix, label, look in _PARTS:
            if (name := prefix + variable) in line:
                everything.append(height := _heights(line, name))
                axes.plot(line.alpha.values, height, color=look.colour, linestyle=look.dashes,
                          marker=look.marker, markevery=0.2, markersize=5, label=label)  # fmt: skip
        if line.alpha.values[0] < 0 < line.alpha.values[-1]:
            axes.axvline(0, color="#555555", linewidth=0.9, linestyle=":")
    finite = fields.some_finite("lines", variable, everything)
    log = not fields.is_share(variable) and is_wide(finite)
    row[0].set(ylabel=variable, yscale="log" if log else "linear")


def _heights(line: xr.Dataset, variable: str) -> np.ndarray:
    """Return what is drawn of a variable: gaps where it is not finite."""
    height = fields.values("lines", line, variable, "alpha")
    return np.where(np.isfinite(height), height, np.nan)


def _line_in_words(label: str, line: xr.Dataset) -> str:
    """Say where each loss is lowest, how high it gets, and whether the two agree."""
    alpha, lowest, parts = line.alpha.values, [], []
    for prefix, _, _ in _PARTS:
        if (name := f"{prefix}loss") not in line:
            continue
        height = _heights(line, name)
        known = np.isfinite(height)
        called_ = fields.called(name, line)
        if not known.any():
            parts.append(f"{called_} nowhere finite")
            continue
        lowest.append(float(alpha[np.nanargmin(height)]))
        gaps = f", not finite at {(~known).sum()} of {len(alpha)} points" if not known.all() else ""
        parts.append(
            f"{called_} lowest at alpha = {lowest[-1]:.2g} ({number(np.nanmin(height))}), highest "
            f"{number(np.nanmax(height))}{gaps}"
        )
    agree = ""
    if len(lowest) == 2:
        apart = lowest[1] - lowest[0]
        agree = f" The two lowest points are {abs(apart):.2g} apart." if apart else (
            " Both are lowest at the same point.")  # fmt: skip
    start = f"{label}: " if label else ""
    said = listed(parts)
    return f"{start}{said if label else fields.capital(said)}.{agree}"


@styled
def barriers(lines: xr.Dataset | Mapping[str, xr.Dataset], variable: str = "loss") -> Picture:
    r"""Draw the loss along ways between two models, and the height of the barrier on each.

    The barrier is what a way climbs above the straight line between the losses at its ends
    (Frankle et al. 2020, arXiv 1912.05671),

    .. math:: \max_\alpha L(\alpha) - ((1 - \alpha) L(0) + \alpha L(1)).

    That line is dotted; a bar with the height marks where it is exceeded most.

    Args:
        lines: what :func:`lossviz.interpolate` or :func:`lossviz.connect` return, or several by
            their labels, all drawn into one panel.
        variable: the name of one of their variables.

    Returns:
        A picture of one panel.

    Raises:
        ValueError: if there is no line or too many, one lacks the variable or does not run from
            alpha = 0 to 1, or its ends are not finite.
        TypeError: if ``variable`` is no name.

    Example:
        >>> import numpy as np, xarray as xr
        >>> x = np.linspace(0.0, 1.0, 5)
        >>> hill = xr.Dataset({"loss": ("alpha", x * (1 - x))}, coords={"alpha": x})
        >>> barriers({"straight": hill}).alt[-51:]
        'straight: from 0 to 0, barrier 0.25 at alpha = 0.5.'
    """
    lines = fields.datasets("lines", lines, "alpha")
    variable = fields.chosen("variable", variable, "lines", lines)
    looks = series_marks("lines", lines)
    figure, ((axes,),) = grid(1, 1, (6.0, 3.4))
    told = []
    for label, line in lines.items():
        told.append(_barrier(axes, called(label), line, variable, looks[label]))
    _label_barriers(axes)
    name = fields.called(variable, next(iter(lines.values())))
    axes.set(xlabel="alpha, from the first model to the second", ylabel=name)
    if any(lines):
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=3.2)
    many = "ways" if len(lines) > 1 else "a way"
    return Picture(
        figure, f"{fields.capital(name)} along {many} between two models. {' '.join(told)}"
    )


def _barrier(axes: Axes, label: str, line: xr.Dataset, variable: str, look: Mark) -> str:
    """Draw one way, its chord and its barrier; say how high."""
    alpha, height = line.alpha.values, _heights(line, variable)
    if alpha[0] != 0 or alpha[-1] != 1 or not np.isfinite(height[[0, -1]]).all():
        raise ValueError(
            f"lines must run from alpha = 0 to 1, with a finite {variable} at both ends; got "
            f"{alpha[0]:g} to {alpha[-1]:g}, with {height[0]:g} and {height[-1]:g}."
        )
    chord = (1 - alpha) * height[0] + alpha * height[-1]
    top = int(np.nanargmax(height - chord))
    axes.plot(alpha, height, color=look.colour, linestyle=look.dashes, marker=look.marker,
              markevery=0.2, markersize=5, label=label)  # fmt: skip
    axes.plot(alpha[[0, -1]], chord[[0, -1]], color=look.colour, linewidth=1, linestyle=":")
    ends = f"from {number(height[0])} to {number(height[-1])}"
    start = f"{label}: {ends}" if label else fields.capital(ends)
    barrier = height[top] - chord[top]
    holes = int(np.isnan(height).sum())
    gaps = f" Not finite at {holes} of {len(alpha)} points." if holes else ""
    if barrier <= _ROUNDING * np.abs(height[[0, -1]]).max():
        return f"{start}, no barrier.{gaps}"
    axes.plot(alpha[[top, top]], [chord[top], height[top]], color=look.colour, linewidth=1.2,
              marker="_", markersize=9, gid=_BAR)  # fmt: skip
    return f"{start}, barrier {number(barrier)} at alpha = {alpha[top]:.2g}.{gaps}"


def _label_barriers(axes: Axes) -> None:
    """Write its height beside each bar, on the side without another, or beneath a low one."""
    low, high = axes.get_ylim()
    bars = [line for line in axes.get_lines() if line.get_gid() == _BAR]
    places = [bar.get_xdata()[0] for bar in bars]
    for bar, place in zip(bars, places, strict=True):
        bottom, top = bar.get_ydata()
        short = top - bottom < _LOW * (high - low)
        crowded = any(0 < other - place < _NEAR for other in places)
        note = axes.annotate(
            number(top - bottom), (place, bottom if short else (bottom + top) / 2),
            xytext=(0, -6) if short else (-5 if crowded else 5, 0), textcoords="offset points",
            color=bar.get_color(), va="top" if short else "center",
            ha="center" if short else "right" if crowded else "left",
        )  # fmt: skip
        if short:
            axes.set_ylim(bottom=min(axes.get_ylim()[0], bottom - _LOW * (high - low)))
        note.set_path_effects([effects.withStroke(linewidth=3, foreground="white")])
