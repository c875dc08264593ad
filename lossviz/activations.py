"""Activation functions that know their derivatives and their saturation measure.

An activation function f turns a unit's net input z into its output h = f(z). The loss landscape
of a network inherits its slopes from f' and part of its curvature from f'', so each activation
carries both in closed form, written to stay accurate where the naive formula rounds to zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks

_Elementwise = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Activation:
    """An activation function with its first two derivatives.

    Calling it, :meth:`derivative` and :meth:`second_derivative` work element by element on
    torch tensors, numpy arrays and lists of any shape, and return a torch tensor of that shape.

    Attributes:
        name: the name that :func:`get_activation` knows.
        label: the name as it is written in text and legends.
        formula: f(z) in LaTeX.
        source: where the function was proposed or studied, as a citation key of the book.
        saturation_measure: what counts as saturated, in words; empty if it does not saturate.
        saturation: function from hidden outputs of shape (..., samples, hidden) to the degree
            of saturation in [0, 1], shape (...); None if the function does not saturate.

    Example:
        >>> elu = get_activation("elu")
        >>> elu([-1.0, 2.0])
        tensor([-0.6321,  2.0000], dtype=torch.float64)
        >>> elu.derivative([-1.0, 2.0])
        tensor([0.3679, 1.0000], dtype=torch.float64)
    """

    name: str
    label: str
    formula: str
    source: str
    function: _Elementwise
    first: _Elementwise
    second: _Elementwise
    saturation_measure: str = ""
    saturation: Callable[[Tensor], Tensor] | None = None

    def __call__(self, net_input: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return f(z), element by element."""
        return self.function(_checks.tensor("net_input", net_input))

    def derivative(self, net_input: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return f'(z), element by element (0 at a ReLU's kink, as PyTorch has it)."""
        return self.first(_checks.tensor("net_input", net_input))

    def second_derivative(self, net_input: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return f''(z), element by element (0 at a kink, where it does not exist)."""
        return self.second(_checks.tensor("net_input", net_input))

    def __repr__(self) -> str:
        return f"Activation({self.name!r})"


# --- tanh and sigmoid -------------------------------------------------------------------------


def _tanh_first(z: Tensor) -> Tensor:
    # 1 - tanh^2 cancels for |z| > 4; the square of 1/cosh keeps its digits into the tail.
    return torch.cosh(z).reciprocal().square()


def _tanh_second(z: Tensor) -> Tensor:
    return -2 * torch.tanh(z) * _tanh_first(z)


def _sigmoid_first(z: Tensor) -> Tensor:
    # Not sigmoid (1 - sigmoid), which cancels for large z.
    return torch.sigmoid(z) * torch.sigmoid(-z)


def _sigmoid_second(z: Tensor) -> Tensor:
    return -torch.tanh(z / 2) * _sigmoid_first(z)


def _outputs(outputs: Float[Tensor, "*points samples hidden"]) -> Tensor:
    values = _checks.shape_ends("outputs", _checks.tensor("outputs", outputs), None, None)
    return _checks.all_finite("outputs", values.detach())


def _tanh_saturation(outputs: Float[Tensor, "*points samples hidden"]) -> Float[Tensor, "*points"]:
    # Ten bins over [-1, 1] have an edge at 0, so all outputs of a bin share one sign and the
    # frequency-weighted mean of the absolute bin averages is the mean of |h|.
    return _outputs(outputs).abs().mean(dim=(-2, -1))


def _sigmoid_saturation(
    outputs: Float[Tensor, "*points samples hidden"],
) -> Float[Tensor, "*points"]:
    return (2 * _outputs(outputs) - 1).abs().mean(dim=(-2, -1))


# --- ReLU and ELU -----------------------------------------------------------------------------


def _relu_first(z: Tensor) -> Tensor:
    return (z > 0).to(z.dtype)


def _relu_saturation(outputs: Float[Tensor, "*points samples hidden"]) -> Float[Tensor, "*points"]:
    values = _outputs(outputs)
    return (values == 0).to(values.dtype).mean(dim=(-2, -1))


def _elu_first(z: Tensor) -> Tensor:
    # output + 1 rounds to exactly 0 below about -17 in float32; exp(z) does not.
    return torch.exp(z.clamp(max=0))


def _elu_second(z: Tensor) -> Tensor:
    return torch.exp(z.clamp(max=0)) * (z < 0)


def _elu_saturation(outputs: Float[Tensor, "*points samples hidden"]) -> Float[Tensor, "*points"]:
    values = _outputs(outputs)
    return (values <= -0.95).to(values.dtype).mean(dim=(-2, -1))


_ZOO = {
    activation.name: activation
    for activation in (
        Activation(
            name="tanh",
            label="tanh",
            formula=r"\tanh z",
            source="lecun1998efficient",
            function=torch.tanh,
            first=_tanh_first,
            second=_tanh_second,
            saturation_measure="mean of |h|: 0 none, 1 all outputs at -1 or 1",
            saturation=_tanh_saturation,
        ),
        Activation(
            name="relu",
            label="ReLU",
            formula=r"\max(0, z)",
            source="glorot2011deep",
            function=torch.relu,
            first=_relu_first,
            second=torch.zeros_like,
            saturation_measure="share of outputs that are exactly 0",
            saturation=_relu_saturation,
        ),
        Activation(
            name="elu",
            label="ELU",
            formula=r"z \text{ for } z > 0,\; e^z - 1 \text{ otherwise}",
            source="clevert2016elu",
            function=torch.nn.functional.elu,
            first=_elu_first,
            second=_elu_second,
            saturation_measure="share of outputs within 5 % of the lower limit -1",
            saturation=_elu_saturation,
        ),
        Activation(
            name="sigmoid",
            label="sigmoid",
            formula=r"1 / (1 + e^{-z})",
            source="lecun1998efficient",
            function=torch.sigmoid,
            first=_sigmoid_first,
            second=_sigmoid_second,
            saturation_measure="mean of |2h - 1|: 0 none, 1 all outputs at 0 or 1",
            saturation=_sigmoid_saturation,
        ),
    )
}


def activation_names() -> tuple[str, ...]:
    """Return the names that :func:`get_activation` knows.

    Example:
        >>> activation_names()
        ('tanh', 'relu', 'elu', 'sigmoid')
    """
    return tuple(_ZOO)


def get_activation(name: str | Activation) -> Activation:
    r"""Return the activation of that name.

    The zoo, with the saturation measure of each (hidden outputs h over samples and units):

    - ``tanh``: the mean of \|h\|. It equals the measure of Rakitianskaia and Engelbrecht (2015):
      ten bins over [-1, 1], frequency-weighted mean of the absolute bin averages.
    - ``sigmoid``: the same on its range scaled to [-1, 1], the mean of \|2h - 1\|.
    - ``relu``: the share of outputs that are exactly 0.
    - ``elu`` (with alpha = 1): the share of outputs within 5 % of -1, a measure of our own.

    Args:
        name: one of :func:`activation_names`; an :class:`Activation` is handed back as it is.

    Returns:
        The activation.

    Raises:
        ValueError: if no activation has that name; the message names the nearest one.
        TypeError: if ``name`` is neither a string nor an activation.

    Example:
        >>> tanh = get_activation("tanh")
        >>> f"{tanh.second_derivative(1.0):.4f}"
        '-0.6397'
        >>> f"{tanh.saturation([[0.5], [-1.0]]):.2f}"
        '0.75'
    """
    if isinstance(name, Activation):
        return name
    return _ZOO[_checks.one_of("activation", name, _ZOO)]


def dead_units(outputs: Float[Tensor, "*points samples hidden"]) -> Float[Tensor, "*points"]:
    """Return the share of hidden units whose output is exactly 0 for every sample.

    Such a unit of a ReLU network passes no gradient to the weights before it.

    Args:
        outputs: hidden outputs of the whole data set, shape (..., samples, hidden).

    Returns:
        Share in [0, 1], shape (...).

    Raises:
        ValueError: if ``outputs`` has fewer than two axes, is empty or not finite.

    Example:
        >>> dead_units([[0.0, 1.0], [0.0, 0.0]])
        tensor(0.5000, dtype=torch.float64)
    """
    values = _outputs(outputs)
    return (values == 0).all(dim=-2).to(values.dtype).mean(dim=-1)
