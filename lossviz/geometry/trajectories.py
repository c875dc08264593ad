"""Training, recorded: weights, loss, gradient and sharpness along the way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks, _progress
from lossviz._threads import one_thread
from lossviz.geometry._flat import checked_landscape, some_points
from lossviz.geometry._optimisers import checked_batch_size, checked_rule, described
from lossviz.geometry._training import LONG_NAMES, MEASURES, Schedule, recorded
from lossviz.landscape.base import BaseLandscape


def train(
    landscape: BaseLandscape,
    start: Float[Tensor, "*points weight"],
    optimiser: str = "gd",
    learning_rate: float = 0.1,
    num_steps: int = 101,
    batch_size: int | None = None,
    seed: int = 0,
    measures: Sequence[str] = ("loss", "gradient_norm", "weights"),
    every: int = 1,
    *,
    momentum: float = 0.9,
    betas: tuple[float, float] = (0.9, 0.999),
    radius: float = 0.05,
    progress: bool | None = None,
) -> xr.Dataset:
    r"""Train from each start, and record what is met.

    With the gradient g of the loss of all samples, or of a batch, and the learning rate r:

    - ``"gd"`` and ``"sgd"``: :math:`w - r g`; the first takes no batches;
    - ``"momentum"``: :math:`b \leftarrow \mu b + g`, then :math:`w - r b`, as torch's SGD;
    - ``"adam"``: as torch's Adam (Kingma and Ba 2015, arXiv 1412.6980), epsilon 1e-8;
    - ``"sam"``: :math:`w - r\, g(w + \rho g / \|g\|)` (Foret et al. 2021, arXiv 2010.01412).

    All starts are trained at once. Walk i draws the batch of each step from a stream that depends
    on (seed, i, step) only, without replacement, and is bitwise the same whichever starts
    come behind it. What is recorded is of all samples, in batches too. A walk that leaves the
    range of numbers goes on as NaN.

    For gradient descent, :math:`2 / r` is the largest curvature that is stable on a quadratic;
    training is often seen to reach it and to stay there (Cohen et al. 2021, arXiv 2103.00065).

    Args:
        landscape: what to train on.
        start: points, shape (..., num_weights), finite; each is the start of a walk.
        optimiser: ``"gd"``, ``"sgd"``, ``"momentum"``, ``"adam"`` or ``"sam"``.
        learning_rate: r > 0.
        num_steps: number of points per walk, at least 1; step 0 is the start.
        batch_size: samples per step, or None for all.
        seed: seed of the batches, at least 0.
        measures: what to record, of ``"loss"``, ``"gradient_norm"`` (Euclidean),
            ``"accuracy"``, ``"test_loss"``, ``"test_accuracy"``, ``"saturation"``,
            ``"sharpness"`` (the largest Hessian eigenvalue, relative tolerance 1e-3) and
            ``"weights"`` (for large networks, together with a large ``every``).
        every: record every so many steps, from the start on; at least 1.
        momentum: mu in [0, 1), of ``"momentum"``.
        betas: decay rates of Adam's averages, both in [0, 1).
        radius: rho > 0, of ``"sam"``.
        progress: whether to show a bar; None shows one in a terminal where it lasts.

    Returns:
        A data set with dimensions ``walk`` and ``step`` (and ``weight``), one variable per
        measure under the names that walks have, and attributes that say how to reproduce it:
        ``learning_rate`` and, where it is known, ``stability_limit``, 2 / r for gradient
        descent and (2 + 2 mu) / r with momentum.

    Raises:
        ValueError: for starts of another shape or not finite, an unknown name, a number out of
            its range, batches with ``"gd"`` or larger than the data, or a measure that the
            landscape does not have.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("iris", "tanh")
        >>> starts = landscape.initial(3, seed=0, start_range=1.0)
        >>> runs = train(landscape, starts, "momentum", learning_rate=0.5, num_steps=200)
        >>> dict(runs.sizes)
        {'walk': 3, 'step': 200, 'weight': 35}
        >>> bool((runs.loss[:, -1] < 0.1).all()), f"{runs.attrs['stability_limit']:.3g}"
        (True, '7.6')
    """
    checked_landscape(landscape)
    starts = some_points("start", start, landscape).reshape(-1, landscape.num_weights)
    if not len(starts):
        raise ValueError(f"start must have at least one point; got shape {tuple(starts.shape)}.")
    rule = checked_rule(optimiser, learning_rate, momentum, betas, radius)
    schedule = Schedule(
        _checks.whole("num_steps", num_steps, 1),
        _checks.whole("every", every, 1),
        checked_batch_size(landscape, batch_size, optimiser),
        _checks.whole("seed", seed, 0),
    )
    names = _measures(landscape, measures)
    total, shown = len(starts) * len(schedule.recorded), _progress.checked(progress)
    with one_thread(), _progress.bar(total, shown) as bar:
        arrays = recorded(landscape, starts, rule, schedule, names, bar.update)
    variables = {
        name: (("walk", "step", "weight")[: values.ndim], values, {"long_name": LONG_NAMES[name]})
        for name, values in arrays.items()
    }
    coordinates = {"walk": np.arange(len(starts)), "step": schedule.recorded}
    attrs = landscape.describe() | {"optimiser": optimiser} | described(rule)
    attrs |= schedule.describe(landscape)
    return xr.Dataset(variables, coords=coordinates, attrs=attrs)


def _measures(landscape: BaseLandscape, measures: Sequence[str]) -> tuple[str, ...]:
    names = _checks.some_of("measures", measures, MEASURES)
    for name in names:
        part = landscape.test if name.startswith("test_") else landscape
        if part is None:
            raise ValueError(
                f"measures must leave out {name} where the landscape has no test part; got {names}."
            )
        if name.endswith("accuracy") or name == "saturation":
            origin = torch.zeros(landscape.num_weights, dtype=landscape.dtype)
            getattr(part, name.removeprefix("test_"))(origin)  # raises ValueError if unknown
    return names
