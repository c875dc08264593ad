"""Planes through a landscape: contours, several side by side on one colour scale, and surfaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import matplotlib.patheffects as effects
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Colormap
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, MaxNLocator

from lossviz.plots import _fields as fields
from lossviz.plots._fields import number
from lossviz.plots._scales import Scale, scale_of
from lossviz.plots._series import called
from lossviz.plots.style import Picture, grid, styled

_COLOURS = "viridis"
_HOLE = {"facecolor": "#ffffff", "edgecolor": "#999999", "hatch": "xxxx", "linewidth": 0}
_ALONG = ("alpha, along the first direction", "beta, along the second")


@styled
def contour(
    planes: xr.Dataset | Mapping[str, xr.Dataset], variables: str | Sequence[str] = "loss"
) -> Picture:
    """Draw planes as filled contours, all on one scale of colours.

    Levels are equidistant, or on a logarithmic scale where the largest number is more than 30
    times the smallest; it reaches at most a million times below the largest. Accuracies are always
    on a linear one. Points that are not
    finite are holes, hatched. A cross marks the centre (0, 0).

    Args:
        planes: what :func:`lossviz.loss_plane` returns, or several by their labels.
        variables: names of one or more variables of each plane, such as ``["loss",
            "test_loss"]``; a panel is drawn for each plane and each variable.

    Returns:
        A picture with a panel per plane and variable, and one bar of colours.

    Raises:
        ValueError: if there is no plane, one lacks a dimension or a variable, or there is no
            finite number.
        TypeError: if ``variables`` are no names.

    Example:
        >>> import numpy as np, xarray as xr
        >>> x = np.linspace(-1.0, 1.0, 5)
        >>> bowl = xr.Dataset({"loss": (("alpha", "beta"), np.add.outer(x**2, x**2))},
        ...                   coords={"alpha": x, "beta": x})
        >>> contour(bowl).alt[:75]
        'Training loss over a plane, alpha from -1 to 1 across and beta from -1 to 1'
    """
    planes = fields.datasets("planes", planes, "alpha", "beta")
    variables = fields.names("variables", variables)
    for name in variables:
        fields.chosen("each of variables", name, "planes", planes)
    shown = [
        (_title(label, variable, plane, len(variables)), plane, variable)
        for label, plane in planes.items()
        for variable in variables
    ]
    losses = [fields.values("planes", plane, name, "alpha", "beta") for _, plane, name in shown]
    log = not any(fields.is_share(name) for name in variables)
    scale = scale_of(fields.some_finite("planes", variables[0], losses), log)
    figure, panels = _panels(len(shown))
    for axes, (title, plane, _), loss in zip(panels, shown, losses, strict=True):
        drawn = filled(axes, plane, loss, scale)
        axes.set_title(title)
    label = " and ".join(dict.fromkeys(fields.called(name, plane) for _, plane, name in shown))
    bar = figure.colorbar(drawn, ax=list(panels), label=label, shrink=0.85)
    label_levels(bar, scale)
    told = " ".join(
        plane_in_words(title, plane, loss)
        for (title, plane, _), loss in zip(shown, losses, strict=True)
    )
    kind = "logarithmic" if scale.log else "linear"
    alt = f"""{fields.capital(label)} over {_where(shown[0][1], len(shown))}. {told}
        Colours are {kind}, from {number(scale.levels[0])} to {number(scale.levels[-1])}."""
    return Picture(figure, alt)


def _title(label: str, variable: str, plane: xr.Dataset, count: int) -> str:
    """Name a panel after its plane, and after its variable where there are several."""
    name = fields.called(variable, plane) if count > 1 else ""
    return ", ".join(part for part in (called(label), name) if part)


def _panels(count: int) -> tuple[Figure, list[Axes]]:
    columns = 2 if count == 4 else min(count, 3)
    rows = -(-count // columns)
    size = {1: (4.9, 4.2), 4: (3.2, 2.7)}.get(count, (2.7, 2.8))
    figure, axes = grid(rows, columns, size, sharex=True, sharey=True)
    for spare in axes.flat[count:]:
        spare.remove()
    panels = list(axes.flat[:count])
    for place, panel in enumerate(panels):
        if place + columns >= count:
            panel.set_xlabel(_ALONG[0] if columns == 1 else "alpha")
            panel.tick_params(labelbottom=True)
        if place % columns == 0:
            panel.set_ylabel(_ALONG[1] if columns == 1 else "beta")
    return figure, panels


def filled(
    axes: Axes,
    plane: xr.Dataset,
    loss: np.ndarray,
    scale: Scale,
    colours: str | Colormap = _COLOURS,
    centre: bool = True,
) -> QuadContourSet:
    """Draw one plane with its holes and its centre; return what a bar of colours is made for."""
    alpha, beta = plane.alpha.values, plane.beta.values
    low, high = np.array([alpha[0], beta[0]]), np.array([alpha[-1], beta[-1]])
    if not np.isfinite(loss).all():
        axes.add_patch(Rectangle(low, *(high - low), zorder=0, **_HOLE))
    masked = np.ma.masked_invalid(loss.T)
    if scale.cut:  # a zero has no logarithm, and would be left out like a hole
        masked = np.ma.maximum(masked, scale.levels[0] / 2)
    with np.errstate(invalid="ignore"):
        drawn = axes.contourf(
            alpha, beta, masked, levels=scale.levels, norm=scale.norm, cmap=colours,
            extend="min" if scale.cut else "neither",
        )  # fmt: skip
    inside = scale.levels[(scale.levels > masked.min()) & (scale.levels < masked.max())]
    if len(inside):  # matplotlib warns of levels that nothing crosses
        axes.contour(alpha, beta, masked, levels=inside, colors="black", linewidths=0.4, alpha=0.6)
    if centre and (low <= 0).all() and (high >= 0).all():
        (cross,) = axes.plot(0, 0, "+", color="black", markersize=11, markeredgewidth=1.8)
        cross.set_path_effects([effects.withStroke(linewidth=4, foreground="white")])
    axes.set(xlim=alpha[[0, -1]], ylim=beta[[0, -1]], aspect="equal")
    axes.grid(visible=False)
    return drawn


def label_levels(bar: Colorbar, scale: Scale) -> None:
    """Name the levels of a bar of colours, not more than there is room for."""
    every = -(-len(scale.levels) // 10)
    ticks = scale.levels[::every]
    bar.set_ticks(ticks, labels=[number(level) for level in ticks], minor=False)
    bar.minorticks_off()


def _where(plane: xr.Dataset, count: int) -> str:
    """Say what is seen; ranges are told where there is one panel."""
    if count > 1:
        return f"{count} planes side by side, alpha across and beta upward"
    alpha, beta = plane.alpha.values, plane.beta.values
    return (
        f"a plane, alpha from {alpha[0]:g} to {alpha[-1]:g} across and beta from {beta[0]:g} to "
        f"{beta[-1]:g} upward"
    )


def plane_in_words(title: str, plane: xr.Dataset, loss: np.ndarray) -> str:
    """Say what is at the centre, where the ends are, and how many points are missing."""
    known = np.isfinite(loss)
    holes = int((~known).sum())
    gap = f" {holes:,} of {loss.size:,} points are not finite: holes." if holes else ""
    start = f"{title}: " if title else ""
    if not known.any():
        return f"{start}no point is finite."
    lowest, highest = (
        _extreme(plane, np.where(known, loss, worst), find)
        for worst, find in ((np.inf, np.argmin), (-np.inf, np.argmax))
    )
    said = f"{_centre(plane, loss)}lowest {lowest}, highest {highest}."
    return f"{start}{said if title else fields.capital(said)}{gap}"


def _extreme(plane: xr.Dataset, loss: np.ndarray, find: Callable[[np.ndarray], int]) -> str:
    row, column = np.unravel_index(find(loss), loss.shape)
    alpha, beta = plane.alpha.values[row], plane.beta.values[column]
    return f"{number(loss[row, column])} at ({alpha:.2g}, {beta:.2g})"


def _centre(plane: xr.Dataset, loss: np.ndarray) -> str:
    rows, columns = plane.alpha.values == 0, plane.beta.values == 0
    if not (rows.any() and columns.any()):
        return ""
    value = float(loss[rows][:, columns].item())
    return f"{number(value)} at the centre, " if np.isfinite(value) else "a hole at the centre, "


@styled
def surface(plane: xr.Dataset, variable: str = "loss") -> Picture:
    """Draw a plane as a surface in three dimensions.

    Heights and colours are logarithmic by the rule of :func:`contour`. Heights say more about a
    shape than contours, and less about a place: use both.

    Args:
        plane: what :func:`lossviz.loss_plane` returns.
        variable: the name of one of its variables.

    Returns:
        A picture of one panel.

    Raises:
        ValueError: if the plane lacks a dimension or the variable, or has no finite number.
        TypeError: if ``plane`` is no data set or ``variable`` no name.

    Example:
        >>> import numpy as np, xarray as xr
        >>> x = np.linspace(-1.0, 1.0, 5)
        >>> bowl = xr.Dataset({"loss": (("alpha", "beta"), np.add.outer(x**2, x**2))},
        ...                   coords={"alpha": x, "beta": x})
        >>> surface(bowl).alt[:47]
        'Training loss as a surface over a plane, alpha '
    """
    plane = fields.one("plane", plane, "alpha", "beta")
    variable = fields.chosen("variable", variable, "plane", {"": plane})
    loss = fields.values("plane", plane, variable, "alpha", "beta")
    finite = fields.some_finite("plane", variable, [loss])
    scale = scale_of(finite, log=not fields.is_share(variable))
    figure, ((axes,),) = grid(1, 1, (5.6, 4.6), subplot_kw={"projection": "3d"})
    height = _heights(loss, scale)
    alpha, beta = np.meshgrid(plane.alpha.values, plane.beta.values, indexing="ij")
    axes.plot_surface(
        alpha, beta, height, cmap=_COLOURS, linewidth=0.2, edgecolor="#00000040", rcount=60,
        ccount=60,
    )  # fmt: skip
    name = fields.called(variable, plane)
    axes.set_xlabel("alpha", labelpad=8)
    axes.set_ylabel("beta", labelpad=8)
    axes.set_zlabel(name, labelpad=8)
    if scale.log:
        axes.zaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        axes.zaxis.set_major_formatter(FuncFormatter(lambda power, _: f"{10.0**power:g}"))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.view_init(elev=35, azim=-60)
    axes.set_box_aspect((1, 1, 0.75), zoom=0.9)
    kind = " Heights are logarithmic." if scale.log else ""
    alt = f"""{fields.capital(name)} as a surface over {_where(plane, 1)}.
        {plane_in_words("", plane, loss)}{kind}"""
    return Picture(figure, alt)


def _heights(loss: np.ndarray, scale: Scale) -> np.ndarray:
    """Return heights to be drawn: gaps stay gaps, and nothing lies below the scale."""
    known = np.where(np.isfinite(loss), loss, np.nan)
    return np.log10(np.maximum(known, scale.levels[0])) if scale.log else known
