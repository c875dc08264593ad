"""Quadratic landscapes, and the lowest of several: losses whose clouds are known beforehand."""

from __future__ import annotations

from typing import NoReturn

import torch
from jaxtyping import Float
from torch import Tensor
from typing_extensions import override

from lossviz import _checks
from lossviz.landscape._parameters import Parameter
from lossviz.landscape.base import BaseLandscape


class QuadraticLandscape(BaseLandscape):
    """The lowest of some quadratics, as :func:`lossviz.quadratic_landscape` returns it.

    Attributes:
        eigenvalues: curvatures of each quadratic along the axes, shape (quadratic, weight).
        centres: their critical points, shape (quadratic, weight).
        heights: the losses there, shape (quadratic,).
        num_weights: number of axes, m.
        dtype: ``torch.float32`` or ``torch.float64``.
        device: the CPU.
        blocks: one block of all weights.
        parameters: one parameter, called ``"position"``.
    """

    test = None

    def __init__(self, eigenvalues: Tensor, centres: Tensor, heights: Tensor) -> None:
        self.eigenvalues, self.centres, self.heights = eigenvalues, centres, heights
        self.num_weights = eigenvalues.shape[1]
        self.dtype, self.device = eigenvalues.dtype, eigenvalues.device
        self.parameters = (Parameter("position", (self.num_weights,), "bias"),)
        self.blocks = (("position", self.num_weights),)

    def __repr__(self) -> str:
        return (
            f"quadratic_landscape({len(self.heights)} of {self.num_weights} weights, "
            f"dtype={self.dtype})"
        )

    def lowest(self, weights: Float[Tensor, "*points weight"]) -> Tensor:
        """Return which quadratic is the lowest at each point, the first of equal ones.

        Args:
            weights: points, shape (..., num_weights), finite.

        Returns:
            Numbers of quadratics, int64, shape (...).

        Raises:
            ValueError: for another shape or non-finite weights.
        """
        return self._levels(self._points(weights)).argmin(dim=-1)

    @override
    def with_dtype(self, dtype: torch.dtype) -> QuadraticLandscape:
        dtype = _checks.float_dtype("dtype", dtype)
        own = (self.eigenvalues, self.centres, self.heights)
        return self if dtype == self.dtype else QuadraticLandscape(*(v.to(dtype) for v in own))

    @override
    def describe(self) -> dict[str, str]:
        return {
            "problem": "quadratic",
            "layers": str(self.num_weights),
            "split_seed": "none",
            "activation": "none",
            "loss_function": f"lowest of {len(self.heights)}",
            "precision": str(self.dtype).removeprefix("torch."),
        }

    @override
    def loss(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        return self._levels(self._points(weights)).amin(dim=-1)

    @override
    def loss_and_gradient(
        self, weights: Float[Tensor, "*points weight"]
    ) -> tuple[Float[Tensor, "*points"], Float[Tensor, "*points weight"]]:
        return self._unchecked_loss_and_gradient(self._points(weights))

    @override
    def _unchecked_loss_and_gradient(
        self, points: Float[Tensor, "points weight"]
    ) -> tuple[Float[Tensor, "points"], Float[Tensor, "points weight"]]:
        loss, which = self._levels(points).min(dim=-1)
        return loss, self.eigenvalues[which] * (points - self.centres[which])

    @override
    def hessian(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points weight weight"]:
        return torch.diag_embed(self._hessian_diagonal(self._points(weights)))

    @override
    def hessian_vector_product(
        self,
        weights: Float[Tensor, "*points weight"],
        vectors: Float[Tensor, "*vectors weight"],
    ) -> Float[Tensor, "*vectors weight"]:
        points = self._points(weights)
        return self._hessian_diagonal(points) * self._vectors(points, vectors)

    @override
    def _hessian_diagonal(self, points: Float[Tensor, "points weight"]) -> Tensor:
        return self.eigenvalues[self._levels(points).argmin(dim=-1)]

    @override
    def outputs(self, weights: Float[Tensor, "*points weight"]) -> NoReturn:
        raise ValueError(_no_network("outputs"))

    @override
    def accuracy(self, weights: Float[Tensor, "*points weight"]) -> NoReturn:
        raise ValueError(_no_network("accuracy"))

    @override
    def hidden_outputs(self, weights: Float[Tensor, "*points weight"]) -> NoReturn:
        raise ValueError(_no_network("hidden_outputs"))

    @override
    def saturation(self, weights: Float[Tensor, "*points weight"]) -> NoReturn:
        raise ValueError(_no_network("saturation"))

    @property
    @override
    def _knows_accuracy(self) -> bool:
        return False

    @property
    @override
    def _block_size(self) -> int:
        return 90 if self.num_weights <= 100 else super()._block_size

    def _levels(self, points: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points each"]:
        """Return every quadratic's value at points."""
        away = points.unsqueeze(-2) - self.centres
        return self.heights + (self.eigenvalues * away.square()).sum(dim=-1) / 2


def quadratic_landscape(
    eigenvalues: Float[Tensor, "*quadratics weight"],
    centres: Float[Tensor, "quadratics weight"] | None = None,
    heights: Float[Tensor, "quadratics"] | None = None,
    dtype: torch.dtype = torch.float64,
) -> QuadraticLandscape:
    r"""Return the landscape of a quadratic, or of the lowest of several.

    .. math::

        L(w) = \min_k \Bigl[ h_k + \frac12 \sum_i \lambda_{ki} (w_i - c_{ki})^2 \Bigr]

    What can be sampled of it is known beforehand: with one quadratic, eigenvalues between
    :math:`\mu > 0` and :math:`\Lambda`, and :math:`h = 0`, every point has
    :math:`2 \mu L \le \lVert g \rVert^2 \le 2 \Lambda L`. Where two quadratics are equally low the
    loss has a kink, and the first of them counts.

    Args:
        eigenvalues: curvatures along the axes, of either sign or zero, shape (weight,) for all
            quadratics or (quadratic, weight).
        centres: where each quadratic has its critical point, shape (quadratic, weight); the
            origin if None.
        heights: the loss there, shape (quadratic,); 0 if None.
        dtype: ``torch.float32`` or ``torch.float64``.

    Returns:
        The landscape, with neither samples nor outputs. ``lowest(weights)`` says which quadratic
        counts.

    Raises:
        ValueError: if shapes do not fit each other or a number is not finite.
        TypeError: if an argument is of the wrong type.

    Example:
        A wide bowl at 0 and a narrow one at 3:

        >>> import lossviz as lv
        >>> two = lv.quadratic_landscape([[1.0], [100.0]], [[0.0], [3.0]])
        >>> two.loss([[1.0], [3.1]]).tolist(), two.lowest([[1.0], [3.1]]).tolist()
        ([0.5, 0.5000000000000009], [0, 1])
    """
    dtype = _checks.float_dtype("dtype", dtype)
    curvatures = _checks.tensor("eigenvalues", eigenvalues, dtype).detach().cpu()
    if curvatures.ndim not in (1, 2) or curvatures.numel() == 0:
        raise ValueError(
            "eigenvalues must have shape (weight,) or (quadratic, weight); "
            f"got {tuple(curvatures.shape)}."
        )
    _checks.all_finite("eigenvalues", curvatures)
    size = curvatures.shape[-1]
    count = len(curvatures) if curvatures.ndim == 2 else None
    places = _centres(centres, count, size).to(dtype)
    rows = len(places)
    levels = _checks.array("heights", torch.zeros(rows) if heights is None else heights, rows)
    curvatures = curvatures.expand(rows, size).clone()
    return QuadraticLandscape(curvatures, places.clone(), torch.from_numpy(levels).to(dtype))


def _centres(centres: object, count: int | None, size: int) -> Tensor:
    """Return centres that fit the eigenvalues; any number of them where ``count`` is None."""
    if centres is None:
        return torch.zeros(count or 1, size, dtype=torch.float64)
    places = _checks.array("centres", centres, None, None)
    if places.shape[1] != size or (count is not None and len(places) != count):
        raise ValueError(
            f"centres must fit the eigenvalues, with shape ({'any' if count is None else count}, "
            f"{size}); got {places.shape}."
        )
    return torch.from_numpy(places)


def _no_network(what: str) -> str:
    return f"{what} needs a network; got a quadratic landscape, which has no samples or units."
