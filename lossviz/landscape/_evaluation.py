"""Evaluating a module's loss over batches of samples, and chunks of points and vectors."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import parameters_to_vector

from lossviz.landscape import _functional, _probe
from lossviz.landscape._functional import FlatModule, Function, Products
from lossviz.landscape._moving import Task
from lossviz.landscape._parameters import parameters_of_module
from lossviz.landscape._products import KEPT_NUMBERS
from lossviz.landscape._products import Products as KeptProducts
from lossviz.landscape._slices import fastest_subspace
from lossviz.landscape._source import Source
from lossviz.landscape._subspace import Subspace

# Points and vectors are worked through in chunks that keep about this many numbers in all.
_CHUNK_ELEMENTS = 2**21

# A gradient's own graph, which products with the Hessian go back through, is larger by about this.
_SECOND_ORDER = 3


# So many samples show how fast a module can be run.
_FEW = 64


class Evaluation:
    """A module on its data, as functions of flat points (points, weight).

    Attributes:
        weights: the module's own weights, flat.
        parameters: what the parts of a flat point are.
        vectorised: whether the gradients at many points are computed at once.
        output_shape: shape of the outputs for all samples.
        correct: which samples are correct, from outputs and targets; None if unknown.
    """

    def __init__(self, source: Source) -> None:
        module = source.own_module()
        self._source = source
        self._inputs, self._targets = source.own(source.inputs), source.own(source.targets)
        self._batch_size = source.batch_size
        self._batches = batches_of(self._inputs, self._targets, source.batch_size)
        self._loss_fn = source.own_loss()
        self.weights = parameters_to_vector(module.parameters()).detach().clone()
        self.parameters = parameters_of_module(module)
        devices = [source.device] if source.device.type == "cuda" else []
        numpys = np.random.get_state()  # noqa: NPY002 - what a module may draw from
        with torch.random.fork_rng(devices), _functional.plain_attention(), torch.no_grad():
            try:
                self._examine(FlatModule(module))
            finally:
                np.random.set_state(numpys)  # noqa: NPY002

    def _examine(self, flat: FlatModule) -> None:
        """Check by evaluating the module what it is, and find out how fast it can be run."""
        x, t, _ = self._batches[0]
        _probe.checked_outputs(partial(flat, self.weights, x), x, self._source.part)
        _probe.check_not_random(partial(flat, self.weights, x), self._source.device)
        self._module = flat.noting_changes(self.weights, x)
        # Two points: at the first, the loss may be 0.
        points = torch.stack([self.weights, 0.9 * self.weights])
        self._check_loss(points)
        loss = partial(self._loss, x=x, t=t)
        self._per_point = _functional.elements_in_flight(loss, self.weights)
        x, t = _few(self._loss, points[1], x, t)
        loss, f = partial(self._loss, x=x, t=t), partial(self._module, x=x)
        self._fast_outputs = _probe.can_be_vectorised(_functional.values, f, points)
        self._fast_values = _probe.can_be_vectorised(_functional.values, loss, points)
        self.vectorised = _probe.can_be_vectorised(_functional.values_and_slopes, loss, points)

    def _check_loss(self, points: Tensor) -> None:
        part, sizes = self._source.part, [len(x) for x, *_ in self._batches]
        for x, t, _ in self._batches:
            with torch.enable_grad():
                run = partial(self._module, self.weights.clone().requires_grad_(), x)
                outputs = _probe.checked_outputs(run, x, part)
                _probe.check_loss(self._loss_fn, outputs, t, part)
        for w in points:
            outputs = torch.cat([self._module(w, x) for x, *_ in self._batches])
            _probe.check_mean(self._loss_fn, outputs, self._targets, sizes)
        self.output_shape = tuple(outputs.shape)
        self.correct = _probe.accuracy_rule(
            self._source.accuracy, outputs, self._targets, self._source.threshold
        )

    def together(self, count: int) -> int:
        """Return how many points are evaluated at once for ``count`` products at each."""
        return max(1, _CHUNK_ELEMENTS // (_SECOND_ORDER * self._per_point * count))

    # --- at flat points -------------------------------------------------------------------------

    def loss(self, points: Tensor) -> Tensor:
        """Return the losses, shape (points,)."""
        run = partial(_functional.values, vectorised=self._fast_values)
        return self._in_chunks(points, (), partial(self._mean, run))

    def loss_and_gradient(self, points: Tensor) -> Tensor:
        """Return losses and gradients side by side, shape (points, 1 + weights)."""
        run = partial(_functional.values_and_slopes, vectorised=self.vectorised)
        return self._in_chunks(points, (1 + len(self.weights),), partial(self._mean, run))

    def outputs(self, points: Tensor) -> Tensor:
        """Return the module's outputs, shape (points, samples, ...)."""

        def run(chunk: Tensor) -> Tensor:
            return torch.cat([outputs for outputs, *_ in self._outputs(chunk)], dim=1)

        return self._in_chunks(points, self.output_shape, run)

    def accuracy(self, points: Tensor) -> Tensor:
        """Return the shares of samples that are correct, shape (points,)."""

        def run(chunk: Tensor) -> Tensor:
            return sum(
                share * self.correct(outputs, t).to(points.dtype).mean(dim=-1)
                for outputs, t, share in self._outputs(chunk)
            )

        return self._in_chunks(points, (), run)

    def products(self, points: Tensor, vectors: Tensor, start: int = 0) -> Tensor:
        """Multiply vectors (points, vectors, weights) by Hessians.

        Shorter vectors are multiplied by the block of weights that begins at ``start``.
        """
        columns = max(1, min(vectors.shape[1], self.together(1)))
        rows = self.together(columns)
        found = vectors.new_empty(vectors.shape)
        for a in range(0, len(points), rows):
            for b in range(0, vectors.shape[1], columns):
                here = slice(a, a + rows), slice(b, b + columns)
                found[here] = self._mean(
                    self._fastest_products, points[here[0]], vectors[here], start
                )
        return found

    def products_at(self, points: Tensor) -> KeptProducts | None:
        """Return the products with vectors (..., points, weight), or None: many at once are better.

        The graphs of the gradients are kept, as long as they are not too large.
        """
        kept = _SECOND_ORDER * self._per_point * len(points) * len(self._batches)
        if (len(points) > 1 and self.together(1) > 1) or kept > KEPT_NUMBERS:
            return None
        parts = [(share, partial(self._loss, x=x, t=t)) for x, t, share in self._batches]
        return _functional.products_from_graphs(parts, points)

    def on_subspace(self, origin: Tensor, directions: Tensor) -> Subspace | None:
        """Return the fastest way along directions; None if it is only that of ``loss``."""
        task = Task(self._module, self._batches, self._loss_fn, self.correct, self._per_point)
        vectorised = self._fast_outputs and self._fast_values
        return fastest_subspace(task, self.weights, origin, directions, vectorised)

    # --- batches and chunks ---------------------------------------------------------------------

    def _loss(self, w: Tensor, x: Tensor, t: Tensor) -> Tensor:
        return self._loss_fn(self._module(w, x), t)

    def _mean(self, run: Callable[..., Tensor], points: Tensor, *more: Any) -> Tensor:
        """Average over batches, each weighted by its share of the samples."""
        with _functional.plain_attention():
            return sum(
                share * run(partial(self._loss, x=x, t=t), points, *more)
                for x, t, share in self._batches
            )

    def _outputs(self, points: Tensor) -> Iterator[tuple[Tensor, Tensor, float]]:
        """Yield each batch's outputs (points, samples, ...), targets and share."""
        for x, t, share in self._batches:
            with _functional.plain_attention():
                f: Function = partial(self._module, x=x)
                found = _functional.values(f, points, self._fast_outputs)
            yield found, t, share

    def _in_chunks(
        self, points: Tensor, tail: tuple[int, ...], run: Callable[[Tensor], Tensor]
    ) -> Tensor:
        """Evaluate chunk after chunk; ``tail`` is the shape of what arises at a point."""
        size = max(1, _CHUNK_ELEMENTS // self._per_point)
        found = points.new_empty(len(points), *tail)
        for a in range(0, len(points), size):
            found[a : a + size] = run(points[a : a + size])
        return found

    @cached_property
    def _fastest_products(self) -> Products:
        x, t, _ = self._batches[0]
        f = partial(self._loss, x=x, t=t)
        points = torch.stack([self.weights, 0.9 * self.weights])
        with _functional.plain_attention():
            return _probe.fastest_products(f, points, self.vectorised)

    def on(self, samples: Tensor) -> Evaluation:
        """Return the same on some samples alone, for one point: without the cost of a vmap."""
        view = copy.copy(self)
        view._batches = batches_of(self._inputs[samples], self._targets[samples], self._batch_size)
        view.vectorised = view._fast_values = view._fast_outputs = False
        view.output_shape = (len(samples), *self.output_shape[1:])
        return view


def _few(loss: Callable[..., Tensor], w: Tensor, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Return a few samples to try out what does not hang on their number, or all if need be."""
    if len(x) <= _FEW:
        return x, t
    try:
        loss(w, x[:_FEW], t[:_FEW])
    except (RuntimeError, ValueError, TypeError, LookupError):
        return x, t  # a module that is written for one number of samples
    return x[:_FEW], t[:_FEW]


class OnBatches:
    """An evaluation at points that have samples of their own, one point after another.

    Args:
        whole: the evaluation on all samples.
        samples: the positions of each point's samples, (points, batch).
    """

    def __init__(self, whole: Evaluation, samples: Tensor) -> None:
        self._whole, self._samples = whole, samples
        self.correct, self.output_shape = whole.correct, (samples.shape[1], *whole.output_shape[1:])

    def loss(self, points: Tensor) -> Tensor:
        """Return the losses, shape (points,)."""
        return self._each("loss", points)

    def loss_and_gradient(self, points: Tensor) -> Tensor:
        """Return losses and gradients side by side, shape (points, 1 + weights)."""
        return self._each("loss_and_gradient", points)

    def outputs(self, points: Tensor) -> Tensor:
        """Return the module's outputs, shape (points, batch, ...)."""
        return self._each("outputs", points)

    def accuracy(self, points: Tensor) -> Tensor:
        """Return the shares of samples that are correct, shape (points,)."""
        return self._each("accuracy", points)

    def products(self, points: Tensor, vectors: Tensor, start: int = 0) -> Tensor:
        """Multiply vectors (points, vectors, weights) by Hessians, or blocks of them."""
        return self._each("products", points, vectors, start=start)

    def products_at(self, points: Tensor) -> None:
        """Keep nothing: a batch is used once."""

    def on_subspace(self, origin: Tensor, directions: Tensor) -> None:
        """Return None: there is no faster way than that of ``loss``."""
        del origin, directions

    def _each(self, method: str, *arrays: Tensor, **options: int) -> Tensor:
        rows = zip(self._samples, *(array.split(1) for array in arrays), strict=True)
        return torch.cat(
            [getattr(self._whole.on(chosen), method)(*row, **options) for chosen, *row in rows]
        )


def batches_of(x: Tensor, t: Tensor, size: int | None) -> list[tuple[Tensor, Tensor, float]]:
    """Return inputs, targets and share of all samples of each batch."""
    pairs = zip(x.split(size or len(x)), t.split(size or len(x)), strict=True)
    return [(x_batch, t_batch, len(x_batch) / len(x)) for x_batch, t_batch in pairs]
