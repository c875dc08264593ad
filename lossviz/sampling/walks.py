"""Walks through a loss landscape: sequences of points, measured as they are visited."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import xarray as xr
from torch import Tensor

from lossviz import _checks
from lossviz.landscape.base import BaseLandscape
from lossviz.sampling._engine import Plan, dataset, sample
from lossviz.sampling._threads import one_thread
from lossviz.sampling.measures import Meter

ZERO_GRADIENT_RULES = ("increase", "stay", "random")


@dataclass(frozen=True)
class _GradientRule:
    """Step lengths and signs of a progressive gradient walk."""

    max_step: float
    zero_gradient: str
    bounds: float | None

    @property
    def tosses_coins(self) -> bool:
        """Whether a coin is needed at each step."""
        return self.zero_gradient == "random"

    def move(
        self, points: Tensor, gradient: Tensor, up: Tensor, down: Tensor, coin: Tensor | None
    ) -> Tensor:
        """Return the next points; ``up`` and ``down`` are the changes to choose from."""
        if self.zero_gradient == "stay":
            change = torch.sign(gradient) * down
        else:
            falls = gradient > 0
            if self.tosses_coins:
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
    plan = Plan(
        steps=_checks.whole("num_steps", num_steps, 1),
        start_range=float(start_range),
        seed=_checks.whole("seed", seed, 0),
    )
    walks = _checks.walk_numbers(walk_numbers, _checks.whole("num_walks", num_walks, 1))
    with one_thread(), torch.no_grad():
        arrays = sample(meter, rule, plan, walks)
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
    return dataset(arrays, walks, attrs)


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
