"""The XOR landscape in words; ``js/xor_plane.js`` writes the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossviz.explorers import _xor_points as xor
from lossviz.explorers._controls import State
from lossviz.explorers._words import fixed, percent


def in_words(label: str, state: State, result: dict[str, Any]) -> str:
    """Return the summary of a result."""
    first, second, third = xor.levels_of(state)
    draw = f"in a random direction (draw {fixed(state['draw'], 0)})"
    along, across = (
        draw if level is None else f"towards {xor.NAMES[level]}" for level in (second, third)
    )
    shift = ""
    if state["shift"] != 0:
        shift = f", shifted by {fixed(state['shift'], 1)} (draw {fixed(state['draw'], 0)})"
    return (
        f"{label}, {fixed(state['along'], 2)} {along} and {fixed(state['across'], 2)} {across}"
        f"{shift}: {_point_in_words(result)} {_barrier_in_words(result['line'], first, second)} "
        f"{_view_in_words(state, result)}"
    )


def _point_in_words(result: dict[str, Any]) -> str:
    loss, outputs = result["loss"], result["outputs"]
    nearest = int(np.argmin([abs(loss - level) for level in xor.LEVELS]))
    right = sum((outputs > 0.5) == (np.array([0, 1, 1, 0]) == 1))
    return (
        f"loss {fixed(loss, 3)}, nearest to the level {xor.NAMES[nearest]} "
        f"({fixed(xor.LEVELS[nearest], 3)}). Outputs for 00, 01, 10 and 11: "
        f"{', '.join(fixed(each, 2) for each in outputs)}; "
        f"{'all four' if right == 4 else f'{right} of 4'} are right."
    )


def _barrier_in_words(line: np.ndarray, first: int, second: int | None) -> str:
    """Tell of the highest loss on the way from one attractor straight to another."""
    if second is None:
        return f"The plane lies around {xor.NAMES[first]}."
    highest = int(np.argmax(line))
    ends = f"straight from {xor.NAMES[first]} to {xor.NAMES[second]}"
    told = f"The highest loss {ends} is {fixed(line[highest], 3)}"
    if highest in (0, len(line) - 1):
        return f"{told}, at {'its start' if highest == 0 else 'its end'}: no barrier."
    rise = line[highest] - max(line[0], line[-1])
    where = percent(highest / (len(line) - 1))
    return f"{told}, {where} of the way: a barrier of {fixed(rise, 3)}."


def _view_in_words(state: State, result: dict[str, Any]) -> str:
    low, high = result["windows"][0]
    return (
        f"In view: shares {fixed(low, 2)} to {fixed(high, 2)} along, losses "
        f"{fixed(result['plane'].min(), 3)} to {fixed(result['plane'].max(), 3)}, turned by "
        f"{fixed(state['turn'], 0)}°, seen from {fixed(state['tilt'], 0)}° above."
    )
