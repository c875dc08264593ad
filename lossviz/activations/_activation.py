"""What an activation function is to the rest of the package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from math import inf
from types import MappingProxyType
from typing import Any

from jaxtyping import Float
from torch import Tensor

from lossviz import _checks

Elementwise = Callable[[Tensor], Tensor]
Measure = Callable[[Tensor], Tensor]


def _no_parameters() -> Mapping[str, float]:
    return MappingProxyType({})


def check_functions(found: Mapping[str, Any]) -> None:
    """Check that all that is given, by name, can be called."""
    for what, function in found.items():
        if not callable(function):
            raise TypeError(
                f"{what} must be a function; got {function!r} ({type(function).__name__})."
            )


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
        function: f on tensors, without checks.
        first: f' on tensors, without checks.
        second: f'' on tensors, without checks.
        saturation_measure: what counts as saturated, in words, or why there is no measure.
        saturation: function from hidden outputs of shape (..., samples, hidden) to the degree
            of saturation in [0, 1], shape (...); None if there is no measure.
        parameters: the values of the function's parameters by name; read-only.
        defaults: the values that the parameters have where none are given; read-only.
        minimum: the lowest point, z and f(z), if there is exactly one; None otherwise.
        range: the greatest lower and the least upper bound of f; infinite where there is none.

    Example:
        >>> from lossviz import get_activation
        >>> elu = get_activation("elu")
        >>> elu([-1.0, 2.0])
        tensor([-0.6321,  2.0000], dtype=torch.float64)
        >>> elu.derivative([-1.0, 2.0])
        tensor([0.3679, 1.0000], dtype=torch.float64)
        >>> elu.range, elu.parameters["alpha"]
        ((-1.0, inf), 1.0)
    """

    name: str
    label: str
    formula: str
    source: str
    function: Elementwise
    first: Elementwise
    second: Elementwise
    saturation_measure: str = "does not saturate"
    saturation: Measure | None = None
    # A read-only view of a dictionary cannot be hashed before Python 3.12.
    parameters: Mapping[str, float] = field(default_factory=_no_parameters, hash=False)
    defaults: Mapping[str, float] = field(default_factory=_no_parameters, hash=False)
    minimum: tuple[float, float] | None = None
    range: tuple[float, float] = (-inf, inf)

    def __post_init__(self) -> None:
        check_functions({what: getattr(self, what) for what in ("function", "first", "second")})
        if self.saturation is not None:
            check_functions({"saturation": self.saturation})
        for what in ("parameters", "defaults"):
            object.__setattr__(self, what, MappingProxyType(dict(getattr(self, what))))

    def __call__(self, net_input: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return f(z), element by element."""
        return self.function(_checks.tensor("net_input", net_input))

    def derivative(self, net_input: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return f'(z), element by element (0 at a ReLU's kink, as PyTorch has it)."""
        return self.first(_checks.tensor("net_input", net_input))

    def second_derivative(self, net_input: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        """Return f''(z), element by element (0 at a kink, where it does not exist)."""
        return self.second(_checks.tensor("net_input", net_input))

    @property
    def saturates(self) -> bool:
        """Whether there is a measure of how saturated hidden outputs are."""
        return self.saturation is not None

    @property
    def changes(self) -> str:
        """The parameters that are not at their defaults, as in ``alpha=0.5``; else empty."""
        return ", ".join(
            f"{name}={value!r}"
            for name, value in self.parameters.items()
            if value != self.defaults.get(name)
        )

    @property
    def attributes(self) -> dict[str, str]:
        """What identifies the activation, for the attributes of a data set."""
        changes = {"activation_parameters": self.changes} if self.changes else {}
        return {"activation": self.name, **changes}

    def __repr__(self) -> str:
        changes = f", {self.changes}" if self.changes else ""
        return f"Activation({self.name!r}{changes})"

    def __reduce__(self) -> tuple[Callable[[], Activation], tuple[()]]:
        # Read-only views cannot be pickled, and activations travel to worker processes.
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        for what in ("parameters", "defaults"):
            values[what] = dict(values[what])
        return partial(Activation, **values), ()
