"""Activation lab: two functions, what they do to net inputs of some spread, and their slopes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.special import ndtri

from lossviz import _checks
from lossviz.activations import Activation, activation_names, get_activation
from lossviz.explorers._controls import Range, Select, State
from lossviz.explorers._explorer import Explorer
from lossviz.explorers._words import fixed, percent
from lossviz.plots.style import Picture, grid, mark, styled

_POINTS, _BINS = 241, 30

# Net inputs that stand for a normal variable: the middles of a thousand equal shares.
_SAMPLE = 1000
_STEP, _LARGEST = 0.1, 5.0

# What a page knows of an activation that is not of the zoo: values this far out, this many.
_TABLE_SPAN, _TABLE = 17.0, 681

# When this is imported nothing can have been registered yet.
_ZOO = activation_names()


def activation_lab(
    first: str = "tanh", second: str = "relu", scale: float = 1.0,
    functions: Sequence[str] | None = None,
) -> Explorer:  # fmt: skip
    r"""Return an explorer of activation functions: curves, slopes, outputs, saturation.

    Two functions are compared. Net inputs :math:`z \sim N(0, s^2)` of a chosen spread s stand for
    those of a layer; a thousand evenly spaced quantiles are taken, so nothing is random. Seen are
    f, f' and f'', histograms of outputs and of slopes, the mean output, the mean squared slope
    (by which signals going back shrink or grow, layer by layer) and the degree of saturation by
    each function's own measure.

    Args:
        first: an activation's name.
        second: another's.
        scale: the spread s, from 0.1 to 5 in steps of 0.1.
        functions: names that can be chosen; None for all of :func:`lossviz.activation_names`.

    Returns:
        The explorer. An activation that a reader has registered is drawn from a table of its
        values on a page, and by itself with a live kernel.

    Raises:
        ValueError: if there is no such activation, or the spread is out of its range.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> lab = activation_lab("tanh", "elu")
        >>> lab.result(scale=3.0)["text"][:30]
        'Net inputs of spread 3.0. tanh'
    """
    names = activation_names() if functions is None else functions
    names = _checks.some_of("functions", names, activation_names())
    chosen = {name: get_activation(name) for name in names}
    options = tuple((name, each.label) for name, each in chosen.items())
    controls = (
        Select("first", "Function", options, _checks.one_of("first", first, chosen)),
        Select("second", "compared with", options, _checks.one_of("second", second, chosen)),
        Range("scale", "Spread of z", _STEP, _LARGEST, _STEP, 1.0).starting_at(scale),
    )
    data = _data(chosen)
    return Explorer(
        name="activation_lab",
        title="Activation lab",
        prompt="Which function's mean squared slope falls most when the spread of z doubles?",
        note="Nothing here is random: z takes a thousand evenly spaced quantiles of N(0, spread²).",
        controls=controls,
        data=data,
        compute=partial(_compute, chosen, data),
        draw=_draw,
    )


def _data(chosen: dict[str, Activation]) -> dict[str, Any]:
    quantiles = ndtri((np.arange(_SAMPLE) + 0.5) / _SAMPLE).astype(np.float32)
    scales = _STEP * np.arange(1, round(_LARGEST / _STEP) + 1)
    functions = {name: _known(each, quantiles, scales) for name, each in chosen.items()}
    return {"quantiles": quantiles, "step": _STEP, "functions": functions}


def _known(activation: Activation, quantiles: np.ndarray, scales: np.ndarray) -> dict[str, Any]:
    saturated = None
    if activation.saturation is not None:
        inputs = torch.from_numpy(np.multiply.outer(scales, quantiles.astype(float)))
        saturated = activation.saturation(activation(inputs)[..., None]).numpy().astype(np.float32)
    found = {"label": activation.label, "saturated": saturated, **_colours(activation.name)}
    if activation.name not in _ZOO:
        z = np.linspace(-_TABLE_SPAN, _TABLE_SPAN, _TABLE)
        found["table"] = {"span": _TABLE_SPAN, **_curves(activation, z)}
    return found


def _colours(name: str) -> dict[str, str]:
    """Return a function's colour, and one of its kind that stands out on a dark ground."""
    colour = mark(name).colour
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    light = (round(value + 0.45 * (255 - value)) for value in (red, green, blue))
    return {"colour": colour, "light": f"rgb({','.join(map(str, light))})"}


def _curves(activation: Activation, z: np.ndarray) -> dict[str, np.ndarray]:
    return {
        "f": activation(z).numpy(), "first": activation.derivative(z).numpy(),
        "second": activation.second_derivative(z).numpy(),
    }  # fmt: skip


def _compute(chosen: dict[str, Activation], data: dict[str, Any], state: State) -> dict[str, Any]:
    scale = state["scale"]
    span = max(3.0, 3 * scale)
    z = span * (2 * np.arange(_POINTS) / (_POINTS - 1) - 1)
    inputs = torch.from_numpy(scale * data["quantiles"].astype(float))
    names = (state["first"], state["second"])
    samples = [
        {"outputs": chosen[name](inputs).numpy(), "slopes": chosen[name].derivative(inputs).numpy()}
        for name in names
    ]
    functions = [
        _curves(chosen[name], z)
        | {
            "label": chosen[name].label,
            "saturated": _saturated(data["functions"][name], scale),
            "mean": float(sample["outputs"].mean()),
            "squared": float(np.square(sample["slopes"]).mean()),
        }
        for name, sample in zip(names, samples, strict=True)
    ]
    shared = {what: _histograms(samples, what) for what in ("outputs", "slopes")}
    return {"z": z, "functions": functions, **shared, "text": _in_words(scale, functions)}


def _saturated(known: dict[str, Any], scale: float) -> float | None:
    """Return the degree of saturation at a spread, from the table that the page has, too."""
    if known["saturated"] is None:
        return None
    return float(known["saturated"][round(scale / _STEP) - 1])


def _histograms(samples: list[dict[str, np.ndarray]], what: str) -> dict[str, Any]:
    """Count values of both functions in the same bins, as shares."""
    both = [sample[what] for sample in samples]
    low, high = min(map(np.min, both)), max(map(np.max, both))
    width = ((high - low) or 1) / _BINS
    places = [
        np.minimum(_BINS - 1, np.floor((values - low) / width).astype(int)) for values in both
    ]
    shares = [np.bincount(place, minlength=_BINS) / _SAMPLE for place in places]
    return {"low": float(low), "width": float(width), "shares": shares}


def _in_words(scale: float, functions: list[dict[str, Any]]) -> str:
    told = []
    for each in functions:
        flat = "no measure of saturation"
        if each["saturated"] is not None:
            flat = f"saturated {percent(each['saturated'])}"
        told.append(
            f"{each['label']}: mean output {fixed(each['mean'], 2)}, mean squared slope "
            f"{fixed(each['squared'], 2)}, {flat}."
        )
    return f"Net inputs of spread {fixed(scale, 1)}. {' '.join(told)}"


@styled
def _draw(result: dict[str, Any], state: State) -> Picture:
    figure, (panels,) = grid(1, 4, (2.3, 2.2))
    names = (state["first"], state["second"])
    for axes, what, title in zip(
        panels[:3], ("f", "first", "second"), ("f(z)", "f'(z)", "f''(z)"), strict=True
    ):
        for name, each in zip(names, result["functions"], strict=True):
            look = mark(name)
            axes.plot(result["z"], each[what], color=look.colour, linestyle=look.dashes,
                      label=each["label"])  # fmt: skip
        axes.set(title=title, xlabel="net input z")
    panels[0].legend(fontsize="small")
    bins = result["outputs"]
    edges = bins["low"] + bins["width"] * np.arange(_BINS + 1)
    for name, shares in zip(names, bins["shares"], strict=True):
        panels[3].stairs(100 * shares, edges, color=mark(name).colour, linewidth=1.5)
    panels[3].set(title="outputs", xlabel="output", ylabel="share (%)")
    labels = " and ".join(each["label"] for each in result["functions"])
    return Picture(
        figure, f"Curves of {labels}, their slopes and second derivatives, and histograms of "
        f"outputs. {result['text']}"
    )  # fmt: skip
