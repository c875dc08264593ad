"""Rules that move weights by gradients, batched over walks.

Each rule has ``step``, from points and their gradients (walks, weight), a function that gives the
gradients of the same step elsewhere, and what it remembers, to points and what it remembers next.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from lossviz import _checks
from lossviz.landscape.base import BaseLandscape

_Slope = Callable[[Tensor], Tensor]
# Added to Adam's denominator, as torch has it.
_EPSILON = 1e-8


@dataclass(frozen=True)
class GradientDescent:
    """w - r g, with the learning rate r."""

    # Gradient descent on a quadratic is stable up to this, over the learning rate.
    limit: ClassVar[float | None] = 2.0
    learning_rate: float

    def step(
        self, points: Tensor, gradient: Tensor, slope: _Slope, memory: None
    ) -> tuple[Tensor, None]:
        """Move the points."""
        del slope, memory
        return points.add(gradient, alpha=-self.learning_rate), None


@dataclass(frozen=True)
class Momentum:
    """b = m b + g, then w - r b: Polyak's momentum, as torch's SGD has it."""

    learning_rate: float
    momentum: float

    @property
    def limit(self) -> float:
        """The largest curvature that is stable on a quadratic, times the learning rate."""
        return 2.0 + 2.0 * self.momentum

    def step(
        self, points: Tensor, gradient: Tensor, slope: _Slope, memory: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Move the points."""
        del slope
        speed = gradient if memory is None else memory * self.momentum + gradient
        return points.add(speed, alpha=-self.learning_rate), speed


@dataclass(frozen=True)
class Adam:
    """Kingma and Ba 2015, with bias correction; the step is scaled weight by weight."""

    limit: ClassVar[float | None] = None
    learning_rate: float
    betas: tuple[float, float]

    def step(
        self, points: Tensor, gradient: Tensor, slope: _Slope,
        memory: tuple[int, Tensor, Tensor] | None,
    ) -> tuple[Tensor, tuple[int, Tensor, Tensor]]:  # fmt: skip
        """Move the points."""
        del slope
        zero = torch.zeros_like(points)
        count, mean, square = (0, zero, zero) if memory is None else memory
        one, two = self.betas
        count, mean = count + 1, mean * one + gradient * (1 - one)
        square = square * two + gradient.square() * (1 - two)
        scale = (square / (1 - two**count)).sqrt() + _EPSILON
        moved = torch.addcdiv(points, mean, scale, value=-self.learning_rate / (1 - one**count))
        return moved, (count, mean, square)


@dataclass(frozen=True)
class SharpnessAware:
    r"""w - r g(w + \rho g / \|g\|): Foret et al. 2021, equation 2, with plain gradient steps."""

    limit: ClassVar[float | None] = None
    learning_rate: float
    radius: float

    def step(
        self, points: Tensor, gradient: Tensor, slope: _Slope, memory: None
    ) -> tuple[Tensor, None]:
        """Move the points."""
        del memory
        # In float64: a float32 norm of components below 1e-20 is 0.
        norm = torch.linalg.vector_norm(gradient, dim=-1, keepdim=True, dtype=torch.float64)
        up = gradient * torch.where(norm > 0, self.radius / norm, 0.0).to(gradient.dtype)
        return points.add(slope(points + up), alpha=-self.learning_rate), None


Rule = GradientDescent | Momentum | Adam | SharpnessAware
OPTIMISERS = ("gd", "sgd", "momentum", "adam", "sam")


def checked_rule(
    optimiser: str, learning_rate: float, momentum: float, betas: tuple[float, float], radius: float
) -> Rule:
    """Return the rule of that name; all settings are checked, whichever it uses."""
    name = _checks.one_of("optimiser", optimiser, OPTIMISERS)
    rate = _checks.real("learning_rate", learning_rate, above=0)
    decay, reach = _share("momentum", momentum), _checks.real("radius", radius, above=0)
    if isinstance(betas, str) or not hasattr(betas, "__len__") or len(betas) != 2:
        raise TypeError(f"betas must be two numbers in [0, 1); got {betas!r}.")
    pair = (_share("each of betas", betas[0]), _share("each of betas", betas[1]))
    rules: dict[str, Rule] = {
        "gd": GradientDescent(rate),
        "sgd": GradientDescent(rate),
        "momentum": Momentum(rate, decay),
        "adam": Adam(rate, pair),
        "sam": SharpnessAware(rate, reach),
    }
    return rules[name]


def checked_batch_size(landscape: BaseLandscape, got: int | None, optimiser: str) -> int | None:
    """Return a number of samples that a step can take, or None for all."""
    if got is None:
        return None
    size = _checks.whole("batch_size", got, 1)
    if optimiser == "gd":
        raise ValueError(
            f"batch_size must be None with the optimiser 'gd', which takes all; got {size}."
        )
    if size > landscape.num_samples:
        raise ValueError(
            f"batch_size must be at most {landscape.num_samples}, the number of training "
            f"samples; got {size}."
        )
    return size


def described(rule: Rule, *, stability: bool = True) -> dict[str, Any]:
    """Return a rule's settings, and on request the limit of stable curvature, for attributes."""
    settings = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(rule).items()
    }
    unknown = rule.limit is None or not stability
    stable = {} if unknown else {"stability_limit": rule.limit / rule.learning_rate}
    return settings | stable


def _share(what: str, got: float) -> float:
    value = _checks.real(what, got, minimum=0)
    if value >= 1:
        raise ValueError(f"{what} must be below 1; got {value}.")
    return value
