"""How walks are computed: in blocks of fixed size, measured in chunks of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Protocol

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from lossviz import _streams
from lossviz.landscape.base import BaseLandscape
from lossviz.sampling.measures import VARIABLES, WALKED, Meter

#: Walks g*BLOCK .. g*BLOCK+BLOCK-1 are always evaluated together, each in a row of its own.
#: A matrix product's rounding depends on its size and a vector loop's on the position in it,
#: so this is what makes a walk independent of which other walks are asked for. 90 is the
#: study's number of walks on XOR, and its other numbers fill blocks of 90 almost without rest.
BLOCK = 90

#: At most this many bytes of Hessians are held at a time, to stay in the processor's caches.
_HESSIAN_BYTES = 5 * 10**6

#: At most about this many random numbers are drawn ahead.
_DRAWN = 10**6


class Rule(Protocol):
    """Where a walk goes next."""

    max_step: float
    tosses_coins: bool

    def move(
        self, points: Tensor, gradient: Tensor, up: Tensor, down: Tensor, coin: Tensor | None
    ) -> Tensor:
        """Return the next points; ``up`` and ``down`` are the changes to choose from."""
        ...


@dataclass(frozen=True)
class Plan:
    """What all samplers share."""

    steps: int
    start_range: float
    seed: int

    def describe(self) -> dict[str, object]:
        """Return what reproduces the walks, for the attributes of a data set."""
        return {
            "start_range": self.start_range,
            "seed": self.seed,
            "block_size": BLOCK,
            "lossviz_version": version("lossviz"),
            "torch_version": torch.__version__,
        }


def sample(meter: Meter, rule: Rule, plan: Plan, walks: tuple[int, ...]) -> dict[str, np.ndarray]:
    """Return arrays of shape (walks, steps, ...) by variable name."""
    arrays: dict[str, np.ndarray] = {}
    for group in sorted({walk // BLOCK for walk in walks}):
        members = sorted((walk, i) for i, walk in enumerate(walks) if walk // BLOCK == group)
        rows = np.array([walk % BLOCK for walk, _ in members])  # ascending
        places = np.array([i for _, i in members])
        start = 0
        for points, known in _visit(meter.landscape, rule, plan, group):
            chunk = min(len(points), plan.steps - start)
            found = _measure_chunk(meter, points, rows, known)
            for name, values in found.items():
                if name not in arrays:
                    shape = (len(walks), plan.steps, *values.shape[2:])
                    arrays[name] = np.empty(shape, values.dtype)
                arrays[name][places, start : start + chunk] = values[:, :chunk]
            start += chunk
    return arrays


def _measure_chunk(
    meter: Meter, points: Tensor, rows: np.ndarray, known: dict[str, Tensor]
) -> dict[str, np.ndarray]:
    """Return arrays of shape (rows, steps of the chunk, ...)."""
    steps = len(points)
    wanted = (np.arange(steps)[:, None] * BLOCK + rows).ravel()
    arrays = {name: known[name].numpy().T[rows] for name in WALKED if name in meter.names}
    flat = meter.read(points.flatten(0, 1), wanted)
    return arrays | {
        name: values.reshape(steps, len(rows), *values.shape[1:]).swapaxes(0, 1)
        for name, values in flat.items()
    }


def _visit(
    landscape: BaseLandscape, rule: Rule, plan: Plan, group: int
) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
    """Walk one block; yield chunks of points (steps, BLOCK, weight), loss and gradient norm.

    Every chunk has the same number of steps, the last one too: what exceeds the plan is walked
    and dropped, so that a point's rounding does not depend on the length of the walk either.
    """
    walks = range(group * BLOCK, (group + 1) * BLOCK)
    m = landscape.num_weights
    start = _streams.starts(plan.seed, walks, m, plan.start_range)
    points = torch.from_numpy(start).to(landscape.dtype)
    chunk = _steps_at_a_time(m)
    lengths = _draws(plan.seed, walks, _streams.STEP, chunk, m)
    coins = _draws(plan.seed, walks, _streams.COIN, chunk, m)
    for _ in range(0, plan.steps, chunk):
        ups = rule.max_step * next(lengths).to(landscape.dtype)
        tosses = next(coins) if rule.tosses_coins else [None] * chunk
        visited, losses, gradients = [], [], []
        for up, down, toss in zip(ups, -ups, tosses, strict=True):
            loss, gradient = landscape._unchecked_loss_and_gradient(points)
            visited.append(points)
            losses.append(loss)
            gradients.append(gradient)
            points = rule.move(points, gradient, up, down, toss)
        # In float64: a float32 norm of components below 1e-20 is 0.
        norm = torch.linalg.vector_norm(torch.stack(gradients), dim=-1, dtype=torch.float64)
        known = {"loss": torch.stack(losses), "gradient_norm": norm}
        _still_finite(points, *known.values())
        yield torch.stack(visited), known


def _still_finite(points: Tensor, loss: Tensor, norm: Tensor) -> None:
    """Refuse walks whose weights have left the range in which anything can be computed."""
    if not all(torch.isfinite(values).all() for values in (points, loss, norm)):
        raise ValueError(
            "walks must stay where loss and gradient are finite; got weights up to "
            f"{points.abs().max():.3g}. Smaller max_step, start_range or num_steps are allowed."
        )


def _steps_at_a_time(num_weights: int) -> int:
    """Return how many steps are measured together; all choices divide the study's 100 steps."""
    fitting = _HESSIAN_BYTES // (8 * BLOCK * num_weights**2)
    return next((steps for steps in (25, 20, 10, 5, 4, 2) if steps <= fitting), 1)


def _draws(seed: int, walks: range, purpose: int, chunk: int, num_weights: int) -> Iterator[Tensor]:
    """Yield unit uniforms, shape (chunk, walks, num_weights), each walk from its own stream."""
    streams = [_streams.stream(seed, walk, purpose) for walk in walks]
    # Several chunks at a time where that is little: the numbers are the same, the calls fewer.
    chunks = max(1, min(100, _DRAWN // (len(walks) * num_weights)) // chunk)
    while True:
        shape = (chunks * chunk, num_weights)
        draws = np.stack([stream.random(shape) for stream in streams], axis=1)
        yield from torch.from_numpy(draws).split(chunk)


def dataset(
    arrays: dict[str, np.ndarray], walks: tuple[int, ...], attrs: dict[str, object]
) -> xr.Dataset:
    """Return the arrays as a data set over walk and step."""
    variables = {
        name: (("walk", "step", *VARIABLES[name].dims), values, dict(VARIABLES[name].attrs))
        for name, values in arrays.items()
    }
    return xr.Dataset(variables, coords={"walk": np.array(walks)}, attrs=attrs)
