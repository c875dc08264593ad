"""Depth thermometer: what a gain makes of signal and gradient, by layer and by depth."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.colors import Normalize

from lossviz import _checks
from lossviz.activations import Activation, activation_names, get_activation
from lossviz.analysis.gaussian import gaussian_moments
from lossviz.explorers._controls import Range, Select, State
from lossviz.explorers._explorer import Explorer
from lossviz.explorers._words import fixed, significant
from lossviz.plots.propagation import LIMIT, stability_colours
from lossviz.plots.style import Picture, grid, mark, styled

# The map has a crossing for every depth and every gain that the controls can have.
_SIDE, _STEP = 60, 0.05
_GAINS = np.arange(1, _SIDE + 1) / 20
# A page knows the integrals by a table over log10 of q. Beyond its ends they are power laws.
_LOW, _PER_POWER, _TABLE = -6, 24, 289
# A squared gradient keeps its size within this power of ten, either way.
_KEPT = 2


def depth_thermometer(
    activation: str = "tanh", gain: float = 1.0, depth: int = 30,
    functions: Sequence[str] | None = None,
) -> Explorer:  # fmt: skip
    r"""Return an explorer of the gains with which deep random networks keep signal and gradient.

    Weights have variance g^2 / n for n inputs, biases are 0, layers wide, and inputs of mean
    square 1 (see :func:`lossviz.signal_propagation`). Seen are the variance of net inputs and the
    squared gradient at each layer, and a map of all gains to 3 and all depths to 60.

    Args:
        activation: an activation's name.
        gain: g, from 0.05 to 3 in steps of 0.05; it starts below 3.
        depth: number of layers, from 2 to 60; it starts below 60.
        functions: names that can be chosen; None for all of :func:`lossviz.activation_names`.

    Returns:
        The explorer. Page and kernel interpolate the same table of two integrals per activation.

    Raises:
        ValueError: if there is no such activation, or a number is out of its range.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> depth_thermometer("relu", functions=["relu"]).result(gain=1.0)["text"][:34]
        'ReLU, gain 1.00, 30 layers: the va'
    """
    names = activation_names() if functions is None else functions
    chosen = {n: get_activation(n) for n in _checks.some_of("functions", names, activation_names())}
    options = tuple((name, each.label) for name, each in chosen.items())
    data = {"functions": {name: _known(each) for name, each in chosen.items()}}
    return Explorer(
        name="depth_thermometer",
        title="Depth thermometer",
        prompt="Which gain keeps the gradient through all layers, and what does 0.1 more do?",
        note="Nothing here is random: two integrals per layer say what wide random layers pass on.",
        controls=(
            Select("activation", "Function", options,
                   _checks.one_of("activation", activation, chosen)),
            Range("gain", "Gain", _STEP, 3.0, _STEP, 1.0, 2).starting_at(gain),
            Range("depth", "Layers", 2, _SIDE, 1, 30, 0).starting_at(depth),
        ),
        data=data,
        compute=partial(_compute, data),
        draw=_draw,
    )  # fmt: skip


def _known(activation: Activation) -> dict[str, Any]:
    spreads = 10 ** ((_LOW + np.arange(_TABLE) / _PER_POWER) / 2)
    moments = gaussian_moments(activation, spreads)
    look = mark(activation.name).colour
    tables = {"square": moments.square, "slope": moments.squared_slope}
    found: dict[str, Any] = {"label": activation.label, "colour": look}
    for name, values in tables.items():
        logs = np.log10(np.maximum(values, 1e-30)).astype(np.float32)
        ends = [(logs[1] - logs[0]) * _PER_POWER, (logs[-1] - logs[-2]) * _PER_POWER]
        # The exponents of power laws that activations follow far out are halves.
        found[name] = {"logs": logs, "ends": [round(2 * float(end)) / 2 for end in ends]}
    return found


def _at(table: dict[str, Any], power: np.ndarray) -> np.ndarray:
    """Return log10 of an integral at powers of ten of q."""
    logs, (left, right) = table["logs"].astype(float), table["ends"]
    last = _TABLE - 1
    place = (power - _LOW) * _PER_POWER
    i = np.clip(np.floor(place), 0, last - 1).astype(int)
    within = logs[i] + (place - i) * (logs[i + 1] - logs[i])
    low = logs[0] + left * place / _PER_POWER
    high = logs[last] + right * (place - last) / _PER_POWER
    return np.where(place < 0, low, np.where(place > last, high, within))


def _compute(data: dict[str, Any], state: State) -> dict[str, Any]:
    known = data["functions"][state["activation"]]
    squared = 2 * np.log10(_GAINS)
    power, back, variances, gradients = squared, np.zeros(_SIDE), [], []
    for _ in range(_SIDE):
        variances.append(power)
        gradients.append(back)
        back = back + squared + _at(known["slope"], power)
        power = squared + _at(known["square"], power)
    column, depth = round(state["gain"] * 20) - 1, int(state["depth"])
    grown = np.array(gradients)
    # The gradient at layer l of a network of this depth is what the layers from l on multiply.
    along = grown[depth - 1, column] - grown[:depth, column]
    variance = np.array(variances)[:depth, column]
    kept = _GAINS[np.abs(grown[depth - 1]) < _KEPT]
    return {
        "variance": variance, "gradient": along, "map": grown.ravel(), "kept": kept,
        "text": _in_words(known["label"], state, variance, along, kept),
    }  # fmt: skip


def _in_words(
    label: str, state: State, variance: np.ndarray, gradient: np.ndarray, kept: np.ndarray
) -> str:
    first = float(gradient[0])
    verdict = "keeps its size within a factor of 100"
    if abs(first) >= _KEPT:
        verdict = "vanishes" if first < 0 else "explodes"
    strip = "No gain of the map keeps it at this depth."
    if len(kept):
        strip = f"Gains that keep it at this depth: {fixed(kept[0], 2)} to {fixed(kept[-1], 2)}."
    ends = [significant(10.0 ** float(each), 2) for each in (variance[0], variance[-1], first)]
    return (
        f"{label}, gain {fixed(state['gain'], 2)}, {fixed(state['depth'], 0)} layers: the variance "
        f"of net inputs goes from {ends[0]} to {ends[1]}. The squared gradient at the first layer "
        f"is {ends[2]} times the last layer's: it {verdict}. {strip}"
    )


@styled
def _draw(result: dict[str, Any], state: State) -> Picture:
    figure, ((curves, area),) = grid(1, 2, (4.0, 2.8))
    layers = np.arange(1, len(result["variance"]) + 1)
    colour = mark(state["activation"]).colour
    curves.plot(layers, result["variance"], color=colour, label="variance of net inputs")
    curves.plot(layers, result["gradient"], color=colour, linestyle="--", label="squared gradient")
    curves.set(title="layer by layer", xlabel="layer", ylabel="power of ten")
    curves.legend(fontsize="small")
    powers = result["map"].reshape(_SIDE, _SIDE)
    image = area.pcolormesh(_GAINS, np.arange(1, _SIDE + 1), powers, shading="nearest",
                            cmap=stability_colours(), norm=Normalize(-LIMIT, LIMIT))  # fmt: skip
    area.plot(state["gain"], state["depth"], "o", color="black", markeredgecolor="white")
    area.set(title="squared gradient at the first layer", xlabel="gain", ylabel="layers")
    area.grid(visible=False)
    figure.colorbar(image, ax=area, extend="both").set_label("power of ten")
    return Picture(
        figure, "Left, curves of variance and squared gradient against the layer; right, a map of "
        f"the squared gradient over gain and depth. {result['text']}"
    )  # fmt: skip
