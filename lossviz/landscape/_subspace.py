r"""Losses in a subspace of the weights: on lines, planes and whatever else few directions span.

A subspace is the set of points :math:`w_0 + \sum_i c_i d_i` with coordinates c. All its points
share what one pass through the data can tell about them together, so a landscape that knows its
network's layers is many times faster here than at points that are given one by one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

Measured = tuple[Float[Tensor, "points"], Float[Tensor, "points"] | None]


class Subspace(ABC):
    """The loss and the accuracy at points of a subspace, by their coordinates."""

    @abstractmethod
    def measure(self, coordinates: Float[Tensor, "points directions"]) -> Measured:
        """Return losses and accuracies, shape (points,); no accuracy where none is known.

        What is not finite is left as it is.
        """


@dataclass(frozen=True)
class PointByPoint(Subspace):
    """The slow way, which any landscape has: points are formed and evaluated one by one.

    Attributes:
        origin: the point with coordinates 0, (num_weights,).
        directions: the directions, (directions, num_weights).
        loss: from points to losses.
        accuracy: from points to accuracies, or None.
    """

    origin: Tensor
    directions: Tensor
    loss: Callable[[Tensor], Tensor]
    accuracy: Callable[[Tensor], Tensor] | None

    def measure(self, coordinates: Float[Tensor, "points directions"]) -> Measured:
        """Return losses and accuracies."""
        points = self.origin + coordinates @ self.directions
        return self.loss(points), None if self.accuracy is None else self.accuracy(points)


def split_leading(coordinates: Tensor) -> tuple[Tensor, int]:
    """Return the coordinates that all points share, from the first on, and how many these are.

    Along a row of a plane the first coordinate is the same: what hangs on it is formed once.
    """
    same = (coordinates == coordinates[0]).all(dim=0).tolist()
    count = same.index(False) if False in same else len(same)
    return coordinates[0, :count], count
