"""The loss landscape of a network with one hidden layer, in closed form."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor
from typing_extensions import override

from lossviz import _checks
from lossviz.activations import Activation, get_activation
from lossviz.landscape._closed_form import ClosedForm
from lossviz.landscape._data import columns, one_hidden_layer
from lossviz.landscape._network import Network
from lossviz.landscape._on_closed_form import OnClosedForm
from lossviz.landscape._parameters import parameters_of_layers
from lossviz.landscape.losses import LOSSES
from lossviz.landscape.module import from_module
from lossviz.problems import Problem


class Landscape(OnClosedForm):
    r"""The loss of a network with one hidden layer, over its weights.

    With output net inputs :math:`z_{no}`, targets :math:`t_{no}`, N samples and k outputs,

    .. math::

        L(w) = \frac{1}{Nk} \sum_{n,o} \ell(z_{no}, t_{no}),

    where :math:`\ell` is the binary cross-entropy of sigmoid outputs (natural logarithm) or
    their squared error :math:`(\sigma(z) - t)^2` without the factor 1/2. With softmax outputs
    :math:`p`, it is :math:`-\frac{1}{N} \sum_{n,o} t_{no} \ln p_{no}`: a mean over samples only.
    Flat weights have the order of ``torch.nn.Sequential(Linear, activation, Linear)``:
    W1 (hidden x inputs), b1, W2 (outputs x hidden), b2.

    Args:
        problem: a problem with one hidden layer, or the name of one.
        activation: the hidden units' activation, or the name of one.
        loss: ``"cross_entropy"``, ``"softmax_cross_entropy"`` (two or more outputs) or
            ``"squared_error"``.
        dtype: ``torch.float64`` or ``torch.float32``.
        device: where to compute, as ``torch.device`` takes it; the CPU if None.

    Attributes:
        problem: the problem.
        activation: the hidden units' activation.
        loss_name: the name of the loss.

    Raises:
        ValueError: for an unknown name, another number of layers, an empty or non-finite data
            set, or targets outside [0, 1].
        TypeError: if ``problem`` is neither a problem nor a name.

    Example:
        At the origin every output is 1/2, so the cross-entropy is ln 2 for any data:

        >>> import torch
        >>> landscape = Landscape("xor", activation="tanh")
        >>> f"{landscape.loss(torch.zeros(9)):.4f}"
        '0.6931'
        >>> landscape.hessian(torch.zeros(5, 9)).shape
        torch.Size([5, 9, 9])
    """

    from_module = staticmethod(from_module)

    def __init__(
        self,
        problem: Problem | str,
        activation: str | Activation = "elu",
        loss: str = "cross_entropy",
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
    ) -> None:
        self.problem = one_hidden_layer(problem)
        self.activation = get_activation(activation)
        self.loss_name = _checks.one_of("loss", loss, LOSSES)
        if self.loss_name == "softmax_cross_entropy" and self.problem.layers[-1] < 2:
            raise ValueError(
                "loss softmax_cross_entropy needs two or more outputs; "
                f"{self.problem.name!r} has {self.problem.layers[-1]}."
            )
        self.dtype = _checks.float_dtype("dtype", dtype)
        self.device = _checks.device("device", device)
        self.num_weights = self.problem.num_weights
        self.parameters = parameters_of_layers(self.problem.layers)
        self.blocks = tuple((part.name, part.size) for part in self.parameters)
        samples, targets = columns(self.problem, self.dtype, self.device)
        network = Network(self.problem.layers, self.activation)
        self._form = ClosedForm(network, samples, targets, self.loss_name)

    def __repr__(self) -> str:
        return (
            f"Landscape({self.problem.name!r}, activation={self.activation.name!r}, "
            f"loss={self.loss_name!r}, dtype={self.dtype})"
        )

    @cached_property
    def test(self) -> Landscape:
        """The landscape of the same network on the problem's test part."""
        problem = self.problem
        held_back = replace(problem, inputs=problem.test_inputs, targets=problem.test_targets)
        return Landscape(held_back, self.activation, self.loss_name, self.dtype, self.device)

    @override
    def with_dtype(self, dtype: torch.dtype) -> Landscape:
        if dtype == self.dtype:
            return self
        return Landscape(self.problem, self.activation, self.loss_name, dtype, self.device)

    @override
    def describe(self) -> dict[str, str]:
        return {
            "problem": self.problem.name,
            "layers": "-".join(map(str, self.problem.layers)),
            "split_seed": str(self.problem.seed),
            **self.activation.attributes,
            "loss_function": self.loss_name,
            "precision": str(self.dtype).removeprefix("torch."),
        }

    @override
    def loss(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        return self._over_points(weights, self._form.loss)

    @override
    def loss_and_gradient(
        self, weights: Float[Tensor, "*points weight"]
    ) -> tuple[Float[Tensor, "*points"], Float[Tensor, "*points weight"]]:
        both = self._over_points(weights, self._form.loss_and_gradient)
        return both[..., 0], both[..., 1:]

    @override
    def hessian(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points weight weight"]:
        return self._over_points(weights, self._form.hessian, self._form.layout.size)

    @override
    def hessian_vector_product(
        self,
        weights: Float[Tensor, "*points weight"],
        vectors: Float[Tensor, "*vectors weight"],
    ) -> Float[Tensor, "*vectors weight"]:
        points = self._points(weights)
        v = self._vectors(points, vectors)
        rows = (part.reshape(-1, self.num_weights) for part in (points.expand_as(v), v))
        with torch.no_grad():
            products = self._form.in_chunks(self._form.product, 2 * self._form.net_size, *rows)
        return products.view(v.shape)

    @override
    def accuracy(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        return self._over_points(weights, self._form.accuracy)

    @override
    def hidden_outputs(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points samples hidden"]:
        return self._over_points(weights, self._form.hidden_outputs)

    @override
    def outputs(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points samples outputs"]:
        return self._over_points(weights, self._form.outputs)

    @override
    def saturation(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        measure = self.activation.saturation
        if measure is None:
            name, why = self.activation.name, self.activation.saturation_measure
            raise ValueError(f"saturation needs an activation with a measure; {name} {why}.")
        return self._over_points(weights, lambda w: measure(self._form.hidden_outputs(w)))

    @property
    @override
    def null_basis(self) -> Float[Tensor, "weight null"]:
        return self._form.null_basis

    @property
    @override
    def structural_zeros(self) -> int:
        return self.num_weights - self._form.largest_rank
