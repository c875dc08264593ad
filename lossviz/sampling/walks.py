"""Walks through a loss landscape: sequences of points, measured as they are visited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from lossviz import _checks, _streams
from lossviz.landscape.base import BaseLandscape
from lossviz.sampling._threads import one_thread
from lossviz.sampling.measures import VARIABLES, WALKED, Meter

#: Walks g*BLOCK .. g*BLOCK+BLOCK-1 are always evaluated together, each in a row of its own.
#: A matrix product's rounding depends on its size and a vector loop's on the position in it,
#: so this is what makes a walk independent of which other walks are asked for. 90 is the
#: study's number of walks on XOR, and its other numbers fill blocks of 90 almost without rest.
BLOCK = 90

#: About this many bytes of Hessians are held at a time.
_HESSIAN_BYTES = 10**7

ZERO_GRADIENT_RULES = ("increase", "stay", "random")


@dataclass(frozen=True)
class _GradientRule:
    """Step lengths and signs of a progressive gradient walk."""

    max_step: float
    zero_gradient: str
    bounds: float | None

    def move(
        self, points: Tensor, gradient: Tensor, up: Tensor, down: Tensor, coin: Tensor | None
    ) -> Tensor:
        """Return the next points; ``up`` and ``down`` are the changes to choose from."""
        if self.zero_gradient == "stay":
            change = torch.sign(gradient) * down
        else:
            falls = gradient > 0
            if self.zero_gradient == "random":
                falls |= (gradient == 0) & (coin < 0.5)
            change = torch.where(falls, down, up)
        moved = points + change
        if self.bounds is None:
            return moved
        return torch.where(moved.abs() > self.bounds, points - change, moved)


def progressive_gradient_walk(
    landscape: BaseLandscape,
    num_walks: int,
    num_steps: int,
    max_step: float,
    start_range: float,
    seed: int,
    zero_gradient: str = "increase",
    bounds: float | None = None,
    measures: Sequence[str] = ("loss", "gradient_norm", "curvature"),
    *,
    rtol: float = 1e-8,
    walk_numbers: Sequence[int] | None = None,
) -> xr.Dataset:
    r"""Sample a landscape by progressive gradient walks.

    Each weight j moves against the sign of its gradient component by a random amount:

    .. math::

        x_{k+1,j} = x_{k,j} - \operatorname{sign}(g_{k,j})\, u_{k,j}\, s,
        \qquad u_{k,j} \sim U[0, 1],

    with s the largest step (Bosman, Engelbrecht and Helbig 2018, doi 10.1145/3205651.3208247;
    the sign is the one of the authors' programs and of their 2023 paper: the walk descends).
    The length of a step does not depend on the gradient's size, so a walk neither converges nor
    stops: it keeps sampling around what it has found.

    Walk i's start and steps depend on (seed, i, number of weights) only. Landscapes with the
    same number of weights are therefore sampled with common random numbers, and a walk is
    bitwise the same whichever other walks are asked for, on one machine and one build of torch.

    Args:
        landscape: what to walk on.
        num_walks: number of walks, at least 1.
        num_steps: number of points per walk, at least 1; step 0 is the start.
        max_step: s > 0, the largest change of one weight per step, in units of the weights.
        start_range: b > 0; starts are uniform in [-b, b] per weight.
        seed: at least 0.
        zero_gradient: what a weight does whose gradient component is exactly 0:
            ``"increase"`` (as published: it grows by u s), ``"stay"``, or ``"random"`` (a coin
            decides the sign).
        bounds: B >= max(b, s), or None. Where a step would leave [-B, B], its sign is flipped,
            weight by weight. None leaves the walk unbounded, as in the 2023 study.
        measures: what to measure at each point, of ``"loss"``, ``"gradient_norm"``
            (Euclidean), ``"accuracy"``, ``"test_loss"``, ``"test_accuracy"``,
            ``"saturation"``, ``"curvature"`` (class and inertia), ``"eigenvalues"`` (of the
            Hessian) and ``"weights"``.
        rtol: tolerance of the curvature class; see :func:`lossviz.classify_curvature`.
        walk_numbers: the numbers of the walks, if not 0 .. num_walks-1.

    Returns:
        A data set with dimensions ``walk`` and ``step`` (and ``eigenvalue``, ``weight`` where
        asked for), one variable per measure, and attributes that say how to reproduce it.

    Raises:
        ValueError: if a number is out of its range or a name unknown.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> walks = progressive_gradient_walk(
        ...     Landscape("xor", "elu"), num_walks=3, num_steps=50,
        ...     max_step=0.2, start_range=1.0, seed=0)
        >>> dict(walks.sizes)
        {'walk': 3, 'step': 50}
        >>> bool(walks.loss[:, -1].mean() < walks.loss[:, 0].mean())
        True
    """
    if not isinstance(landscape, BaseLandscape):
        raise TypeError(f"landscape must be a Landscape; got {type(landscape).__name__}.")
    meter = Meter.of(landscape, measures, rtol)
    rule = _gradient_rule(max_step, start_range, zero_gradient, bounds)
    plan = _Plan(
        steps=_checks.whole("num_steps", num_steps, 1),
        start_range=float(start_range),
        seed=_checks.whole("seed", seed, 0),
    )
    walks = _checks.walk_numbers(walk_numbers, _checks.whole("num_walks", num_walks, 1))
    with one_thread(), torch.no_grad():
        arrays = _sample(meter, rule, plan, walks)
    attrs = (
        landscape.describe()
        | plan.describe()
        | {
            "sampler": "progressive_gradient_walk",
            "rtol": meter.rtol,
            "max_step": rule.max_step,
            "zero_gradient": rule.zero_gradient,
            "bounds": "none" if rule.bounds is None else rule.bounds,
        }
    )
    return _dataset(arrays, walks, attrs)


@dataclass(frozen=True)
class _Plan:
    """What all samplers share."""

    steps: int
    start_range: float
    seed: int

    def describe(self) -> dict[str, object]:
        return {
            "start_range": self.start_range,
            "seed": self.seed,
            "block_size": BLOCK,
            "lossviz_version": version("lossviz"),
            "torch_version": torch.__version__,
        }


def _gradient_rule(
    max_step: float, start_range: float, zero_gradient: str, bounds: float | None
) -> _GradientRule:
    step = _checks.real("max_step", max_step, above=0)
    half_width = _checks.real("start_range", start_range, above=0)
    rule = _checks.one_of("zero_gradient", zero_gradient, ZERO_GRADIENT_RULES)
    if bounds is not None:
        # A flipped step stays inside only if no step is longer than the border is far from 0.
        bounds = _checks.real("bounds", bounds, minimum=max(step, half_width))
    return _GradientRule(step, rule, bounds)


def _sample(
    meter: Meter, rule: _GradientRule, plan: _Plan, walks: tuple[int, ...]
) -> dict[str, np.ndarray]:
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
    landscape: BaseLandscape, rule: _GradientRule, plan: _Plan, group: int
) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
    """Walk one block; yield chunks of points (steps, BLOCK, weight), loss and gradient norm.

    Every chunk has the same number of steps, the last one too: what exceeds the plan is walked
    and dropped, so that a point's rounding does not depend on the length of the walk either.
    """
    walks = range(group * BLOCK, (group + 1) * BLOCK)
    m = landscape.num_weights
    start = _streams.starts(plan.seed, walks, m, plan.start_range)
    points = torch.from_numpy(start).to(landscape.dtype)
    steps = [_streams.stream(plan.seed, walk, _streams.STEP) for walk in walks]
    coins = [_streams.stream(plan.seed, walk, _streams.COIN) for walk in walks]
    chunk = _steps_at_a_time(m)
    for _ in range(0, plan.steps, chunk):
        ups = rule.max_step * _draw(steps, chunk, m).to(landscape.dtype)
        downs = -ups
        tosses = _draw(coins, chunk, m) if rule.zero_gradient == "random" else [None] * chunk
        visited, losses, gradients = [], [], []
        for up, down, toss in zip(ups, downs, tosses, strict=True):
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
    return next((steps for steps in (100, 50, 25, 20, 10, 5, 4, 2) if steps <= fitting), 1)


def _draw(streams: list[np.random.Generator], steps: int, num_weights: int) -> Tensor:
    """Draw unit uniforms, shape (steps, streams, num_weights), each walk from its own stream."""
    draws = np.stack([stream.random((steps, num_weights)) for stream in streams], axis=1)
    return torch.from_numpy(draws)


def _dataset(
    arrays: dict[str, np.ndarray], walks: tuple[int, ...], attrs: dict[str, object]
) -> xr.Dataset:
    variables = {
        name: (("walk", "step", *VARIABLES[name].dims), values, dict(VARIABLES[name].attrs))
        for name, values in arrays.items()
    }
    return xr.Dataset(variables, coords={"walk": np.array(walks)}, attrs=attrs)
