"""The largest eigenvalues while a network trains, and points of several kinds side by side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Int
from matplotlib.axes import Axes

from lossviz import _checks
from lossviz.plots import _inputs as inputs
from lossviz.plots._fields import number
from lossviz.plots._series import called, legend_of, series_marks
from lossviz.plots.style import Mark, Picture, grid, listed, styled

_APART, _BULK = Mark("#0072B2", "o", "-"), Mark("#777777", "x", "-")

_Spectra = tuple[Float[np.ndarray, "step rank"], Int[np.ndarray, "step"]]


@styled
def outlier_tracks(steps: Int[np.ndarray, "step"], spectra: Mapping[str, _Spectra]) -> Picture:
    """Draw the largest eigenvalues at some steps of training, and which of them stand apart.

    Args:
        steps: steps of training, ascending, shape (steps,).
        spectra: for each panel's label, the largest eigenvalues in descending order, above 0,
            shape (steps, ranks), and how many of them stand apart at each step, shape (steps,).

    Returns:
        A picture of one panel per label, with common axes; the vertical one is logarithmic.

    Raises:
        ValueError: if there is no panel, shapes differ, eigenvalues are not positive and
            descending, or a count is no whole number from 0 to their number.
        TypeError: if eigenvalues or counts are no numbers.

    Example:
        >>> tops, counts = [[3.0, 2.0, 1.0], [9.0, 8.0, 1.0]], [1, 2]
        >>> outlier_tracks([0, 10], {"relu": (tops, counts)}).alt[-57:]
        'ReLU: 1 at step 0, 2 at step 10; the largest from 3 to 9.'
    """
    places = inputs.line("steps", steps)
    if not len(places) or (np.diff(places) <= 0).any():
        raise ValueError(f"steps must be ascending, at least one; got {places.tolist()}.")
    found = {label: _checked(each, len(places))
             for label, each in inputs.mapping("spectra", spectra).items()}  # fmt: skip
    figure, (panels,) = grid(1, len(found), (2.9, 3.0), sharex=True, sharey=True)
    told = []
    for axes, (label, (values, counts)) in zip(panels, found.items(), strict=True):
        apart = np.arange(values.shape[1]) < counts[:, None]
        across = np.broadcast_to(np.arange(len(places))[:, None], values.shape)
        for chosen, look, name in ((apart, _APART, "apart"), (~apart, _BULK, "others")):
            axes.plot(across[chosen], values[chosen], look.marker, color=look.colour,
                      markersize=4, label=name)  # fmt: skip
        axes.set(title=called(label), xlabel="step", yscale="log")
        axes.set_xticks(range(len(places)), [f"{place:g}" for place in places])
        said = listed([f"{n} at step {p:g}" for n, p in zip(counts, places, strict=True)])
        said = said.replace(" and ", ", ")
        ends = f"{number(values[0, 0])} to {number(values[-1, 0])}"
        told.append(f"{called(label)}: {said}; the largest from {ends}.")
    panels[0].set_ylabel("eigenvalue")
    legend_of(figure, panels)
    return Picture(
        figure, f"Largest Hessian eigenvalues at steps of training, on a logarithmic axis. "
        f"Standing apart: {' '.join(told)}"
    )  # fmt: skip


def _checked(got: object, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues (steps, ranks) and counts (steps,)."""
    if not isinstance(got, tuple) or len(got) != 2:
        raise ValueError(f"spectra must have a pair, eigenvalues and counts, each; got {got!r}.")
    values = _checks.array("eigenvalues in spectra", got[0], length, None)
    if not values.size or values.min() <= 0 or (np.diff(values, axis=1) > 0).any():
        raise ValueError(
            "eigenvalues in spectra must be positive and descending; got "
            f"{values.tolist() if values.size < 10 else values.shape}."
        )
    counts = _checks.array("counts in spectra", got[1], length)
    most = values.shape[1]
    if (counts != np.round(counts)).any() or counts.min() < 0 or counts.max() > most:
        raise ValueError(
            f"counts in spectra must be whole numbers from 0 to {most}; got {counts.tolist()}."
        )
    return values, counts.astype(int)


@styled
def point_groups(panels: Mapping[str, Mapping[str, tuple]], xlabel: str, ylabel: str) -> Picture:
    """Draw one number against another, in panels, with a mark for each group of points.

    Args:
        panels: for each panel's title, for each group's label, the numbers across and up, each of
            shape (points,).
        xlabel: what lies across.
        ylabel: what lies up.

    Returns:
        A picture whose panels share the vertical axis.

    Raises:
        ValueError: if there is no panel, group or point, too many groups, shapes differ, or a
            number is not finite.
        TypeError: if a label is no text.

    Example:
        >>> point_groups({"tanh": {"gd": ([1.0, 2.0], [0.4, 0.3])}}, "sharpness", "test loss").alt
        'test loss against sharpness. tanh: gd, 2 points, median 1.5 across and 0.35 up.'
    """
    xlabel, ylabel = inputs.text("xlabel", xlabel), inputs.text("ylabel", ylabel)
    found = inputs.mapping("panels", panels)
    groups = {title: inputs.mapping("panels", each) for title, each in found.items()}
    looks = series_marks(
        "groups in panels", dict.fromkeys(g for each in groups.values() for g in each)
    )
    figure, (row,) = grid(1, len(found), (2.9, 3.0), sharey=True)
    told = [_groups(axes, title, each, looks)
            for axes, (title, each) in zip(row, groups.items(), strict=True)]  # fmt: skip
    for axes in row:
        axes.set_xlabel(xlabel)
    row[0].set_ylabel(ylabel)
    legend_of(figure, row)
    return Picture(figure, f"{ylabel} against {xlabel}. {' '.join(told)}")


def _groups(axes: Axes, title: str, groups: dict, looks: dict[str, Mark]) -> str:
    """Draw the groups of one panel, and say where their middles lie."""
    told = []
    for label, pair in groups.items():
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise ValueError(f"panels must have a pair of arrays for each group; got {pair!r}.")
        across = inputs.line("panels", pair[0])
        up = inputs.line("panels", pair[1], len(across))
        look = looks[label]
        axes.plot(across, up, look.marker, color=look.colour, markersize=5, label=called(label))
        middle = f"median {number(np.median(across))} across and {number(np.median(up))} up"
        told.append(f"{called(label)}, {len(across)} points, {middle}")
    axes.set_title(called(title))
    return f"{called(title)}: {'; '.join(told)}."
