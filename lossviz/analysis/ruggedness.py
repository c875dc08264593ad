"""Ruggedness, neutrality and steepness of the losses along walks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import xarray as xr
from jaxtyping import Float

from lossviz import _checks
from lossviz.analysis._series import losses


@dataclass(frozen=True)
class Neutrality:
    """Neutrality of walks; both arrays have the shape of the walks, (walk,) or ().

    Attributes:
        m1: share of neutral three-point structures, in [0, 1].
        m2: longest run of neutral structures as a share of all structures, in [0, 1].
        epsilon: largest range of a neutral structure, as a share of the walk's range.
    """

    m1: Float[np.ndarray, "*walk"]
    m2: Float[np.ndarray, "*walk"]
    epsilon: float


@dataclass(frozen=True)
class GradientMeasures:
    """Steepness of Manhattan walks; both arrays have the shape of the walks, (walk,) or ().

    Attributes:
        average: G_avg, the mean size of the scaled gradient.
        deviation: G_dev, the standard deviation of that size.
    """

    average: Float[np.ndarray, "*walk"]
    deviation: Float[np.ndarray, "*walk"]


def ruggedness(
    loss: Float[np.ndarray, "*walk step"] | xr.DataArray | xr.Dataset,
) -> Float[np.ndarray, "*walk"]:
    r"""Measure the ruggedness of walks by the first entropic measure (FEM).

    The differences of consecutive losses become symbols: -1 below :math:`-\epsilon`, 1 above
    :math:`\epsilon`, 0 between. Of the pairs of consecutive symbols, let :math:`P_{pq}` be the
    share of the pair (p, q). The entropy of the six pairs of unequal symbols,

    .. math::

        H(\epsilon) = -\sum_{p \ne q} P_{pq} \log_6 P_{pq},

    is maximised over :math:`\epsilon = 0, 0.05\,\epsilon^*, 0.1\,\epsilon^*, \dots, \epsilon^*`,
    where :math:`\epsilon^*` is the smallest :math:`\epsilon` at which all symbols are 0: the
    largest size of a difference. (Malan and Engelbrecht 2009, doi 10.1109/CEC.2009.4983112.)
    The public program of Bosman and others counts five of the six pairs and takes
    :math:`\epsilon^*` from a coarse grid; here all six count.

    Args:
        loss: losses, shape (walk, step) or (step,), with 3 steps or more; or a data array over
            these dimensions; or a data set with the variable ``loss``. The measure is meant
            for random walks.

    Returns:
        FEM of each walk, in [0, 1]. It is 0 for a walk with equal steps.

    Raises:
        ValueError: for another shape, too few steps, values that are not finite, or a data set
            without ``loss``.
        TypeError: if the losses are no real numbers.

    Example:
        A zigzag has two of the six pairs, half of each: log_6 2.

        >>> round(float(ruggedness([0.0, 1.0] * 50 + [0.0])), 3)
        0.387
    """
    values = losses(loss, 3)
    steps = np.diff(np.atleast_2d(values), axis=1)
    top = np.abs(steps).max(axis=1, keepdims=True)
    entropy = np.stack([_entropy(steps, top * (k / 20)) for k in range(21)])
    return 0.0 + entropy.max(axis=0).reshape(values.shape[:-1])[()]  # no -0


def _entropy(steps: np.ndarray, epsilon: np.ndarray) -> np.ndarray:
    """Return the entropy of the pairs of unequal symbols of each row."""
    symbol = 1 + (steps > epsilon).astype(int) - (steps < -epsilon)  # 0, 1, 2
    pair = 3 * symbol[:, :-1] + symbol[:, 1:]
    rows = len(pair)
    number = np.bincount((9 * np.arange(rows)[:, None] + pair).ravel(), minlength=9 * rows)
    share = number.reshape(rows, 9)[:, [1, 2, 3, 5, 6, 7]] / pair.shape[1]
    return -(share * np.log(np.where(share > 0, share, 1))).sum(axis=1) / math.log(6)


def neutrality(
    loss: Float[np.ndarray, "*walk step"] | xr.DataArray | xr.Dataset, epsilon: float = 1e-8
) -> Neutrality:
    """Measure how neutral walks are: how often, and for how long, the loss hardly changes.

    Three consecutive points are a neutral structure if their losses differ by at most
    ``epsilon`` times the range of the walk's losses. M1 is the share of neutral structures, M2
    the length of the longest run of them, both of the T - 2 structures of T points (van Aardt,
    Bosman and Malan 2017, doi 10.1109/CEC.2017.7969464). A constant walk has M1 = M2 = 1. Bosman's
    public program takes the losses' differences instead of the losses, and loses a run that
    reaches the walk's end.

    Args:
        loss: losses, shape (walk, step) or (step,), with 3 steps or more; or a data array over
            these dimensions; or a data set with the variable ``loss``. The measures are meant
            for random walks.
        epsilon: largest range of a neutral structure as a share of the walk's range, at least 0.

    Returns:
        M1 and M2 of each walk.

    Raises:
        ValueError: for another shape, too few steps, values that are not finite, a data set
            without ``loss``, or a negative ``epsilon``.
        TypeError: if the losses are no real numbers.

    Example:
        >>> found = neutrality([0.0, 1.0, 1.0, 1.0, 1.0, 2.0])
        >>> float(found.m1), float(found.m2)
        (0.5, 0.5)
    """
    limit = _checks.real("epsilon", epsilon, minimum=0)
    values = losses(loss, 3)
    walks = np.atleast_2d(values)
    three = np.stack([walks[:, :-2], walks[:, 1:-1], walks[:, 2:]])
    neutral = np.ptp(three, axis=0) <= limit * np.ptp(walks, axis=1, keepdims=True)
    shape, count = values.shape[:-1], neutral.shape[1]
    m1, m2 = neutral.mean(axis=1), _longest_run(neutral) / count
    return Neutrality(m1.reshape(shape)[()], m2.reshape(shape)[()], limit)


def _longest_run(flags: np.ndarray) -> np.ndarray:
    """Return the length of the longest run of true values of each row."""
    place = np.arange(1, flags.shape[1] + 1)
    last_false = np.maximum.accumulate(np.where(flags, 0, place), axis=1)
    return (place - last_false).max(axis=1)


def gradient_measures(
    walks: Float[np.ndarray, "*walk step"] | xr.DataArray | xr.Dataset,
    max_step: float | None = None,
    bounds: float | None = None,
    num_weights: int | None = None,
) -> GradientMeasures:
    r"""Measure how steep Manhattan walks are, by G_avg and G_dev.

    One step of a Manhattan walk changes one weight by s. With the losses :math:`f_t` of T points
    and weights in [-B, B], m of them,

    .. math::

        g_t = \frac{(f_{t+1} - f_t) / (f_{\max} - f_{\min})}{s / (2 B m)}, \qquad
        G_{avg} = \frac{1}{T - 1} \sum_t |g_t|, \qquad
        G_{dev} = \sqrt{\frac{1}{T - 2} \sum_t (G_{avg} - |g_t|)^2},

    where the largest and smallest loss are those of the walk (Malan and Engelbrecht 2013, doi
    10.1109/CEC.2013.6557671). A constant walk has 0 and 0. The public program of Bosman and
    others divides by T - 1 in the second.

    Args:
        walks: losses of Manhattan walks, shape (walk, step) or (step,), with 3 steps or more; or
            a data array over these dimensions; or a data set with the variable ``loss``, whose
            attributes say the rest.
        max_step: s > 0, the size of a step; the data set's attribute ``max_step`` if None.
        bounds: B > 0, weights lie in [-B, B]; the attribute ``bounds`` if None.
        num_weights: m, the number of weights; if None it follows from the data set: its
            dimension ``weight`` or its attribute ``layers``.

    Returns:
        G_avg and G_dev of each walk.

    Raises:
        ValueError: for another shape, too few steps, values that are not finite, or a number
            that is out of its range or neither given nor known to the data set; or if the data
            set is that of another sampler.
        TypeError: if the losses are no real numbers.

    Example:
        A straight slope across the whole range of one weight has gradient 1:

        >>> found = gradient_measures([0.0, 1.0, 2.0], max_step=1.0, bounds=1.0, num_weights=1)
        >>> float(found.average), float(found.deviation)
        (1.0, 0.0)
    """
    values = losses(walks, 3)
    attrs = walks.attrs if isinstance(walks, xr.Dataset) else {}
    sampler = attrs.get("sampler", "manhattan_walk")
    if sampler != "manhattan_walk":
        raise ValueError(f"walks must be Manhattan walks; got those of {sampler}.")
    step = _checks.real("max_step", _known("max_step", max_step, attrs), above=0)
    border = _checks.real("bounds", _known("bounds", bounds, attrs), above=0)
    known = attrs | ({"num_weights": _number_of_weights(walks)} if attrs else {})
    count = _checks.whole("num_weights", _known("num_weights", num_weights, known), 1)
    span = np.ptp(values, axis=-1, keepdims=True)
    steep = np.abs(np.diff(values, axis=-1)) / np.where(span > 0, span, 1)
    steep *= 2 * border * count / step
    return GradientMeasures(steep.mean(axis=-1)[()], steep.std(axis=-1, ddof=1)[()])


def _known(what: str, given: object, attrs: dict) -> object:
    """Return what was given, or else what the data set says."""
    value = attrs.get(what) if given is None else given
    if value is None or (given is None and value == "none"):
        raise ValueError(f"{what} must be given where the walks have no such attribute; got None.")
    return value


def _number_of_weights(walks: xr.Dataset) -> int | None:
    """Return the number of weights and biases that a data set tells, if it does."""
    if "weight" in walks.sizes:
        return walks.sizes["weight"]
    layers = str(walks.attrs.get("layers", "")).split("-")
    if len(layers) < 2 or not all(size.isdigit() for size in layers):
        return None
    sizes = [int(size) for size in layers]
    return sum((a + 1) * b for a, b in pairwise(sizes))
