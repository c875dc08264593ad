"""Estimates with intervals, and outcomes of many comparisons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float

from lossviz import _checks
from lossviz.activations import get_activation
from lossviz.plots import _inputs as inputs
from lossviz.plots.style import Picture, grid, listed, mark, styled

# Colour and letter of each outcome.
_OUTCOMES = {
    "holds": ("#4477AA", "H", "white"),
    "fails": ("#CC6677", "F", "white"),
    "open": ("#EEEEEE", "o", "#333333"),
    "void": ("#FFFFFF", "", "#333333"),
}


@styled
def estimate_rows(
    panels: Mapping[str, Mapping[str, Mapping[str, Float[np.ndarray, "3"]]]],
    label: str,
    log: bool = False,
) -> Picture:
    """Draw estimates with their intervals: a row per label, a marker per activation.

    Args:
        panels: for each panel's title, for each row's label, for each activation: the estimate
            and the lower and upper end of its interval.
        label: what is estimated, for the horizontal axes.
        log: whether the horizontal axes are logarithmic; all numbers must then be above 0.

    Returns:
        A picture whose panels share their rows and their horizontal axis.

    Raises:
        ValueError: if there is no panel or row, panels differ in their rows, an activation is
            unknown, or numbers are not three, finite, with the lower end first.
        TypeError: if ``label`` is no text or ``log`` no boolean.

    Example:
        >>> estimate_rows({"Iris": {"b = 1": {"elu": (0.5, 0.4, 0.6)}}}, "test loss").alt
        'Estimates of test loss with intervals. Iris, b = 1: ELU 0.5 (0.4 to 0.6).'
    """
    label, log = inputs.text("label", label), _checks.switch("log", log)
    found = {title: inputs.mapping("panels", rows) for title, rows in
             inputs.mapping("panels", panels).items()}  # fmt: skip
    rows = list(next(iter(found.values())))
    if any(list(each) != rows for each in found.values()):
        raise ValueError(
            "panels must have the same rows in the same order; got "
            f"{[list(each) for each in found.values()]}."
        )
    size = (max(2.2, 7.8 / len(found)), 0.9 + 0.42 * len(rows))
    figure, (axes,) = grid(1, len(found), size, sharex=True, sharey=True)
    told = []
    for ax, (title, of_rows) in zip(axes, found.items(), strict=True):
        for place, row in enumerate(rows):
            told.append(f"{title}, {row}: {_row(ax, place, of_rows[row], log)}.")
        ax.set_title(title)
    axes[0].set(yticks=range(len(rows)), yticklabels=rows, ylim=(len(rows) - 0.5, -0.5))
    figure.supxlabel(label, fontsize="medium")
    if log:
        axes[0].set_xscale("log")
    handles = {text: line for ax in axes for line, text in zip(*ax.get_legend_handles_labels(),
               strict=True)}  # fmt: skip
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=max(1, len(handles)))
    return Picture(figure, f"Estimates of {label} with intervals. {' '.join(told)}")


def _row(axes: object, place: int, row: object, log: bool) -> str:
    estimates = inputs.mapping("panels", row)
    offsets = np.linspace(-0.25, 0.25, len(estimates)) if len(estimates) > 1 else [0.0]
    told = []
    for (name, numbers), offset in zip(estimates.items(), offsets, strict=True):
        activation, look = get_activation(name), mark(name)
        value, low, high = inputs.line(f"panels, {name},", numbers, 3)
        if low > high or (log and min(value, low) <= 0):
            raise ValueError(
                f"the interval of each of panels must not end below its start"
                f"{', and lie above 0' if log else ''}; got {value:g} in {low:g} to {high:g}."
            )
        axes.plot([low, high], [place + offset] * 2, color=look.colour, linewidth=1.5)
        axes.plot(value, place + offset, look.marker, color=look.colour, markersize=6,
                  label=activation.label)  # fmt: skip
        told.append(f"{activation.label} {value:.3g} ({low:.3g} to {high:.3g})")
    return listed(told)


@styled
def outcome_grid(outcomes: Mapping[str, Mapping[str, str]], columns: Sequence[str]) -> Picture:
    """Draw under which conditions a claim holds, as a grid of coloured cells with letters.

    Args:
        outcomes: for each row's label, for each column's label, ``"holds"``, ``"fails"``,
            ``"open"`` or ``"void"``; a column that a row lacks is drawn as void.
        columns: labels of the columns, in their order.

    Returns:
        A picture of one panel.

    Raises:
        ValueError: if there is no row or column, or an outcome or a column is unknown.

    Example:
        >>> grid = {"XOR": {"full": "fails", "blockwise": "holds"}}
        >>> outcome_grid(grid, ["full", "blockwise"]).alt
        'Outcomes by condition. XOR: holds in blockwise; fails in full.'
    """
    rows = inputs.mapping("outcomes", outcomes)
    columns = inputs.words("columns", columns)
    size = (2.2 + 0.78 * len(columns), 1.0 + 0.3 * len(rows))
    figure, ((axes,),) = grid(1, 1, size)
    told = []
    for place, (label, row) in enumerate(rows.items()):
        row = inputs.mapping("outcomes", row)
        for name, outcome in row.items():
            _checks.one_of("a column of outcomes", name, columns)
            _checks.one_of("each of outcomes", outcome, _OUTCOMES)
        for at, name in enumerate(columns):
            colour, letter, ink = _OUTCOMES[row.get(name, "void")]
            axes.fill([at, at + 1, at + 1, at], [place, place, place + 1, place + 1], colour,
                      edgecolor="#bbbbbb", linewidth=0.8)  # fmt: skip
            axes.text(at + 0.5, place + 0.5, letter, color=ink, ha="center", va="center",
                      fontsize="small")  # fmt: skip
        told.append(f"{label}: {_row_in_words(row)}.")
    axes.set(xlim=(0, len(columns)), ylim=(len(rows), 0), xticks=np.arange(len(columns)) + 0.5,
             yticks=np.arange(len(rows)) + 0.5)  # fmt: skip
    axes.set_xticklabels(columns, rotation=30, ha="left")
    axes.set_yticklabels(rows)
    axes.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    axes.grid(visible=False)
    axes.set_xlabel("H holds · F fails · o open · empty: nothing to compare")
    return Picture(figure, f"Outcomes by condition. {' '.join(told)}")


def _row_in_words(row: Mapping[str, str]) -> str:
    parts = [
        f"{outcome} in {listed([name for name, said in row.items() if said == outcome])}"
        for outcome in ("holds", "fails", "open")
        if outcome in row.values()
    ]
    return "; ".join(parts) or "nothing to compare"
