"""Walk race: what five samplers report about the same landscape, with the same random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import xarray as xr

from lossviz import _checks
from lossviz.activations import get_activation
from lossviz.explorers._controls import Range, Select, State
from lossviz.explorers._explorer import Explorer
from lossviz.explorers._race_picture import LOOKS, draw
from lossviz.explorers._race_reports import EVERY, report, shared_axes
from lossviz.explorers._words import fixed, percent
from lossviz.landscape.mlp import Landscape
from lossviz.sampling.random_walks import progressive_random_walk, random_walk
from lossviz.sampling.walks import progressive_gradient_walk

_WALKS, _STEPS = 12, 100

# Those whose walks in a page's arithmetic were seen to be Python's, bit by bit.
_ACTIVATIONS = (
    "tanh", "relu", "elu", "sigmoid", "leaky_relu", "selu", "gelu", "silu", "softplus", "mish",
    "hard_tanh", "lecun_tanh", "sine", "identity",
)  # fmt: skip

_START_RANGES = ("0.1", "0.5", "1", "3", "10")

_Sampler = Callable[..., xr.Dataset]

#: The samplers by name, in the order of their panels.
_SAMPLERS: dict[str, _Sampler] = {
    "random": random_walk,
    "progressive": progressive_random_walk,
    "increase": partial(progressive_gradient_walk, zero_gradient="increase"),
    "stay": partial(progressive_gradient_walk, zero_gradient="stay"),
    "random_sign": partial(progressive_gradient_walk, zero_gradient="random"),
}

# The place of the first of the three gradient walks; the others follow.
_INCREASE = 2

_PROMPT = (
    "All five samplers walk through one landscape. Which will report the lowest losses, and with "
    "which function will the three rules for a gradient of 0 lead to different walks?"
)

_NOTE = (
    "Walk i of every sampler takes the random numbers of (seed, i), so these are the walks of "
    "lossviz.random_walk, progressive_random_walk and progressive_gradient_walk. The first two "
    "turn back where a weight would leave the range of the starts; gradient walks have no border. "
    "Lines are medians over walks, the band is their middle half; the clouds' axes end at the 95 % "
    "quantile of the sampler that reaches furthest. "
    f"Each sampler has {_WALKS} walks of {_STEPS} points, the start among them. Curvature is "
    f"looked at in every {EVERY}th of them; an eigenvalue is negative if it is below -1e-8 of the "
    "largest size of one."
)


def walk_race(
    activation: str = "tanh", start_range: float = 1.0, max_step: float = 2.0, seed: int = 0
) -> Explorer:
    r"""Return an explorer of what samplers report about the same landscape.

    The landscape is that of XOR with two hidden units: nine weights, cross-entropy. Five samplers
    visit it with equal numbers of points and the same random numbers: the random walk, the
    progressive random walk, and the progressive gradient walk under its three rules for
    components of the gradient that are exactly 0 (``"increase"``, ``"stay"``, ``"random"``). Seen
    are the loss along the way, median and quartiles over walks; each sampler's loss-gradient
    cloud; and a table of what each reports: its lowest loss, median loss and gradient norm, the
    ruggedness (:func:`lossviz.ruggedness`), and the shares of gradient components that are 0, of
    dead hidden units (:func:`lossviz.dead_units`), and of points without a negative eigenvalue.

    Starts are uniform in [-b, b] per weight. The random walks turn back at that border; the
    gradient walks have none, as in the study.

    Args:
        activation: the hidden units' activation, by name; one of the zoo.
        start_range: b, one of 0.1, 0.5, 1, 3 and 10.
        max_step: the largest change of one weight per step, in per cent of the range 2b: from
            0.5 to 10 in steps of 0.5. In the walks' own terms it is max_step / 100 * 2b; the
            study's micro walks have 1, its macro walks 10.
        seed: from 0 to 99.

    Returns:
        The explorer. A page takes the package's own walks. The random numbers are the same, and
        gradient walks depend on the signs of components alone; only where a component is
        within rounding of 0 could the two part. That was looked for with each activation, start
        range and sampler, largest steps of 0.5, 2 and 5.5 %, 30 seeds and 12 walks each: all
        378,000 walks ended at the same weights, bit by bit.

    Raises:
        ValueError: if there is no such activation, or a number is none of those allowed.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> race = walk_race("relu")
        >>> race.result(seed=3)["text"][:42]
        'XOR, ReLU, starts in [-1, 1], steps up to '
    """
    options = tuple((name, get_activation(name).label) for name in _ACTIVATIONS)
    controls = (
        Select("activation", "Function", options,
               _checks.one_of("activation", activation, _ACTIVATIONS)),
        Select("start_range", "Starts within ±", tuple((b, b) for b in _START_RANGES),
               _named_range(start_range)),
        Range("max_step", "Largest step (% of range)", 0.5, 10.0, 0.5, 2.0).starting_at(max_step),
        Range("seed", "Seed", 0, 99, 1, 0, digits=0, more=True).starting_at(
            _checks.whole("seed", seed, 0)
        ),
    )  # fmt: skip
    samplers = [{"name": name, **LOOKS[name].spec()} for name in _SAMPLERS]
    return Explorer(
        name="walk_race",
        title="Walk race",
        prompt=_PROMPT,
        note=_NOTE,
        controls=controls,
        data={
            "walks": _WALKS, "steps": _STEPS, "labels": dict(options), "samplers": samplers,
        },
        compute=_compute,
        draw=draw,
    )  # fmt: skip


def _named_range(start_range: float) -> str:
    """Return the text of a range of starts, as the control has it."""
    value = _checks.real("start_range", start_range)
    found = [text for text in _START_RANGES if float(text) == value]
    if not found:
        raise ValueError(f"start_range must be one of {', '.join(_START_RANGES)}; got {value}.")
    return found[0]


def _compute(state: State) -> dict[str, Any]:
    landscape = Landscape("xor", state["activation"])
    b = float(state["start_range"])
    seed = math.floor(state["seed"] + 0.5)
    reports = []
    for name, sampler in _SAMPLERS.items():
        walks = sampler(
            landscape, _WALKS, _STEPS, state["max_step"] / 100 * 2 * b, b, seed,
            measures=("loss", "gradient_norm", "weights"), progress=False,
        )  # fmt: skip
        reports.append({"label": LOOKS[name].label} | report(landscape, walks))
    return {
        "samplers": reports, "axes": shared_axes(reports),
        "text": _in_words(landscape.activation.label, state, seed, reports),
    }  # fmt: skip


def _in_words(label: str, state: State, seed: int, reports: list[dict[str, Any]]) -> str:
    b = state["start_range"]
    same = reports[_INCREASE]["zeros"] == 0
    lowest = _each([_short(each["lowest"][1]) for each in reports], same)
    upward = _each([percent(each["upward"]) for each in reports], same)
    zeros = [percent(each["zeros"]) for each in reports]
    told = (
        f"XOR, {label}, starts in [-{b}, {b}], steps up to {fixed(state['max_step'], 1)} % of "
        f"that range, seed {seed}. Lowest loss of a walk, median: {lowest}. Points without a "
        f"negative eigenvalue: {upward}. "
    )
    alike = (
        "On gradient walks no component of the gradient is exactly 0, so the three rules take the "
        "same steps."
    )
    return told + (
        alike if same else f"Components of the gradient that are exactly 0: {_rules(zeros)}."
    )


def _short(value: float) -> str:
    return "under 0.001" if value < 0.001 else fixed(value, 3)


def _each(told: list[str], same: bool) -> str:
    """Name the samplers with what is said of each; the gradient walks once where they agree."""
    gradient = told[2] if same else _rules(told)
    return f"random {told[0]}, progressive {told[1]}; gradient {gradient}"


def _rules(told: list[str]) -> str:
    return f"{told[2]} (increase), {told[3]} (stay), {told[4]} (random sign)"
