"""Loss-gradient clouds coloured by what was measured at each point."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from lossviz import _checks
from lossviz.activations import get_activation
from lossviz.plots import _inputs as inputs
from lossviz.plots.style import Picture, grid, listed, styled


@styled
def coloured_cloud(
    walks: Sequence[xr.Dataset],
    variable: str,
    label: str,
    quantile: float = 0.95,
    log: bool = False,
) -> Picture:
    """Draw loss against gradient norm, a panel per sample, coloured by a variable.

    Args:
        walks: samples with ``loss``, ``gradient_norm`` and the variable.
        variable: its name, such as ``"saturation"``; values that are not finite are left out.
        label: what it is called on the colour bar.
        quantile: the axes end at this quantile of the losses and norms of the sample that
            reaches furthest, in (0, 1]; colours span the quantiles 0.02 to 0.98 of all values.
        log: whether both axes are logarithmic; points with a loss or norm of 0 are then left
            out.

    Returns:
        A picture whose panels share axes and colours.

    Raises:
        ValueError: if there is no sample, one lacks a variable, or the quantile is out of range.
        TypeError: if ``label`` is no text or ``log`` no boolean.

    Example:
        >>> import lossviz as lv
        >>> walks = lv.progressive_gradient_walk(
        ...     lv.Landscape("xor", "tanh"), 5, 20, 0.2, 1.0, seed=0,
        ...     measures=("loss", "gradient_norm", "saturation"))
        >>> coloured_cloud([walks], "saturation", "saturation").alt[:58]
        'Loss against gradient norm, coloured by saturation. Median'
    """
    if not isinstance(variable, str):
        raise TypeError(f"variable must be a name; got {variable!r}.")
    samples = inputs.samples(walks, "loss", "gradient_norm", variable)
    label, log = inputs.text("label", label), _checks.switch("log", log)
    quantile = inputs.quantile(quantile)
    clouds = [_points(sample, variable, log) for sample in samples]
    if not any(len(cloud) for cloud in clouds):
        raise ValueError(f"walks must have finite values of {variable}; got none.")
    colours = dict(zip(("vmin", "vmax"), np.quantile(np.concatenate(clouds)[:, 2], [0.02, 0.98]),
                       strict=True))  # fmt: skip
    figure, (panels,) = grid(1, len(samples), (2.6, 2.7), sharex=True, sharey=True)
    told = []
    for axes, sample, (loss, norm, value) in zip(
        panels, samples, (cloud.T for cloud in clouds), strict=True
    ):
        activation = get_activation(sample.attrs["activation"])
        drawn = axes.scatter(loss, norm, c=value, s=3, cmap="cividis", linewidths=0,
                             rasterized=True, **colours)  # fmt: skip
        axes.set(title=activation.label, xlabel="loss")
        told.append(f"{activation.label} {_medians(loss, value)}")
    _scale(panels[0], clouds, quantile, log)
    panels[0].set_ylabel("gradient norm")
    figure.colorbar(drawn, ax=list(panels), label=label, shrink=0.85)
    alt = f"""Loss against gradient norm, coloured by {label}. Median {label} in the half of lower
        and of higher loss: {listed(told)}."""
    return Picture(figure, alt)


def _scale(axes: Axes, clouds: list[np.ndarray], quantile: float, log: bool) -> None:
    """Set the axes, which all panels share."""
    if log:
        axes.set(xscale="log", yscale="log")
        return
    right, top = (
        max(float(np.quantile(cloud[:, at], quantile)) for cloud in clouds if len(cloud)) or 1.0
        for at in (0, 1)
    )
    axes.set(xlim=(-0.02 * right, right), ylim=(-0.02 * top, top))


def _points(sample: xr.Dataset, variable: str, log: bool) -> np.ndarray:
    """Return loss, gradient norm and value of points, shape (point, 3)."""
    names = ("loss", "gradient_norm", variable)
    points = np.stack([sample[name].values.astype(float).ravel() for name in names], axis=1)
    usable = np.isfinite(points).all(axis=1)
    if log:
        usable &= (points[:, :2] > 0).all(axis=1)
    return points[usable]


def _medians(loss: np.ndarray, value: np.ndarray) -> str:
    if len(loss) == 0:
        return "no points"
    lower = loss <= np.median(loss)
    upper = ~lower if (~lower).any() else lower
    return f"{np.median(value[lower]):.2g} and {np.median(value[upper]):.2g}"
