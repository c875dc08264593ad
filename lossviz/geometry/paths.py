"""Ways from one model to another: straight, along a trained curve, and what stands in between."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from lossviz import _checks, _progress
from lossviz._threads import one_thread
from lossviz.geometry._curve import CurveTraining, bezier
from lossviz.geometry._flat import checked_landscape, norms, one_point
from lossviz.geometry._optimisers import checked_batch_size, checked_rule
from lossviz.geometry._plane_grid import LONG_NAMES, parts_on
from lossviz.landscape.base import BaseLandscape


def interpolate(
    landscape: BaseLandscape,
    start: Float[Tensor, "weight"],
    end: Float[Tensor, "weight"],
    resolution: int = 51,
) -> xr.Dataset:
    r"""Evaluate the landscape on the straight line from one model to another.

    The points are :math:`(1 - \alpha) w_0 + \alpha w_1` (Goodfellow et al. 2015, arXiv
    1412.6544); both ends are exactly the models. See :func:`lossviz.barrier` for what stands
    between them, and :func:`lossviz.match_units` for the part of it that is only the order of
    hidden units.

    Args:
        landscape: the landscape.
        start: the model at alpha = 0, shape (num_weights,), finite.
        end: the model at alpha = 1, likewise.
        resolution: number of points, both ends included, at least 2.

    Returns:
        A data set over ``alpha`` in [0, 1] with ``loss``, ``accuracy``, ``test_loss`` and
        ``test_accuracy``, as far as they are known.

    Raises:
        ValueError: for models of another shape or not finite, or a resolution below 2.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("xor", "tanh")
        >>> start, end = landscape.initial(2, seed=0, start_range=1.0)
        >>> line = interpolate(landscape, start, end, resolution=5)
        >>> line.alpha.values.tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
        >>> abs(float(line.loss[-1]) - float(landscape.loss(end))) < 1e-12
        True
    """
    ends = _ends(landscape, start, end)
    alpha = _alpha(resolution)
    attrs = {"path": "straight", "distance": float(norms(ends[1] - ends[0]))}
    return _dataset(landscape, alpha, ends, np.stack([1 - alpha, alpha], axis=1), attrs)


def connect(
    landscape: BaseLandscape,
    start: Float[Tensor, "weight"],
    end: Float[Tensor, "weight"],
    resolution: int = 51,
    num_steps: int = 500,
    optimiser: str = "adam",
    learning_rate: float = 0.02,
    *,
    times: int = 8,
    batch_size: int | None = None,
    seed: int = 0,
    progress: bool | None = None,
) -> xr.Dataset:
    r"""Train a curve of low loss between two models, and evaluate the landscape along it.

    The quadratic Bezier curve

    .. math::

        \varphi(t) = (1 - t)^2 w_0 + 2 t (1 - t) \theta + t^2 w_1

    from one model to the other has a control point :math:`\theta`, at first the middle, which is
    trained for the mean loss :math:`E_{t \sim U[0, 1]} L(\varphi(t))` (Garipov et al. 2018, arXiv
    1802.10026, equations 2 and 4). Every step draws new times t, one from each of so many equal
    parts of [0, 1], from a stream that depends on the seed only.

    Args:
        landscape: the landscape.
        start: the model at alpha = 0, shape (num_weights,), finite.
        end: the model at alpha = 1, likewise.
        resolution: number of points on the finished curve, both ends included, at least 2.
        num_steps: number of steps of training, at least 0: then the curve is the straight line.
        optimiser: ``"gd"``, ``"sgd"``, ``"momentum"``, ``"adam"`` or ``"sam"``, with the usual
            settings of :func:`lossviz.train`.
        learning_rate: above 0.
        times: times t in each step, at least 1.
        batch_size: samples per step, or None for all.
        seed: seed of times and batches, at least 0.
        progress: whether to show a bar; None shows one in a terminal where it lasts.

    Returns:
        A data set over ``alpha`` = t in [0, 1] with ``loss``, ``accuracy``, ``test_loss`` and
        ``test_accuracy``, as far as they are known; ``weights`` (alpha, weight) along the curve,
        the ``control`` point (weight), and ``curve_loss`` (step), the mean loss at the times of
        each step.

    Raises:
        ValueError: for models of another shape or not finite, an unknown name, a number out of
            its range, batches larger than the data, or a control point that leaves the range of
            numbers.
        TypeError: if an argument is of the wrong type.

    Example:
        >>> from lossviz import Landscape, barrier, interpolate, train
        >>> landscape = Landscape("iris", "tanh")
        >>> starts = landscape.initial(2, seed=0, start_range=1.0)
        >>> runs = train(landscape, starts, "adam", 0.05, num_steps=300, every=299)
        >>> start, end = runs.weights[:, -1].values
        >>> curve = connect(landscape, start, end, num_steps=200)
        >>> barrier(curve) < barrier(interpolate(landscape, start, end))
        True
    """
    ends = _ends(landscape, start, end)
    alpha = _alpha(resolution)
    training = CurveTraining(
        rule=checked_rule(optimiser, learning_rate, 0.9, (0.9, 0.999), 0.05),
        steps=_checks.whole("num_steps", num_steps, 0),
        times=_checks.whole("times", times, 1),
        batch_size=checked_batch_size(landscape, batch_size, optimiser),
        seed=_checks.whole("seed", seed, 0),
    )
    shown = _progress.checked(progress)
    with one_thread(), _progress.bar(training.steps, shown, "step") as bar:
        control, history = training.run(landscape, ends, bar.update)
    if not bool(torch.isfinite(control).all()):
        raise ValueError(
            "learning_rate must keep the curve where numbers are finite; got "
            f"{learning_rate}, with which it left."
        )
    attrs = {"optimiser": optimiser, **training.describe()}
    return _along_curve(landscape, alpha, (ends[0], control, ends[1]), history, attrs)


def barrier(path: xr.Dataset, variable: str = "loss") -> float:
    r"""Return how far the loss rises above the straight line between its values at the ends.

    .. math::

        \max_\alpha \; L(\alpha) - \big( (1 - \alpha) L(0) + \alpha L(1) \big)

    (Frankle et al. 2020, arXiv 1912.05671; with the chord as Entezari et al. 2022, arXiv
    2110.06296, have it). It is never negative, as it is 0 at both ends; 0 means that the two
    models are linearly connected.

    Args:
        path: a data set over ``alpha``, as :func:`lossviz.interpolate` and
            :func:`lossviz.connect` return it.
        variable: ``"loss"`` or ``"test_loss"``.

    Returns:
        The height, at least 0, in units of the loss; NaN if the loss is NaN anywhere.

    Raises:
        ValueError: if the data set has no such variable over alpha = 0 to 1, ascending.
        TypeError: if ``path`` is no data set.

    Example:
        >>> import numpy as np
        >>> alpha = np.linspace(0, 1, 11)
        >>> path = xr.Dataset({"loss": ("alpha", 4 * alpha * (1 - alpha))}, {"alpha": alpha})
        >>> barrier(path)
        1.0
    """
    if not isinstance(path, xr.Dataset):
        raise TypeError(f"path must be a data set; got {type(path).__name__}.")
    name = _checks.one_of("variable", variable, ("loss", "test_loss"))
    if name not in path or path[name].dims != ("alpha",) or "alpha" not in path.coords:
        raise ValueError(f"path must have {name} over alpha; got {dict(path.sizes)}, {list(path)}.")
    alpha, height = path.alpha.values, path[name].values.astype(np.float64)
    if len(alpha) < 2 or alpha[0] != 0 or alpha[-1] != 1 or not (np.diff(alpha) > 0).all():
        raise ValueError(f"path must have alpha from 0 to 1, ascending; got {alpha}.")
    chord = (1 - alpha) * height[0] + alpha * height[-1]
    rise = height - chord
    rise[[0, -1]] -= rise[[0, -1]]  # exactly 0, or NaN
    return float(rise.max())


# --- the two models -----------------------------------------------------------------------------


def _ends(landscape: BaseLandscape, start: Tensor, end: Tensor) -> tuple[Tensor, Tensor]:
    checked_landscape(landscape)
    return (
        one_point("start", start, landscape),
        one_point("end", end, landscape),
    )


def _alpha(resolution: int) -> np.ndarray:
    return np.linspace(0.0, 1.0, _checks.whole("resolution", resolution, 2))


def _dataset(
    landscape: BaseLandscape, alpha: np.ndarray, corners: Sequence[Tensor],
    shares: Float[np.ndarray, "alpha corners"], attrs: dict[str, object],
) -> xr.Dataset:  # fmt: skip
    """Evaluate points that are sums of corners by their shares; 0 and 1 give corners exactly."""
    origin = torch.zeros_like(corners[0])
    variables = {}
    for prefix, part in parts_on(landscape, origin, torch.stack([*corners])).items():
        both = part.measure(torch.from_numpy(shares).to(origin))
        for name, values in zip((f"{prefix}loss", f"{prefix}accuracy"), both, strict=True):
            if values is not None:
                about = {"long_name": LONG_NAMES[name]}
                variables[name] = ("alpha", values.cpu().numpy(), about)
    attrs = landscape.describe() | attrs
    attrs |= {"lossviz_version": version("lossviz"), "torch_version": str(torch.__version__)}
    return xr.Dataset(variables, coords={"alpha": alpha}, attrs=attrs)


def _along_curve(
    landscape: BaseLandscape, alpha: np.ndarray, corners: tuple[Tensor, Tensor, Tensor],
    history: np.ndarray, attrs: dict[str, object],
) -> xr.Dataset:  # fmt: skip
    """Evaluate a curve, and add its points and how it was trained."""
    start, control, end = corners
    about = {"path": "quadratic Bezier curve", "distance": float(norms(end - start)), **attrs}
    found = _dataset(landscape, alpha, corners, bezier(alpha), about)
    way = torch.from_numpy(bezier(alpha)).to(control) @ torch.stack(corners)
    found["weights"] = (("alpha", "weight"), way.cpu().numpy(), {"long_name": "weights and biases"})
    found["control"] = ("weight", control.cpu().numpy(), {"long_name": "control point"})
    found["curve_loss"] = ("step", history, {"long_name": "mean loss at the step's times"})
    return found
