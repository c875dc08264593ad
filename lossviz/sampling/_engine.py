"""How walks are computed: in blocks of fixed size, measured in chunks of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.metadata import version

import numpy as np
import torch
from torch import Tensor

from lossviz import _streams
from lossviz.landscape._network import Pass
from lossviz.landscape.base import BaseLandscape
from lossviz.sampling._rules import GradientRule, PathRule

# At most about this many bytes are held for a chunk, to stay in the processor's caches.
_CHUNK_BYTES = 4 * 10**6

# At most about this many random numbers are drawn ahead.
_DRAWN = 10**6


# Weights beyond this are on their way out of the range of numbers.
_FAR = 1e30


@dataclass(frozen=True)
class Plan:
    """What all samplers share.

    Attributes:
        steps: points per walk.
        start_range: b, the half-width of the starts' range.
        seed: the seed of all streams.
        batch_size: samples per step, or None for all.
    """

    steps: int
    start_range: float
    seed: int
    batch_size: int | None = None

    def describe(self, landscape: BaseLandscape) -> dict[str, object]:
        """Return what reproduces the walks, for the attributes of a data set."""
        batch = {} if self.batch_size is None else {"batch_size": self.batch_size}
        return batch | {
            "start_range": self.start_range,
            "seed": self.seed,
            "block_size": landscape._block_size,
            "lossviz_version": version("lossviz"),
            "torch_version": str(torch.__version__),
        }


@dataclass(frozen=True)
class Chunk:
    """What a block of walks met in some consecutive steps.

    Attributes:
        points: (steps, walks, weight).
        loss: (steps, walks), or None where nobody asked.
        gradient: (steps, walks, weight), or None where nobody asked.
        passes: the passes through the network, or None where they were not kept.
        batches: the samples of each step and walk, or None for all samples.
    """

    points: Tensor
    loss: Tensor | None
    gradient: Tensor | None
    passes: Pass | None = None
    batches: Tensor | None = None


def visit(
    landscape: BaseLandscape, rule: GradientRule | PathRule, plan: Plan, group: int,
    wants_gradient: bool,
) -> Iterator[Chunk]:  # fmt: skip
    """Walk one block; yield chunk after chunk.

    Every chunk has the same number of steps, the last one too: what exceeds the plan is walked
    and dropped, so that a point's rounding does not depend on the length of the walk either.
    """
    size = landscape._block_size
    walks = range(group * size, (group + 1) * size)
    if plan.batch_size is not None:
        return _with_batches(landscape, rule, plan, walks)
    if rule.descends:
        return _downhill(landscape, rule, plan, walks)
    return _free(landscape, rule, plan, walks, wants_gradient)


def _downhill(
    landscape: BaseLandscape, rule: GradientRule, plan: Plan, walks: range
) -> Iterator[Chunk]:
    """Walk against the gradient, in the order of weights that suits the landscape's probe."""
    steps = steps_at_a_time(landscape)
    probe = landscape._probe(_starts(landscape, plan, walks), steps)
    blocks, gradients = probe.rows
    draws = _changes(landscape, rule, plan, walks, steps)
    for _ in range(0, plan.steps, steps):
        ups, coins = next(draws)
        ups = probe.packed(ups)
        coins = [None] * steps if coins is None else probe.packed(coins)
        for step, (up, down, coin) in enumerate(zip(ups, -ups, coins, strict=True)):
            probe.fill_gradient(step)
            rule.move(blocks[step], gradients[step], up, down, coin, blocks[step + 1])
        points, gradient = (probe.unpacked(p) for p in (probe.blocks[:-1], probe.gradients))
        yield Chunk(points, probe.losses(), gradient, probe.passes())
        blocks[0].copy_(blocks[-1])


def _free(
    landscape: BaseLandscape, rule: PathRule, plan: Plan, walks: range, wants_gradient: bool
) -> Iterator[Chunk]:
    """Walk where the landscape has no say; evaluate a whole chunk at once."""
    steps = steps_at_a_time(landscape)
    for points in _paths(landscape, rule, plan, walks, steps):
        if not wants_gradient:
            yield Chunk(points, None, None)
            continue
        loss, gradient = landscape._unchecked_loss_and_gradient(points.flatten(0, 1))
        loss = loss.unflatten(0, points.shape[:2])
        yield Chunk(points, loss, gradient.view(points.shape))


def _paths(
    landscape: BaseLandscape, rule: PathRule, plan: Plan, walks: range, steps: int
) -> Iterator[Tensor]:
    """Yield chunks of a path, (steps, walks, weight); the first begins at the start."""
    points = _starts(landscape, plan, walks)
    m = landscape.num_weights
    direction = torch.from_numpy(_streams.directions(plan.seed, walks, m)).to(points)
    if rule.name != "random_walk":
        # The orthant opposite to the direction of travel.
        points = -direction * points.abs()
    count = m if rule.draws == "weight" else 1
    draws = _draws(plan.seed, walks, _streams.STEP, steps, count)
    for _ in range(0, plan.steps, steps):
        after, direction = rule.path(points, direction, next(draws).to(points.device))
        yield torch.cat([points.unsqueeze(0), after[:-1]])
        points = after[-1]


def _with_batches(
    landscape: BaseLandscape, rule: GradientRule | PathRule, plan: Plan, walks: range
) -> Iterator[Chunk]:
    """Walk with a batch of samples of its own at each step of each walk, one step at a time."""
    batches = _streams.batches(plan.seed, walks, landscape.num_samples, plan.batch_size)
    free = None if rule.descends else _paths(landscape, rule, plan, walks, 1)
    draws = _changes(landscape, rule, plan, walks, 1) if rule.descends else None
    points = _starts(landscape, plan, walks)
    for _ in range(plan.steps):
        points = points if free is None else next(free)[0]
        chosen = torch.from_numpy(next(batches))
        loss, gradient = landscape._on_batches(chosen)._unchecked_loss_and_gradient(points)
        yield Chunk(points[None], loss[None], gradient[None], batches=chosen)
        if draws is not None:
            ups, coins = next(draws)
            coin = None if coins is None else coins[0]
            after = torch.empty_like(points)
            rule.move(points, gradient, ups[0], -ups[0], coin, after)
            points = after


def _starts(landscape: BaseLandscape, plan: Plan, walks: range) -> Tensor:
    start = _streams.starts(plan.seed, walks, landscape.num_weights, plan.start_range)
    return torch.from_numpy(start).to(landscape.device, landscape.dtype)


def _changes(
    landscape: BaseLandscape, rule: GradientRule, plan: Plan, walks: range, steps: int
) -> Iterator[tuple[Tensor, Tensor | None]]:
    """Yield lengths of steps and coins, each (steps, walks, weight); coins may be None."""
    m = landscape.num_weights
    lengths = _draws(plan.seed, walks, _streams.STEP, steps, m)
    coins = _draws(plan.seed, walks, _streams.COIN, steps, m)
    while True:
        up = rule.max_step * next(lengths).to(landscape.device, landscape.dtype)
        yield up, next(coins).to(landscape.device) if rule.tosses_coins else None


def _draws(seed: int, walks: range, purpose: int, steps: int, count: int) -> Iterator[Tensor]:
    """Yield unit uniforms, shape (steps, walks, count), each walk from its own stream."""
    streams = [_streams.stream(seed, walk, purpose) for walk in walks]
    # Several chunks at a time where that is little: the numbers are the same, the calls fewer.
    chunks = max(1, min(100, _DRAWN // (len(walks) * count)) // steps)
    while True:
        shape = (chunks * steps, count)
        draws = np.stack([stream.random(shape) for stream in streams], axis=1)
        yield from torch.from_numpy(draws).split(steps)


def usable(chunk: Chunk, rows: np.ndarray, steps: int) -> Chunk:
    """Refuse walks whose weights have left the range in which anything can be computed.

    What nobody asked for, other walks of the block and later steps, may have left it, or float32,
    in which some measures are: it is then put at 0.

    Args:
        chunk: what was walked.
        rows: the walks that are wanted.
        steps: the number of steps that are wanted.
    """
    parts = [part for part in (chunk.points, chunk.loss, chunk.gradient) if part is not None]
    far = float(chunk.points.abs().max()) > _FAR
    if not far and all(_all_finite(values) for values in parts):
        return chunk
    if not all(_all_finite(values[:steps, rows]) for values in parts):
        raise ValueError(
            "walks must stay where loss and gradient are finite; got weights up to "
            f"{chunk.points[:steps, rows].abs().max():.3g}. Smaller max_step, start_range or "
            "num_steps are allowed."
        )
    points = torch.zeros_like(chunk.points)
    points[:steps, rows] = chunk.points[:steps, rows]
    return replace(chunk, points=points)


def _all_finite(values: Tensor) -> bool:
    """Say whether all are finite: a sum tells it in one pass, unless it overflows itself."""
    return bool(torch.isfinite(values.sum())) or bool(torch.isfinite(values).all())


def steps_at_a_time(landscape: BaseLandscape) -> int:
    """Return how many steps are measured together; all choices divide the study's 100 steps."""
    size = landscape._block_size
    fitting = _CHUNK_BYTES // (8 * size * landscape._numbers_per_point)
    return next((steps for steps in (25, 20, 10, 5, 4, 2) if steps <= fitting), 1)
