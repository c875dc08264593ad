"""Loss-gradient clouds and curvature shares of sampled landscapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.ticker import LogLocator

from lossviz.activations import get_activation
from lossviz.curvature._classes import CURVATURE_CLASSES, INERTIA_KINDS, inertia_kinds
from lossviz.plots import _inputs as inputs
from lossviz.plots._scales import end_behind, outside
from lossviz.plots.style import Picture, grid, listed, mark, percent, styled

# With more points than this in a panel, markers shrink to dots.
_MANY = 3000

#: Colour and hatching of each kind of inertia, in the order of INERTIA_KINDS.
INERTIA_BARS = (
    ("#4477AA", ""),
    ("#99CCEE", "//"),
    ("#CC6677", ""),
    ("#EEBBBB", "\\\\"),
    ("#BBBBBB", "xx"),
)


@styled
def loss_gradient_cloud(
    walks: Sequence[xr.Dataset], levels: Sequence[float] = (), quantile: float = 0.95
) -> Picture:
    """Draw loss against gradient norm, one row per sample and one panel per curvature class.

    The loss-gradient cloud of Bosman, Engelbrecht and Helbig (2020, arXiv 1901.02302). All
    panels share their axes, so that they can be compared.

    Args:
        walks: samples with ``loss``, ``gradient_norm`` and ``curvature``; each is drawn in the
            colour and with the marker of its activation.
        levels: losses to be marked by vertical lines.
        quantile: the axes end at this quantile of the losses and norms of the sample that
            reaches furthest, in (0, 1], but behind the highest level; the description says what
            share lies outside.

    Returns:
        A picture whose columns are the classes that occur in any of the samples.

    Raises:
        ValueError: if there is no sample, one lacks a variable, or the quantile is out of range.

    Example:
        >>> import lossviz as lv
        >>> walks = lv.progressive_gradient_walk(
        ...     lv.Landscape("xor", "relu"), 5, 20, 0.2, 1.0, seed=0)
        >>> loss_gradient_cloud([walks]).alt[:53]
        'Loss against gradient norm, a row per activation and '
    """
    samples = inputs.samples(walks, "loss", "gradient_norm", "curvature")
    levels = inputs.levels(levels)
    quantile = inputs.quantile(quantile)
    present = [
        c for c in range(len(CURVATURE_CLASSES)) if any((s.curvature == c).any() for s in samples)
    ]
    figure, panels = grid(len(samples), len(present), (2.3, 2.1), sharex=True, sharey=True)
    right, top = (_furthest(samples, name, quantile) for name in ("loss", "gradient_norm"))
    right = end_behind(max(right, 0.0), levels)
    told = [
        _cloud_row(row, sample, present, levels)
        for row, sample in zip(panels, samples, strict=True)
    ]
    panels[0, 0].set(xlim=(-0.02 * right, right), ylim=(-0.02 * top, top))
    for axes in panels[-1]:
        axes.set_xlabel("loss")
    beyond = max(
        float(outside(panels[0, 0], s.loss.values, s.gradient_norm.values).mean()) for s in samples
    )
    alt = f"""Loss against gradient norm, a row per activation and a panel per curvature class.
        {" ".join(told)} At most {percent(beyond)} of a row's points lie outside the axes."""
    return Picture(figure, alt)


def _furthest(samples: list[xr.Dataset], name: str, quantile: float) -> float:
    """Return where an axis ends; 1 if there is nothing but zeros."""
    return max(float(sample[name].quantile(quantile)) for sample in samples) or 1.0


def _cloud_row(
    row: np.ndarray, sample: xr.Dataset, present: list[int], levels: Sequence[float]
) -> str:
    activation, look = get_activation(sample.attrs["activation"]), mark(sample.attrs["activation"])
    classes = sample.curvature.values.ravel()
    loss, norm = sample.loss.values.ravel(), sample.gradient_norm.values.ravel()
    shares = []
    for axes, code in zip(row, present, strict=True):
        mine = classes == code
        share = float(mine.mean())
        for level in levels:
            axes.axvline(level, color="black", linewidth=0.7, linestyle=":")
        if mine.any():
            size = 1.6 if mine.sum() > _MANY else 3.0
            axes.plot(
                loss[mine], norm[mine], look.marker, color=look.colour, markersize=size,
                alpha=0.25, markeredgewidth=0, rasterized=True,
            )  # fmt: skip
        else:
            axes.text(0.5, 0.5, "none", transform=axes.transAxes, color="#666666", ha="center")
        axes.set_title(f"{activation.label} · {CURVATURE_CLASSES[code]} {percent(share)}")
        shares.append(f"{percent(share)} {CURVATURE_CLASSES[code]}")
    row[0].set_ylabel("gradient norm")
    return f"{activation.label}: {listed(shares)}."


@styled
def curvature_shares(walks: Mapping[str, xr.Dataset]) -> Picture:
    """Draw the shares of curvature classes as bars, with what "singular" hides told apart.

    Args:
        walks: samples with ``curvature``, ``positive`` and ``negative``, by the label of their
            bar, drawn from top to bottom.

    Returns:
        A picture of one panel.

    Raises:
        ValueError: if there is no sample or one lacks a variable.

    Example:
        >>> import lossviz as lv
        >>> walks = lv.progressive_gradient_walk(
        ...     lv.Landscape("xor", "relu"), 5, 20, 0.2, 1.0, seed=0)
        >>> curvature_shares({"ReLU": walks}).alt[:31]
        'Bars of curvature shares. ReLU:'
    """
    walks = inputs.mapping("walks", walks)
    labels = list(walks)
    samples = inputs.samples(walks.values(), "curvature", "positive", "negative")
    shares = np.array([_shares(sample) for sample in samples])
    figure, ((axes,),) = grid(1, 1, (7.4, 0.9 + 0.34 * len(samples)))
    left = np.zeros(len(samples))
    for kind, (colour, hatch), width in zip(INERTIA_KINDS, INERTIA_BARS, shares.T, strict=True):
        if width.any():
            axes.barh(
                labels, 100 * width, left=100 * left, color=colour, hatch=hatch, label=kind,
                edgecolor="white", linewidth=0.6, height=0.8,
            )  # fmt: skip
        left += width
    axes.invert_yaxis()
    axes.set(xlim=(0, 100), xlabel="share of sampled points (%)")
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(INERTIA_BARS), fontsize="small"
    )
    told = [_bar_in_words(label, row) for label, row in zip(labels, shares, strict=True)]
    return Picture(figure, f"Bars of curvature shares. {' '.join(told)}")


def _shares(sample: xr.Dataset) -> list[float]:
    kinds = inertia_kinds(sample.curvature.values, sample.positive.values, sample.negative.values)
    return [float((kinds == kind).double().mean()) for kind in range(len(INERTIA_KINDS))]


def _bar_in_words(label: str, shares: np.ndarray) -> str:
    parts = [
        f"{percent(share)} {kind}"
        for kind, share in zip(INERTIA_KINDS, shares, strict=True)
        if share > 0
    ]
    return f"{label}: {listed(parts)}."


@styled
def tolerance_curves(
    rtols: Float[np.ndarray, "tolerance"],
    shares: Mapping[str, Mapping[str, Float[np.ndarray, "tolerance"]]],
) -> Picture:
    """Draw the share of singular points against the tolerance below which an eigenvalue is zero.

    Args:
        rtols: relative tolerances, positive, shape (tolerances,).
        shares: for each panel's title, for each activation, the share of points that are
            singular, shape (tolerances,).

    Returns:
        A picture with one panel per title and a logarithmic horizontal axis.

    Raises:
        ValueError: if there is no panel or an unknown activation, if shapes differ, or if a
            value is not finite or a tolerance not positive.

    Example:
        >>> tolerance_curves([1e-8, 1e-4], {"b = 1": {"tanh": [0.05, 0.38]}}).alt[-30:]
        'b = 1, tanh: from 5 % to 38 %.'
    """
    tolerances = inputs.positive_line("rtols", rtols)
    shares = inputs.mapping("shares", shares)
    figure, (panels,) = grid(1, len(shares), (3.1, 2.6), sharey=True)
    told = []
    for axes, (title, curves) in zip(panels, shares.items(), strict=True):
        for name, values in inputs.mapping("shares", curves).items():
            activation, look = get_activation(name), mark(name)
            values = 100 * inputs.line(f"shares of {name}", values, len(tolerances))
            axes.plot(
                tolerances, values, color=look.colour, linestyle=look.dashes,
                marker=look.marker, markersize=4, label=activation.label,
            )  # fmt: skip
            told.append(
                f"{title}, {activation.label}: from {values[0]:.0f} % to {values[-1]:.0f} %"
            )
        axes.set(xscale="log", xlabel="relative tolerance", title=title, ylim=(-3, 103))
        axes.xaxis.set_major_locator(LogLocator(numticks=4))
    panels[0].set_ylabel("singular points (%)")
    panels[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5), handlelength=3)
    alt = f"""Share of singular points against the relative tolerance, from {tolerances[0]:.0e} to
        {tolerances[-1]:.0e}. {listed(told)}."""
    return Picture(figure, alt)
