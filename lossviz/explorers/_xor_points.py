"""A point for each of XOR's loss levels: where descents and searches for zero gradients come by.

Two searches set out from the same random starts. Gradient descent runs down the valleys towards
the two lowest levels. The other two are saddles for most activations, which a descent leaves, so
the gradient itself is brought to zero, by Levenberg and Marquardt's damping.

A representative is the first point, in the order of starts and then of steps, that is near its
level with almost no gradient. So it does not hang on the last digits, as the deepest point would,
and lies on the way where the level is an infimum at infinity.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from torch import Tensor

from lossviz.explorers._controls import State
from lossviz.landscape.mlp import Landscape

_STARTS, _RANGE = 150, 2.0
_RATE, _DESCENTS, _SEARCHES = 1.0, 1500, 60

#: How near a representative is to its level, in loss, and how small its gradient norm is.
NEAR, FLAT = 0.01, 0.005

#: The longest vector of weights that stands for a level at infinity.
LONGEST = 20.0


def _entropy(share: float) -> float:
    return -share * np.log(share) - (1 - share) * np.log(1 - share)


#: The levels by which patterns are confused: none, a zero and a one, three, zeros and ones.
LEVELS = (0.0, np.log(2) / 2, 0.75 * _entropy(1 / 3), np.log(2))
NAMES = ("0", "(ln 2)/2", "3/4 H(1/3)", "ln 2")

#: How controls and links write the levels, and a direction towards none.
VALUES = ("0", "0.35", "0.48", "0.69")
RANDOM = "random"

#: Losses above this are drawn as if they were this: twice that of outputs of 1/2.
CAP = 2 * np.log(2)


def levels_of(state: State) -> tuple[int, int | None, int | None]:
    """Return the levels where a plane begins and to which it leads; None for random directions."""
    first, _, second = state["way"].partition("-")
    third = None if state["third"] in (first, second, RANDOM) else VALUES.index(state["third"])
    return VALUES.index(first), VALUES.index(second) if second else None, third


@cache
def representatives(activation: str, seed: int) -> tuple[tuple[float, ...] | None, ...]:
    """Return the weights of a point near each level; None where no search came by."""
    landscape = Landscape("xor", activation)
    starts = landscape.initial(_STARTS, seed, _RANGE)
    ways = torch.cat([_searches(landscape, starts), _descents(landscape, starts)])
    loss, gradient = landscape.loss_and_gradient(ways)
    flat = (gradient.norm(dim=-1) <= FLAT) & (ways.norm(dim=-1) <= LONGEST)
    return tuple(_first(ways, flat & ((loss - level).abs() <= NEAR)) for level in LEVELS)


def _first(ways: Tensor, wanted: Tensor) -> tuple[float, ...] | None:
    """Return the first point that is wanted, by start and then by step; shape (step, start)."""
    found = wanted.T.nonzero()
    if len(found) == 0:
        return None
    start, step = found[0]
    return tuple(ways[step, start].tolist())


def _descents(landscape: Landscape, points: Tensor) -> Tensor:
    """Return the points of gradient descents, shape (step, start, weight)."""
    way = [points]
    for _ in range(_DESCENTS):
        way.append(way[-1] - _RATE * landscape.gradient(way[-1]))
    return torch.stack(way)


def _searches(landscape: Landscape, points: Tensor) -> Tensor:
    """Return the points of searches for a zero gradient, shape (step, start, weight).

    With gradient g and Hessian H a step solves (H² + λ) s = -H g. A step to a larger gradient is
    not taken; λ falls after a step, and grows where none was taken.
    """
    identity = torch.eye(landscape.num_weights, dtype=landscape.dtype)
    damping = torch.full((len(points), 1, 1), 0.01, dtype=landscape.dtype)
    way = [points]
    for _ in range(_SEARCHES):
        gradient, hessian = landscape.gradient(way[-1])[..., None], landscape.hessian(way[-1])
        step = torch.linalg.solve(hessian @ hessian + damping * identity, -hessian @ gradient)
        tried = way[-1] + step[..., 0]
        better = landscape.gradient(tried).norm(dim=-1) < gradient[..., 0].norm(dim=-1)
        way.append(torch.where(better[:, None], tried, way[-1]))
        damping = torch.where(better[:, None, None], damping / 3, 4 * damping).clamp(1e-9, 1e3)
    return torch.stack(way)
