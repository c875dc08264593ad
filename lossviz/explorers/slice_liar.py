"""Slice liar: one trained network, and planes through it that contradict each other."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import torch

from lossviz import _checks
from lossviz.explorers import _slice_words as words
from lossviz.explorers._controls import Range, Select, State
from lossviz.explorers._explorer import Explorer
from lossviz.explorers._slice_picture import draw
from lossviz.geometry.directions import random_directions
from lossviz.geometry.normalisation import filter_normalise
from lossviz.geometry.symmetry import rescale_units
from lossviz.geometry.trajectories import train
from lossviz.landscape.mlp import Landscape
from lossviz.problems import load_problem

_SIDE, _DRAWS = 31, 8
# How the network is trained: it then classifies nearly all of the flowers.
_RATE, _STEPS = 0.05, 201

# Components of an eigenvector below this share of the largest are rounding, as a dead unit's.
_ROUNDING = 1e-9

_PAIRS = (
    ("random", "random"),
    ("mixed", "largest eigenvector, random"),
    ("eigen", "eigenvectors, largest and smallest"),
    ("principal", "principal components of training"),
)
_LENGTHS = (
    ("raw", "as they are"),
    ("one", "length 1"),
    ("filter", "filter-normalised"),
)
_UNITS = (("all", "all units alike"), ("turns", "units in turn, times and divided by"))


def slice_liar(
    pair: str = "random", length: str = "raw", power: float = 0.0, seed: int = 2
) -> Explorer:
    r"""Return an explorer of planes through one trained network: same function, other pictures.

    A ReLU network of 35 weights has learnt Iris. Chosen are the two directions of a plane, how long
    they are, and a factor :math:`c = 2^p` by which hidden units are rescaled: what goes in is
    multiplied by c and what goes out is divided by it, so no output changes. Seen are the losses
    on the plane and along both directions, on one scale for all settings, and in words what a
    reader would conclude, beside what the Hessian says.

    Eigenvectors are those of the rescaled network's Hessian :math:`T^{-1} H T^{-1}`, principal
    components those of its rescaled training run.

    Args:
        pair: ``"random"``, ``"mixed"`` (the eigenvector of the largest eigenvalue, and a random
            direction), ``"eigen"`` (largest and smallest eigenvalue) or ``"principal"``.
        length: ``"raw"`` (as they are: random ones of about 5.9, others of 1), ``"one"`` (all of
            length 1) or ``"filter"`` (see :func:`lossviz.filter_normalise`).
        power: p, from -3 to 3 in steps of 0.25; 0 leaves the units as they are.
        seed: of the network's first weights and of the random directions, at least 0; with the
            default, all hidden units are alive after training.

    Returns:
        The explorer.

    Raises:
        ValueError: if there is no such pair or length, or a number is out of its range.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> liar = slice_liar()
        >>> liar.result(power=-2.0)["text"].split(": ")[0]
        'Random directions (draw 1), as they are, all units times 0.25'
    """
    pair = _checks.one_of("pair", pair, [value for value, _ in _PAIRS])
    length = _checks.one_of("length", length, [value for value, _ in _LENGTHS])
    seed = _checks.whole("seed", seed, 0)
    controls = (
        Select("pair", "Directions", _PAIRS, pair),
        Select("length", "Length", _LENGTHS, length),
        Range("power", "Rescaling (power of 2)", -3.0, 3.0, 0.25, 0.0, 2).starting_at(power),
        Select("units", "Rescaled are", _UNITS, "all", more=True),
        Range("draw", "Random draw", 1, _DRAWS, 1, 1, 0, more=True),
        Range("reach", "Reach of the view", 0.25, 4.0, 0.25, 1.0, 2, more=True),
    )
    landscape, data = _network(seed)
    return Explorer(
        name="slice_liar",
        title="Slice liar",
        prompt="Make this network look like a wide minimum, and then like a sharp one, without "
        "changing one of its outputs. Which control will do it, and which length resists?",
        note=f"Seed {seed}. A ReLU network of {landscape.num_weights} weights, trained on Iris by "
        f"{_STEPS - 1} steps of Adam. Colours and heights are the same at every setting; losses "
        f"beyond {words.LOW} and {words.HIGH} are drawn as these.",
        controls=controls,
        data=data,
        compute=partial(_compute, landscape, data),
        draw=draw,
    )


def _network(seed: int) -> tuple[Landscape, dict[str, Any]]:
    """Return the landscape, and what a page needs to know of it and of the trained network."""
    problem = load_problem("iris")
    # What a page knows is rounded to single precision, so both sides compute with that.
    problem = replace(problem, inputs=_rounded(problem.inputs))
    landscape = Landscape(problem, "relu")
    start = landscape.initial(1, seed, 1.0)
    run = train(landscape, start, "adam", _RATE, _STEPS, measures=("weights",), progress=False)
    points = run.weights.values[0]
    weights = _rounded(points[-1])
    hessian = landscape.hessian(torch.from_numpy(weights)).numpy()
    drawn = random_directions(landscape, weights, 2 * _DRAWS, seed)
    values = np.linalg.eigvalsh(hessian)
    outputs = landscape.outputs(torch.from_numpy(weights)).argmax(-1)
    right = outputs == torch.as_tensor(problem.targets).argmax(-1)
    return landscape, {
        "layers": list(problem.layers), "inputs": problem.inputs, "targets": problem.targets,
        "weights": weights, "hessian": _rounded(hessian), "spread": _rounded(np.cov(points.T)),
        "random": _rounded(drawn.numpy().reshape(_DRAWS, 2, -1)),
        # Rescaling changes neither (Sylvester's law of inertia).
        "negative": int((values < -1e-8 * values[-1]).sum()), "right": int(right.sum()),
    }  # fmt: skip


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.asarray(values, dtype=np.float32).astype(np.float64)


def _compute(landscape: Landscape, data: dict[str, Any], state: State) -> dict[str, Any]:
    factors = _factors(data["layers"][1], state)
    point = rescale_units(landscape, data["weights"], factors)
    # T, by which rescaling multiplies the weights.
    scale = rescale_units(landscape, np.ones(landscape.num_weights), factors).numpy()
    hessian = data["hessian"] / np.outer(scale, scale)
    directions = torch.from_numpy(_directions(data, state, scale, hessian))
    if state["length"] == "filter":
        directions = filter_normalise(landscape, point, directions)
    elif state["length"] == "one":
        directions = directions / directions.norm(dim=-1, keepdim=True)
    side = torch.linspace(-1.0, 1.0, _SIDE, dtype=torch.float64) * state["reach"]
    along = side[None, :, None] * directions[0] + side[:, None, None] * directions[1]
    plane = landscape.loss(point + along).numpy().ravel()
    lengths = directions.norm(dim=-1).numpy()
    bends = np.einsum("ai,ij,aj->a", directions, hessian, directions)
    result = {
        "plane": plane,
        "loss": float(plane[_SIDE * _SIDE // 2]),
        "lengths": lengths,
        "curvatures": bends / lengths**2,
        "mean": float(np.trace(hessian)) / len(scale),
        "largest": float(np.linalg.eigvalsh(hessian)[-1]),
    }
    return result | {"text": words.in_words(result, state, data)}


def _factors(units: int, state: State) -> np.ndarray:
    """Return each hidden unit's factor: the same, or in turn its inverse."""
    powers = np.full(units, float(state["power"]))
    if state["units"] == "turns":
        powers[1::2] *= -1
    return 2.0**powers


def _directions(
    data: dict[str, Any], state: State, scale: np.ndarray, hessian: np.ndarray
) -> np.ndarray:
    """Return the two directions as they are, shape (2, weights)."""
    drawn = data["random"][round(state["draw"]) - 1]
    if state["pair"] == "random":
        return drawn
    if state["pair"] == "principal":
        return _eigenvectors(data["spread"] * np.outer(scale, scale), [-1, -2])
    if state["pair"] == "eigen":
        return _eigenvectors(hessian, [-1, 0])
    return np.stack([*_eigenvectors(hessian, [-1]), drawn[1]])


def _eigenvectors(matrix: np.ndarray, places: list[int]) -> np.ndarray:
    """Return eigenvectors by the places of their eigenvalues, in rows, without what is rounding."""
    chosen = np.linalg.eigh(matrix)[1][:, places].T
    largest = np.take_along_axis(chosen, np.abs(chosen).argmax(axis=1)[:, None], axis=1)
    return np.where(np.abs(chosen) < _ROUNDING * np.abs(largest), 0.0, chosen * np.sign(largest))
