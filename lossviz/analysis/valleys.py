"""Wide and narrow valleys: the low-loss clusters of a loss-gradient cloud."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from lossviz import _checks
from lossviz.analysis import _mixture
from lossviz.analysis._series import loss_and_norm, same_cloud
from lossviz.analysis.statistics import Interval, check_level, interval

#: Names of the valleys; a point's label is a position in this tuple, or -1.
VALLEYS = ("wide", "narrow")

_BINS = 256

#: Below this separation of equal shares a mixture of two normal distributions has one peak.
_LEAST_SEPARATION = 2.0
_LEAST_DIP = 0.1
_LEAST_SHARE = 0.05


@dataclass(frozen=True)
class Valley:
    """One of the two low-loss clusters of a cloud.

    Attributes:
        name: ``"wide"`` or ``"narrow"``.
        gradient_norm: its centre: ten to the power of the cluster's mean of log10.
        spread: standard deviation of the cluster's log10 gradient norm, in decades.
        loss: median loss of its points.
        points: number of its points.
        share: the same as a share of all low points, in [0, 1].
        walks: number of walks that visit it.
    """

    name: str
    gradient_norm: float
    spread: float
    loss: float
    points: int
    share: float
    walks: int


@dataclass(frozen=True)
class Valleys:
    """The wide and the narrow valley of a cloud, and whether they are two.

    Attributes:
        wide: the cluster of low gradient.
        narrow: the cluster of high gradient.
        labels: int8, shape (walk, step): -1 where the loss is not low, 0 wide, 1 narrow.
        boundary: gradient norm that divides the two.
        level: largest loss of a low point.
        separation: Ashman's D of the clusters, with a bootstrap interval over walks.
        dip: depth of the density between them, in [0, 1], with such an interval.
        bic_gain: how much two clusters improve the Bayesian information criterion over one,
            with walks as the independent units; positive in favour of two.
        bimodal: whether the cloud has two clusters by the rule of
            :func:`lossviz.find_valleys`. If not, the split describes nothing.
    """

    wide: Valley
    narrow: Valley
    labels: Int[np.ndarray, "walk step"]
    boundary: float
    level: float
    separation: Interval
    dip: Interval
    bic_gain: float
    bimodal: bool


def find_valleys(
    walks: xr.Dataset | tuple[Float[np.ndarray, "walk step"], Float[np.ndarray, "walk step"]],
    quantile: float = 0.25,
    *,
    level: float | None = None,
    confidence: float = 0.95,
    resamples: int = 200,
    seed: int = 0,
) -> Valleys:
    r"""Split the low-loss points of a cloud into a wide and a narrow valley.

    Bosman, Engelbrecht and Helbig (2023, arXiv 2306.16090) read two valleys off the picture: the
    cluster of low gradients, called wide, and the one of low loss and high gradients, called
    narrow. Here a mixture of two normal distributions is fitted to log10 of the gradient norm of
    all points with a low loss. A norm of 0 belongs to the wide valley and takes no part in the
    fit; the outermost 0.1 % on either side are moved to the border of the rest.

    Two normal distributions fit better than one whenever points are skew. The cloud therefore
    counts as bimodal only if all of this holds:

    - the criterion BIC favours two, counting walks and not points as observations;
    - Ashman's D, :math:`\sqrt{2}\,|\mu_1 - \mu_2| / \sqrt{\sigma_1^2 + \sigma_2^2}`, exceeds 2
      (Ashman, Bird and Zepf 1994, doi 10.1086/117248) at the lower end of its interval;
    - the density between the centres sinks by more than 10 % of the lower peak, also at the
      lower end of its interval;
    - each cluster has at least 5 % of the low points and is visited by two walks.

    Both intervals come from resampling walks, since points of a walk depend on each other.

    Args:
        walks: a data set with ``loss`` and ``gradient_norm`` over (walk, step), or a pair of
            arrays (loss, gradient norm), each of shape (walk, step).
        quantile: points up to this quantile of all losses are low, in (0, 1).
        level: largest loss of a low point, at least 0; takes the place of ``quantile``.
        confidence: confidence level of the intervals, in (0, 1).
        resamples: number of bootstrap samples, at least 1.
        seed: seed of the resampling, at least 0.

    Returns:
        Both valleys, a label per point, and the evidence for two of them.

    Raises:
        ValueError: if a number is out of its range, the shapes differ, values are not finite, a
            gradient norm is negative, or fewer than two low points have different gradients.
        TypeError: if ``walks`` is neither a data set nor a pair of arrays.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> centre = np.repeat([-3.0, -1.0], 20)[:, None]  # 20 walks in each valley
        >>> norm = 10 ** rng.normal(centre, 0.3, (40, 50))
        >>> found = find_valleys((np.full((40, 50), 0.1), norm))
        >>> found.bimodal, found.wide.share, found.narrow.walks
        (True, 0.5, 20)
    """
    loss, norm = _cloud(walks)
    quantile = check_level(quantile, "quantile")
    confidence = check_level(confidence, "confidence")
    count = _checks.whole("resamples", resamples, 1)
    rng = np.random.default_rng(_checks.whole("seed", seed, 0))
    limit = float(np.quantile(loss, quantile)) if level is None else _level(level, loss)
    histogram, at = _histogram(norm, loss <= limit)
    whole = histogram.sum(axis=0, keepdims=True)
    mixture = _mixture.fit(whole, at)
    units = int((histogram.sum(axis=1) > 0).sum())
    drawn = _resample(histogram, rng, count)
    again = _mixture.refine(drawn, at, mixture, 60)
    separation = interval(mixture.separation[0], again.separation, confidence)
    depths = (_mixture.dip(counts, at, fits, units) for counts, fits in
              ((whole, mixture), (drawn, again)))  # fmt: skip
    dip = interval(next(depths)[0], next(depths), confidence)
    gain = _bic_gain(whole, at, mixture, units)
    border = 10 ** _mixture.boundary(mixture, at)
    labels = np.where(loss <= limit, norm > border, -1).astype(np.int8)
    wide, narrow = (_describe(number, labels, loss, mixture) for number in (0, 1))
    bimodal = (
        gain > 0
        and separation.low > _LEAST_SEPARATION
        and dip.low > _LEAST_DIP
        and min(wide.share, narrow.share) >= _LEAST_SHARE
        and min(wide.walks, narrow.walks) >= 2
    )
    return Valleys(wide, narrow, labels, border, limit, separation, dip, gain, bool(bimodal))


def _cloud(walks: object) -> tuple[np.ndarray, np.ndarray]:
    if isinstance(walks, xr.Dataset):
        return loss_and_norm(walks, "walks")
    if not isinstance(walks, tuple | list) or len(walks) != 2:
        raise TypeError(
            "walks must be a data set or a pair of arrays (loss, gradient norm); "
            f"got {type(walks).__name__}."
        )
    return same_cloud(*walks)


def _level(level: object, loss: np.ndarray) -> float:
    value = _checks.real("level", level, minimum=0)
    if not (loss <= value).any():
        raise ValueError(
            f"level must be at least the smallest loss, {loss.min():g}; got {value:g}."
        )
    return value


def _histogram(norm: np.ndarray, low: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return counts of log10 gradient norms of low points (walk, bin), and the bins' centres."""
    usable = low & (norm > 0)
    logs = np.log10(norm[usable])
    ends = np.quantile(logs, [0.001, 0.999]) if len(logs) else np.zeros(2)
    if not ends[1] - ends[0] > 1e-9 * (1 + np.abs(ends).max()):
        raise ValueError(
            "walks must have two or more low points with different gradient norms above 0; "
            f"got {len(logs)} low points with a gradient."
        )
    width = (ends[1] - ends[0]) / _BINS
    place = np.clip((logs - ends[0]) / width, 0, _BINS - 1).astype(int)
    walk = np.nonzero(usable)[0]
    counts = np.bincount(walk * _BINS + place, minlength=len(norm) * _BINS)
    return counts.reshape(len(norm), _BINS), ends[0] + width * (np.arange(_BINS) + 0.5)


def _resample(histogram: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """Return histograms of resampled walks; walks without low points cannot be drawn."""
    rows = histogram[histogram.sum(axis=1) > 0]
    return rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=count) @ rows


def _bic_gain(counts: np.ndarray, at: np.ndarray, mixture: _mixture.Mixture, units: int) -> float:
    """Return BIC of one cluster minus BIC of two: five parameters instead of two."""
    two = _mixture.log_likelihood(counts, at, mixture)
    one = _mixture.single_log_likelihood(counts, at)
    return float(2 * units * (two - one)[0] - 3 * np.log(units))


def _describe(
    number: int, labels: np.ndarray, loss: np.ndarray, mixture: _mixture.Mixture
) -> Valley:
    mine = labels == number
    points = int(mine.sum())
    return Valley(
        name=VALLEYS[number],
        gradient_norm=float(10 ** mixture.mean[0, number]),
        spread=float(mixture.sd[0, number]),
        loss=float(np.median(loss[mine])) if points else float("nan"),
        points=points,
        share=points / int((labels >= 0).sum()),
        walks=int(mine.any(axis=1).sum()),
    )
