"""Valleys: constructed clouds with one and with two clusters, and walks on XOR."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from sklearn.mixture import GaussianMixture

import lossviz as lv
from lossviz.analysis import _mixture

LOW = 0.1  # one loss for all points: all are low


def cloud(log_norm):
    norm = 10.0**log_norm
    return np.full(norm.shape, LOW), norm


def two(rng, walks=60, distance=2.5, share=0.5, steps=50):
    """Two clusters, 0.5 decades wide: walks live in one of them."""
    centre = np.where(np.arange(walks) < share * walks, -4.0, -4.0 + distance)[:, None]
    return rng.normal(centre + rng.normal(0, 0.2, (walks, 1)), 0.45, (walks, steps))


ONE = {
    "normal": lambda rng, w: rng.normal(-3, 1, (w, 50)),
    "walks of their own": lambda rng, w: rng.normal(rng.normal(-3, 0.7, (w, 1)), 0.7, (w, 50)),
    "skew": lambda rng, w: -rng.exponential(1, (w, 50)),
    "skew walks": lambda rng, w: -rng.exponential(rng.uniform(0.3, 2, (w, 1)), (w, 50)),
    "uniform": lambda rng, w: rng.uniform(-4, -1, (w, 50)),
    "heavy tails": lambda rng, w: rng.standard_t(3, (w, 50)),
    "random walks": lambda rng, w: np.cumsum(rng.normal(0, 0.2, (w, 50)), axis=1),
}


@pytest.mark.parametrize("kind", ONE)
@pytest.mark.parametrize("walks", [12, 60])
def test_one_cluster_is_not_taken_for_two(kind, walks):
    rng = np.random.default_rng(0)
    verdicts = [lv.find_valleys(cloud(ONE[kind](rng, walks)), resamples=60).bimodal
                for _ in range(6)]  # fmt: skip
    assert not any(verdicts)


@pytest.mark.parametrize("share", [0.5, 0.2])
def test_two_clusters_are_found(share):
    rng = np.random.default_rng(1)
    for _ in range(5):
        found = lv.find_valleys(cloud(two(rng, share=share)), quantile=0.99, resamples=60)
        assert found.bimodal
        assert np.log10([found.wide.gradient_norm, found.narrow.gradient_norm]) == pytest.approx(
            [-4, -1.5], abs=0.15
        )
        assert (found.wide.share, found.narrow.share) == pytest.approx((share, 1 - share), abs=0.03)
        assert found.wide.spread == pytest.approx(0.49, abs=0.1)
        assert found.separation.low < found.separation.value < found.separation.high
        # D = 2.5 / 0.49 and a dip almost to nothing.
        assert found.separation.value == pytest.approx(5.1, abs=0.7)
        assert found.dip.value > 0.7


def test_a_tiny_cluster_or_one_of_a_single_walk_is_no_valley():
    rng = np.random.default_rng(2)
    tiny = two(rng, walks=60, share=0.034, distance=4)
    assert not lv.find_valleys(cloud(tiny), resamples=60).bimodal
    alone = rng.normal(-4, 0.4, (8, 50))
    alone[0] += 4
    assert not lv.find_valleys(cloud(alone), resamples=60).bimodal


def test_labels_follow_the_loss_and_the_boundary():
    rng = np.random.default_rng(3)
    loss, norm = cloud(two(rng))
    loss = loss * rng.uniform(0, 2, loss.shape)
    found = lv.find_valleys((loss, norm), quantile=0.4, resamples=20)
    low = loss <= np.quantile(loss, 0.4)
    assert found.level == np.quantile(loss, 0.4)
    np.testing.assert_array_equal(found.labels >= 0, low)
    np.testing.assert_array_equal(found.labels == 1, low & (norm > found.boundary))
    for number, valley in enumerate((found.wide, found.narrow)):
        mine = found.labels == number
        assert valley.name == ("wide", "narrow")[number]
        assert valley.points == mine.sum()
        assert valley.walks == mine.any(axis=1).sum()
        assert valley.loss == np.median(loss[mine])
        assert valley.share == mine.sum() / low.sum()
    same = lv.find_valleys((loss, norm), level=found.level, resamples=20)
    np.testing.assert_array_equal(same.labels, found.labels)


def test_a_gradient_of_zero_is_in_the_wide_valley_and_out_of_the_fit():
    rng = np.random.default_rng(4)
    loss, norm = cloud(two(rng))
    more = np.concatenate([norm, np.zeros((10, 50))])
    found = lv.find_valleys((np.full(more.shape, LOW), more), resamples=20)
    without = lv.find_valleys((loss, norm), resamples=20)
    assert (found.labels[-10:] == 0).all()
    assert found.wide.gradient_norm == without.wide.gradient_norm
    assert found.separation == without.separation
    assert found.wide.points == without.wide.points + 500


def test_a_unit_of_the_gradient_does_not_matter():
    loss, norm = cloud(two(np.random.default_rng(5)))
    here, there = (lv.find_valleys((loss, f * norm), resamples=20) for f in (1.0, 100.0))
    np.testing.assert_array_equal(here.labels, there.labels)
    assert there.narrow.gradient_norm == pytest.approx(100 * here.narrow.gradient_norm)
    assert there.separation.low == pytest.approx(here.separation.low)
    assert there.dip.value == pytest.approx(here.dip.value)


def test_the_order_of_walks_and_dimensions_does_not_matter(walks):
    data = walks["relu"]
    found = lv.find_valleys(data, resamples=20)
    pair = lv.find_valleys((data.loss.values, data.gradient_norm.values), resamples=20)
    turned = lv.find_valleys(data.transpose("step", "walk"), resamples=20)
    back = lv.find_valleys(data.isel(walk=slice(None, None, -1)), resamples=20)
    for other in (pair, turned):
        np.testing.assert_array_equal(found.labels, other.labels)
        assert (found.separation, found.dip) == (other.separation, other.dip)
    np.testing.assert_array_equal(found.labels, back.labels[::-1])
    assert back.separation.value == pytest.approx(found.separation.value)


def test_walks_on_xor_are_split_and_judged():
    # Measured: the low points of these clouds form one broad cluster by every criterion.
    for name in ("tanh", "relu", "elu"):
        data = lv.progressive_gradient_walk(
            lv.Landscape("xor", name), 90, 300, 0.05, 1.0, 0, measures=("loss", "gradient_norm")
        )
        found = lv.find_valleys(data, resamples=60)
        assert found.wide.gradient_norm < found.boundary < found.narrow.gradient_norm
        assert found.wide.loss < found.narrow.loss  # low gradients go with low losses
        assert found.wide.share + found.narrow.share == pytest.approx(1)
        assert not found.bimodal


def test_missing_points_are_told():
    with pytest.raises(ValueError, match="two or more low points with different gradient"):
        lv.find_valleys((np.ones((3, 4)), np.zeros((3, 4))))
    with pytest.raises(ValueError, match="two or more low points with different gradient"):
        lv.find_valleys((np.ones((3, 4)), np.ones((3, 4))))
    with pytest.raises(ValueError, match=r"level must be at least the smallest loss, 1; got 0\.5"):
        lv.find_valleys((np.ones((3, 4)), np.ones((3, 4))), level=0.5)
    with pytest.raises(TypeError, match="pair of arrays"):
        lv.find_valleys(xr.DataArray(np.ones((3, 4))))


# --- the mixture ------------------------------------------------------------------------------


@pytest.mark.parametrize("distance", [1.2, 2.5])
def test_the_binned_mixture_is_that_of_the_points(distance):
    points = two(np.random.default_rng(6), distance=distance, share=0.4).ravel()
    counts, edges = np.histogram(points, 400)
    at = (edges[1:] + edges[:-1]) / 2
    mine = _mixture.fit(counts[None].astype(float), at)
    slow = GaussianMixture(2, n_init=3, random_state=0, tol=1e-8, max_iter=2000)
    slow.fit(points[:, None])
    order = slow.means_.ravel().argsort()
    assert mine.mean[0] == pytest.approx(slow.means_.ravel()[order], abs=0.03)
    assert mine.share[0] == pytest.approx(slow.weights_[order], abs=0.02)
    assert mine.sd[0] ** 2 == pytest.approx(slow.covariances_.ravel()[order], rel=0.1)
    likelihood = _mixture.log_likelihood(counts[None], at, mine)[0]
    assert likelihood == pytest.approx(slow.score(points[:, None]), abs=2e-3)


def test_likelihood_never_falls_while_a_mixture_is_refined():
    points = two(np.random.default_rng(7)).ravel()
    counts, edges = np.histogram(points, 200)
    at, counts = (edges[1:] + edges[:-1]) / 2, counts[None].astype(float)
    mixture = _mixture.Mixture(*(np.array([x]) for x in ([-5.0, 0.0], [1.0, 1.0], [0.5, 0.5])))
    values = []
    for _ in range(30):
        values.append(_mixture.log_likelihood(counts, at, mixture)[0])
        mixture = _mixture.refine(counts, at, mixture, 1)
    assert (np.diff(values) > -1e-9).all()
    assert values[-1] > values[0] + 0.1


def test_the_likelihood_of_one_cluster_is_the_normal_one():
    points = np.random.default_rng(8).normal(2, 3, 5000)
    counts, edges = np.histogram(points, 300)
    value = _mixture.single_log_likelihood(counts[None], (edges[1:] + edges[:-1]) / 2)[0]
    expected = stats.norm(points.mean(), points.std()).logpdf(points).mean()
    assert value == pytest.approx(expected, abs=1e-3)


def test_the_dip_of_known_densities():
    at = np.linspace(-6, 6, 400)
    for distance, dip in ((4.0, None), (0.0, 0.0)):
        density = stats.norm.pdf(at, -distance / 2) + stats.norm.pdf(at, distance / 2)
        mean, one = np.array([[-2.0, 2.0]]), np.ones((1, 2))
        mixture = _mixture.Mixture(mean, one, one / 2)
        found = _mixture.dip(density[None], at, mixture, units=10**9)[0]
        # A narrow kernel leaves the density: at 0 it is 2 phi(2), at the peaks about phi(0).
        expected = 1 - 2 * stats.norm.pdf(2) / stats.norm.pdf(0) if dip is None else dip
        assert found == pytest.approx(expected, abs=0.01)


def test_there_is_no_dip_where_the_density_is_nothing():
    at = np.linspace(-60, 60, 400)
    counts = np.zeros((1, 400))
    counts[0, :20] = 1  # a kernel of width 1 is 0 in double precision beyond 39
    one = np.ones((1, 2))
    mixture = _mixture.Mixture(np.array([[-57.0, 57.0]]), one, one / 2)
    assert _mixture.dip(counts, at, mixture, units=10**9)[0] == pytest.approx(0, abs=1e-12)
