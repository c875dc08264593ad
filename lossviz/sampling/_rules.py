"""Where a walk goes next: one rule per sampler.

A rule sees points in whatever order the landscape's probe holds them: everything here works weight
by weight. ``draws`` are unit uniforms of the walk's own streams, one set per step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Rule(Protocol):
    """What the engine needs to know of a sampler.

    Attributes:
        name: the sampler's name.
        max_step: s, the largest change of one weight per step.
        bounds: B, the border of the walk, or None.
        descends: whether the next step needs the gradient.
        draws: unit uniforms per step: one per weight, or one alone.
        tosses_coins: whether a step needs coins besides, one per weight.
    """

    name: str
    max_step: float
    bounds: float | None
    descends: bool
    draws: str
    tosses_coins: bool

    def describe(self) -> dict[str, object]:
        """Return the attributes that reproduce the rule."""
        ...


@dataclass(frozen=True)
class GradientRule:
    """Steps of random lengths against the signs of the gradient's components."""

    max_step: float
    zero_gradient: str
    bounds: float | None
    name = "progressive_gradient_walk"
    descends = True
    draws = "weight"

    @property
    def tosses_coins(self) -> bool:
        """Whether a coin decides where a component is 0."""
        return self.zero_gradient == "random"

    def describe(self) -> dict[str, object]:
        """Return the attributes that reproduce the rule."""
        return _described(self) | {"zero_gradient": self.zero_gradient}

    def move(self, points: Tensor, gradient: Tensor, up: Tensor, down: Tensor,
             coin: Tensor | None, out: Tensor) -> None:  # fmt: skip
        """Write the next points to ``out``; ``up`` and ``down`` are the changes to choose from."""
        if self.zero_gradient == "stay":
            change = torch.sign(gradient) * down
        else:
            falls = gradient > 0
            if coin is not None:
                falls |= (gradient == 0) & (coin < 0.5)
            change = torch.where(falls, down, up)
        torch.add(points, change, out=out)
        if self.bounds is not None:
            torch.where(out.abs() > self.bounds, points - change, out, out=out)


@dataclass(frozen=True)
class RandomRule:
    """Changes uniform in [-s, s], their sign flipped where they would cross the border."""

    max_step: float
    bounds: float
    name = "random_walk"
    descends = False
    draws = "weight"
    tosses_coins = False

    def describe(self) -> dict[str, object]:
        """Return the attributes that reproduce the rule."""
        return _described(self)

    def path(self, points: Tensor, direction: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Return the points after each step (steps, walks, weight); the direction is not used."""
        visited = []
        for change in self.max_step * (2 * draws.to(points) - 1):
            moved = points + change
            points = torch.where(moved.abs() > self.bounds, points - change, moved)
            visited.append(points)
        return torch.stack(visited), direction


@dataclass(frozen=True)
class ProgressiveRule:
    """Changes uniform in [0, s] in a direction that turns round, per weight, at the border."""

    max_step: float
    bounds: float
    name = "progressive_random_walk"
    descends = False
    draws = "weight"
    tosses_coins = False

    def describe(self) -> dict[str, object]:
        """Return the attributes that reproduce the rule."""
        return _described(self)

    def path(self, points: Tensor, direction: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Return the points after each step (steps, walks, weight), and the last direction."""
        visited = []
        for length in self.max_step * draws.to(points):
            crosses = (points + direction * length).abs() > self.bounds
            direction = torch.where(crosses, -direction, direction)
            points = points + direction * length
            visited.append(points)
        return torch.stack(visited), direction


@dataclass(frozen=True)
class ManhattanRule:
    """One weight at a time, by exactly s, in a direction that turns round at the border."""

    max_step: float
    bounds: float
    name = "manhattan_walk"
    descends = False
    draws = "walk"
    tosses_coins = False

    def describe(self) -> dict[str, object]:
        """Return the attributes that reproduce the rule."""
        return _described(self)

    def path(self, points: Tensor, direction: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Return the points after each step (steps, walks, weight), and the last direction.

        A unit uniform u chooses the weight floor(u m): in float64, as float32 rounds u up to 1.
        """
        visited = []
        for chosen in (draws * points.shape[-1]).long():
            change = self.max_step * direction.gather(-1, chosen)
            crosses = (points.gather(-1, chosen) + change).abs() > self.bounds
            change = torch.where(crosses, -change, change)
            direction = direction.scatter(-1, chosen, torch.sign(change))
            points = points.scatter_add(-1, chosen, change)
            visited.append(points)
        return torch.stack(visited), direction


PathRule = RandomRule | ProgressiveRule | ManhattanRule


def _described(rule: Rule) -> dict[str, object]:
    return {
        "sampler": rule.name,
        "max_step": rule.max_step,
        "bounds": "none" if rule.bounds is None else rule.bounds,
    }
