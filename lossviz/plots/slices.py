"""What slices show of a point and what they hide: above or below it, and how they bend."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm

from lossviz.plots import _fields as fields
from lossviz.plots import _inputs as inputs
from lossviz.plots._fields import number
from lossviz.plots._series import called
from lossviz.plots.style import Picture, grid, percent, styled

# Levels on either side of the centre's loss, as shares of the largest difference.
_SHARES = np.array([0.003, 0.01, 0.03, 0.1, 0.3, 1.0])
_COLOURS = "PuOr_r"
# A plane's differences below this share of the largest one count as none.
_LEVEL = 1e-9
_BINS = 60


@styled
def above_below(planes: xr.Dataset | Mapping[str, xr.Dataset], variable: str = "loss") -> Picture:
    r"""Draw where planes lie above their centre (orange) and where below it (purple).

    Drawn is :math:`L(\alpha, \beta) - L(0, 0)`. All planes share one scale, which is the same on
    both sides: its levels are 0.3, 1, 3, 10, 30 and 100 % of the largest difference, so that
    small ones are seen, too. A black line runs at the height of the centre.

    Args:
        planes: what :func:`lossviz.loss_plane` returns, or several by their labels; the
            centre (0, 0) must be among the points.
        variable: the name of one of their variables.

    Returns:
        A picture with a panel per plane, and one bar of colours.

    Raises:
        ValueError: if there is no plane, one lacks a dimension, the variable or the centre, a
            number is not finite, or all are the same.
        TypeError: if ``variable`` is no name.

    Example:
        >>> import numpy as np, xarray as xr
        >>> x = np.linspace(-1.0, 1.0, 5)
        >>> saddle = xr.Dataset({"loss": (("alpha", "beta"), np.subtract.outer(x**2, x**2))},
        ...                     coords={"alpha": x, "beta": x})
        >>> above_below(saddle).alt[-53:]
        'below the centre at 32 % of the points, by at most 1.'
    """
    planes = fields.datasets("planes", planes, "alpha", "beta")
    variable = fields.chosen("variable", variable, "planes", planes)
    heights = {label: _from_centre(plane, variable) for label, plane in planes.items()}
    most = max(float(np.abs(height).max()) for height in heights.values())
    if most == 0:
        raise ValueError(f"planes must have different values of {variable}; got one value only.")
    levels = most * np.concatenate([-_SHARES[::-1], _SHARES])
    figure, (axes,) = grid(1, len(planes), (3.3, 3.2), sharey=True)
    told = []
    for ax, (label, plane) in zip(axes, planes.items(), strict=True):
        drawn = _sides(ax, plane, heights[label], levels)
        ax.set(title=called(label), xlabel="alpha")
        told.append(_side_in_words(called(label), heights[label], most))
    axes[0].set_ylabel("beta")
    name = fields.called(variable, next(iter(planes.values())))
    bar = figure.colorbar(drawn, ax=list(axes), shrink=0.85, label=f"{name}, from the centre's")
    bar.set_ticks(levels, labels=[f"{level:+.2g}" for level in levels])
    return Picture(
        figure, f"{fields.capital(name)} above or below that of the centre. {' '.join(told)}"
    )


def _from_centre(plane: xr.Dataset, variable: str) -> np.ndarray:
    """Return a variable less its value at the centre, over (alpha, beta)."""
    values = fields.values("planes", plane, variable, "alpha", "beta")
    here = [np.flatnonzero(np.abs(plane[name].values) < 1e-12) for name in ("alpha", "beta")]
    if not all(len(places) for places in here):
        raise ValueError(
            "planes must have alpha = 0 and beta = 0 among their points; got none nearer than "
            f"{min(np.abs(plane[name].values).min() for name in ('alpha', 'beta')):g}."
        )
    if not np.isfinite(values).all():
        raise ValueError(
            f"planes must have finite values of {variable}; got {(~np.isfinite(values)).sum()} "
            "that are not."
        )
    return values - values[here[0][0], here[1][0]]


def _sides(axes: Axes, plane: xr.Dataset, height: np.ndarray, levels: np.ndarray) -> object:
    alpha, beta = plane.alpha.values, plane.beta.values
    colours = mpl.colormaps[_COLOURS]
    drawn = axes.contourf(
        alpha, beta, height.T, levels=levels, cmap=colours, norm=BoundaryNorm(levels, colours.N)
    )
    level = _LEVEL * levels[-1]
    if height.min() < -level < level < height.max():
        axes.contour(alpha, beta, height.T, levels=[0.0], colors="black", linewidths=1.2)
    axes.plot(0, 0, "+", color="black", markersize=11, markeredgewidth=1.8)
    axes.set(aspect="equal")
    axes.grid(visible=False)
    return drawn


def _side_in_words(label: str, height: np.ndarray, most: float) -> str:
    below = height < -_LEVEL * most
    start = f"{label}: " if label else ""
    if not below.any():
        return f"{start}nowhere below the centre, and up to {number(height.max())} above it."
    return (
        f"{start}up to {number(height.max())} above; below the centre at "
        f"{percent(below.mean())} of the points, by at most {number(-height.min())}."
    )


@styled
def slice_curvatures(
    curvatures: Float[np.ndarray, "slice"], eigenvalues: Float[np.ndarray, "weight"]
) -> Picture:
    r"""Draw which curvatures random slices show, and which eigenvalues there are.

    A random unit direction v has the curvature :math:`v^\top H v`, with the mean of all
    eigenvalues as its mean.

    Args:
        curvatures: along random directions, shape (slice,).
        eigenvalues: of the Hessian, shape (weight,).

    Returns:
        A picture of one panel, with a histogram over a row of ticks.

    Raises:
        ValueError: if there are no numbers, or one is not finite.

    Example:
        >>> slice_curvatures([0.1, 0.2, 0.3], [-0.4, 0.8]).alt[:70]
        'Histogram of curvatures along 3 random directions: from 0.1 to 0.3, me'
    """
    curvatures = inputs.line("curvatures", curvatures)
    eigenvalues = inputs.line("eigenvalues", eigenvalues)
    figure, ((axes,),) = grid(1, 1, (6.6, 3.0))
    ends = [min(curvatures.min(), eigenvalues.min()), max(curvatures.max(), eigenvalues.max())]
    room = 0.03 * (ends[1] - ends[0]) or 1.0
    counts, _, _ = axes.hist(curvatures, np.linspace(ends[0], ends[1] + room, _BINS + 1),
                             color="#0072B2", label="random directions")  # fmt: skip
    top = float(counts.max())
    signs = (
        (eigenvalues < 0, "#7B3294", "v", "eigenvalues, negative"),
        (eigenvalues >= 0, "#B35806", "|", "eigenvalues, positive or zero"),
    )
    for chosen, colour, marker, label in signs:
        axes.plot(eigenvalues[chosen], np.full(chosen.sum(), -0.07 * top), marker, color=colour,
                  linestyle="none", markersize=7 if marker == "v" else 12, label=label)  # fmt: skip
    axes.axvline(eigenvalues.mean(), color="black", linewidth=1.2, linestyle="--",
                 label="mean eigenvalue")  # fmt: skip
    axes.axvline(0, color="#555555", linewidth=0.9, linestyle=":")
    axes.set(xlabel="curvature", ylabel="directions", ylim=(-0.16 * top, 1.05 * top),
             xlim=(ends[0] - room, ends[1] + room))  # fmt: skip
    axes.set_yticks([tick for tick in axes.get_yticks() if 0 <= tick <= top])
    axes.legend(loc="upper right")
    return Picture(
        figure,
        f"""Histogram of curvatures along {len(curvatures):,} random directions: from
        {number(curvatures.min())} to {number(curvatures.max())}, mean {number(curvatures.mean())},
        {percent((curvatures > 0).mean())} positive. Beneath, {len(eigenvalues)} eigenvalues from
        {number(eigenvalues.min())} to {number(eigenvalues.max())}, {(eigenvalues < 0).sum()} of
        them negative, mean {number(eigenvalues.mean())}.""",
    )
