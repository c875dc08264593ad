"""Pictures of what random deep networks pass on, layer by layer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.colors import LinearSegmentedColormap, Normalize

from lossviz import _checks
from lossviz.activations import get_activation
from lossviz.plots import _inputs as inputs
from lossviz.plots.style import Picture, grid, listed, mark, styled

#: Colours of vanished, kept and exploded gradients; ``js/depth_thermometer.js`` has the same.
GONE, KEPT, GROWN = (33, 76, 140), (245, 245, 240), (170, 40, 30)
#: The power of ten beyond which a colour says only "or more".
LIMIT = 6

_CURVES = (("variance", "variance of net inputs"), ("gradient", "squared gradient, relative"))


def stability_colours() -> LinearSegmentedColormap:
    """Return the colours from vanished over kept to exploded."""
    ends = [tuple(part / 255 for part in colour) for colour in (GONE, KEPT, GROWN)]
    return LinearSegmentedColormap.from_list("stability", ends)


@styled
def signal_curves(
    measured: Mapping[str, xr.Dataset],
    expected: Mapping[str, Mapping[str, Float[np.ndarray, "layer"]]],
) -> Picture:
    """Draw the variance going forward and the squared gradient going back, against the layer.

    Args:
        measured: for each activation, networks that were run, as
            :func:`lossviz.measure_signals` returns them; marks are geometric means over networks.
        expected: for each activation, curves ``variance`` and ``gradient`` that theory expects,
            above 0, shape (layers,).

    Returns:
        A picture of two panels with logarithmic vertical axes.

    Raises:
        ValueError: if there is no activation or an unknown one, if a variable is missing, or if
            shapes differ or a value is not finite and above 0.

    Example:
        >>> import lossviz as lv
        >>> deep = {"relu": lv.measure_signals("relu", depth=3, width=5)}
        >>> theory = {"relu": {"variance": [1, 0.5, 0.25], "gradient": [0.25, 0.5, 1]}}
        >>> signal_curves(deep, theory).alt[:35]
        'Two panels against the layer, 1 to '
    """
    measured = inputs.mapping("measured", measured)
    expected = inputs.mapping("expected", expected)
    figure, (panels,) = grid(1, 2, (3.9, 3.1))
    told = []
    for name, sample in measured.items():
        (sample,) = inputs.samples([sample], "variance", "gradient", what="measured")
        if name not in expected:
            raise ValueError(
                f"expected and measured must have the same names; only one has {name!r}."
            )
        curves = inputs.mapping(f"expected of {name}", expected[name])
        label, look, ends = get_activation(name).label, mark(name), []
        for axes, (what, _) in zip(panels, _CURVES, strict=True):
            typical = np.exp(np.log(sample[what]).mean("network"))
            points = inputs.positive_line(f"measured of {name}, {what},", typical)
            layers = np.arange(1, len(points) + 1)
            where = f"expected of {name}, {what},"
            curve = inputs.positive_line(where, inputs.line(where, curves.get(what), len(points)))
            axes.plot(layers, curve, color=look.colour, linestyle=look.dashes, linewidth=1.4)
            axes.plot(layers, points, color=look.colour, marker=look.marker, linestyle="",
                      markersize=4.5, markevery=max(1, len(points) // 12), label=label)  # fmt: skip
            ends.append(f"{points[-1] if what == 'variance' else points[0]:.0e}")
        told.append(f"{label} {ends[0]} and {ends[1]}")
    for axes, (_, title) in zip(panels, _CURVES, strict=True):
        axes.set(title=title, xlabel="layer", yscale="log")
    panels[1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    alt = f"""Two panels against the layer, 1 to {len(layers)}, on logarithmic axes: left the
        variance of net inputs, right the squared gradient relative to the last layer's. Marks are
        networks that were run, lines the theory. The last layer's variance and the first layer's
        squared gradient: {listed(told)}."""
    return Picture(figure, alt)


@styled
def layer_histograms(samples: Mapping[str, xr.Dataset], num_bins: int = 40) -> Picture:
    """Draw histograms of hidden outputs, a column per network and a row per layer.

    Args:
        samples: for each column's title, a network that was run, as
            :func:`lossviz.measure_signals` returns it with ``keep_outputs=True``.
        num_bins: bins of equal width between the lowest and the highest output of a column.

    Returns:
        A picture whose rows are layers, the first at the top, each scaled to its tallest bin.
        Where there is a measure, a column says the saturation of its layers on the right.

    Raises:
        ValueError: if there is no sample, or outputs are missing or not finite.
        TypeError: if the number of bins is no integer.

    Example:
        >>> import lossviz as lv
        >>> small = lv.measure_signals("tanh", depth=2, width=4, keep_outputs=True)
        >>> layer_histograms({"gain 1": small}).alt[:46]
        'Histograms of hidden outputs, a row per layer,'
    """
    samples = inputs.mapping("samples", samples)
    num_bins = _checks.whole("num_bins", num_bins, 1)
    figure, (panels,) = grid(1, len(samples), (2.5, 3.6), sharey=True)
    told = []
    for axes, (title, sample) in zip(panels, samples.items(), strict=True):
        (sample,) = inputs.samples([sample], "outputs", what="samples")
        outputs = _checks.array("outputs of samples", sample.outputs.values, None, None, None, None)
        colour = mark(sample.attrs["activation"]).colour
        edges = np.linspace(outputs.min(), outputs.max(), num_bins + 1)
        depth = outputs.shape[1]
        for layer in range(depth):
            counts, _ = np.histogram(outputs[:, layer], edges)
            axes.stairs(layer + 1 - 0.85 * counts / counts.max(), edges, baseline=layer + 1,
                        fill=True, color=colour, alpha=0.75)  # fmt: skip
        axes.set(title=title, xlabel="hidden output", ylim=(depth + 0.1, 0))
        axes.set_yticks(range(1, depth + 1))
        spread = outputs.std(axis=(0, 2, 3))
        told.append(f"{title} from {spread[0]:.2f} to {spread[-1]:.2f}" + _saturated(axes, sample))
    panels[0].set_ylabel("layer")
    alt = f"""Histograms of hidden outputs, a row per layer, a column per network. Standard
        deviation at the first and the last layer: {"; ".join(told)}."""
    return Picture(figure, alt)


def _saturated(axes: object, sample: xr.Dataset) -> str:
    """Write the saturation of each layer beside its row; return the ends in words."""
    if "saturation" not in sample:
        return ""
    values = sample.saturation.mean("network").values
    for layer, value in enumerate(values, start=1):
        axes.text(1.02, layer - 0.35, f"{value:.2f}", transform=axes.get_yaxis_transform(),
                  ha="left", fontsize="small")  # fmt: skip
    return f", saturation from {values[0]:.2f} to {values[-1]:.2f}"


@styled
def propagation_map(
    gains: Float[np.ndarray, "gain"],
    gradients: Mapping[str, Float[np.ndarray, "gain depth"]],
    recommended: Mapping[str, float],
) -> Picture:
    """Draw where gradients vanish, keep their size and explode, over gain and depth.

    Args:
        gains: gains, evenly spaced and rising, above 0, shape (gains,).
        gradients: for each activation, the first layer's mean squared gradient relative to the
            last's, above 0, for depths from 1, shape (gains, depths).
        recommended: for each activation, a gain to be marked.

    Returns:
        A picture with a panel per activation. Between the black lines the squared gradient keeps
        its size within a factor of 100.

    Raises:
        ValueError: if there is no activation or an unknown one, if shapes differ, or if a value is
            not finite and above 0.

    Example:
        >>> propagation_map([1.0, 2.0], {"relu": [[1, 0.5], [1, 2]]}, {"relu": 1.4}).alt[-38:]
        '1.4; at gain 1 it is 0.5, at gain 2 2.'
    """
    gains = inputs.positive_line("gains", gains)
    gradients = inputs.mapping("gradients", gradients)
    recommended = inputs.mapping("recommended", recommended)
    figure, (panels,) = grid(1, len(gradients), (2.6, 2.9), sharey=True)
    told = []
    for axes, (name, values) in zip(panels, gradients.items(), strict=True):
        if name not in recommended:
            raise ValueError(
                f"gradients and recommended must have the same names; only one has {name!r}."
            )
        label = get_activation(name).label
        values = _checks.array(f"gradients of {name}, a row for each of gains,", values, len(gains),
                               None)  # fmt: skip
        inputs.positive_line(f"gradients of {name}", values.ravel())
        wanted = _checks.real(f"recommended of {name}", recommended.get(name), above=0)
        powers, depths = np.log10(values).T, np.arange(1, values.shape[1] + 1)
        image = axes.pcolormesh(gains, depths, powers, cmap=stability_colours(),
                                norm=Normalize(-LIMIT, LIMIT), shading="nearest")  # fmt: skip
        if powers.shape[0] > 1 and len(gains) > 1:
            axes.contour(gains, depths, np.clip(powers, -99, 99), [-2, 2], colors="black",
                         linewidths=1.2, linestyles="-")  # fmt: skip
        axes.axvline(wanted, color="black", linestyle=":", linewidth=1.6)
        axes.set(title=label, xlabel="gain")
        axes.grid(visible=False)
        told.append(
            f"{label}, recommended gain {wanted:.3g}; at gain {gains[0]:g} it is "
            f"{values[0, -1]:.1g}, at gain {gains[-1]:g} {values[-1, -1]:.1g}"
        )
    panels[0].set_ylabel("depth (layers)")
    bar = figure.colorbar(image, ax=list(panels), extend="both")
    bar.set_label("log10 of the squared gradient")
    alt = f"""Maps over gain and depth: the squared gradient at the first layer relative to the
        last, blue where it vanishes, red where it explodes. At depth {len(depths)}:
        {". ".join(told)}."""
    return Picture(figure, alt)
