"""Unit graveyard: a small ReLU layer learns on the plane, and some of its units die."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lossviz import _checks, _streams
from lossviz.explorers._controls import Range, Select, State
from lossviz.explorers._explorer import Explorer
from lossviz.explorers._graveyard_picture import draw
from lossviz.explorers._words import fixed, significant

UNITS, STEPS, DRAWS = 12, 150, 4
# Four clusters of so many points each; those on one diagonal have target 1, the others -1.
_POINTS, _SPREAD = 12, 0.35
_CENTRES = np.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
# A weight beyond this ends the training: steps that large only grow.
_MOST = 1e6


def unit_graveyard(
    learning_rate: float = 0.3, bias: float = -1.0, step: int = 60, leak: float = 0.0, seed: int = 0
) -> Explorer:
    r"""Return an explorer of a layer of twelve ReLU units that learns, and of those that die.

    The network :math:`\sum_k v_k f(w_k^\top x + b_k) + c` with :math:`f(z) = z` for z > 0 and
    :math:`a z` otherwise learns a checkerboard of four clusters, 48 points in all, by full
    gradient descent from one of four random starts. The loss is the mean over the points of
    Huber's: :math:`r^2 / 2` of a residual r up to 1, :math:`|r| - 1/2` beyond, so that no
    point pulls harder than its unit. Seen are the line
    on which each unit bends, at each step, and on how many points it is on. A unit that is off at
    every point is dead if there is no leak: nothing moves it any more.

    Args:
        learning_rate: from 0.1 to 4 in steps of 0.1; it starts below 4.
        bias: of all units at the start, from -2 to 2 in steps of 0.25; it starts below 2.
        step: shown first, from 0 to 150; it starts below 150.
        leak: a, from 0 to 0.3 in steps of 0.05; it starts below 0.3.
        seed: of the points and of the four starts, at least 0.

    Returns:
        The explorer. Page and kernel take the same sums in the same order.

    Raises:
        ValueError: if a number is out of its range.
        TypeError: if a number is of the wrong type.

    Example:
        >>> unit_graveyard().result(bias=-2.0, step=0)["text"][:54]
        'Learning rate 0.3, starting bias -2.00, no leak. Step '
    """
    data = _data(_checks.whole("seed", seed, 0))
    starts = tuple((str(n), f"start {n + 1}") for n in range(DRAWS))
    return Explorer(
        name="unit_graveyard",
        title="Unit graveyard",
        prompt="How many of the twelve units are dead after 150 steps, and which die first?",
        note=f"Points and starts are random, with seed {seed}; training itself is not.",
        controls=(
            Range("rate", "Learning rate", 0.1, 4.0, 0.1, 0.3, 1).starting_at(learning_rate),
            Range("bias", "Starting bias", -2.0, 2.0, 0.25, -1.0, 2).starting_at(bias),
            Range("step", "Step", 0, STEPS, 1, 60, 0).starting_at(step),
            Range("leak", "Leak", 0.0, 0.3, 0.05, 0.0, 2, more=True).starting_at(leak),
            Select("start", "Start", starts, "0", more=True),
        ),
        data=data,
        compute=partial(_compute, data),
        draw=partial(draw, data),
    )


def _data(seed: int) -> dict[str, Any]:
    """Return points as rows of x, y and target, and for each start rows of w and v."""
    rng = _streams.stream(seed, 0, _streams.BATCH)
    places = np.repeat(_CENTRES, _POINTS, axis=0)
    places = places + _SPREAD * rng.standard_normal(places.shape)
    targets = np.repeat([1.0, 1.0, -1.0, -1.0], _POINTS)
    starts = []
    for number in range(DRAWS):
        drawn = _streams.stream(seed, number, _streams.START).standard_normal((UNITS, 3))
        # Variance 2 / n for n inputs, into the layer and out of it.
        starts.append(drawn * np.sqrt([1.0, 1.0, 2 / UNITS]))
    return {
        "points": np.column_stack([places, targets]).astype(np.float32),
        "starts": np.stack(starts).astype(np.float32),
    }


def _compute(data: dict[str, Any], state: State) -> dict[str, Any]:
    points = data["points"].astype(float)
    start = data["starts"][int(state["start"])].astype(float)
    w, v = start[:, :2].copy(), start[:, 2].copy()
    b, c = np.full(UNITS, float(state["bias"])), 0.0
    lines, on, losses = [], [], []
    for _ in range(STEPS + 1):
        lines.append(np.column_stack([w, b]))
        loss, active, slopes = _passes(points, w, b, v, c, state["leak"])
        losses.append(loss)
        on.append(active)
        changes = slopes[:, :2], slopes[:, 2], slopes[:, 3]
        w, b, v = (old - state["rate"] * new for old, new in zip((w, b, v), changes, strict=True))
        c = c - state["rate"] * slopes[0, 4]
        if max(np.abs(w).max(), np.abs(b).max(), np.abs(v).max()) > _MOST:
            break
    last = len(losses) - 1
    step = min(int(state["step"]), last)
    counts = np.array(on)
    return {
        "lines": lines[step].ravel(), "on": counts.ravel(), "losses": np.array(losses),
        "step": step, "text": _in_words(state, step, counts, losses, len(points)),
    }  # fmt: skip


def _passes(
    points: np.ndarray, w: np.ndarray, b: np.ndarray, v: np.ndarray, c: float, leak: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """Return the loss, on how many points each unit is on, and slopes by unit: w, b, v, c.

    Sums run one by one in the order of a page's loops, so that both round alike at every step.
    """
    x, y, targets = points.T
    z = np.outer(x, w[:, 0]) + np.outer(y, w[:, 1]) + b
    on = z > 0
    hidden = np.where(on, z, leak * z)
    residual = np.cumsum(hidden * v, axis=1)[:, -1] + c - targets
    back = np.clip(residual, -1, 1) / len(points)
    inner = back[:, None] * v * np.where(on, 1.0, leak)
    each = np.stack(
        [inner * x[:, None], inner * y[:, None], inner, back[:, None] * hidden,
         np.broadcast_to(back[:, None], inner.shape)], axis=2,
    )  # fmt: skip
    size = np.abs(residual)
    huber = np.where(size <= 1, size * size / 2, size - 0.5)
    loss = float(np.cumsum(huber)[-1]) / len(points)
    return loss, on.sum(axis=0), np.cumsum(each, axis=0)[-1]


def _in_words(state: State, step: int, counts: np.ndarray, losses: list[float], points: int) -> str:
    leak = f"leak {fixed(state['leak'], 2)}" if state["leak"] > 0 else "no leak"
    off = np.flatnonzero(counts[step] == 0)
    many = f"{len(off)} of {UNITS} units are off at every point"
    if len(off) == 1:
        many = f"1 of {UNITS} units is off at every point"
    fate = "" if len(off) == 0 else (", and dead" if state["leak"] == 0 else ", but not dead")
    silent = (counts == 0).sum(axis=1)
    start, end = int(silent[0]), int(silent[-1])
    stopped = ""
    if len(losses) <= STEPS:
        stopped = f" A weight passes a million after step {len(losses) - 1}: training ends there."
    half = int((counts[step] == points).sum())
    return (
        f"Learning rate {fixed(state['rate'], 1)}, starting bias {fixed(state['bias'], 2)}, "
        f"{leak}. "
        f"Step {step}: {many}{fate}; {half} on at every point. At the start {start} are off "
        f"everywhere, at the end {end}. Loss {significant(losses[step], 3)}, at the "
        f"start {significant(losses[0], 3)}, at the end {significant(losses[-1], 3)}.{stopped}"
    )
