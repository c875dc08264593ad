"""Stationary attractors: XOR's predicted levels, and the definition beside a slow twin."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import lossviz as lv

# By the groups of patterns that are forced to one output.
ENTROPY = -(math.log(1 / 3) / 3 + math.log(2 / 3) * 2 / 3)
LEVELS = {
    "cross_entropy": (0.0, math.log(2) / 2, 0.75 * ENTROPY, math.log(2)),
    "squared_error": (0.0, 1 / 8, 1 / 6, 1 / 4),
}


def cloud(loss, norm):
    """A data set of walks from two arrays (walk, step)."""
    variables = {"loss": (("walk", "step"), loss), "gradient_norm": (("walk", "step"), norm)}
    return xr.Dataset({name: (dims, np.asarray(v, float)) for name, (dims, v) in variables.items()})


@pytest.mark.parametrize("loss", LEVELS)
def test_xor_has_its_four_predicted_levels_and_no_other(loss):
    predicted = np.array(LEVELS[loss])
    found = {"tanh": set(), "relu": set(), "elu": set()}
    for name, numbers in found.items():
        for seed in (0, 1):
            for attractor in lv.find_attractors(lv.Landscape("xor", name, loss), seed=seed):
                distance = np.abs(predicted - attractor.level)
                assert distance.min() < 0.02, (name, attractor)
                numbers.add(int(distance.argmin()))
    assert found["tanh"] == found["relu"] == {0, 1, 2, 3}
    assert found["elu"] >= {0, 1, 3}  # the third is rare among its walks


def test_bipolar_xor_has_the_same_levels():
    found = lv.find_attractors(lv.Landscape("xor-bipolar", "relu"))
    assert [a.level for a in found] == pytest.approx(LEVELS["cross_entropy"], abs=0.02)


def test_sampling_is_that_of_the_micro_setting():
    landscape = lv.Landscape("xor", "tanh")
    walks = lv.progressive_gradient_walk(
        landscape, 20, 1000, 0.02, 1.0, 3, measures=("loss", "gradient_norm")
    )
    assert lv.find_attractors(walks) == lv.find_attractors(landscape, num_walks=20, seed=3)


# --- the definition ---------------------------------------------------------------------------


def test_two_dips_are_two_attractors_with_their_walks():
    loss = [[0.10, 0.11, 0.50], [0.50, 0.51, 0.90], [0.91, 0.92, 0.93]]
    norm = [[0.005, 0.009, 0.3], [0.002, 0.3, 0.4], [0.5, 0.5, 0.5]]
    low, high = lv.find_attractors(cloud(loss, norm))
    assert low == lv.Attractor(0.10, 0.005, points=2, walks=1, walk_share=1 / 3)
    assert high == lv.Attractor(0.50, 0.002, points=1, walks=1, walk_share=1 / 3)


def test_a_deeper_point_nearby_hides_a_low_point_also_across_the_tolerance_of_loss():
    loss, norm = [[0.20, 0.22, 0.26]], [[0.004, 0.001, 0.003]]
    assert [a.level for a in lv.find_attractors(cloud(loss, norm))] == [0.22, 0.26]
    assert [a.level for a in lv.find_attractors(cloud(loss, norm), separation=0.1)] == [0.22]


def test_equal_gradients_in_one_window_are_one_level():
    (only,) = lv.find_attractors(cloud([[0.5, 0.51, 0.505]], [[0.0, 0.0, 0.0]]))
    assert (only.gradient_norm, only.points) == (0.0, 3)


def test_no_low_point_is_no_attractor():
    assert lv.find_attractors(cloud([[0.1, 0.2]], [[0.5, 0.6]])) == ()


def test_levels_of_fewer_walks_are_left_out():
    loss, norm = [[0.1, 0.5], [0.1, 0.9]], [[1e-3, 2e-3], [2e-3, 0.5]]
    assert [a.level for a in lv.find_attractors(cloud(loss, norm), min_walks=2)] == [0.1]


def test_the_order_of_dimensions_does_not_matter():
    walks = cloud([[0.1, 0.5, 0.4]], [[1e-3, 2e-3, 0.5]])
    assert lv.find_attractors(walks) == lv.find_attractors(walks.transpose("step", "walk"))


def slow_levels(loss, norm, tolerance, separation):
    """Low points that have the smallest gradient of all points within the separation."""
    return [
        loss[i]
        for i in range(len(loss))
        if norm[i] <= tolerance
        and all(
            norm[i] <= norm[j] for j in range(len(loss)) if abs(loss[i] - loss[j]) <= separation
        )
    ]


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 12))
def test_levels_are_those_of_the_slow_twin(seed, walks, steps):
    rng = np.random.default_rng(seed)
    loss, norm = rng.uniform(0, 0.5, (walks, steps)), rng.uniform(0, 0.02, (walks, steps))
    found = lv.find_attractors(cloud(loss, norm))
    levels = [a.level for a in found]
    assert levels == sorted(slow_levels(loss.ravel(), norm.ravel(), 0.01, 0.03))
    low = norm <= 0.01
    nearest = np.abs(loss[..., None] - levels).argmin(axis=-1) if levels else None
    for number, attractor in enumerate(found):
        mine = low & (nearest == number)
        assert attractor.points == mine.sum()
        assert attractor.walks == mine.any(axis=1).sum()
        assert attractor.walk_share == attractor.walks / walks
    assert sum(a.points for a in found) == (low.sum() if levels else 0)


def test_bootstrap_interval_covers_the_mean_as_often_as_it_says():
    rng, hits = np.random.default_rng(0), 0
    for seed in range(300):
        estimate = lv.bootstrap_mean(rng.normal(2.0, 1.0, 60), level=0.9, resamples=300, seed=seed)
        assert estimate.low <= estimate.mean <= estimate.high
        hits += estimate.low <= 2.0 <= estimate.high
    assert 0.83 < hits / 300 < 0.96


def test_bootstrap_is_repeatable_and_follows_its_level():
    values = np.arange(20.0)
    wide, narrow = lv.bootstrap_mean(values, 0.99), lv.bootstrap_mean(values, 0.5)
    assert wide == lv.bootstrap_mean(values, 0.99)
    assert wide.low < narrow.low < narrow.mean == 9.5 < narrow.high < wide.high
    assert lv.bootstrap_mean([3.0]) == lv.Estimate(3.0, 3.0, 3.0, 0.95)
