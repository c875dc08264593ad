"""Problems of one's own: from arrays of inputs and labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Shaped
from numpy.typing import ArrayLike

from lossviz import _checks
from lossviz.problems._labels import table, targets_and_classes
from lossviz.problems._problem import TEST_SHARE, Problem, split

_SCALES = ("standardise", "unit", "none")


def problem_from_arrays(
    inputs: Float[ArrayLike, "samples inputs"],
    targets: Shaped[ArrayLike, "samples"] | Float[ArrayLike, "samples outputs"],
    *,
    hidden: int,
    name: str = "custom",
    test_share: float = TEST_SHARE,
    test_inputs: Float[ArrayLike, "test_samples inputs"] | None = None,
    test_targets: Any | None = None,
    scale: str = "standardise",
    seed: int = 0,
) -> Problem:
    """Make a problem of one's own data, for a network with one hidden layer.

    Class labels become one-hot targets, in ascending order of the labels; two classes have
    one output, which is 1 for the second. Scaling is fitted on the training part only.

    Args:
        inputs: shape (samples, inputs), finite.
        targets: class labels (integers, strings or bools), shape (samples,); or numbers in [0, 1],
            shape (samples, outputs).
        hidden: number of hidden units, at least 1.
        name: the problem's name.
        test_share: share of the samples that test, in (0, 1), drawn by seed; not used where
            ``test_inputs`` are given.
        test_inputs: a test part of one's own, shape (test_samples, inputs); then all of
            ``inputs`` train.
        test_targets: its targets, in the form of ``targets``; every label must occur in
            the training part.
        scale: ``"standardise"`` (mean 0 and standard deviation 1 of each input; one that never
            changes is only centred), ``"unit"`` (each input from 0 to 1) or ``"none"``.
        seed: seed of the split, at least 0.

    Returns:
        The problem, in float64.

    Raises:
        ValueError: for another shape, values that are masked, not finite, out of range or too
            large or small to be scaled, fewer than two classes, a class that the training part
            lacks, or a number out of its range.
        TypeError: if an argument is of the wrong type, or labels are of several.

    Example:
        >>> problem = problem_from_arrays(
        ...     [[0, 1], [2, 3], [1, 1], [4, 0]], ["no", "yes", "no", "yes"], hidden=3)
        >>> problem
        Problem('custom', layers 2-3-1, 13 weights, 3 training and 1 test samples)
        >>> problem.classes
        ('no', 'yes')
    """
    x = table("inputs", inputs)
    if not isinstance(name, str):
        raise TypeError(f"name must be a string; got {name!r} ({type(name).__name__}).")
    units, seed = _checks.whole("hidden", hidden, 1), _checks.whole("seed", seed, 0)
    scale = _checks.one_of("scale", scale, _SCALES)
    share = _checks.real("test_share", test_share, above=0)
    if share >= 1:
        raise ValueError(f"test_share must be below 1; got {share}.")
    y, classes = targets_and_classes("targets", targets, len(x), None)
    if (test_inputs is None) != (test_targets is None):
        raise ValueError("test_inputs and test_targets must be given together; got one of them.")
    if test_inputs is not None:
        held_x = table("test_inputs", test_inputs, x.shape[1])
        known = (y.shape[1], classes)
        held_y, _ = targets_and_classes("test_targets", test_targets, len(held_x), known)
    else:
        train, test = _split(len(x), seed, share)
        held_x, held_y, x, y = x[test], y[test], x[train], y[train]
    if classes is not None:
        _every_class("training", y, classes)
    shift, width = _scaling(x, scale)
    layers = (x.shape[1], units, y.shape[1])
    x, held_x = (_scaled(part, shift, width) for part in (x, held_x))
    return Problem(name, layers, x, y, held_x, held_y, seed, classes)


def _split(samples: int, seed: int, share: float) -> tuple[np.ndarray, np.ndarray]:
    train, test = split(samples, seed, share)
    if len(train) == 0 or len(test) == 0:
        raise ValueError(
            f"test_share must leave samples in both parts; got {share} of {samples} samples."
        )
    return train, test


def _every_class(part: str, targets: np.ndarray, classes: tuple) -> None:
    counts = (
        np.array([(targets == 0).sum(), (targets == 1).sum()])
        if targets.shape[1] == 1
        else targets.sum(axis=0)
    )
    missing = [label for label, count in zip(classes, counts, strict=True) if count == 0]
    if missing:
        raise ValueError(
            f"targets must have every class in the {part} part; got none of {missing}. "
            "Another seed, a smaller test_share, or a test part of one's own are allowed."
        )


def _scaling(inputs: np.ndarray, scale: str) -> tuple[np.ndarray, np.ndarray]:
    """Return what is subtracted from each input, and what it is then divided by."""
    columns = inputs.shape[1]
    if scale == "none":
        return np.zeros(columns), np.ones(columns)
    with np.errstate(over="ignore", invalid="ignore"):
        if scale == "unit":
            low, width = inputs.min(axis=0), np.ptp(inputs, axis=0)
        else:
            low, width = inputs.mean(axis=0), inputs.std(axis=0)
    # An input that never changes has no width: rounding may give it a tiny one.
    constant = (inputs == inputs[0]).all(axis=0)
    low, width = np.where(constant, inputs[0], low), np.where(constant, 1.0, width)
    unfit = np.flatnonzero(~(np.isfinite(low) & np.isfinite(width) & (width > 0)))
    if len(unfit):
        column = inputs[:, unfit[0]]
        raise ValueError(
            f"inputs must be of a size that float64 can scale; got column {unfit[0]} with values "
            f"from {column.min():g} to {column.max():g}."
        )
    return low, width


def _scaled(inputs: np.ndarray, shift: np.ndarray, width: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        scaled = (inputs - shift) / width
    if not np.isfinite(scaled).all():
        row, column = np.argwhere(~np.isfinite(scaled))[0]
        raise ValueError(
            "test_inputs must be of a size that the scaling of the training inputs can take; got "
            f"{inputs[row, column]:g} in row {row}, column {column} of the test part."
        )
    return scaled
