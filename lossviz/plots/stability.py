"""Sharpness during training, beside the largest that gradient descent can live with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from lossviz import _checks
from lossviz.plots import _fields as fields
from lossviz.plots._fields import number
from lossviz.plots._scales import is_wide
from lossviz.plots._series import called, legend_of, series_marks
from lossviz.plots.style import Mark, Picture, grid, styled


@styled
def stability(trajectories: xr.Dataset | Mapping[str, xr.Dataset]) -> Picture:
    """Draw sharpness against the step of training, with the limit of stability.

    Gradient descent on a quadratic diverges where the largest eigenvalue exceeds the limit
    2 / learning rate. On networks it is often seen to rise to about that line and to stay there:
    the *edge of stability* (Cohen et al. 2021, arXiv 2103.00065). The training loss is drawn
    above, where known.

    Args:
        trajectories: what :func:`lossviz.train` returns with ``sharpness`` measured at all or
            some steps, or several by their labels. The limit is their attribute
            ``stability_limit`` or, where no ``optimiser`` is named, 2 / ``learning_rate``; without
            either none is drawn.

    Returns:
        A picture of one panel, or of two with the same steps.

    Raises:
        ValueError: if there is no trajectory or too many, one lacks sharpness, has it at no step,
            or its limit is not positive.

    Example:
        >>> import numpy as np, xarray as xr
        >>> run = xr.Dataset({"sharpness": (("walk", "step"), [[5.0, 15.0, 21.0, 20.0]])},
        ...                  attrs={"learning_rate": 0.1})
        >>> stability(run).alt[-57:]
        'It goes from 5 to 20, above the limit 20 at 1 of 4 steps.'
    """
    found = fields.datasets("trajectories", trajectories)
    fields.has("trajectories", found, "sharpness")
    looks = series_marks("trajectories", found)
    both = all("loss" in run for run in found.values())
    rows = ["loss", "sharpness"] if both else ["sharpness"]
    figure, panels = grid(len(rows), 1, (6.2, 2.4 if both else 3.2), sharex=True)
    told = []
    for (axes,), variable in zip(panels, rows, strict=True):
        for label, run in found.items():
            steps, values = _measured(run, variable)
            _draw(axes, steps, values, looks[label], called(label))
            if variable == "sharpness":
                limit = _limit(axes, run, looks[label])
                told.append(_in_words(called(label), values, limit))
        finite = np.concatenate([_measured(run, variable)[1].ravel() for run in found.values()])
        log = variable == "loss" and is_wide(finite[np.isfinite(finite)])
        name = fields.called(variable, next(iter(found.values())))
        axes.set(ylabel=name, yscale="log" if log else "linear")
    panels[-1, 0].set(xlabel="step", ylim=(min(0, panels[-1, 0].get_ylim()[0]), None))
    legend_of(figure, panels)
    above = ", with the training loss above" if both else ""
    alt = f"Sharpness against the step of training{above}. {' '.join(told)}"
    return Picture(figure, alt)


def _measured(run: xr.Dataset, variable: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the steps at which any walk has a finite value, and values (walk, step)."""
    values = fields.values("trajectories", run, variable, "walk", "step")
    fields.some_finite("trajectories", variable, [values])
    steps = run.step.values if "step" in run.coords else np.arange(values.shape[1])
    some = np.isfinite(values).any(axis=0)
    return steps[some], np.where(np.isfinite(values), values, np.nan)[:, some]


def _draw(axes: Axes, steps: np.ndarray, walks: np.ndarray, look: Mark, label: str) -> None:
    for place, walk in enumerate(walks):
        axes.plot(
            steps, walk, color=look.colour, linestyle=look.dashes, linewidth=1.4,
            marker=look.marker, markevery=0.12, markersize=4,
            label=label if label and place == 0 else None,
        )  # fmt: skip


def _limit(axes: Axes, run: xr.Dataset, look: Mark) -> float | None:
    """Draw the largest sharpness that is stable, and return it, where it is known."""
    if "stability_limit" in run.attrs:
        limit = run.attrs["stability_limit"]
    elif "learning_rate" in run.attrs and "optimiser" not in run.attrs:
        name = "the learning_rate of trajectories"
        limit = 2 / _checks.real(name, run.attrs["learning_rate"], above=0)
    else:
        return None
    limit = _checks.real("the stability_limit of trajectories", limit, above=0)
    axes.axhline(limit, color=look.colour, linewidth=1.2, linestyle=":")
    axes.annotate(
        f"limit {number(limit)}", (1, limit), xycoords=("axes fraction", "data"),
        xytext=(0, -3), textcoords="offset points", color=look.colour, fontsize="small",
        ha="right", va="top",
    )  # fmt: skip
    return limit


def _in_words(label: str, walks: np.ndarray, limit: float | None) -> str:
    """Say where the first walk's sharpness begins and ends, and how often it is above the line."""
    first = walks[np.isfinite(walks).any(axis=1)][0]
    values = first[np.isfinite(first)]
    many = f", the first of {len(walks)} walks" if len(walks) > 1 else ""
    said = f"from {number(values[0])} to {number(values[-1])}{many}"
    if limit is not None:
        above = int((values > limit).sum())
        said += f", above the limit {number(limit)} at {above:,} of {len(values):,} steps"
    return f"{label}: {said}." if label else f"It goes {said}."
