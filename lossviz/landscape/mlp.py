"""The loss landscape of a network with one hidden layer, in closed form.

Notation: inputs x (with a 1 appended: x~), hidden net inputs z1 = W1 x + b1, hidden outputs
h = f(z1) (with a 1 appended: h~), output net inputs z2 = W2 h + b2, loss = mean over samples n
and outputs o of l(z2[o], t[o]). Arrays are units-first: (points, units, samples).
"""

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
from lossviz.landscape.base import BaseLandscape
from lossviz.landscape.losses import LOSSES
from lossviz.problems import Problem, load_problem

# Points are worked through in chunks whose largest intermediate array has about this many
# elements: small enough for a core's caches, large enough to hide the cost of a call.
_CHUNK_ELEMENTS = 2**18


class Landscape(BaseLandscape):
    r"""The loss of a one-hidden-layer network with sigmoid outputs, over its weights.

    With output net inputs :math:`z_{no}`, targets :math:`t_{no}`, N samples and k outputs,

    .. math::

        L(w) = \frac{1}{Nk} \sum_{n,o} \ell(z_{no}, t_{no}),

    where :math:`\ell` is the binary cross-entropy (natural logarithm) or the squared error
    :math:`(\sigma(z) - t)^2` without the factor 1/2.
    Flat weights have the order of ``torch.nn.Sequential(Linear, activation, Linear)``:
    W1 (hidden x inputs), b1, W2 (outputs x hidden), b2.

    Args:
        problem: a problem with one hidden layer, or the name of one.
        activation: the hidden units' activation, or the name of one.
        loss: ``"cross_entropy"`` or ``"squared_error"``.
        dtype: ``torch.float64`` or ``torch.float32``.

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
    ) -> None:
        self.problem = _one_hidden_layer(problem)
        self.activation = get_activation(activation)
        self.loss_name = _checks.one_of("loss", loss, LOSSES)
        self.dtype = _checks.float_dtype("dtype", dtype)
        self.num_weights = self.problem.num_weights
        self._inputs, self._targets = _columns(
            self.problem.inputs, self.problem.targets, self.problem.layers, self.dtype
        )
        self._loss_of = LOSSES[self.loss_name](self._targets)

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
        return Landscape(held_back, self.activation, self.loss_name, self.dtype)

    @override
    def with_dtype(self, dtype: torch.dtype) -> Landscape:
        if dtype == self.dtype:
            return self
        return Landscape(self.problem, self.activation, self.loss_name, dtype)

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
        both = self._in_chunks(points, self._loss_and_gradient, self._net_size)
        return both[:, 0], both[:, 1:]

    @override
    def hessian(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points weight weight"]:
        return self._over_points(weights, self._hessian, self._layout.size)

    @override
    def accuracy(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        return self._over_points(weights, self._accuracy, self._net_size)

    @override
    def hidden_outputs(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points samples hidden"]:
        return self._over_points(weights, lambda w: self._forward(w)[1].mT, self._net_size)

    @override
    def outputs(
        self, weights: Float[Tensor, "*points weight"]
    ) -> Float[Tensor, "*points samples outputs"]:
        return self._over_points(
            weights, lambda w: torch.sigmoid(self._forward(w)[2]).mT, self._net_size
        )

    @override
    def saturation(self, weights: Float[Tensor, "*points weight"]) -> Float[Tensor, "*points"]:
        measure = self.activation.saturation
        if measure is None:
            raise ValueError(f"{self.activation.name} does not saturate: it has no measure.")
        return measure(self.hidden_outputs(weights))

    # --- closed forms, over a chunk of points (points, num_weights) ---------------------------

    def _over_points(
        self, weights: Tensor, function: Callable[[Tensor], Tensor], size: int
    ) -> Tensor:
        """Apply a function of (points, weight) in chunks; ``size`` numbers arise per point."""
        points = self._points(weights)
        with torch.no_grad():
            result = self._in_chunks(points.reshape(-1, self.num_weights), function, size)
        return result.reshape((*points.shape[:-1], *result.shape[1:]))

    @staticmethod
    def _in_chunks(flat: Tensor, function: Callable[[Tensor], Tensor], size: int) -> Tensor:
        rows = max(1, _CHUNK_ELEMENTS // size)
        if len(flat) <= rows:
            return function(flat)
        return torch.cat([function(chunk) for chunk in flat.split(rows)])

    @cached_property
    def _net_size(self) -> int:
        return self.num_weights + sum(self.problem.layers[1:]) * len(self.problem.inputs)

    @cached_property
    def _layout(self) -> HessianLayout:
        return HessianLayout(self.problem.layers, self._inputs)

    def _forward(self, w: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return z1 and h (points, hidden, samples), z2 (points, outputs, samples), and W2."""
        inputs, hidden, outputs = self.problem.layers
        w1, b1, w2, b2 = w.split([hidden * inputs, hidden, outputs * hidden, outputs], dim=-1)
        # One product for all points: their first-layer units, one below the other.
        points, samples = w.shape[0], self._inputs.shape[1]
        z1 = w1.reshape(points * hidden, inputs) @ self._inputs
        z1 = z1.view(points, hidden, samples) + b1.unsqueeze(-1)
        h = self.activation.function(z1)
        w2 = w2.reshape(points, outputs, hidden)
        return z1, h, torch.baddbmm(b2.unsqueeze(-1), w2, h), w2

    def _loss(self, w: Tensor) -> Tensor:
        return self._loss_of.value_and_slope(self._forward(w)[2])[0]

    def _loss_and_gradient(self, w: Tensor) -> Tensor:
        """Return the loss and the gradient side by side, (points, 1 + num_weights)."""
        z1, h, z2, w2 = self._forward(w)
        loss, slope = self._loss_of.value_and_slope(z2)
        slope1 = torch.bmm(w2.mT, slope) * self.activation.first(z1)
        by_w1 = slope1.flatten(0, 1) @ self._inputs.T
        parts = (
            loss.unsqueeze(-1),
            by_w1.view(len(w), self._inputs.shape[0] * slope1.shape[1]),
            slope1.sum(-1),
            torch.bmm(slope, h.mT).flatten(1),
            slope.sum(-1),
        )
        return torch.cat(parts, dim=-1)

    def _hessian(self, w: Tensor) -> Tensor:
        z1, h, z2, w2 = self._forward(w)
        slope, bend = self._loss_of.slope_and_bend(z2)
        f = self.activation
        return self._layout.assemble(h, f.first(z1), f.second(z1), w2, slope, bend)

    def _accuracy(self, w: Tensor) -> Tensor:
        z2 = self._forward(w)[2]
        if len(self._targets) == 1:
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


def _columns(
    inputs: Tensor, targets: Tensor, layers: tuple[int, ...], dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Check a data set and return it units-first: (inputs, samples), (outputs, samples)."""
    x = _checks.tensor("inputs", inputs, dtype)
    t = _checks.tensor("targets", targets, dtype)
    _checks.all_finite("inputs", x)
    if x.ndim != 2 or len(x) == 0 or x.shape[1] != layers[0]:
        raise ValueError(f"inputs must have shape (samples, {layers[0]}); got {tuple(x.shape)}.")
    if t.shape != (len(x), layers[-1]):
        raise ValueError(f"targets must have shape ({len(x)}, {layers[-1]}); got {tuple(t.shape)}.")
    if not bool(((t >= 0) & (t <= 1)).all()):
        raise ValueError(f"targets must lie in [0, 1]; got values from {t.min():g} to {t.max():g}.")
    return x.T.contiguous(), t.T.contiguous()
