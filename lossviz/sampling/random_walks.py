"""Walks that do not look at the landscape: random, progressive, one weight at a time."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr

from lossviz import _checks
from lossviz.landscape.base import BaseLandscape
from lossviz.sampling._collect import Settings
from lossviz.sampling._rules import ManhattanRule, ProgressiveRule, RandomRule
from lossviz.sampling.walks import checked_border


def random_walk(
    landscape: BaseLandscape,
    num_walks: int,
    num_steps: int,
    max_step: float,
    start_range: float,
    seed: int,
    bounds: float | None = None,
    measures: Sequence[str] = ("loss", "gradient_norm", "curvature"),
    *,
    rtol: float = 1e-8,
    null_directions: str = "count",
    batch_size: int | None = None,
    walk_numbers: Sequence[int] | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    r"""Sample a landscape by simple random walks within a border.

    Each weight changes by an amount uniform in [-s, s]. Where that would cross the border, the
    sign of the change is flipped, weight by weight (Bosman, Engelbrecht and Helbig 2018,
    doi 10.1145/3205651.3208247). Such a walk stays near its start.

    Args:
        landscape: what to walk on.
        num_walks: number of walks, at least 1.
        num_steps: number of points per walk, at least 1; step 0 is the start.
        max_step: s > 0, the largest change of one weight per step.
        start_range: b > 0; starts are uniform in [-b, b] per weight.
        seed: at least 0.
        bounds: B >= max(b, s), the border of the walk; b if None.
        measures: what to measure at each point; see :func:`progressive_gradient_walk`.
        rtol: tolerance of the curvature class; see :func:`lossviz.classify_curvature`.
        null_directions: ``"count"`` or ``"project"``; see :func:`progressive_gradient_walk`.
        batch_size: training samples per step, or None for all; see
            :func:`progressive_gradient_walk`.
        walk_numbers: the numbers of the walks, if not 0 .. num_walks-1.
        progress: whether to show a progress bar; see :func:`progressive_gradient_walk`.

    Returns:
        A data set as that of :func:`progressive_gradient_walk`.

    Raises:
        ValueError: if a number is out of its range or a name unknown.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> walks = random_walk(
        ...     Landscape("xor", "tanh"), 2, 100, 0.2, 1.0, seed=0, measures=["weights"])
        >>> bool(abs(walks.weights).max() <= 1.0)
        True
    """
    rule = RandomRule(*_step_and_border(max_step, start_range, bounds))
    settings = Settings(
        landscape, num_walks, num_steps, start_range, seed, measures, rtol, null_directions,
        batch_size, walk_numbers, progress,
    )  # fmt: skip
    return settings.collect(rule)


def progressive_random_walk(
    landscape: BaseLandscape,
    num_walks: int,
    num_steps: int,
    max_step: float,
    start_range: float,
    seed: int,
    bounds: float | None = None,
    measures: Sequence[str] = ("loss", "gradient_norm", "curvature"),
    *,
    rtol: float = 1e-8,
    null_directions: str = "count",
    batch_size: int | None = None,
    walk_numbers: Sequence[int] | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    r"""Sample a landscape by progressive random walks within a border.

    Each weight has a direction of travel, drawn with the walk, and changes by an amount uniform in
    [0, s] in that direction. Where that would cross the border, the weight turns round. A walk
    starts in the orthant opposite to its direction (Malan and Engelbrecht 2014), so it crosses
    the whole range again and again.

    Args:
        landscape: what to walk on.
        num_walks: number of walks, at least 1.
        num_steps: number of points per walk, at least 1; step 0 is the start.
        max_step: s > 0, the largest change of one weight per step.
        start_range: b > 0; starts are uniform in [0, b] per weight, against its direction.
        seed: at least 0.
        bounds: B >= max(b, s), the border of the walk; b if None.
        measures: what to measure at each point; see :func:`progressive_gradient_walk`.
        rtol: tolerance of the curvature class; see :func:`lossviz.classify_curvature`.
        null_directions: ``"count"`` or ``"project"``; see :func:`progressive_gradient_walk`.
        batch_size: training samples per step, or None for all; see
            :func:`progressive_gradient_walk`.
        walk_numbers: the numbers of the walks, if not 0 .. num_walks-1.
        progress: whether to show a progress bar; see :func:`progressive_gradient_walk`.

    Returns:
        A data set as that of :func:`progressive_gradient_walk`.

    Raises:
        ValueError: if a number is out of its range or a name unknown.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> walks = progressive_random_walk(
        ...     Landscape("xor", "tanh"), 2, 100, 0.2, 1.0, seed=0, measures=["weights"])
        >>> bool(abs(walks.weights.diff("step")).max() <= 0.2)
        True
    """
    rule = ProgressiveRule(*_step_and_border(max_step, start_range, bounds))
    settings = Settings(
        landscape, num_walks, num_steps, start_range, seed, measures, rtol, null_directions,
        batch_size, walk_numbers, progress,
    )  # fmt: skip
    return settings.collect(rule)


def manhattan_walk(
    landscape: BaseLandscape,
    num_walks: int,
    num_steps: int,
    max_step: float,
    start_range: float,
    seed: int,
    bounds: float | None = None,
    measures: Sequence[str] = ("loss", "gradient_norm", "curvature"),
    *,
    rtol: float = 1e-8,
    null_directions: str = "count",
    batch_size: int | None = None,
    walk_numbers: Sequence[int] | None = None,
    progress: bool | None = None,
) -> xr.Dataset:
    r"""Sample a landscape by Manhattan walks: one weight at a time, by exactly s.

    At each step one weight, chosen uniformly, changes by s in its direction of travel, which turns
    round where that would cross the border (Malan and Engelbrecht 2013, who measure
    gradients of a function along it). Starts are those of :func:`progressive_random_walk`.

    Args:
        landscape: what to walk on.
        num_walks: number of walks, at least 1.
        num_steps: number of points per walk, at least 1; step 0 is the start.
        max_step: s > 0, the change of the chosen weight.
        start_range: b > 0; starts are uniform in [0, b] per weight, against its direction.
        seed: at least 0.
        bounds: B >= max(b, s), the border of the walk; b if None.
        measures: what to measure at each point; see :func:`progressive_gradient_walk`.
        rtol: tolerance of the curvature class; see :func:`lossviz.classify_curvature`.
        null_directions: ``"count"`` or ``"project"``; see :func:`progressive_gradient_walk`.
        batch_size: training samples per step, or None for all; see
            :func:`progressive_gradient_walk`.
        walk_numbers: the numbers of the walks, if not 0 .. num_walks-1.
        progress: whether to show a progress bar; see :func:`progressive_gradient_walk`.

    Returns:
        A data set as that of :func:`progressive_gradient_walk`.

    Raises:
        ValueError: if a number is out of its range or a name unknown.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> walks = manhattan_walk(
        ...     Landscape("xor", "tanh"), 2, 100, 0.2, 1.0, seed=0, measures=["weights"])
        >>> moved = abs(walks.weights.diff("step")) > 0
        >>> bool((moved.sum("weight") == 1).all())
        True
    """
    rule = ManhattanRule(*_step_and_border(max_step, start_range, bounds))
    settings = Settings(
        landscape, num_walks, num_steps, start_range, seed, measures, rtol, null_directions,
        batch_size, walk_numbers, progress,
    )  # fmt: skip
    return settings.collect(rule)


def _step_and_border(
    max_step: float, start_range: float, bounds: float | None
) -> tuple[float, float]:
    step = _checks.real("max_step", max_step, above=0)
    half_width = _checks.real("start_range", start_range, above=0)
    # A step that turns round stays inside only if it is no longer than the border is far from 0.
    if bounds is not None:
        return step, checked_border(bounds, step, half_width)
    if step > half_width:
        raise ValueError(
            f"max_step must be at most the border, {half_width} (start_range, as bounds is None); "
            f"got {step}."
        )
    return step, half_width
