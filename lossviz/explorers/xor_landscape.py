"""XOR landscape: planes through the nine-dimensional landscape, between its known loss levels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.special import ndtri

from lossviz import _checks
from lossviz.activations import activation_names, get_activation
from lossviz.explorers import _xor_points as xor
from lossviz.explorers._controls import Range, Select, State
from lossviz.explorers._explorer import Explorer
from lossviz.explorers._words import fixed
from lossviz.explorers._xor_picture import draw
from lossviz.explorers._xor_words import in_words
from lossviz.landscape.mlp import Landscape

_GRID, _LINE, _INPUTS = 61, 101, 41

# Random directions of one draw: along, across and out of the plane.
_DRAWS, _DIRECTIONS = 12, 3

# How far a random direction leads that stands in for the way to an attractor.
_LENGTH = 10.0

# The input plane is shown around the unit square of the patterns.
_INPUT_SPAN = (-0.5, 1.5)

# The page's program knows the zoo; when this is imported nothing else can have been registered.
_ZOO = activation_names()


def xor_landscape(
    activation: str = "tanh", way: str = "0.35-0", third: str = "0.69",
    functions: Sequence[str] = ("tanh", "relu", "elu"), seed: int = 0,
) -> Explorer:  # fmt: skip
    r"""Return an explorer of the loss landscape of XOR: planes between its stationary levels.

    The nine weights of a 2-2-1 network move in a plane: from a point near one of the four loss
    levels 0, (ln 2)/2, 3/4 H(1/3) and ln 2 towards points near two others, or in random
    directions. Seen are the loss as contours and as a surface, the four outputs and the decision
    boundary at a chosen point, and the loss on the straight line between the first two.

    With points :math:`w_1, w_2, w_3` the plane is

    .. math:: w(a, b) = w_1 + a (w_2 - w_1) + b (w_3 - w_1) .

    A random direction takes the place of a difference where there is no other level: the second
    is orthogonal to the first and as long. The plane can be shifted along a random unit vector
    orthogonal to it.

    A point near each level stands for it: its loss is within 0.01 of the level, its gradient norm
    at most 0.005, its length at most 20. Three levels are infima at infinity, so their points lie
    on the way there. All are found by gradient descents, and by searches for a zero gradient,
    from seeded random starts. Each point has equals, such as the network with its hidden units
    swapped, and the straight line between two of these is another one with another barrier.

    Args:
        activation: the hidden units' function, one of ``functions``.
        way: two levels, such as "0.69-0", between which the plane lies, the higher one first; or
            one level, around which it lies. They are written "0", "0.35", "0.48" and "0.69".
        third: level towards which the second direction leads, or "random"; of a level that is
            in ``way`` the direction is random, too.
        functions: names that can be chosen, of the zoo (:func:`lossviz.activation_names`).
        seed: of the starts and of the random directions.

    Returns:
        The explorer.

    Raises:
        ValueError: if there is no such activation or level, if the seed is negative, or if no
            point is found near a level: some activations, such as the identity, do not have it.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> xor = xor_landscape("tanh", way="0.69-0")
        >>> xor.result(along=1.0)["text"].split(": ")[0]
        'tanh, 1.00 towards 0 and 0.00 in a random direction (draw 1)'
    """
    seed = _checks.whole("seed", seed, 0)
    names = _checks.some_of("functions", functions, _ZOO)
    activation = _checks.one_of("activation", activation, names)
    controls = _controls(activation, way, third, names)
    data = _data(names, seed)
    landscapes = {name: Landscape("xor", name) for name in names}
    return Explorer(
        name="xor_landscape",
        title="XOR landscape",
        prompt="Does a straight line from one level down to another first climb? For which "
        "activation most?",
        note=f"Seed {seed}. Axes are shares of the way. A point near each level stands for it, "
        f"with a loss within {xor.NEAR} of the level and a gradient norm of at most {xor.FLAT}: 0, "
        "(ln 2)/2 and 3/4 H(1/3) are themselves reached only with infinite weights. "
        f"Losses above 2 ln 2 = {fixed(xor.CAP, 2)} are drawn as {fixed(xor.CAP, 2)}.",
        controls=controls,
        data=data,
        compute=partial(_compute, landscapes, data),
        draw=draw,
    )


def _controls(
    activation: str, way: str, third: str, names: tuple[str, ...]
) -> tuple[Select | Range, ...]:
    named = dict(zip(xor.VALUES, xor.NAMES, strict=True))
    pairs = tuple(
        (f"{high}-{low}", f"{named[high]} to {named[low]}")
        for low, high in itertools.combinations(xor.VALUES, 2)
    )
    ways = pairs + tuple((value, f"around {name}") for value, name in named.items())
    others = (*named.items(), (xor.RANDOM, "a random direction"))
    functions = tuple((name, get_activation(name).label) for name in names)
    way = _checks.one_of("way", way, [value for value, _ in ways])
    third = _checks.one_of("third", third, [value for value, _ in others])
    return (
        Select("activation", "Activation", functions, activation),
        Select("way", "Way", ways, way),
        Range("along", "Along", -1.5, 2.25, 0.01, 0.25, 2),
        Select("third", "Across towards", others, third, more=True),
        Range("across", "Across", -1.5, 2.25, 0.01, 0.0, 2, more=True),
        Range("width", "Width of the view", 0.1, 1.5, 0.05, 1.0, 2, more=True),
        Range("shift", "Shift of the plane", -5.0, 5.0, 0.1, 0.0, 1, more=True),
        Range("draw", "Random draw", 1, _DRAWS, 1, 1, 0, more=True),
        Range("turn", "Turn (degrees)", -180, 180, 1, -35, 0, more=True),
        Range("tilt", "Tilt (degrees)", 10, 80, 1, 35, 0, more=True),
    )


def _data(names: tuple[str, ...], seed: int) -> dict[str, Any]:
    unit = np.random.default_rng(seed).random((_DRAWS, _DIRECTIONS, 9))
    levels = [
        {"value": value, "name": name, "loss": float(loss)}
        for value, name, loss in zip(xor.VALUES, xor.NAMES, xor.LEVELS, strict=True)
    ]
    functions = {
        name: {"label": get_activation(name).label, "points": _points(name, seed)} for name in names
    }
    return {"levels": levels, "random": np.float32(ndtri(unit)), "functions": functions}


def _points(name: str, seed: int) -> np.ndarray:
    """Return a point for each level, shape (4, 9)."""
    found = xor.representatives(name, seed)
    lacking = [level for level, point in zip(xor.NAMES, found, strict=True) if point is None]
    if lacking:
        raise ValueError(
            f"each of functions must have a point near all of {list(xor.NAMES)}; got {name!r}, "
            f"where seed {seed} finds none near {', '.join(lacking)}."
        )
    return np.array(found, dtype=np.float32)


def _compute(
    landscapes: dict[str, Landscape], data: dict[str, Any], state: State
) -> dict[str, Any]:
    landscape = landscapes[state["activation"]]
    origin, along, across, out, windows = _plane(data, state)
    moved = origin + state["shift"] * out
    a, b = (low + (high - low) * np.arange(_GRID) / (_GRID - 1) for low, high in windows)
    plane = moved + a[None, :, None] * along + b[:, None, None] * across
    point = moved + state["along"] * along + state["across"] * across
    line = origin + np.linspace(0, 1, _LINE)[:, None] * along
    result = {
        "windows": windows,
        "plane": landscape.loss(plane).numpy().ravel(),
        "loss": float(landscape.loss(point)),
        "outputs": landscape.outputs(point).numpy().ravel(),
        "inputs": _outputs_between(point, state["activation"]),
        "line": landscape.loss(line).numpy(),
    }
    label = data["functions"][state["activation"]]["label"]
    return result | {"text": in_words(label, state, result)}


def _plane(data: dict[str, Any], state: State) -> tuple[Any, ...]:
    """Return where a plane begins, its two directions, a unit vector out of it, and what is seen.

    What is seen is the two ends of both shares: around the way to an attractor, or, of a random
    direction, both sides alike.
    """
    points = data["functions"][state["activation"]]["points"].astype(float)
    random = data["random"][round(state["draw"]) - 1].astype(float)
    first, second, third = xor.levels_of(state)
    origin = points[first]
    along = _LENGTH * _unit(random[0]) if second is None else points[second] - origin
    base = [_unit(along)]
    across = np.linalg.norm(along) * _unit(_orthogonal(random[1], base))
    if third is not None:
        across = points[third] - origin
    base.append(_unit(_orthogonal(across, base)))
    ends = ((-1.0, 1.0) if leads is None else (-0.5, 1.5) for leads in (second, third))
    windows = [[state["width"] * low, state["width"] * high] for low, high in ends]
    return origin, along, across, _unit(_orthogonal(random[2], base)), windows


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def _orthogonal(vector: np.ndarray, base: Sequence[np.ndarray]) -> np.ndarray:
    """Return what is left of a vector without its parts along orthonormal others."""
    return vector - sum((vector @ each) * each for each in base)


def _outputs_between(weights: np.ndarray, activation: str) -> np.ndarray:
    """Return a network's outputs on a grid of the input plane, the first input fastest."""
    low, high = _INPUT_SPAN
    side = low + (high - low) * np.arange(_INPUTS) / (_INPUTS - 1)
    inputs = torch.from_numpy(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2))
    point = torch.from_numpy(weights)
    hidden = get_activation(activation)(inputs @ point[:4].reshape(2, 2).T + point[4:6])
    return torch.sigmoid(hidden @ point[6:8] + point[8]).numpy()
