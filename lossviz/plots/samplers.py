"""What samplers see and how far they get: histograms, and distances against the step."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from lossviz import _checks
from lossviz.plots import _inputs as inputs
from lossviz.plots._fields import number
from lossviz.plots._series import called, legend_of, series_marks
from lossviz.plots.style import Picture, grid, listed, percent, styled

_GUIDES = ("-", ":", "--")


@styled
def value_histograms(
    samples: Mapping[str, Float[np.ndarray, "*point"]],
    label: str,
    guide: float | None = None,
    num_bins: int = 50,
) -> Picture:
    """Draw how often values occur in several samples, a row each, in the same bins.

    Args:
        samples: for each sample's label, finite values of any shape; at most six samples.
        label: what the values are, for the horizontal axis.
        guide: a value to be marked in every row, or None.
        num_bins: bins of equal width between the lowest and the highest value of all, at least 1.

    Returns:
        A picture whose rows share their axes. Bars are shares of a sample's values, and a dashed
        line marks its mean.

    Raises:
        ValueError: if there is no sample or more than six, a sample is empty or not finite, or a
            number is out of its range.
        TypeError: if the label is no text.

    Example:
        >>> value_histograms({"fair": [0.0, 1.0]}, "loss", num_bins=2).alt
        'Histograms of loss, a row per sample. fair: mean 0.5, 50 % in the first of 2 bins.'
    """
    found = {
        inputs.text("each label of samples", name): _line(f"samples, {name},", values)
        for name, values in inputs.mapping("samples", samples).items()
    }
    label, num_bins = inputs.text("label", label), _checks.whole("num_bins", num_bins, 1)
    guide = None if guide is None else _checks.real("guide", guide)
    looks = series_marks("samples", found)
    low, high = (function([function(v) for v in found.values()]) for function in (min, max))
    edges = np.linspace(low, high if high > low else low + 1, num_bins + 1)
    figure, rows = grid(len(found), 1, (6.2, 1.05), sharex=True, sharey=True)
    told = []
    for (axes,), (name, values) in zip(rows, found.items(), strict=True):
        shares = np.histogram(values, edges)[0] / len(values)
        axes.stairs(shares, edges, fill=True, color=looks[name].colour, alpha=0.8)
        axes.axvline(values.mean(), color="black", linestyle="--", linewidth=1.3)
        if guide is not None:
            axes.axvline(guide, color="black", linestyle=":", linewidth=1.3)
        axes.set_title(called(name), loc="left", fontsize="small")
        told.append(
            f"{called(name)}: mean {number(values.mean())}, {percent(shares[0])} in the first "
            f"of {num_bins} bins."
        )
    rows[-1, 0].set_xlabel(label)
    figure.supylabel("share of values", fontsize="medium")
    marked = "" if guide is None else f" A dotted line marks {number(guide)}."
    return Picture(figure, f"Histograms of {label}, a row per sample. {' '.join(told)}{marked}")


@styled
def step_curves(
    steps: Float[np.ndarray, "step"],
    panels: Mapping[str, Mapping[str, Float[np.ndarray, "walk step"]]],
    ylabel: str,
    guides: Mapping[str, Float[np.ndarray, "step"]] | None = None,
) -> Picture:
    """Draw a positive number along walks against the step, both on logarithmic axes.

    Args:
        steps: numbers of steps, above 0, shape (steps,).
        panels: for each panel's title, for each sampler, its walks, above 0, shape (walks,
            steps); at most six samplers.
        ylabel: what is measured.
        guides: at most three curves to compare with, drawn black in every panel, above 0, shape
            (steps,).

    Returns:
        A picture whose panels share their axes. Curves are medians over walks, bands hold the
        middle half.

    Raises:
        ValueError: if there is no panel or sampler or too many, shapes differ, or a value is not
            finite and above 0.
        TypeError: if the label is no text.

    Example:
        >>> step_curves([1, 4], {"XOR": {"random": [[1.0, 2.0]]}}, "distance").alt
        'distance against the step from 1 to 4, medians over walks. XOR: random from 1 to 2.'
    """
    steps, ylabel = inputs.positive_line("steps", steps), inputs.text("ylabel", ylabel)
    panels = {k: inputs.mapping("panels", v) for k, v in inputs.mapping("panels", panels).items()}
    guides = {} if guides is None else inputs.mapping("guides", guides)
    if len(guides) > len(_GUIDES):
        raise ValueError(f"guides must be at most {len(_GUIDES)}; got {len(guides)}.")
    lines = {name: _positive(f"guides, {name},", line, len(steps)) for name, line in guides.items()}
    looks = series_marks("panels", dict.fromkeys(name for each in panels.values() for name in each))
    figure, (axes,) = grid(1, len(panels), (3.6, 3.1), sharex=True, sharey=True)
    told = []
    for ax, (title, walks) in zip(axes, panels.items(), strict=True):
        ends = []
        for name, values in walks.items():
            values = _positive(f"panels, {name},", values, None, len(steps))
            low, median, high = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
            look = looks[name]
            ax.fill_between(steps, low, high, color=look.colour, alpha=0.18, linewidth=0)
            ax.plot(steps, median, color=look.colour, linestyle=look.dashes, marker=look.marker,
                    markersize=5, label=called(name))  # fmt: skip
            ends.append(f"{called(name)} from {number(median[0])} to {number(median[-1])}")
        for dashes, (name, line) in zip(_GUIDES, lines.items(), strict=False):
            ax.plot(steps, line, color="black", linestyle=dashes, linewidth=1.1, label=name)
        ax.set(title=title, xlabel="step", xscale="log", yscale="log")
        told.append(f"{title}: {listed(ends)}.")
    axes[0].set_ylabel(ylabel)
    legend_of(figure, axes)
    span = f"from {number(steps[0])} to {number(steps[-1])}"
    beside = [f"{name} from {number(y[0])} to {number(y[-1])}" for name, y in lines.items()]
    compared = f" Black lines: {listed(beside)}." if beside else ""
    alt = f"{ylabel} against the step {span}, medians over walks. {' '.join(told)}{compared}"
    return Picture(figure, alt)


def _line(what: str, values: object) -> np.ndarray:
    return _checks.array(what, _checks.tensor(what, values).reshape(-1), None)


def _positive(what: str, values: object, *shape: int | None) -> np.ndarray:
    array = _checks.array(what, values, *shape)
    inputs.positive_line(what, array.ravel())
    return array
