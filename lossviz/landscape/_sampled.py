"""What the floors above need of a landscape beside its public methods, with defaults for any."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import Self

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lossviz.landscape._network import Pass
from lossviz.landscape._products import Products
from lossviz.landscape._recorder import Probe

# Points whose Hessian blocks are computed together, and about how many numbers they hold at most.
_GROUP = 64
_GROUP_ELEMENTS = 2**22


class Sampled(ABC):
    """A landscape as samplers see it: points come in blocks of fixed size, already checked.

    Attributes:
        num_weights: number of weights and biases, m.
    """

    num_weights: int

    @abstractmethod
    def hessian(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points weight weight"]:
        """Return the Hessian of the loss."""

    @abstractmethod
    def hessian_vector_product(
        self,
        weights: Float[Tensor, "*points weight"],
        vectors: Float[Tensor, "*vectors weight"],
    ) -> Float[Tensor, "*vectors weight"]:
        """Return the products of the Hessian with vectors."""

    @abstractmethod
    def _unchecked_loss_and_gradient(
        self, points: Float[Tensor, "points weight"]
    ) -> tuple[Float[Tensor, "points"], Float[Tensor, "points weight"]]:
        """Return loss and gradient of a flat batch of finite points, without checking them.

        For samplers, which call it thousands of times with points that they made themselves.
        """

    @property
    def _block_size(self) -> int:
        """How many walks are evaluated together, each in a row of its own.

        A matrix product's rounding depends on its size and a vector loop's on the place in it, so
        walks g*size .. g*size+size-1 always share a block, whichever of them are asked for.
        """
        return 10 if self.num_weights <= 1000 else 1

    @property
    def _group_size(self) -> int:
        """How many points' Hessian blocks are computed together, where a sign may hang on rounding.

        Always so many, whichever points are asked for.
        """
        return max(1, min(_GROUP, _GROUP_ELEMENTS // self.num_weights**2))

    @property
    def _numbers_per_point(self) -> int:
        """How many numbers arise per point in a walk, Hessian included."""
        return self.num_weights**2

    @property
    def _hessian_numbers(self) -> int:
        """How many numbers are held to form a Hessian and to find its eigenvalues."""
        return 2 * self.num_weights**2

    def _probe(self, points: Float[Tensor, "points weight"], steps: int) -> Probe:
        """Return what evaluates blocks of points, from these on, for walks of many small steps."""
        return Probe(self._unchecked_loss_and_gradient, points, steps)

    def _hessian_entries(
        self,
        points: Float[Tensor, "points weight"],
        wanted: Int[Tensor, "wanted"],
        passes: Pass | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return distinct entries of Hessians (wanted, entries), and the place of each (n, n).

        Known null directions are left out: n is at most ``num_weights``. All points are evaluated
        together, with their passes through the network where they are known; ``wanted`` are
        the positions of those whose Hessians are returned.
        """
        del passes
        place = torch.arange(self.num_weights**2).view(self.num_weights, self.num_weights)
        return self.hessian(points)[wanted].flatten(1), place

    def _products_at(self, points: Float[Tensor, "points weight"]) -> Products:
        """Return the function from vectors (..., points, weight) to products with the Hessians.

        For those who multiply many vectors by the same Hessians: what depends on the points alone
        may be kept between calls. Points are not checked.
        """
        return partial(self.hessian_vector_product, points)

    def _hessian_diagonal(self, points: Float[Tensor, "points weight"]) -> Tensor | None:
        """Return the Hessians' diagonals, (points, weight), if there is a closed form."""
        del points
        return None

    def _surely_determined(self, points: Float[Tensor, "points weight"]) -> Bool[Tensor, "points"]:
        """Say where the Hessian has finite entries, and not only tiny ones, without forming it.

        False where that takes the Hessian to see.
        """
        return torch.zeros(len(points), dtype=torch.bool, device=points.device)

    @property
    def num_samples(self) -> int:
        """Number of training samples."""
        raise ValueError("batch_size must be None: the landscape has no samples to draw from.")

    def _on_batches(self, samples: Int[Tensor, "points batch"]) -> Self:
        """Return the landscape of batches: the loss of point i is that of samples[i] alone."""
        raise ValueError(f"batch_size must be None; got batches of {samples.shape[1]} samples.")

    def _on_samples(self, samples: Int[Tensor, "batch"]) -> Self:
        """Return the landscape of some samples alone."""
        raise ValueError(f"batch_size must be None; got a batch of {len(samples)} samples.")
