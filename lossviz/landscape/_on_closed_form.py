"""What the floors above need of a landscape in closed form beside its public methods."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Self

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from typing_extensions import override

from lossviz.landscape._closed_form import ClosedForm
from lossviz.landscape._linearised import hessian_diagonal, products_at
from lossviz.landscape._network import Pass
from lossviz.landscape._products import Products
from lossviz.landscape._recorder import NetworkProbe
from lossviz.landscape._subspace import Subspace
from lossviz.landscape.base import BaseLandscape


class OnClosedForm(BaseLandscape):
    """A landscape whose points are evaluated by a closed form, ``_form``."""

    _form: ClosedForm

    def _over_points(
        self, weights: Tensor, function: Callable[[Tensor], Tensor], size: int | None = None
    ) -> Tensor:
        """Apply a function of (points, weight) in chunks; ``size`` numbers arise per point."""
        points = self._points(weights)
        size = self._form.net_size if size is None else size
        with torch.no_grad():
            result = self._form.in_chunks(function, size, points.reshape(-1, self.num_weights))
        return result.reshape((*points.shape[:-1], *result.shape[1:]))

    @override
    def _unchecked_loss_and_gradient(
        self, points: Float[Tensor, "points weight"]
    ) -> tuple[Float[Tensor, "points"], Float[Tensor, "points weight"]]:
        form = self._form
        both = form.in_chunks(form.loss_and_gradient, form.net_size, points)
        return both[:, 0], both[:, 1:]

    @override
    def _hessian_entries(
        self,
        points: Float[Tensor, "points weight"],
        wanted: Int[Tensor, "wanted"],
        passes: Pass | None = None,
    ) -> tuple[Tensor, Tensor]:
        return self._form.hessian_entries(points, wanted, passes)

    @override
    def _surely_determined(self, points: Float[Tensor, "points weight"]) -> Bool[Tensor, "points"]:
        return self._form.surely_determined(points)

    @property
    @override
    def _block_size(self) -> int:
        # 90 is the study's number of walks on XOR; its other numbers fill blocks without rest.
        return 90 if self.num_weights <= 100 else super()._block_size

    @property
    @override
    def _numbers_per_point(self) -> int:
        return 3 * self._form.net_size + self._form.reduced.num_entries

    @property
    @override
    def _hessian_numbers(self) -> int:
        return self._form.reduced.numbers

    @override
    def _probe(self, points: Float[Tensor, "points weight"], steps: int) -> NetworkProbe:
        form = self._form
        return NetworkProbe(points, steps, form.network, form.samples, form.loss_of)

    @property
    @override
    def num_samples(self) -> int:
        return self._form.samples.shape[-1]

    @override
    def _on_subspace(self, origin: Tensor, directions: Tensor) -> Subspace:
        if self._form.samples.ndim == 3:  # samples of their own for each point
            return super()._on_subspace(origin, directions)
        return self._form.on_subspace(origin, directions)

    @override
    def _on_batches(self, samples: Int[Tensor, "points batch"]) -> Self:
        view = copy.copy(self)
        view._form = self._form.on_batches(samples.to(self.device))
        return view

    @override
    def _on_samples(self, samples: Int[Tensor, "batch"]) -> Self:
        view = copy.copy(self)
        view._form = self._form.on_samples(samples.to(self.device))
        return view

    @override
    def _products_at(self, points: Float[Tensor, "points weight"]) -> Products:
        return products_at(self._form, points) or super()._products_at(points)

    @override
    def _hessian_diagonal(self, points: Float[Tensor, "points weight"]) -> Tensor:
        size = self._form.net_size * self._form.network.layers[-1]
        return self._over_points(points, partial(hessian_diagonal, self._form), size)
