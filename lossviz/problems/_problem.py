"""What a problem is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

TEST_SHARE = 0.2


@dataclass(frozen=True, eq=False)
class Problem:
    """A data set with the layers of the network that learns it.

    Attributes:
        name: the name that :func:`load_problem` knows.
        layers: units per layer, inputs first: ``(inputs, hidden, outputs)``.
        inputs: training inputs, shape (samples, inputs).
        targets: training targets in [0, 1], shape (samples, outputs), one-hot for classes.
        test_inputs: test inputs, shape (test_samples, inputs).
        test_targets: test targets, shape (test_samples, outputs).
        seed: seed of the split.
        classes: the labels in the order of the outputs, or None where targets are no classes. Two
            classes have one output, which is 1 for the second.
    """

    name: str
    layers: tuple[int, ...]
    inputs: Float[np.ndarray, "samples inputs"]
    targets: Float[np.ndarray, "samples outputs"]
    test_inputs: Float[np.ndarray, "test_samples inputs"]
    test_targets: Float[np.ndarray, "test_samples outputs"]
    seed: int = 0
    classes: tuple | None = None

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


def split(samples: int, seed: int, test_share: float = TEST_SHARE) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the training and of the test samples, each in ascending order."""
    order = np.random.default_rng(seed).permutation(samples)
    held_back = round(test_share * samples)
    return np.sort(order[held_back:]), np.sort(order[:held_back])
