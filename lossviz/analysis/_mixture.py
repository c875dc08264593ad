"""Two clusters on a line: binned mixtures of two normal distributions, and dips of densities.

Everything takes a batch of histograms, shape (batch, bin), over the same bins: one histogram per
bootstrap sample. Bins make an iteration independent of the number of points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

_Counts = Float[np.ndarray, "batch bin"]
_Values = Float[np.ndarray, "batch"]

#: Shares at which the first fit is started: the better half of a mixture can be small.
_STARTS = (0.1, 0.25, 0.5, 0.75, 0.9)

#: No cluster is narrower than this share of the whole spread: a spike on one bin, whose
#: likelihood is unbounded, is no cluster.
_NARROWEST = 0.05


@dataclass(frozen=True)
class Mixture:
    """Two normal distributions with their shares, the lower one first.

    Attributes:
        mean: shape (batch, 2), ascending.
        sd: standard deviations, shape (batch, 2).
        share: shape (batch, 2), sums to 1.
    """

    mean: Float[np.ndarray, "batch 2"]
    sd: Float[np.ndarray, "batch 2"]
    share: Float[np.ndarray, "batch 2"]

    @property
    def separation(self) -> _Values:
        """Ashman's D: the distance of the means, over the root mean square deviation."""
        return np.ptp(self.mean, axis=1) * np.sqrt(2 / (self.sd**2).sum(axis=1))

    def __getitem__(self, rows: slice) -> Mixture:
        """Return the mixtures of some of the batch."""
        return Mixture(self.mean[rows], self.sd[rows], self.share[rows])

    def log_density(self, at: Float[np.ndarray, "bin"]) -> Float[np.ndarray, "batch 2 bin"]:
        """Return the logarithm of each share times its density."""
        z = (at - self.mean[..., None]) / self.sd[..., None]
        scale = np.log(self.share) - np.log(self.sd) - 0.5 * np.log(2 * np.pi)
        return scale[..., None] - 0.5 * z**2


def fit(counts: _Counts, at: Float[np.ndarray, "bin"]) -> Mixture:
    """Fit one histogram, shape (1, bin), from several starts; return the likeliest mixture."""
    below = np.cumsum(counts[0]) / counts.sum()
    # At least one bin on each side, whatever the histogram.
    cuts = [np.clip(np.searchsorted(below, share), 0, len(at) - 2) for share in _STARTS]
    lower = np.stack([np.arange(len(at)) <= cut for cut in cuts]).astype(float)
    batch = np.repeat(counts, len(cuts), axis=0)
    start = _maximise(batch, at, np.stack([lower, 1 - lower], axis=1))
    found = refine(batch, at, start, 300)
    best = int(log_likelihood(batch, at, found).argmax())
    return found[best : best + 1]


def refine(
    counts: _Counts, at: Float[np.ndarray, "bin"], start: Mixture, iterations: int
) -> Mixture:
    """Improve mixtures by expectation and maximisation (Dempster, Laird and Rubin 1977)."""
    mixture = start
    for _ in range(iterations):
        joint = mixture.log_density(at)
        first = 1 / (1 + np.exp(np.clip(joint[:, 1] - joint[:, 0], -700, 700)))
        mixture = _maximise(counts, at, np.stack([first, 1 - first], axis=1))
    order = np.argsort(mixture.mean, axis=1)
    return Mixture(*(np.take_along_axis(x, order, 1) for x in (mixture.mean, mixture.sd,
                                                               mixture.share)))  # fmt: skip


def _maximise(
    counts: _Counts, at: Float[np.ndarray, "bin"], responsibility: Float[np.ndarray, "batch 2 bin"]
) -> Mixture:
    """Return the likeliest mixture where it is known how much of each bin belongs to which."""
    mass = counts[:, None] * responsibility + 1e-12 * counts.sum(axis=1)[:, None, None]
    total = mass.sum(axis=2)
    mean = (mass @ at) / total
    variance = (mass * (at - mean[..., None]) ** 2).sum(axis=2) / total
    floor = (_NARROWEST * moments(counts, at)[1])[:, None]
    sd = np.maximum(np.sqrt(variance), floor)
    return Mixture(mean, sd, total / total.sum(axis=1, keepdims=True))


def moments(counts: _Counts, at: Float[np.ndarray, "bin"]) -> tuple[_Values, _Values]:
    """Return mean and standard deviation of each histogram."""
    total = counts.sum(axis=1)
    mean = counts @ at / total
    return mean, np.sqrt((counts * (at - mean[:, None]) ** 2).sum(axis=1) / total)


def log_likelihood(counts: _Counts, at: Float[np.ndarray, "bin"], mixture: Mixture) -> _Values:
    """Return the mean log-likelihood of a point under each mixture."""
    density = np.logaddexp.reduce(mixture.log_density(at), axis=1)
    return (counts * density).sum(axis=1) / counts.sum(axis=1)


def single_log_likelihood(counts: _Counts, at: Float[np.ndarray, "bin"]) -> _Values:
    """Return the mean log-likelihood of a point under one normal distribution each."""
    sd = moments(counts, at)[1]
    return -np.log(sd) - 0.5 * np.log(2 * np.pi) - 0.5


def boundary(mixture: Mixture, at: Float[np.ndarray, "bin"]) -> float:
    """Return the point between the two means where both clusters are equally likely."""
    low, high = mixture.mean[0]
    between = np.linspace(low, high, 4 * len(at))
    joint = mixture[:1].log_density(between)[0]
    return float(between[np.abs(joint[0] - joint[1]).argmin()])


def dip(counts: _Counts, at: Float[np.ndarray, "bin"], mixture: Mixture, units: int) -> _Values:
    """Return how deep a smoothed density sinks between two clusters, in [0, 1].

    0: there is no dip; 1: there is nothing between the clusters. The depth is one minus the
    density there over the lower of the highest densities on either side. The kernel's width is
    Silverman's 0.9 sd n^(-1/5) with the clusters' mean square deviation (that of the whole would
    fill the dip) and with n the number of independent units, walks: wiggles of dependent points
    are smoothed away.
    """
    width = 0.9 * np.sqrt((mixture.share * mixture.sd**2).sum(axis=1)) * units**-0.2
    width = np.maximum(width, at[1] - at[0])
    density = np.stack([
        np.exp(-0.5 * ((at[:, None] - at) / w) ** 2) @ row
        for w, row in zip(width, counts, strict=True)
    ])  # fmt: skip
    left = np.maximum.accumulate(density, axis=1)
    right = np.maximum.accumulate(density[:, ::-1], axis=1)[:, ::-1]
    lower = np.minimum(left, right)
    # Beyond the last points the density underflows to 0: there is no dip out there.
    depth = np.where(lower > 0, 1 - density / np.where(lower > 0, lower, 1), 0)
    inside = (at > mixture.mean[:, :1]) & (at < mixture.mean[:, 1:])
    return np.where(inside, depth, 0).max(axis=1)
