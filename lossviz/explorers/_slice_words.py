"""What the slice liar says: what is seen, what a reader would conclude, and what is not seen."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossviz.explorers._controls import State
from lossviz.explorers._words import fixed, percent, significant

#: Losses between which colours and heights run.
LOW, HIGH = 0.02, 20
#: A loss up to this is a good one.
GOOD = 0.5
# What a reader takes for level, for lower ground, and for a direction that costs nothing.
_LEVEL, _LOWER, _FREE = 0.1, 0.01, 0.05

_PAIRS = {
    "random": "Random directions (draw {})",
    "mixed": "Largest eigenvector and a random direction (draw {})",
    "eigen": "Eigenvectors of the largest and the smallest eigenvalue",
    "principal": "Principal components of training",
}
_LENGTHS = {"raw": "as they are", "one": "of length 1", "filter": "filter-normalised"}


def in_words(result: dict[str, Any], state: State, data: dict[str, Any]) -> str:
    """Return the status line; ``js/slice_liar.js`` writes the same."""
    plane = result["plane"]
    pair = _PAIRS[state["pair"]].format(fixed(state["draw"], 0))
    factor = significant(2.0 ** state["power"], 2)
    units = "all units" if state["units"] == "all" else "units in turn divided by and"
    a, b = (fixed(each, 1) for each in result["lengths"])
    first, second = (significant(each, 2) for each in result["curvatures"])
    right, flowers = data["right"], len(data["targets"])
    negative, weights = data["negative"], len(data["weights"])
    return (
        f"{pair}, {_LENGTHS[state['length']]}, {units} times {factor}: steps of length {a} and "
        f"{b}, losses from {significant(plane.min(), 2)} to {significant(plane.max(), 2)}, "
        f"{percent(float((plane <= GOOD).mean()))} of the plane up to {GOOD}. A reader would "
        f"conclude: {concluded(plane)}. The same at every setting: the outputs, loss "
        f"{fixed(result['loss'], 3)}, {right} of {flowers} flowers right, {negative} of {weights} "
        f"eigenvalues negative. Curvature, for length 1: {first} and {second} along these "
        f"directions, {significant(result['mean'], 2)} on average over all, at most "
        f"{significant(result['largest'], 2)}."
    )


def concluded(plane: np.ndarray) -> str:
    """Say what a reader would take a plane for, by what is seen in it alone."""
    side = round(len(plane) ** 0.5)
    middle = side // 2
    square = plane.reshape(side, side)
    centre = square[middle, middle]
    rises = [line.max() - centre for line in (square[middle], square[:, middle])]
    if plane.max() - centre < _LEVEL:
        return "flat ground"
    if centre - plane.min() > _LOWER:
        return "training has missed lower ground nearby"
    if min(rises) < _FREE:
        return "a valley, along which moving costs nothing"
    return "a wide minimum" if (plane <= GOOD).mean() >= 0.5 else "a sharp minimum"
