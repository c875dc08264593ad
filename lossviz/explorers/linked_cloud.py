"""Linked cloud: a region of a loss-gradient cloud, and what is true of the points in it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import xarray as xr

from lossviz import _checks
from lossviz.activations import activation_names, get_activation
from lossviz.explorers import _cloud_data as cloud
from lossviz.explorers._cloud_axes import Axis, axis
from lossviz.explorers._cloud_outputs import rows_of
from lossviz.explorers._cloud_picture import draw, marks
from lossviz.explorers._controls import Control, Range, Select, State
from lossviz.explorers._explorer import Explorer
from lossviz.explorers._words import fixed, grouped, percent, significant
from lossviz.landscape.mlp import Landscape
from lossviz.plots import _inputs as inputs
from lossviz.plots.style import listed

_BINS = 20

_PATHS = (("steps", "loss against step"), ("cloud", "through the cloud"))


def linked_cloud(
    walks: xr.Dataset,
    landscape: Landscape | None = None,
    *,
    log: bool = False,
    title: str = "Linked cloud",
) -> Explorer:
    r"""Return an explorer of a loss-gradient cloud: brush a region, and see what its points share.

    A brush is a rectangle of losses and gradient norms, edges included, drawn with a pointer or
    set by ranges. For the points in it, beside those of all points, the explorer shows the
    walks' paths and whatever was measured of the following: the shares of kinds of curvature, the
    saturation, and the outputs of a landscape at the points' weights. Where eigenvalues' signs were
    counted (the measure ``"curvature"``), kinds are those of :func:`lossviz.inertia_kinds`; with
    ``"curvature_class"`` they are the classes.

    A page holds some hundred points. Of more, some walks and every k-th of their steps are
    taken, evenly, and the note below the figure says which.

    Args:
        walks: a data set as that of :func:`lossviz.progressive_gradient_walk`, with ``loss`` and
            ``gradient_norm``. Used too, where measured: curvature, ``saturation``,
            ``accuracy``, ``test_loss``, ``test_accuracy`` and, with a landscape, ``weights``.
        landscape: the landscape that was walked on, for outputs; without the measure
            ``"weights"`` they are left out. With one output and at most eight samples each
            sample's output is shown. Otherwise it is a mean over each class's samples: of the
            output that is 1 for the class, or of the only output.
        log: whether both axes are logarithmic. Linear ones go from 0 to a round number beyond
            the quantile 0.95; logarithmic ones from below the quantile 0.05 of positive values to
            above the largest, in halves of powers of ten. Points beyond are in no brush.
        title: the heading.

    Returns:
        The explorer, with a brush over the lower half of both axes.

    Raises:
        ValueError: if walks lack a variable, or one has other dimensions than ``walk`` and
            ``step``; if they have no finite values, or none that suit the axes; if the
            landscape is another one than they were on.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> import lossviz as lv
        >>> xor = lv.Landscape("xor", "tanh")
        >>> walks = lv.progressive_gradient_walk(xor, 9, 40, 0.2, 1.0, seed=0)
        >>> linked_cloud(walks, xor).result(loss_to=0.5)["text"][:26]
        'Brush: loss 0.000 to 0.500'
    """
    sample = cloud.checked_walks(walks)
    landscape = cloud.checked_landscape(landscape, sample)
    log, title = _checks.switch("log", log), inputs.text("title", title)
    rows = rows_of(landscape) if landscape is not None and "weights" in sample else None
    loss, gradient = (axis(name, sample[name].values, log) for name in ("loss", "gradient_norm"))
    shown = cloud.chosen(sample, 0 if rows is None else len(rows.labels))
    part = sample.isel(walk=shown.walks, step=shown.steps)
    data = cloud.points(part, (loss, gradient), log)
    weights = None if rows is None else part.weights.values.reshape(-1, part.sizes["weight"])
    data |= {"outputs": None if rows is None else rows.at(weights), "marks": marks(data["names"])}
    return Explorer(
        name="linked_cloud",
        title=title,
        prompt=_prompt(data),
        note=_note(sample, shown, landscape is not None and rows is None),
        controls=_controls(loss, gradient, log),
        data=data,
        compute=partial(_compute, data),
        draw=partial(draw, data),
    )


def _controls(loss: Axis, gradient: Axis, log: bool) -> tuple[Control, ...]:
    unit = ", log₁₀" if log else ""

    def end(name: str, words: str, along: Axis, value: float, more: bool = False) -> Range:
        return Range(
            name, f"{words}{unit}", along.low, along.high, along.step, value, along.digits, more
        )

    return (
        end("loss_from", "Loss from", loss, loss.low),
        end("loss_to", "Loss to", loss, loss.middle),
        end("gradient_to", "Gradient norm to", gradient, gradient.middle),
        end("gradient_from", "Gradient norm from", gradient, gradient.low, more=True),
        Select("paths", "Paths", _PATHS, "steps", more=True),
    )


def _prompt(data: dict[str, Any]) -> str:
    if data["kinds"] is not None:
        return "Which kind of curvature prevails at low losses, and which at high ones?"
    if data["saturation"] is not None:
        return "Are hidden units more saturated at low losses or at high ones?"
    return "How many of the walks have points at low losses and small gradients?"


def _note(sample: xr.Dataset, shown: cloud.Thinned, no_weights: bool) -> str:
    about = sample.attrs
    told = f"{shown.total_walks:,} walks of {shown.total_steps:,} steps"
    if "sampler" in about:
        told = f"{told} ({str(about['sampler']).replace('_', ' ')})"
    if "problem" in about:
        told = f"{told} on {about['problem']}"
    if "activation" in about:
        told = f"{told} with {_label(about['activation'])}"
    if "seed" in about:
        told = f"{told}, seed {about['seed']}"
    last = " Outputs are not shown, as weights were not measured." if no_weights else ""
    return (
        f"{told}. {shown.told()} Drag over the cloud to brush it, with a finger starting "
        f"sideways, or use the ranges; edges belong to the brush.{last}"
    )


def _label(name: str) -> str:
    return get_activation(name).label if name in activation_names() else str(name)


def _compute(data: dict[str, Any], state: State) -> dict[str, Any]:
    ends = {
        name: sorted((state[f"{name}_from"], state[f"{name}_to"])) for name in ("loss", "gradient")
    }
    inside, within_axes = np.full(len(data["loss"]), True), np.full(len(data["loss"]), True)
    for name, (low, high) in ends.items():
        values, along = data[name].astype(float), data["axes"][name]
        inside &= (values >= low) & (values <= high)
        within_axes &= (values >= along["low"]) & (values <= along["high"])
    touched = inside.reshape(data["walks"], -1).any(axis=1)
    found = {
        "ends": ends,
        "inside": inside.astype(int),
        "touched": touched.astype(int),
        "count": int(inside.sum()),
        "kinds": _kinds(data, inside),
        "saturation": _bins(data["saturation"], inside),
        "means": [
            {"label": each["label"]} | _mean(each["values"], inside) for each in data["means"]
        ],
        "outputs": _outputs(data["outputs"], inside),
        "axes": data["axes"],
    }
    return found | {"text": _in_words(data, found, float((~within_axes).mean()))}


def _kinds(data: dict[str, Any], inside: np.ndarray) -> dict[str, Any] | None:
    """Return shares of kinds of curvature in the brush and among all."""
    if data["kinds"] is None:
        return None
    kinds = np.frombuffer(data["kinds"].encode(), dtype=np.uint8) - ord("0")
    names = data["names"]
    counts = (np.bincount(each, minlength=len(names)) for each in (kinds[inside], kinds))
    brushed, everywhere = (count / max(1, count.sum()) for count in counts)
    return {"names": names, "inside": brushed, "all": everywhere}


def _mean(values: np.ndarray, inside: np.ndarray) -> dict[str, float | None]:
    """Return the mean of finite values in the brush and among all, None where there are none."""
    values = values.astype(float)
    usable = np.isfinite(values)
    chosen = {"inside": values[usable & inside], "all": values[usable]}
    return {name: float(each.mean()) if each.size else None for name, each in chosen.items()}


def _bins(values: np.ndarray | None, inside: np.ndarray) -> dict[str, Any] | None:
    """Count values from 0 to 1 in bins, as shares of those in the brush and of all."""
    if values is None:
        return None
    usable = np.isfinite(values)
    place = np.floor(values[usable].astype(float) * _BINS).astype(int).clip(0, _BINS - 1)
    counts = (np.bincount(each, minlength=_BINS) for each in (place[inside[usable]], place))
    brushed, everywhere = (count / max(1, count.sum()) for count in counts)
    return {"inside": brushed, "all": everywhere}


def _outputs(outputs: dict[str, Any] | None, inside: np.ndarray) -> list[dict[str, Any]] | None:
    """Return each row's bins and means."""
    if outputs is None:
        return None
    return [
        {"label": label, **_bins(values, inside), "mean": _mean(values, inside)}
        for label, values in zip(outputs["labels"], outputs["values"], strict=True)
    ]


def _in_words(data: dict[str, Any], found: dict[str, Any], beyond: float) -> str:
    loss, gradient = (_ends(data, found["ends"], name) for name in ("loss", "gradient"))
    total, walks = len(found["inside"]), len(found["touched"])
    told = [f"Brush: loss {loss}, gradient norm {gradient}."]
    if found["count"] == 0:
        told.append(f"None of the {grouped(total)} points shown lies in it.")
    else:
        told.append(
            f"It holds {percent(found['count'] / total)} of the {grouped(total)} points shown, "
            f"from {grouped(sum(found['touched'].tolist()))} of {grouped(walks)} walks."
        )
        told += _shares_in_words(found["kinds"])
        told += [
            f"Mean saturation {fixed(each['inside'], 2)} in it, {fixed(each['all'], 2)} of all."
            for each in found["means"]
            if each["label"] == "saturation" and each["inside"] is not None
        ]
    if beyond > 0:
        told.append(f"Beyond the axes: {percent(beyond)} of all.")
    return " ".join(told)


def _ends(data: dict[str, Any], ends: dict[str, list[float]], name: str) -> str:
    digits = data["axes"][name]["digits"]
    low, high = (
        significant(10.0**end, 2) if data["log"] else fixed(end, digits) for end in ends[name]
    )
    return f"{low} to {high}"


def _shares_in_words(kinds: dict[str, Any] | None) -> list[str]:
    if kinds is None:
        return []
    brushed, everywhere = (
        listed(
            [
                f"{percent(share)} {name}"
                for name, share in zip(kinds["names"], kinds[which], strict=True)
                if share > 0
            ]
        )
        for which in ("inside", "all")
    )
    return [f"In it: {brushed}. Of all: {everywhere}."]
