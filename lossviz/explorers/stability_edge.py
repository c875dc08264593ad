"""Stability edge: recorded runs of gradient descent beside the curvature that a step can bear."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from lossviz import _checks
from lossviz.activations import get_activation
from lossviz.analysis.edge import EdgeOfStability, edge_of_stability
from lossviz.explorers._controls import Range, Select, State
from lossviz.explorers._explorer import Explorer
from lossviz.explorers._words import fixed, grouped, percent, significant
from lossviz.plots.style import Picture, grid, mark, styled

_DIMS = ("activation", "learning_rate", "step")


def stability_edge(
    recorded: xr.Dataset, activation: str | None = None, learning_rate: float | None = None
) -> Explorer:
    r"""Return an explorer of the edge of stability, from runs that were recorded.

    Full-batch gradient descent was run with several activations and learning rates. Seen are a
    run's loss and sharpness (largest Hessian eigenvalue) against the step, the limit
    2 / learning rate, and one step that can be moved along; said is what
    :func:`lossviz.edge_of_stability` finds.

    Args:
        recorded: ``loss`` and ``sharpness`` over the dimensions ``activation``,
            ``learning_rate`` and ``step``, with coordinates; finite, losses above 0, steps evenly
            spaced from 0 on.
        activation: the activation to begin with; None for the first.
        learning_rate: the learning rate to begin with; None for the one in the middle.

    Returns:
        The explorer.

    Raises:
        ValueError: if a dimension, coordinate or variable is missing, a number is out of its
            range, or a choice was not recorded.
        TypeError: if ``recorded`` is no data set.

    Example:
        >>> import numpy as np, xarray as xr
        >>> dims = ("activation", "learning_rate", "step")
        >>> run = xr.Dataset(
        ...     {"loss": (dims, [[[0.5, 0.4, 0.3]]]), "sharpness": (dims, [[[1.0, 2.0, 4.2]]])},
        ...     coords={"activation": ["relu"], "learning_rate": [0.5], "step": [0, 10, 20]})
        >>> stability_edge(run).result()["text"][:57]
        'ReLU, learning rate 0.5: the limit 4.00 is first met at s'
    """
    data = _data(_checked(recorded))
    labels = {name: each["label"] for name, each in data["activations"].items()}
    rates = [f"{rate:g}" for rate in data["rates"]]
    first = next(iter(labels)) if activation is None else activation
    rate = rates[len(rates) // 2] if learning_rate is None else learning_rate
    if learning_rate is not None:
        rate = f"{_checks.real('learning_rate', learning_rate, above=0):g}"
    last = data["every"] * (data["count"] - 1)
    return Explorer(
        name="stability_edge",
        title="Stability edge",
        prompt="Which learning rates meet their limit, and does the loss shake before that?",
        note=f"Recorded runs of full-batch gradient descent, every {data['every']} steps; "
        "all from the same start.",
        controls=(
            Select("activation", "Function", tuple(labels.items()),
                   _checks.one_of("activation", first, labels)),
            Select("learning_rate", "Learning rate", tuple((r, r) for r in rates),
                   _checks.one_of("learning_rate", rate, rates)),
            Range("step", "Look at step", 0, last, data["every"], 0, 0).starting_at(last / 2),
        ),
        data=data,
        compute=partial(_compute, data),
        draw=_draw,
    )  # fmt: skip


def _checked(recorded: xr.Dataset) -> xr.Dataset:
    if not isinstance(recorded, xr.Dataset):
        raise TypeError(f"recorded must be a data set; got {type(recorded).__name__}.")
    for name in ("loss", "sharpness"):
        if name not in recorded or set(recorded[name].dims) != set(_DIMS):
            raise ValueError(
                f"recorded must have {name} over {_DIMS}; got "
                f"{ {str(n): v.dims for n, v in recorded.data_vars.items()} }."
            )
    missing = [dim for dim in _DIMS if dim not in recorded.coords]
    if missing:
        raise ValueError(f"recorded must have coordinates for {_DIMS}; {missing} missing.")
    found = recorded.transpose(*_DIMS, ...)
    for name in ("loss", "sharpness"):
        _checks.array(f"{name} of recorded", found[name].values, None, None, None)
    if (found.loss <= 0).any() or (found.learning_rate <= 0).any():
        raise ValueError(
            "recorded must have losses and learning rates above 0; got one that is not."
        )
    steps = found.step.values
    if len(steps) < 3 or steps[0] != 0 or len(set(np.diff(steps))) != 1 or steps[1] <= 0:
        raise ValueError(
            f"recorded must have evenly spaced steps from 0 on, at least three; got {steps[:4]}."
        )
    return found


def _data(recorded: xr.Dataset) -> dict[str, Any]:
    """Return what both page and kernel know, in the page's precision."""
    runs = {}
    for name in map(str, recorded.activation.values):
        found, look = recorded.sel(activation=name), get_activation(name)
        colour = mark(name).colour
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        light = (round(value + 0.45 * (255 - value)) for value in (red, green, blue))
        runs[name] = {
            "label": look.label, "colour": colour, "light": f"rgb({','.join(map(str, light))})",
            "loss": found.loss.values.astype(np.float32).ravel(),
            "sharpness": found.sharpness.values.astype(np.float32).ravel(),
        }  # fmt: skip
    steps = recorded.step.values
    return {
        "activations": runs, "rates": [float(rate) for rate in recorded.learning_rate.values],
        "every": int(steps[1]), "count": len(steps),
    }  # fmt: skip


def _compute(data: dict[str, Any], state: State) -> dict[str, Any]:
    known, count = data["activations"][state["activation"]], data["count"]
    rates = [f"{rate:g}" for rate in data["rates"]]
    row = rates.index(state["learning_rate"])
    part = slice(row * count, (row + 1) * count)
    loss, sharpness = (known[name][part].astype(float) for name in ("loss", "sharpness"))
    edge = edge_of_stability(loss, sharpness, data["rates"][row])
    at = min(count - 1, math.floor(state["step"] / data["every"] + 0.5))
    text = _in_words(known["label"], state["learning_rate"], edge, data["every"])
    place = (
        f" At step {grouped(at * data['every'])} the loss is {significant(loss[at], 3)} and the "
        f"sharpness {significant(sharpness[at], 3)}, {fixed(sharpness[at] / edge.limit, 2)} times "
        "the limit."
    )
    steps = data["every"] * np.arange(count)
    return {
        "steps": steps, "loss": loss, "sharpness": sharpness, "limit": edge.limit, "at": at,
        "reached": -1 if edge.reached is None else edge.reached, "text": text + place,
    }  # fmt: skip


def _in_words(label: str, rate: str, edge: EdgeOfStability, every: int) -> str:
    start = f"{label}, learning rate {rate}: the limit {significant(edge.limit, 3)} is "
    if edge.reached is None or edge.hover is None or edge.above is None:
        return f"{start}not met in this run."
    told = (
        f"{start}first met at step {grouped(edge.reached * every)}. From there on the sharpness "
        f"has a median of {fixed(edge.hover, 2)} times the limit"
    )
    if edge.rises is None:
        return f"{told}."
    share = percent(edge.rises)
    return f"{told}. Of later records, {share} have a higher loss than the one before."


@styled
def _draw(result: dict[str, Any], state: State) -> Picture:
    figure, ((losses,), (curvatures,)) = grid(2, 1, (6.2, 1.9), sharex=True)
    colour, at = mark(state["activation"]).colour, result["at"]
    for axes, name in ((losses, "loss"), (curvatures, "sharpness")):
        axes.plot(result["steps"], result[name], color=colour, linewidth=1.4)
        axes.plot(result["steps"][at], result[name][at], "o", color="black", markersize=5)
        axes.set_ylabel(name)
        if result["reached"] >= 0:
            axes.axvline(result["steps"][result["reached"]], color="#555555", linewidth=0.8)
    curvatures.axhline(result["limit"], color="black", linestyle=":", linewidth=1.2)
    losses.set_yscale("log")
    curvatures.set(xlabel="step", ylim=(0, None))
    return Picture(
        figure, "Training loss above and sharpness below, against the step, with the limit "
        f"2 / learning rate dotted. {result['text']}"
    )  # fmt: skip
