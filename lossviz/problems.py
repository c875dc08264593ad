"""Problems: a data set, split and scaled, with the layers of the network that learns it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from sklearn.datasets import load_iris

from lossviz import _checks

_TEST_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Problem:
    """A data set with the layers of the network that learns it.

    Attributes:
        name: the name that :func:`load_problem` knows.
        layers: units per layer, inputs first: ``(inputs, hidden, outputs)``.
        inputs: training inputs, shape (samples, inputs).
        targets: training targets in {0, 1}, shape (samples, outputs), one-hot for classes.
        test_inputs: test inputs, shape (test_samples, inputs).
        test_targets: test targets, shape (test_samples, outputs).
        seed: seed of the split.
    """

    name: str
    layers: tuple[int, ...]
    inputs: Float[np.ndarray, "samples inputs"]
    targets: Float[np.ndarray, "samples outputs"]
    test_inputs: Float[np.ndarray, "test_samples inputs"]
    test_targets: Float[np.ndarray, "test_samples outputs"]
    seed: int = 0

    @property
    def num_weights(self) -> int:
        """Number of weights and biases of the network, m."""
        return sum((a + 1) * b for a, b in zip(self.layers[:-1], self.layers[1:], strict=True))

    def __repr__(self) -> str:
        layers = "-".join(map(str, self.layers))
        return (
            f"Problem({self.name!r}, layers {layers}, {self.num_weights} weights, "
            f"{len(self.inputs)} training and {len(self.test_inputs)} test samples)"
        )


def _xor(name: str, low: float, seed: int) -> Problem:
    bits = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.float64)
    targets = np.array([[0], [1], [1], [0]], dtype=np.float64)
    inputs = low + (1 - low) * bits
    # Four patterns are the whole problem: there is nothing to hold back, so they are the test too.
    return Problem(name, (2, 2, 1), inputs, targets, inputs.copy(), targets.copy(), seed)


def _load_xor(seed: int) -> Problem:
    return _xor("xor", 0.0, seed)


def _load_xor_bipolar(seed: int) -> Problem:
    return _xor("xor-bipolar", -1.0, seed)


def _load_iris(seed: int) -> Problem:
    data = load_iris()
    train, test = _split(len(data.data), seed)
    mean, deviation = data.data[train].mean(axis=0), data.data[train].std(axis=0)
    scaled = (data.data - mean) / deviation
    one_hot = np.eye(3)[data.target]
    return Problem(
        "iris", (4, 4, 3), scaled[train], one_hot[train], scaled[test], one_hot[test], seed
    )


def _split(samples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    order = np.random.default_rng(seed).permutation(samples)
    held_back = round(_TEST_SHARE * samples)
    return np.sort(order[held_back:]), np.sort(order[:held_back])


_LOADERS: dict[str, Callable[[int], Problem]] = {
    "xor": _load_xor,
    "xor-bipolar": _load_xor_bipolar,
    "iris": _load_iris,
}


def problem_names() -> tuple[str, ...]:
    """Return the names that :func:`load_problem` knows.

    Example:
        >>> problem_names()
        ('xor', 'xor-bipolar', 'iris')
    """
    return tuple(_LOADERS)


def load_problem(name: str, seed: int = 0) -> Problem:
    """Load a problem.

    - ``xor``: two inputs in {0, 1}, layers 2-2-1, 9 weights. ``xor-bipolar`` has inputs in
      {-1, 1}. All four patterns are both the training and the test part.
    - ``iris``: four measurements of 150 flowers, three species, layers 4-4-3, 35 weights.
      120 samples train and 30 test; the inputs are standardised with the mean and the
      standard deviation of the training part.

    Args:
        name: one of :func:`problem_names`.
        seed: seed of the 80/20 split, at least 0.

    Returns:
        The problem, in float64.

    Raises:
        ValueError: for an unknown name or a negative seed.
        TypeError: if the name is no string or the seed no integer.

    Example:
        >>> load_problem("iris", seed=0)
        Problem('iris', layers 4-4-3, 35 weights, 120 training and 30 test samples)
    """
    load = _LOADERS[_checks.one_of("problem", name, _LOADERS)]
    return load(_checks.whole("seed", seed, 0))
