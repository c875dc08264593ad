"""Pictures of walks: a measured variable against the step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr

from lossviz import _checks
from lossviz.activations import get_activation
from lossviz.plots import _inputs as inputs
from lossviz.plots.style import Picture, grid, listed, mark, styled

_MOST_LINES = 60


@styled
def walk_curves(
    walks: Sequence[xr.Dataset], variable: str = "loss", levels: Sequence[float] = ()
) -> Picture:
    """Draw a variable along every walk, one panel per sample, with the median on top.

    Args:
        walks: samples with dimensions (walk, step).
        variable: the name of a variable with these dimensions.
        levels: values to be marked by dotted horizontal lines.

    Returns:
        A picture whose panels share their axes. At most 60 walks are drawn thin; the median is
        taken over all.

    Raises:
        ValueError: if there is no sample or one lacks the variable.

    Example:
        >>> import lossviz as lv
        >>> walks = lv.progressive_gradient_walk(
        ...     lv.Landscape("xor", "tanh"), 4, 30, 0.2, 1.0, seed=1)
        >>> walk_curves([walks]).alt[:26]
        'Training loss against step'
    """
    samples, levels = inputs.samples(walks), inputs.levels(levels)
    for sample in samples:
        _checks.one_of("variable", variable, [str(name) for name in sample.data_vars])
    figure, (panels,) = grid(1, len(samples), (2.45, 2.5), sharex=True, sharey=True)
    ends, top = [], 0.0
    for axes, sample in zip(panels, samples, strict=True):
        values = sample[variable].transpose("walk", "step").values
        activation, look = get_activation(sample.attrs["activation"]), mark(sample.activation)
        axes.plot(values[:_MOST_LINES].T, color=look.colour, linewidth=0.5, alpha=0.35)
        median = np.median(values, axis=0)
        axes.plot(median, color="black", linewidth=1.8)
        for level in levels:
            axes.axhline(level, color="black", linewidth=0.8, linestyle=":")
        axes.set(title=activation.label, xlabel="step")
        ends.append(f"{activation.label} from {median[0]:.2f} to {median[-1]:.2f}")
        top = max(top, float(np.quantile(values, 0.99)))
    top = top or 1.0
    name = samples[0][variable].attrs.get("long_name", variable)
    panels[0].set(ylabel=variable.replace("_", " "), ylim=(-0.03 * top, 1.05 * top))
    alt = f"""{name[:1].upper() + name[1:]} against step, a panel per activation, thin lines for
        walks and a black one for their median. The median goes for {listed(ends)}."""
    return Picture(figure, alt)
