"""Trajectories of training on a plane."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from lossviz.plots import _fields as fields
from lossviz.plots._fields import number
from lossviz.plots._inputs import mapping, text
from lossviz.plots._scales import outside, scale_of
from lossviz.plots._series import called, legend_of, series_marks
from lossviz.plots.planes import filled, label_levels
from lossviz.plots.style import Mark, Picture, grid, percent, styled

# So many panels stand in two rows.
_TWO_ROWS = 4

_GREYS = LinearSegmentedColormap.from_list("pale", ["#ffffff", "#b5b5b5"])


@styled
def trajectory(projected: xr.Dataset, plane: xr.Dataset | None = None) -> Picture:
    """Draw projected trajectories, over the contours of the loss on their plane if it is given.

    A ring marks each start and a star each end. Axes say which share of the trajectories'
    variance lies along them, and what a long random walk in many dimensions would show there
    (Antognini and Sohl-Dickstein 2018, arXiv 1806.08805): a share is news only where it differs.

    Args:
        projected: what :func:`lossviz.project_trajectory` returns; walks with the same value of
            a coordinate ``optimiser`` are drawn alike.
        plane: the loss on the plane of the same centre and directions, as
            :func:`lossviz.loss_plane` returns it.

    Returns:
        A picture of one panel.

    Raises:
        ValueError: if a variable or a dimension is missing, nothing is finite, or there are too
            many optimisers.
        TypeError: if an argument is no data set.

    Example:
        >>> import numpy as np, xarray as xr
        >>> steps = np.linspace(3.0, 0.0, 4)[None]
        >>> projected = xr.Dataset(
        ...     {"alpha": (("walk", "step"), steps), "beta": (("walk", "step"), steps**2),
        ...      "explained_variance": ("axis", [0.9, 0.08]),
        ...      "random_walk_variance": ("axis", [0.61, 0.15])})
        >>> trajectory(projected).alt[-42:]
        'walk: 61 %) and 8 % (a random walk: 15 %).'
    """
    steps, shares = _steps(projected), _shares(projected)
    groups = _groups(projected)
    looks = series_marks("the optimisers of projected", groups)
    figure, ((axes,),) = grid(1, 1, (6.2, 4.8))
    under = "" if plane is None else _underlay(axes, plane)
    told = []
    for place, (label, rows) in enumerate(groups.items()):
        # The first are the widest, so that they are seen beneath later ones on the same way.
        width = 1.8 + 0.9 * (len(groups) - 1 - place)
        ends = _draw(axes, steps[rows], looks[label], called(label), width)
        told.append(f"{called(label)}: {ends}." if label else f"{fields.capital(ends)}.")
    axes.set(xlabel=_axis_label("first", shares[0]), ylabel=_axis_label("second", shares[1]))
    axes.set_aspect("equal", adjustable="datalim" if plane is None else "box")
    legend_of(figure, np.array([axes]))
    several = "A trajectory" if len(steps) == 1 else f"{len(steps)} trajectories"
    alt = f"""{several} of training on a plane{under}. {" ".join(told)}
        {_shares_in_words(shares)}{_outside(steps, axes) if under else ""}"""
    return Picture(figure, alt)


@styled
def trajectory_panels(projected: Mapping[str, xr.Dataset], what: str = "walks") -> Picture:
    """Draw projected trajectories of several kinds, a panel and a plane for each.

    Args:
        projected: for each panel's title, what :func:`lossviz.project_trajectory` returns; at
            most six panels.
        what: what is drawn, in the plural.

    Returns:
        A picture whose panels have scales of their own. Rings mark starts and stars ends; axes
        say which share of the variance lies along them.

    Raises:
        ValueError: if there is no panel or more than six, a variable or a dimension is missing,
            or nothing is finite.
        TypeError: if a value of the mapping is no data set or ``what`` no text.

    Example:
        >>> import numpy as np, xarray as xr
        >>> steps = np.linspace(3.0, 0.0, 4)[None]
        >>> projected = xr.Dataset(
        ...     {"alpha": (("walk", "step"), steps), "beta": (("walk", "step"), steps),
        ...      "explained_variance": ("axis", [0.9, 0.08]),
        ...      "random_walk_variance": ("axis", [0.61, 0.15])})
        >>> trajectory_panels({"down": projected}).alt[:47]
        'Projected walks, a panel for each kind. down: 1'
    """
    sets, what = mapping("projected", projected), text("what", what)
    looks = series_marks("projected", sets)
    columns = len(sets) if len(sets) < _TWO_ROWS else (len(sets) + 1) // 2
    figure, panels = grid(-(-len(sets) // columns), columns, (3.1, 2.9))
    told = []
    for axes, (title, data) in zip(panels.ravel(), sets.items(), strict=False):
        steps, shares, look = _steps(data), _shares(data), looks[title]
        walks = [walk[np.isfinite(walk).all(axis=1)] for walk in steps]
        walks = [walk for walk in walks if len(walk)]
        for known in walks:
            axes.plot(*known.T, color=look.colour, linewidth=1.0, alpha=0.8)
            axes.plot(*known[:1].T, "o", color="white", markeredgecolor=look.colour, markersize=5,
                      zorder=4)  # fmt: skip
            axes.plot(*known[-1:].T, "*", color="black", markeredgecolor="white", markersize=10,
                      zorder=5)  # fmt: skip
        held = [percent(share) if np.isfinite(share) else "unknown" for share in shares[:, 0]]
        axes.set(title=title, xlabel=f"first: {held[0]} of variance", ylabel=f"second: {held[1]}")
        axes.set_aspect("equal", adjustable="datalim")
        widest = max(np.ptp(walk, axis=0).max() for walk in walks)
        told.append(
            f"{title}: {len(walks)}, the widest over {number(widest)}; the directions hold "
            f"{held[0]} and {held[1]} of the variance."
        )
    for axes in panels.ravel()[len(sets) :]:
        axes.remove()
    return Picture(figure, f"Projected {what}, a panel for each kind. {' '.join(told)}")


def _steps(projected: xr.Dataset) -> np.ndarray:
    """Return places on the plane, shape (walk, step, 2), NaN where a walk has ended."""
    if not isinstance(projected, xr.Dataset):
        raise TypeError(f"projected must be a data set; got {type(projected).__name__}.")
    wanted = ("alpha", "beta", "explained_variance", "random_walk_variance")
    fields.has("projected", {"": projected}, *wanted)
    places = [fields.values("projected", projected, name, "walk", "step") for name in wanted[:2]]
    fields.some_finite("projected", "alpha and beta", [np.add(*places)])
    return np.stack(places, axis=-1)


def _shares(projected: xr.Dataset) -> np.ndarray:
    """Return the shares of variance of two axes and of a random walk's, shape (2, 2)."""
    shares = [
        fields.values("projected", projected, f"{of}_variance", "axis")
        for of in ("explained", "random_walk")
    ]
    known = np.nan_to_num(shares)
    if known.shape[1] < 2 or known.min() < 0 or known.max() > 1 + 1e-9:
        raise ValueError(
            "projected must have shares of variance in [0, 1] for at least two axes; got "
            f"{[share.tolist() for share in shares]}."
        )
    return np.stack([share[:2] for share in shares], axis=1)


def _groups(projected: xr.Dataset) -> dict[str, list[int]]:
    """Return the rows of each optimiser, in the order of their first walks."""
    if "optimiser" not in projected.coords:
        return {"": list(range(projected.sizes["walk"]))}
    names = projected.optimiser
    if names.dims not in ((), ("walk",)):
        raise ValueError(
            "the coordinate optimiser of projected must have the dimension 'walk'; "
            f"got {names.dims}."
        )
    names = np.broadcast_to(names.values.astype(str), projected.sizes["walk"]).tolist()
    return {name: [row for row, other in enumerate(names) if other == name] for name in names}


def _underlay(axes: Axes, plane: xr.Dataset) -> str:
    """Draw the plane in greys, so that colours stay with the trajectories."""
    plane = fields.one("plane", plane, "alpha", "beta")
    fields.has("plane", {"": plane}, "loss")
    loss = fields.values("plane", plane, "loss", "alpha", "beta")
    finite = fields.some_finite("plane", "loss", [loss])
    scale = scale_of(finite)
    drawn = filled(axes, plane, loss, scale, _GREYS, centre=False)
    label_levels(axes.figure.colorbar(drawn, ax=axes, label="training loss", shrink=0.85), scale)
    return f" with contours of the loss, {number(finite.min())} to {number(finite.max())}"


def _draw(axes: Axes, walks: np.ndarray, look: Mark, label: str, width: float) -> str:
    """Draw the walks of one optimiser; say where they start and end."""
    ends = []
    for walk in walks:
        known = walk[np.isfinite(walk).all(axis=1)]
        if not len(known):
            continue
        axes.plot(
            *known.T, color=look.colour, linestyle=look.dashes, linewidth=width, marker=look.marker,
            markersize=4, markevery=max(1, len(known) // 12), label=None if ends else label or None,
        )  # fmt: skip
        axes.plot(*known.T, color="white", linewidth=width + 1.8, zorder=1.9)  # a halo
        axes.plot(*known[0], "o", color="white", markeredgecolor=look.colour, markersize=9,
                  markeredgewidth=2, zorder=4)  # fmt: skip
        axes.plot(*known[-1], "*", color=look.colour, markeredgecolor="white", markersize=15,
                  zorder=5)  # fmt: skip
        (a, b), (c, d) = known[0], known[-1]
        ends.append(f"{len(known):,} points, from ({a:.2g}, {b:.2g}) to ({c:.2g}, {d:.2g})")
    if len(ends) > 1:
        return f"{len(ends)} walks, the first with {ends[0]}"
    return ends[0] if ends else "no finite point"


def _outside(steps: np.ndarray, axes: Axes) -> str:
    """Say how many points the plane does not show."""
    known = steps[np.isfinite(steps).all(axis=-1)]
    count = int(outside(axes, *known.T).sum())
    return f" {count:,} of {len(known):,} points lie outside the plane." if count else ""


def _axis_label(which: str, shares: np.ndarray) -> str:
    share, reminder = shares
    if not np.isfinite(share):
        return f"{which} direction"
    told = f"{which} direction: {percent(share)} of variance"
    return f"{told} (random walk: {percent(reminder)})" if np.isfinite(reminder) else told


def _shares_in_words(shares: np.ndarray) -> str:
    """Say how much of the variance the plane holds, beside what chance would give."""
    if not np.isfinite(shares).all():
        return "The share of variance on the plane is unknown."
    (first, chance), (second, other) = shares
    return (
        f"Of their variance the directions hold {percent(first)} (a random walk: "
        f"{percent(chance)}) and {percent(second)} (a random walk: {percent(other)})."
    )
