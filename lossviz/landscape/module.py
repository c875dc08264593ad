"""The loss landscape of any ``torch.nn.Module``, by automatic differentiation."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn
from torch.utils.data import DataLoader
from typing_extensions import override

from lossviz import _checks
from lossviz.landscape._evaluation import Evaluation, OnBatches
from lossviz.landscape._products import Products
from lossviz.landscape._source import Source, checked_source
from lossviz.landscape._subspace import Subspace
from lossviz.landscape.base import BaseLandscape


class ModuleLandscape(BaseLandscape):
    """The loss of a module over all its parameters, as ``Landscape.from_module`` returns it.

    Its attribute ``test`` is the landscape on the test part, or None.

    Attributes:
        weights: the module's own weights as a point, shape (num_weights,), in the order of
            ``torch.nn.utils.parameters_to_vector``.
        vectorised: whether torch can compute the gradients at many points at once. Where it
            cannot, points are worked through one by one, to the same results.
        num_weights: number of weights and biases, m, frozen ones included; tied ones count once.
        dtype: ``torch.float32`` or ``torch.float64``.
        device: where points are evaluated.
        blocks: names and sizes of the parameters.
        parameters: the same with shapes and kinds; see :class:`lossviz.Parameter`.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._at = Evaluation(source)
        self.dtype, self.device = source.dtype, source.device
        self.weights, self.parameters = self._at.weights, self._at.parameters
        self.blocks = tuple((part.name, part.size) for part in self.parameters)
        self.num_weights, self.vectorised = len(self.weights), self._at.vectorised
        test_part = source.test_part()
        self.test = None if test_part is None else ModuleLandscape(test_part)

    def __repr__(self) -> str:
        about = self.describe()
        return (
            f"Landscape.from_module({about['problem']}, loss_fn={about['loss_function']}, "
            f"num_weights={self.num_weights}, dtype={self.dtype})"
        )

    @override
    def with_dtype(self, dtype: torch.dtype) -> ModuleLandscape:
        dtype = _checks.float_dtype("dtype", dtype)
        return self if dtype == self.dtype else ModuleLandscape(replace(self._source, dtype=dtype))

    @override
    def describe(self) -> dict[str, str]:
        return self._source.describe()

    @override
    def loss(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        return self._over_points(weights, self._at.loss)

    @override
    def loss_and_gradient(
        self, weights: Float[Tensor, "*points weight"]
    ) -> tuple[Float[Tensor, "*points"], Float[Tensor, "*points weight"]]:
        both = self._over_points(weights, self._at.loss_and_gradient)
        return both[..., 0], both[..., 1:]

    @override
    def _unchecked_loss_and_gradient(
        self, points: Float[Tensor, "points weight"]
    ) -> tuple[Float[Tensor, "points"], Float[Tensor, "points weight"]]:
        both = self._at.loss_and_gradient(points)
        return both[:, 0], both[:, 1:]

    @override
    def hessian(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points weight weight"]:
        return self._over_points(weights, lambda w: self._block(w, 0, self.num_weights))

    @override
    def hessian_blocks(
        self, weights: Float[Tensor, "*points weight"]
    ) -> tuple[Float[Tensor, "*points size size"], ...]:
        # Each block on its own: the whole Hessian is never formed.
        sizes = [size for _, size in self.blocks]
        starts = (np.cumsum(sizes) - sizes).tolist()
        return tuple(
            self._over_points(weights, lambda w, a=start, n=size: self._block(w, a, n))
            for start, size in zip(starts, sizes, strict=True)
        )

    def _block(self, points: Tensor, start: int, size: int) -> Tensor:
        eye = torch.eye(size, dtype=self.dtype, device=self.device)
        rows = self._at.products(points, eye.expand(len(points), -1, -1), start)
        return (rows + rows.mT) / 2

    @override
    def hessian_vector_product(
        self,
        weights: Float[Tensor, "*points weight"],
        vectors: Float[Tensor, "*vectors weight"],
    ) -> Float[Tensor, "*vectors weight"]:
        points = self._points(weights)
        v = self._vectors(points, vectors)
        flat = points.reshape(-1, self.num_weights)
        several = v.shape[: v.ndim - points.ndim].numel()
        by_point = v.reshape(several, *flat.shape).transpose(0, 1)
        return self._at.products(flat, by_point).transpose(0, 1).reshape(v.shape)

    @override
    def _products_at(self, points: Float[Tensor, "points weight"]) -> Products:
        return self._at.products_at(points) or super()._products_at(points)

    @override
    def outputs(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points samples outputs"]:
        return self._over_points(weights, self._at.outputs)

    @override
    def accuracy(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        if self._at.correct is None:
            raise ValueError(
                "accuracy needs targets that are 0 or 1 for one output, or classes or one-hot rows "
                "for several, or from_module's argument accuracy; got other targets, with outputs "
                f"of shape {self._at.output_shape}."
            )
        return self._over_points(weights, self._at.accuracy)

    @override
    def hidden_outputs(self, weights: Float[Tensor, "*points weight"]) -> NoReturn:
        raise ValueError(self._no_hidden_layer("hidden_outputs"))

    @override
    def saturation(self, weights: Float[Tensor, "*points weight"]) -> NoReturn:
        raise ValueError(self._no_hidden_layer("saturation"))

    def _no_hidden_layer(self, what: str) -> str:
        return (
            f"{what} needs Landscape's closed form, whose hidden units are known; got a landscape "
            f"of a module ({type(self._source.module).__name__})."
        )

    @property
    @override
    def num_samples(self) -> int:
        return len(self._source.inputs)

    @property
    @override
    def _group_size(self) -> int:
        # What is evaluated point by point does not depend on company: nothing need be filled up.
        return min(super()._group_size, self._at.together(max(size for _, size in self.blocks)))

    @property
    @override
    def _knows_accuracy(self) -> bool:
        return self._at.correct is not None

    @override
    def _on_subspace(self, origin: Tensor, directions: Tensor) -> Subspace:
        found = self._at.on_subspace(origin, directions)
        return super()._on_subspace(origin, directions) if found is None else found

    @override
    def _on_batches(self, samples: Int[Tensor, "points batch"]) -> ModuleLandscape:
        view = copy.copy(self)
        view._at = OnBatches(self._at, samples.to(self.device))
        return view

    @override
    def _on_samples(self, samples: Int[Tensor, "batch"]) -> ModuleLandscape:
        view = copy.copy(self)
        view._at = self._at.on(samples.to(self.device))
        return view

    def _over_points(self, weights: Tensor, run: Callable[[Tensor], Tensor]) -> Tensor:
        points = self._points(weights)
        found = run(points.reshape(-1, self.num_weights))
        return found.reshape((*points.shape[:-1], *found.shape[1:]))


def from_module(
    module: nn.Module,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    inputs: Shaped[Tensor, "samples *input"] | DataLoader,
    targets: Shaped[Tensor, "samples *target"] | None = None,
    *,
    test_inputs: Shaped[Tensor, "tests *input"] | DataLoader | None = None,
    test_targets: Shaped[Tensor, "tests *target"] | None = None,
    accuracy: Callable[[Tensor, Tensor], Tensor] | None = None,
    batch_size: int | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
) -> ModuleLandscape:
    r"""Return the loss landscape of any module, by automatic differentiation.

    .. math::

        L(w) = \frac{1}{N} \sum_b n_b \, \ell(f_w(x_b), t_b)

    over batches b of :math:`n_b` of the N samples: what one batch of all gives, up to rounding.
    Weights are all parameters in the order of ``torch.nn.utils.parameters_to_vector``: frozen ones
    (``requires_grad`` False) too, tied ones once. The module is copied in the mode it is in and
    then left alone, with its buffers. A batch norm in train mode normalises by the batch, so its
    loss does depend on ``batch_size``. Dropout in train mode is refused: the loss would be random.

    Torch's ``binary_cross_entropy_with_logits`` and ``cross_entropy`` have gradients that vanish
    for large logits; :func:`lossviz.stable_cross_entropy` and
    :func:`lossviz.stable_softmax_cross_entropy` are the same losses without that, as are
    ``Landscape``'s closed forms.

    Args:
        module: any module with parameters in float32 or float64 that takes one tensor and returns
            one with a row for each sample.
        loss_fn: from outputs and targets to the mean over the batch, shape (). It is refused where
            data given twice, or in batches, have another loss, by more than the root of the
            precision's epsilon in relative terms.
        inputs: shape (samples, ...). Integers stay integers, for embeddings; give pixels and
            other numbers as floats. Or a ``torch.utils.data.DataLoader`` of pairs of inputs and
            targets, which is gone through once; ``batch_size`` is not taken from it.
        targets: shape (samples, ...). Integers stay integers: classes. Left out with a loader.
        test_inputs: the test part's inputs, together with ``test_targets``, or a loader.
        test_targets: the test part's targets.
        accuracy: from outputs and targets of a batch to whether each sample is correct, shape
            (samples,), or to the share that are. If None: the largest output where targets are
            integer classes or one-hot rows; where there is one output and targets are 0 or 1,
            whether it exceeds 0, as a logit does, or 1/2, as a probability does: if the last
            module is a ``Sigmoid``, or the loss torch's ``binary_cross_entropy``.
        batch_size: the most samples evaluated together, which bounds the memory; all if None.
        dtype: ``torch.float32`` or ``torch.float64``; that of the parameters if None.
        device: where to compute; where the parameters are if None.

    Returns:
        The landscape. Its attribute ``weights`` is the point where the module stands.

    Raises:
        ValueError: for a module, a loss or data that are not as described above.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> module = torch.nn.Sequential(
        ...     torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
        >>> x = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
        >>> t = torch.tensor([[0.0], [1], [1], [0]])
        >>> landscape = Landscape.from_module(module, torch.nn.BCEWithLogitsLoss(), x, t)
        >>> f"{landscape.loss(torch.zeros(13)):.4f}"
        '0.6931'
        >>> landscape.hessian(landscape.weights).shape
        torch.Size([13, 13])
    """
    source = checked_source(
        module, loss_fn, inputs, targets, test_inputs=test_inputs, test_targets=test_targets,
        accuracy=accuracy, batch_size=batch_size, dtype=dtype, device=device,
    )  # fmt: skip
    return ModuleLandscape(source)
