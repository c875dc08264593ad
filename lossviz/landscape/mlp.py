"""The loss landscape of a network with one hidden layer, in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor
from typing_extensions import override

from lossviz import _checks
from lossviz.activations import Activation, get_activation
from lossviz.landscape._hessian import HessianLayout
from lossviz.landscape._network import Network, Pass
from lossviz.landscape.base import BaseLandscape
from lossviz.landscape.losses import LOSSES, Loss
from lossviz.problems import Problem, load_problem

# Points are worked through in chunks whose largest intermediate array has about this many
# elements: small enough for a core's caches, large enough to hide the cost of a call.
_CHUNK_ELEMENTS = 2**18


class Landscape(BaseLandscape):
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

    def __init__(
        self,
        problem: Problem | str,
        activation: str | Activation = "elu",
        loss: str = "cross_entropy",
        dtype: torch.dtype = torch.float64,
        device: torch.device | str | None = None,
    ) -> None:
        self.problem = _one_hidden_layer(problem)
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
        inputs, hidden, outputs = self.problem.layers
        self.blocks = (
            ("W1", hidden * inputs), ("b1", hidden), ("W2", outputs * hidden), ("b2", outputs),
        )  # fmt: skip
        self._network = Network(self.problem.layers, self.activation)
        self._inputs, self._targets = _columns(self.problem, self.dtype, self.device)
        self._loss_of: Loss = LOSSES[self.loss_name](self._targets)

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
            "activation": self.activation.name,
            "loss_function": self.loss_name,
            "precision": str(self.dtype).removeprefix("torch."),
        }

    @override
    def loss(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        return self._over_points(weights, self._loss, self._net_size)

    @override
    def gradient(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points weight"]:
        return self.loss_and_gradient(weights)[1]

    @override
    def loss_and_gradient(
        self, weights: Float[Tensor, "*points weight"]
    ) -> tuple[Float[Tensor, "*points"], Float[Tensor, "*points weight"]]:
        both = self._over_points(weights, self._loss_and_gradient, self._net_size)
        return both[..., 0], both[..., 1:]

    @override
    def _unchecked_loss_and_gradient(
        self, points: Float[Tensor, "points weight"]
    ) -> tuple[Float[Tensor, "points"], Float[Tensor, "points weight"]]:
        both = self._in_chunks(self._loss_and_gradient, self._net_size, points)
        return both[:, 0], both[:, 1:]

    @override
    def hessian(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points weight weight"]:
        return self._over_points(weights, self._hessian, self._layout.size)

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
            products = self._in_chunks(self._product, 2 * self._net_size, *rows)
        return products.view(v.shape)

    @override
    def accuracy(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        return self._over_points(weights, self._accuracy, self._net_size)

    @override
    def hidden_outputs(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points samples hidden"]:
        return self._over_points(weights, lambda w: self._pass(w).h.mT, self._net_size)

    @override
    def outputs(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points samples outputs"]:
        final = torch.softmax if self._loss_of.coupled else lambda z, dim: torch.sigmoid(z)  # noqa: ARG005
        return self._over_points(
            weights, lambda w: final(self._pass(w).z2, dim=-2).mT, self._net_size
        )

    @override
    def saturation(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        measure = self.activation.saturation
        if measure is None:
            raise ValueError(f"{self.activation.name} does not saturate: it has no measure.")
        return self._over_points(weights, lambda w: measure(self._pass(w).h.mT), self._net_size)

    # --- over points, in chunks ----------------------------------------------------------------

    def _over_points(
        self, weights: Tensor, function: Callable[[Tensor], Tensor], size: int
    ) -> Tensor:
        """Apply a function of (points, weight) in chunks; ``size`` numbers arise per point."""
        points = self._points(weights)
        with torch.no_grad():
            result = self._in_chunks(function, size, points.reshape(-1, self.num_weights))
        return result.reshape((*points.shape[:-1], *result.shape[1:]))

    def _in_chunks(self, function: Callable[..., Tensor], size: int, *arrays: Tensor) -> Tensor:
        rows = max(1, _CHUNK_ELEMENTS // size)
        if len(arrays[0]) <= rows or self._inputs.ndim == 3:
            return function(*arrays)
        chunks = zip(*(array.split(rows) for array in arrays), strict=True)
        return torch.cat([function(*chunk) for chunk in chunks])

    @cached_property
    def _net_size(self) -> int:
        return self.num_weights + sum(self.problem.layers[1:]) * self._inputs.shape[-1]

    @cached_property
    def _layout(self) -> HessianLayout:
        return HessianLayout(self.problem.layers, self._inputs)

    def _pass(self, w: Tensor) -> Pass:
        return self._network.forward(w, self._inputs)

    def _loss(self, w: Tensor) -> Tensor:
        return self._network.loss(w, self._inputs, self._loss_of)

    def _loss_and_gradient(self, w: Tensor) -> Tensor:
        return self._network.loss_and_gradient(w, self._inputs, self._loss_of)

    def _product(self, w: Tensor, v: Tensor) -> Tensor:
        return self._network.hessian_vector_product(w, v, self._inputs, self._loss_of)

    def _hessian(self, w: Tensor) -> Tensor:
        p = self._pass(w)
        slope, bend = self._loss_of.slope_and_bend(p.z2)
        f = self.activation
        return self._layout.assemble(p.h, f.first(p.z1), f.second(p.z1), p.w2, slope, bend)

    def _accuracy(self, w: Tensor) -> Tensor:
        z2 = self._pass(w).z2
        if z2.shape[1] == 1:
            correct = (z2 > 0) == (self._targets > 0.5)
            return correct.to(self.dtype).mean(dim=(-2, -1))
        correct = z2.argmax(dim=-2) == self._targets.argmax(dim=-2)
        return correct.to(self.dtype).mean(dim=-1)


def _one_hidden_layer(problem: Problem | str) -> Problem:
    if isinstance(problem, str):
        problem = load_problem(problem)
    if not isinstance(problem, Problem):
        raise TypeError(
            f"problem must be a Problem or the name of one; got {type(problem).__name__}."
        )
    if len(problem.layers) != 3:
        raise ValueError(
            "Landscape's closed forms need layers (inputs, hidden, outputs); "
            f"{problem.name!r} has {problem.layers}."
        )
    for layer in problem.layers:
        _checks.whole("each of layers", layer, 1)
    return problem


def _columns(problem: Problem, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """Check a data set and return it units-first: (inputs, samples), (outputs, samples)."""
    layers = problem.layers
    x = _checks.tensor("inputs", problem.inputs, dtype).to(device)
    t = _checks.tensor("targets", problem.targets, dtype).to(device)
    _checks.all_finite("inputs", x)
    if x.ndim != 2 or len(x) == 0 or x.shape[1] != layers[0]:
        raise ValueError(f"inputs must have shape (samples, {layers[0]}); got {tuple(x.shape)}.")
    if t.shape != (len(x), layers[-1]):
        raise ValueError(f"targets must have shape ({len(x)}, {layers[-1]}); got {tuple(t.shape)}.")
    if not bool(((t >= 0) & (t <= 1)).all()):
        raise ValueError(f"targets must lie in [0, 1]; got values from {t.min():g} to {t.max():g}.")
    return x.T.contiguous(), t.T.contiguous()
