"""The highest loss in a box around a point, by projected ascent."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from lossviz import _progress, _streams
from lossviz.landscape.base import BaseLandscape

# The first step, as a share of the box's half-width; steps shrink evenly to nothing from it.
_FIRST_STEP = 1.0


def highest_in_box(
    landscape: BaseLandscape,
    points: Float[Tensor, "points weight"],
    half_width: Float[Tensor, "points weight"],
    num_steps: int,
    seed: int,
    progress: bool | None,
) -> Float[Tensor, "points"]:
    """Return the highest loss that is met within w - half_width .. w + half_width.

    Two ascents by signs of the gradient, each weight's step in proportion to its half-width: from
    the middle, and from a random place of the box, as at a minimum the middle has no slope.
    """
    unit = _streams.starts(seed, [0], points.shape[1], 1.0)
    random = torch.from_numpy(unit).to(points).expand_as(points)
    highest = torch.full_like(points[:, 0], -torch.inf)
    with _progress.bar(2 * num_steps, progress, "step") as bar:
        for offset in (torch.zeros_like(points), random):
            for step in range(num_steps):
                loss, gradient = landscape.loss_and_gradient(points + half_width * offset)
                highest = torch.maximum(highest, loss)
                length = _FIRST_STEP * (1 - step / num_steps)
                offset = (offset + length * gradient.sign()).clamp(-1, 1)
                bar.update()
            highest = torch.maximum(highest, landscape.loss(points + half_width * offset))
    return highest
