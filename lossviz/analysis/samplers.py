"""What each kind of walk sees of one landscape: the comparison of the 2018 paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import xarray as xr

from lossviz import _checks
from lossviz.landscape.base import BaseLandscape
from lossviz.sampling.random_walks import progressive_random_walk, random_walk
from lossviz.sampling.walks import progressive_gradient_walk

#: The study's settings by name, each the largest step as a share of 2b, and the points per walk.
STUDY_SETTINGS = {"micro": (0.01, 1000), "macro": (0.1, 100)}

#: What is compared, in this order; "bounded" means that a walk stays within [-b, b].
SAMPLERS = (
    "random walk",
    "progressive random walk",
    "bounded progressive gradient walk",
    "progressive gradient walk",
)

# So many walks at a time: their weights at all steps are held.
_AT_A_TIME = 90

# Bosman, Engelbrecht and Helbig 2018: mean error, its standard deviation, and that of the weights,
# which is given for micro walks only.
_PUBLISHED = {
    "random walk": {"micro": (0.457, 0.082, 5.73), "macro": (np.nan, np.nan, np.nan)},
    "progressive random walk": {"micro": (0.451, 0.087, 5.72), "macro": (0.450, 0.086, np.nan)},
    "bounded progressive gradient walk": {
        "micro": (0.092, 0.089, 7.81),
        "macro": (0.174, 0.110, np.nan),
    },
    "progressive gradient walk": {"micro": (0.098, 0.098, 35.3), "macro": (0.146, 0.128, np.nan)},
}
_LONG_NAMES = {
    "loss": "mean loss of the samples",
    "loss_sd": "standard deviation of the samples' loss",
    "weight_sd": "standard deviation of all weights of the samples",
}


def compare_samplers(
    landscape: BaseLandscape,
    num_walks: int = 100,
    start_range: float = 10.0,
    seed: int = 0,
    settings: Mapping[str, tuple[float, int]] = STUDY_SETTINGS,
    progress: bool | None = None,
) -> xr.Dataset:
    """Sample a landscape by four kinds of walk, and say how low and how far each of them gets.

    The kinds are :data:`SAMPLERS`: random walks, which do not look at the landscape, and
    progressive gradient walks with and without a border at b, under the published rule for
    components of the gradient that are 0 (they increase). This is the comparison of Bosman,
    Engelbrecht and Helbig (2018, doi 10.1145/3205651.3208247), who take XOR with sigmoid hidden
    units, squared error, b = 10 and 100 walks; :func:`published_samplers` has their figures and
    says with which arithmetic they come out.

    Args:
        landscape: what to walk on; its precision is that of the walks.
        num_walks: number of walks of each kind and setting, at least 1.
        start_range: b > 0; starts are uniform in [-b, b] per weight, bounded walks stay there.
        seed: at least 0; all kinds of walk share it.
        settings: for each name, the largest step as a share of 2b, in (0, 1/2], and the number
            of points per walk, at least 1.
        progress: whether to show progress bars; see :func:`lossviz.progressive_gradient_walk`.

    Returns:
        A data set with dimensions ``sampler``, ``setting`` and ``walk``. It has ``loss``,
        ``loss_sd`` and ``weight_sd`` over all samples of a kind and setting, and ``walk_loss``,
        the mean of each walk, for intervals (points of one walk depend on each other, walks do
        not).

    Raises:
        ValueError: if a number is out of its range, ``settings`` is empty, or walks leave the
            range of numbers.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("xor", "sigmoid", loss="squared_error")
        >>> found = compare_samplers(landscape, num_walks=20, settings={"macro": (0.1, 100)})
        >>> loss = found.loss.sel(setting="macro")
        >>> bool(loss.sel(sampler="progressive gradient walk") < loss.sel(sampler="random walk"))
        True
    """
    if not isinstance(landscape, BaseLandscape):
        raise TypeError(f"landscape must be a Landscape; got {type(landscape).__name__}.")
    count = _checks.whole("num_walks", num_walks, 1)
    b = _checks.real("start_range", start_range, above=0)
    steps = _checked_settings(settings)
    shape = (len(SAMPLERS), len(steps), count)
    moments = {name: np.empty(shape) for name in ("loss", "loss_var", "weight", "weight_var")}
    for i, sampler in enumerate(_samplers(b)):
        for j, (share, num_steps) in enumerate(steps.values()):
            for start in range(0, count, _AT_A_TIME):
                numbers = range(start, min(start + _AT_A_TIME, count))
                walks = sampler(
                    landscape, len(numbers), num_steps, share * 2 * b, b, seed,
                    measures=("loss", "weights"), walk_numbers=numbers, progress=progress,
                )  # fmt: skip
                for name, values in _moments(walks).items():
                    moments[name][i, j, numbers] = values
    return _summary(moments, tuple(steps), landscape.describe() | {"start_range": b, "seed": seed})


def published_samplers() -> xr.Dataset:
    """Return the figures of the 2018 paper, in the form of :func:`compare_samplers`.

    They are of XOR, 2-2-1, sigmoid hidden units, squared error (the mean over samples), b = 10
    and 100 walks. What is not to be found there is NaN.

    The arithmetic is part of the method. Plain float32 rounds the slope of a saturated sigmoid,
    s (1 - s), to exactly 0, and the published rule then makes the weights grow. The closed forms
    of :class:`lossviz.Landscape` keep the slope's digits, so their walks go on downhill and the
    unbounded ones get further: their weights spread by 41, not by 35. The example has the
    landscape that rounds as the paper's programs did.

    Returns:
        A data set with dimensions ``sampler`` and ``setting`` and the variables ``loss``,
        ``loss_sd`` and ``weight_sd``.

    Example:
        >>> import torch
        >>> from lossviz import Landscape, load_problem
        >>> xor, act = load_problem("xor"), torch.nn.Sigmoid
        >>> module = torch.nn.Sequential(
        ...     torch.nn.Linear(2, 2), act(), torch.nn.Linear(2, 1), act())
        >>> landscape = Landscape.from_module(
        ...     module, torch.nn.functional.mse_loss, xor.inputs, xor.targets, dtype=torch.float32)
        >>> found = compare_samplers(landscape, num_walks=10, settings={"macro": (0.1, 100)})
        >>> float(published_samplers().loss.sel(
        ...     sampler="progressive gradient walk", setting="macro"))
        0.146
    """
    table = np.array([[_PUBLISHED[name][s] for s in STUDY_SETTINGS] for name in SAMPLERS])
    return _labelled(
        {name: table[..., i] for i, name in enumerate(_LONG_NAMES)},
        tuple(STUDY_SETTINGS),
        {"source": "Bosman, Engelbrecht and Helbig 2018, doi 10.1145/3205651.3208247"},
    )


def _samplers(border: float) -> list[Callable[..., xr.Dataset]]:
    """Return what samples, in the order of :data:`SAMPLERS`."""
    bounded = partial(progressive_gradient_walk, bounds=border)
    return [random_walk, progressive_random_walk, bounded, progressive_gradient_walk]


def _checked_settings(settings: Mapping[str, tuple[float, int]]) -> dict[str, tuple[float, int]]:
    if not isinstance(settings, Mapping):
        raise TypeError(
            "settings must be a mapping from names to (share of the range, points per walk); "
            f"got {settings!r}."
        )
    if not settings:
        raise ValueError("settings must hold one setting or more; got none.")
    return {str(name): _checked_setting(str(name), pair) for name, pair in settings.items()}


def _checked_setting(name: str, pair: tuple[float, int]) -> tuple[float, int]:
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise TypeError(f"settings[{name!r}] must be (share, points per walk); got {pair!r}.")
    share = _checks.real(f"the share of settings[{name!r}]", pair[0], above=0)
    if share > 0.5:
        raise ValueError(f"the share of settings[{name!r}] must be at most 0.5; got {share}.")
    return share, _checks.whole(f"the points of settings[{name!r}]", pair[1], 1)


def _moments(walks: xr.Dataset) -> dict[str, np.ndarray]:
    """Return means and variances of each walk, in float64."""
    loss = walks.loss.values.astype(np.float64)
    weights = walks.weights.values.astype(np.float64)
    return {
        "loss": loss.mean(axis=1),
        "loss_var": loss.var(axis=1),
        "weight": weights.mean(axis=(1, 2)),
        "weight_var": weights.var(axis=(1, 2)),
    }


def _summary(moments: dict[str, np.ndarray], settings: tuple[str, ...], attrs: dict) -> xr.Dataset:
    """Join the moments of walks: variance is that within walks plus that between their means."""
    found = {
        "loss": moments["loss"].mean(axis=-1),
        "loss_sd": np.sqrt(moments["loss_var"].mean(axis=-1) + moments["loss"].var(axis=-1)),
        "weight_sd": np.sqrt(moments["weight_var"].mean(axis=-1) + moments["weight"].var(axis=-1)),
    }
    attrs |= {"num_walks": moments["loss"].shape[-1], "zero_gradient": "increase"}
    summary = _labelled(found, settings, attrs)
    summary["walk_loss"] = (
        ("sampler", "setting", "walk"), moments["loss"], {"long_name": "mean loss of a walk"},
    )  # fmt: skip
    return summary


def _labelled(
    found: dict[str, np.ndarray], settings: tuple[str, ...], attrs: dict[str, object]
) -> xr.Dataset:
    variables = {
        name: (("sampler", "setting"), values, {"long_name": _LONG_NAMES[name]})
        for name, values in found.items()
    }
    coords = {"sampler": list(SAMPLERS), "setting": list(settings)}
    return xr.Dataset(variables, coords=coords, attrs=attrs)
