"""Pictures of where rectifier networks bend, and of how their units die."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.colors import ListedColormap

from lossviz import _checks
from lossviz.plots import _inputs as inputs
from lossviz.plots.style import Picture, grid, listed, styled

# Okabe and Ito's colours with the marks and dashes that tell curves apart without them.
_LOOKS = (
    ("#0072B2", "o", "-"), ("#D55E00", "^", "--"), ("#009E73", "s", "-."), ("#CC79A7", "D", ":"),
    ("#56B4E9", "v", (0, (5, 1, 1, 1))), ("#000000", "x", (0, (1, 1))),
)  # fmt: skip
# Neighbours differ, whatever their numbers: pale colours of which none stands for a size.
_PALE = ("#c6dbef", "#fdd0a2", "#c7e9c0", "#dadaeb", "#fee391", "#d9d9d9", "#fcbba1", "#9ecae1",
         "#a1d99b", "#bcbddc")  # fmt: skip


@styled
def region_map(maps: Mapping[str, xr.Dataset]) -> Picture:
    """Draw the linear regions of rectifier networks with two inputs, a panel for each.

    Args:
        maps: for each panel's title, what :func:`lossviz.linear_regions` returned.

    Returns:
        A picture whose lines are the kinks; across each, a unit goes on or off.

    Raises:
        ValueError: if there is no map, or one lacks a variable.

    Example:
        >>> from torch import nn
        >>> import lossviz as lv
        >>> one = lv.linear_regions(nn.Sequential(nn.Linear(2, 1), nn.ReLU()), 9.0, 21)
        >>> region_map({"one unit": one}).alt
        'Maps of the input plane, each cut by lines into linear regions. one unit: 2 regions.'
    """
    maps = inputs.mapping("maps", maps)
    for title, each in maps.items():
        if not isinstance(each, xr.Dataset) or not {"region", "active"} <= set(each.data_vars):
            raise ValueError(
                f"maps must be what linear_regions returns; got {type(each).__name__} for "
                f"{title!r}."
            )
    figure, (panels,) = grid(1, len(maps), (3.1, 3.1))
    told = []
    for axes, (title, each) in zip(panels, maps.items(), strict=True):
        regions = each.region.values
        x, y = each.x.values, each.y.values
        axes.pcolormesh(x, y, regions % len(_PALE), cmap=ListedColormap(_PALE), vmin=-0.5,
                        vmax=len(_PALE) - 0.5, shading="nearest", rasterized=True)  # fmt: skip
        edge = np.zeros(regions.shape)
        across, along = regions[:, 1:] != regions[:, :-1], regions[1:] != regions[:-1]
        for side in (slice(1, None), slice(None, -1)):  # on both sides, to be seen
            edge[:, side] += across
            edge[side] += along
        axes.pcolormesh(x, y, np.ma.masked_equal(np.minimum(edge, 1), 0), shading="nearest",
                        cmap=ListedColormap(["#222222"]), rasterized=True)  # fmt: skip
        axes.set(title=title, xlabel="first input", aspect="equal")
        axes.grid(visible=False)
        count, dead = int(each.attrs["regions"]), int(np.sum(each.attrs["dead"]))
        told.append(f"{title}: {count} regions" + (f", {dead} units on nowhere" if dead else ""))
    panels[0].set_ylabel("second input")
    alt = f"""Maps of the input plane, each cut by lines into linear regions.
        {"; ".join(told)}."""
    return Picture(figure, alt)


@styled
def interval_curves(
    values: Float[np.ndarray, "setting"],
    measured: Mapping[str, Float[np.ndarray, "setting 3"]],
    xlabel: str,
    ylabel: str,
    expected: Mapping[str, Float[np.ndarray, "setting"]] | None = None,
    log: bool = False,
) -> Picture:
    """Draw estimates with intervals against what was varied, a mark per curve.

    Args:
        values: what was varied, finite, shape (settings,).
        measured: for each curve's label, at most six: estimate, lower and upper end of its
            interval, shape (settings, 3).
        xlabel: what was varied.
        ylabel: what was estimated.
        expected: for some labels, what theory says, shape (settings,); drawn as a line without
            marks. Curves without one have their own points joined.
        log: whether the horizontal axis is logarithmic; all values must then be above 0.

    Returns:
        A picture of one panel.

    Raises:
        ValueError: if there is no curve or more than six, shapes differ, a number is not finite,
            an interval does not hold its estimate, or theory is given for a label that was not
            measured.
        TypeError: if a label is no text or ``log`` no boolean.

    Example:
        >>> interval_curves([1, 2], {"N = 2": [(0.2, 0.1, 0.3), (0.4, 0.3, 0.5)]}, "L", "P").alt
        'P against L from 1 to 2, with intervals. N = 2 from 0.2 to 0.4.'
    """
    log = _checks.switch("log", log)
    values = (inputs.positive_line if log else inputs.line)("values", values)
    xlabel, ylabel = inputs.text("xlabel", xlabel), inputs.text("ylabel", ylabel)
    measured = inputs.mapping("measured", measured)
    expected = {} if expected is None else inputs.mapping("expected", expected)
    if len(measured) > len(_LOOKS) or not expected.keys() <= measured.keys():
        raise ValueError(
            f"measured must have at most {len(_LOOKS)} curves, and each of expected; "
            f"got {list(measured)} and {list(expected)}."
        )
    figure, ((axes,),) = grid(1, 1, (6.2, 3.4))
    told = []
    for (label, rows), look in zip(measured.items(), _LOOKS, strict=False):
        found = _intervals(f"measured of {label}", rows, len(values))
        colour, marker, dashes = look
        joined = "" if label in expected else dashes
        axes.errorbar(values, found[:, 0], yerr=np.abs(found[:, 1:] - found[:, :1]).T,
                      color=colour, marker=marker, linestyle=joined, markersize=5, linewidth=1.4,
                      capsize=2.5, label=label)  # fmt: skip
        if label in expected:
            curve = inputs.line(f"expected of {label}", expected[label], len(values))
            axes.plot(values, curve, color=colour, linestyle=dashes, linewidth=1.4)
        told.append(f"{label} from {found[0, 0]:.2g} to {found[-1, 0]:.2g}")
    axes.set(xlabel=xlabel, ylabel=ylabel, xscale="log" if log else "linear")
    if log:
        axes.set_xticks(values, [f"{value:g}" for value in values])
        axes.set_xticks([], minor=True)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=3)
    theory = "; lines are theory" if expected else ""
    alt = f"""{ylabel} against {xlabel} from {values[0]:g} to {values[-1]:g}, with
        intervals{theory}. {listed(told)}."""
    return Picture(figure, alt)


def _intervals(what: str, rows: object, length: int) -> np.ndarray:
    found = _checks.array(what, rows, length, 3)
    if not ((found[:, 1] <= found[:, 0]) & (found[:, 0] <= found[:, 2])).all():
        raise ValueError(
            f"{what} must be an estimate, then the lower and the upper end of its interval; got "
            f"{found.tolist()}."
        )
    return found
