"""Walks through a loss landscape: sequences of points, measured as they are visited."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from lossviz import _checks
from lossviz.landscape.base import BaseLandscape
from lossviz.sampling._collect import Settings
from lossviz.sampling._rules import GradientRule

ZERO_GRADIENT_RULES = ("increase", "stay", "random")


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
    null_directions: str = "count",
    batch_size: int | None = None,
    walk_numbers: Sequence[int] | None = None,
    progress: bool | None = None,
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
            ``"saturation"``, ``"curvature"`` (class and inertia of the whole Hessian),
            ``"curvature_class"`` (the class alone), ``"proof"`` (what the class rests on),
            ``"eigenvalues"`` (of the whole Hessian), ``"curvature_blockwise"`` (class and inertia
            by blocks: see :func:`lossviz.blockwise_curvature`) and ``"weights"``.
        rtol: tolerance of the curvature class; see :func:`lossviz.classify_curvature`.
        null_directions: what is done with directions that are known to be flat everywhere, the
            landscape's ``null_basis``: ``"count"`` them as zero eigenvalues, or ``"project"``
            them out, so that class, counts and eigenvalues are of the other directions.
        batch_size: number of training samples per step, or None for all. Every walk then
            draws a batch of its own at each step, without replacement, from a stream that
            depends on (seed, walk, step) only; loss, gradient, accuracy, saturation and
            curvature are those of the batch, test measures those of the whole test part.
        walk_numbers: the numbers of the walks, if not 0 .. num_walks-1.
        progress: whether to show a progress bar. None shows one in a terminal, once the
            walk has taken two seconds.

    Returns:
        A data set with dimensions ``walk`` and ``step`` (and ``eigenvalue``, ``weight`` where
        asked for), one variable per measure, and attributes that say how to reproduce it.

    Raises:
        ValueError: if a number is out of its range or a name unknown; if the landscape cannot
            give a measure, or only with more memory than 2 GiB per point; or if a walk leaves
            the range of numbers.
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
    rule = _gradient_rule(max_step, start_range, zero_gradient, bounds)
    settings = Settings(
        landscape, num_walks, num_steps, start_range, seed, measures, rtol, null_directions,
        batch_size, walk_numbers, progress,
    )  # fmt: skip
    return settings.collect(rule)


def checked_border(bounds: float, step: float, half_width: float) -> float:
    """Return the border as a float if starts and single steps fit in."""
    border, least = _checks.real("bounds", bounds, above=0), max(step, half_width)
    if border < least:
        raise ValueError(
            f"bounds must be at least {least}, the larger one of start_range and max_step; "
            f"got {border}."
        )
    return border


def _gradient_rule(
    max_step: float, start_range: float, zero_gradient: str, bounds: float | None
) -> GradientRule:
    step = _checks.real("max_step", max_step, above=0)
    half_width = _checks.real("start_range", start_range, above=0)
    rule = _checks.one_of("zero_gradient", zero_gradient, ZERO_GRADIENT_RULES)
    if bounds is not None:
        # A flipped step stays inside only if no step is longer than the border is far from 0.
        bounds = checked_border(bounds, step, half_width)
    return GradientRule(step, rule, bounds)
