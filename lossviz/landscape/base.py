"""What every loss landscape offers to the floors above."""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks, _streams
from lossviz.landscape._parameters import Parameter
from lossviz.landscape._sampled import Sampled
from lossviz.landscape._subspace import PointByPoint, Subspace


class BaseLandscape(Sampled):
    """A loss as a function of a network's weights, batched over points.

    ``weights`` always has shape (..., num_weights): any number of leading axes of points.
    Methods are pure and return detached tensors of the landscape's precision.

    Attributes:
        num_weights: number of weights and biases, m.
        dtype: ``torch.float32`` or ``torch.float64``.
        device: where points are evaluated; results stay there.
        blocks: names and sizes of the weight matrices and bias vectors, in the order in which
            they lie in ``weights``; the sizes add up to ``num_weights``.
        parameters: the same with shapes and kinds; see :class:`lossviz.Parameter`.
        test: the landscape of the same network on the test part; None if there is none.
    """

    num_weights: int
    dtype: torch.dtype
    device: torch.device
    blocks: tuple[tuple[str, int], ...]
    parameters: tuple[Parameter, ...]
    test: BaseLandscape | None

    @property
    def structural_zeros(self) -> int:
        """Number of Hessian eigenvalues known to be zero, in exact arithmetic, at every point."""
        return self.null_basis.shape[1]

    @property
    def null_basis(self) -> Float[Tensor, "weight null"]:
        """Directions along which the loss is known never to change, in orthonormal columns."""
        return torch.empty(self.num_weights, 0, dtype=self.dtype, device=self.device)

    @abstractmethod
    def loss(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        """Return the loss, shape (...).

        Args:
            weights: points, shape (..., num_weights), finite.

        Raises:
            ValueError: for another shape or non-finite weights.
        """

    def gradient(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points weight"]:
        """Return the gradient of the loss, shape (..., num_weights).

        Args:
            weights: points, shape (..., num_weights), finite.

        Raises:
            ValueError: for another shape or non-finite weights.
        """
        return self.loss_and_gradient(weights)[1]

    @abstractmethod
    def loss_and_gradient(
        self, weights: Float[Tensor, "*points weight"]
    ) -> tuple[Float[Tensor, "*points"], Float[Tensor, "*points weight"]]:
        """Return loss (...) and gradient (..., num_weights) from one pass through the network.

        Args:
            weights: points, shape (..., num_weights), finite.

        Raises:
            ValueError: for another shape or non-finite weights.
        """

    @abstractmethod
    def hessian(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points weight weight"]:
        """Return the Hessian of the loss, shape (..., num_weights, num_weights).

        It is exactly symmetric. At a ReLU's kink the second derivative is taken as 0.

        Args:
            weights: points, shape (..., num_weights), finite.

        Raises:
            ValueError: for another shape or non-finite weights.
        """

    @abstractmethod
    def hessian_vector_product(
        self,
        weights: Float[Tensor, "*points weight"],
        vectors: Float[Tensor, "*vectors weight"],
    ) -> Float[Tensor, "*vectors weight"]:
        """Return the products of the Hessian with vectors, without forming the Hessian.

        Args:
            weights: points, shape (..., num_weights), finite.
            vectors: shape (..., num_weights); either the shape of ``weights``, or with further
                axes in front of it: several vectors for every point.

        Returns:
            Products, shape of ``vectors``.

        Raises:
            ValueError: for another shape, or weights or vectors that are not finite.
        """

    @abstractmethod
    def accuracy(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        """Return the share of samples classified correctly, in [0, 1], shape (...).

        One output classifies by whether it exceeds 0.5, several by the largest.

        Args:
            weights: points, shape (..., num_weights), finite.

        Raises:
            ValueError: for another shape or non-finite weights.
        """

    @abstractmethod
    def hidden_outputs(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points samples hidden"]:
        """Return the hidden units' outputs, shape (..., samples, hidden).

        Args:
            weights: points, shape (..., num_weights), finite.

        Raises:
            ValueError: for another shape or non-finite weights.
        """

    @abstractmethod
    def outputs(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points samples outputs"]:
        """Return the network's outputs, shape (..., samples, outputs).

        Args:
            weights: points, shape (..., num_weights), finite.

        Raises:
            ValueError: for another shape or non-finite weights.
        """

    @abstractmethod
    def saturation(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        """Return the saturation of the hidden layer, in [0, 1], shape (...).

        The measure is the activation's own; see :func:`lossviz.get_activation`.

        Args:
            weights: points, shape (..., num_weights), finite.

        Raises:
            ValueError: for another shape, non-finite weights, or an activation that does not
                saturate.
        """

    @abstractmethod
    def with_dtype(self, dtype: torch.dtype) -> BaseLandscape:
        """Return the same landscape in another precision."""

    @abstractmethod
    def describe(self) -> dict[str, str]:
        """Return what identifies the landscape, for the attributes of a data set."""

    def initial(self, n: int, seed: int, start_range: float) -> Float[Tensor, "n weight"]:
        """Draw starting points, uniform in [-start_range, start_range]^num_weights.

        Point i depends on the seed, i and the number of weights only: it is the start of walk i
        of every sampler with that seed, whatever the activation.

        Args:
            n: number of points, at least 1.
            seed: at least 0.
            start_range: b > 0, the half-width of the range.

        Returns:
            Points, shape (n, num_weights).

        Raises:
            ValueError: if a number is out of its range.
            TypeError: if ``n`` or ``seed`` is no integer or ``start_range`` no number.
        """
        count = _checks.whole("n", n, 1)
        seed = _checks.whole("seed", seed, 0)
        half_width = _checks.real("start_range", start_range, above=0)
        points = _streams.starts(seed, range(count), self.num_weights, half_width)
        return torch.from_numpy(points).to(self.device, self.dtype)

    def hessian_blocks(
        self, weights: Float[Tensor, "*points weight"]
    ) -> tuple[Float[Tensor, "*points size size"], ...]:
        """Return the Hessian's diagonal blocks, shape (..., size, size) for each of ``blocks``.

        Args:
            weights: points, shape (..., num_weights), finite.

        Raises:
            ValueError: for another shape or non-finite weights.
        """
        whole, ends = self.hessian(weights), torch.tensor([size for _, size in self.blocks])
        stops = ends.cumsum(0).tolist()
        starts = [0, *stops[:-1]]
        return tuple(whole[..., a:b, a:b] for a, b in zip(starts, stops, strict=True))

    def _on_subspace(
        self, origin: Float[Tensor, "weight"], directions: Float[Tensor, "directions weight"]
    ) -> Subspace:
        """Return the loss and the accuracy as functions of coordinates along directions.

        For lines and planes; origin and directions are checked already.
        """
        return PointByPoint(
            origin, directions, self.loss, self.accuracy if self._knows_accuracy else None
        )

    @property
    def _knows_accuracy(self) -> bool:
        """Whether there is an accuracy."""
        return True

    def _vectors(
        self, points: Float[Tensor, "*points weight"], vectors: Float[Tensor, "*vectors weight"]
    ) -> Tensor:
        """Check vectors that are to be multiplied by the Hessians at points."""
        values = _checks.tensor("vectors", vectors, self.dtype).detach().to(self.device)
        if values.ndim < points.ndim or values.shape[values.ndim - points.ndim :] != points.shape:
            raise ValueError(
                f"vectors must have shape (..., {', '.join(map(str, points.shape))}), that of "
                f"weights with any axes before it; got {tuple(values.shape)}."
            )
        return _checks.all_finite("vectors", values)

    def _points(self, weights: Float[Tensor, "*points weight"]) -> Tensor:
        """Check what a caller passed as weights and bring it to the landscape's precision."""
        values = _checks.tensor("weights", weights, self.dtype).detach().to(self.device)
        _checks.shape_ends("weights", values, self.num_weights)
        return _checks.all_finite("weights", values)
