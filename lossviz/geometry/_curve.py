"""Quadratic Bezier curves between two models, and the training of their control points."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lossviz import _streams
from lossviz.geometry._optimisers import Rule, described
from lossviz.landscape.base import BaseLandscape


def bezier(t: Float[np.ndarray, "times"]) -> Float[np.ndarray, "times corners"]:
    """Return the shares of start, control point and end at times in [0, 1]."""
    return np.stack([(1 - t) ** 2, 2 * t * (1 - t), t**2], axis=1)


@dataclass(frozen=True)
class CurveTraining:
    """How a control point is trained.

    Attributes:
        rule: the optimiser.
        steps: number of steps.
        times: times on the curve in each step, one from each of so many equal parts.
        batch_size: samples per step, or None for all.
        seed: seed of times and batches.
    """

    rule: Rule
    steps: int
    times: int
    batch_size: int | None
    seed: int

    def describe(self) -> dict[str, object]:
        """Return what reproduces the training, for the attributes of a data set."""
        batch = {} if self.batch_size is None else {"batch_size": self.batch_size}
        settings = {"num_steps": self.steps, "times": self.times, "seed": self.seed}
        return described(self.rule, stability=False) | settings | batch

    def run(
        self, landscape: BaseLandscape, ends: tuple[Tensor, Tensor], note: Callable[[int], object]
    ) -> tuple[Float[Tensor, "weight"], Float[np.ndarray, "step"]]:
        """Return the trained control point, and the mean loss at each step's times."""
        control, memory = (ends[0] + ends[1])[None] / 2, None
        stream, history = _streams.stream(self.seed, 0, _streams.TIME), np.empty(self.steps)
        for step, at in zip(range(self.steps), self._landscapes(landscape), strict=False):
            unit = (np.arange(self.times) + stream.random(self.times)) / self.times
            shares = torch.from_numpy(bezier(unit)).to(control)

            def both(
                control: Tensor, shares: Tensor = shares, at: BaseLandscape = at
            ) -> tuple[Tensor, Tensor]:
                points = shares @ torch.stack([ends[0], control[0], ends[1]])
                loss, gradient = at._unchecked_loss_and_gradient(points)
                # A point follows the control point by its share.
                return loss.mean(), (shares[:, 1:2] * gradient).mean(dim=0, keepdim=True)

            loss, gradient = both(control)
            history[step] = float(loss)
            control, memory = self.rule.step(control, gradient, lambda w, f=both: f(w)[1], memory)
            note(1)
        return control[0], history

    def _landscapes(self, whole: BaseLandscape) -> Iterator[BaseLandscape]:
        """Yield the landscape of each step: the whole one, or that of the step's batch."""
        if self.batch_size is None:
            while True:
                yield whole
        for chosen in _streams.batches(self.seed, [0], whole.num_samples, self.batch_size):
            yield whole._on_samples(torch.from_numpy(chosen[0]))
