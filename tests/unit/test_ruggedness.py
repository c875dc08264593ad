"""Ruggedness, neutrality and gradient measures beside slow twins, with closed forms."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import lossviz as lv

SEEDS = st.integers(0, 10_000)


def noise(seed, walks, steps):
    """Random walks of the loss with plateaus, so that all three symbols occur."""
    rng = np.random.default_rng(seed)
    steps_ = rng.normal(size=(walks, steps)) * (rng.random((walks, steps)) < 0.7)
    return np.cumsum(steps_, axis=1)


# --- FEM --------------------------------------------------------------------------------------


def slow_fem(walk):
    difference = [b - a for a, b in pairwise(walk)]
    top, best = max(map(abs, difference)), 0.0
    for k in range(21):
        epsilon = top * (k / 20)
        symbols = [-1 if d < -epsilon else 1 if d > epsilon else 0 for d in difference]
        pairs = Counter(pairwise(symbols))
        shares = [n / (len(symbols) - 1) for (p, q), n in pairs.items() if p != q]
        best = max(best, -sum(share * math.log(share, 6) for share in shares))
    return best


@given(SEEDS, st.integers(1, 4), st.integers(3, 40))
def test_ruggedness_is_the_slow_twin(seed, walks, steps):
    loss = noise(seed, walks, steps)
    assert lv.ruggedness(loss) == pytest.approx([slow_fem(walk) for walk in loss.tolist()])


def test_smooth_walks_have_no_ruggedness():
    assert lv.ruggedness(np.arange(50.0)) == 0
    assert lv.ruggedness(np.full(50, 3.0)) == 0


def test_a_zigzag_has_two_of_six_pairs():
    walk = [0.0, 1.0] * 50 + [0.0]  # 100 differences, 99 pairs: 50 and 49
    shares = np.array([50, 49]) / 99
    assert lv.ruggedness(walk) == pytest.approx(-(shares * np.log(shares)).sum() / math.log(6))


def test_all_six_pairs_count():
    # A closed path that uses each pair of unequal symbols once: its entropy is log_6 6 = 1.
    symbols = [0, 1, 0, -1, 1, -1, 0]
    steps = np.array(symbols[:1] + symbols[1:] * 200, float)
    walk = np.concatenate([[0.0], np.cumsum(steps)])
    assert lv.ruggedness(walk) == pytest.approx(1.0, abs=1e-9)


@given(SEEDS)
def test_ruggedness_is_in_the_unit_interval_and_free_of_scale(seed):
    loss = noise(seed, 3, 60)
    found = lv.ruggedness(loss)
    assert ((found >= 0) & (found <= 1)).all()
    np.testing.assert_allclose(lv.ruggedness(-4 * loss), found, rtol=1e-12)
    np.testing.assert_allclose(lv.ruggedness(loss[:, ::-1]), found, rtol=1e-12)


# --- neutrality -------------------------------------------------------------------------------


def slow_neutrality(walk, epsilon):
    span = max(walk) - min(walk)
    threes = [walk[t : t + 3] for t in range(len(walk) - 2)]
    flat = [max(three) - min(three) <= epsilon * span for three in threes]
    longest = run = 0
    for each in flat:
        run = run + 1 if each else 0
        longest = max(longest, run)
    return sum(flat) / len(flat), longest / len(flat)


@given(SEEDS, st.integers(1, 4), st.integers(3, 40), st.sampled_from([0.0, 1e-8, 0.1, 0.5, 1.0]))
def test_neutrality_is_the_slow_twin(seed, walks, steps, epsilon):
    loss = noise(seed, walks, steps)
    found = lv.neutrality(loss, epsilon)
    expected = [slow_neutrality(walk, epsilon) for walk in loss.tolist()]
    assert list(zip(found.m1, found.m2, strict=True)) == expected


def test_neutrality_of_plain_walks():
    flat, slope = lv.neutrality(np.full(20, 2.0)), lv.neutrality(np.arange(20.0))
    assert (flat.m1, flat.m2, slope.m1, slope.m2) == (1, 1, 0, 0)


def test_a_run_that_reaches_the_end_counts():
    found = lv.neutrality([0.0, 1.0, 2.0, 2.0, 2.0, 2.0])
    assert (found.m1, found.m2) == (0.5, 0.5)


@given(SEEDS, st.floats(0, 1))
def test_m2_is_at_most_m1_and_both_grow_with_epsilon(seed, epsilon):
    loss = noise(seed, 3, 30)
    small, large = lv.neutrality(loss, epsilon / 2), lv.neutrality(loss, epsilon)
    assert (large.m2 <= large.m1).all()
    assert (small.m1 <= large.m1).all()
    assert (small.m2 <= large.m2).all()


# --- gradient measures ------------------------------------------------------------------------


def slow_gradient(walk, step, bounds, m):
    span = max(walk) - min(walk)
    size = [
        abs(((b - a) / span) / (step / (2 * bounds * m))) if span else 0.0
        for a, b in pairwise(walk)
    ]
    mean = sum(size) / len(size)
    spread = sum((mean - each) ** 2 for each in size) / (len(walk) - 2)
    return mean, math.sqrt(spread)


@given(SEEDS, st.integers(1, 4), st.integers(3, 40))
def test_gradient_measures_are_the_slow_twin(seed, walks, steps):
    loss = noise(seed, walks, steps)
    found = lv.gradient_measures(loss, 0.2, 3.0, 7)
    for mean, spread, walk in zip(found.average, found.deviation, loss.tolist(), strict=True):
        assert (mean, spread) == pytest.approx(slow_gradient(walk, 0.2, 3.0, 7))


def test_a_constant_walk_has_no_gradient():
    found = lv.gradient_measures(np.ones((2, 9)), 0.1, 1.0, 3)
    assert not found.average.any()
    assert not found.deviation.any()


def test_a_straight_slope_has_the_gradient_one():
    # From one corner of the cube to the opposite one, in equal steps that lower the loss equally.
    walk = np.linspace(1, 0, 1 + 4 * 10)
    found = lv.gradient_measures(walk, max_step=0.2, bounds=1.0, num_weights=4)
    assert found.average == pytest.approx(1)
    assert found.deviation == pytest.approx(0, abs=1e-12)


def test_a_data_set_tells_its_settings():
    loss = xr.DataArray(noise(1, 2, 20), dims=("walk", "step"))
    attrs = {"max_step": 0.5, "bounds": 2.0, "layers": "2-2-1"}
    data = xr.Dataset({"loss": loss}, attrs=attrs)
    expected = lv.gradient_measures(loss.values, 0.5, 2.0, 9)
    np.testing.assert_array_equal(lv.gradient_measures(data).average, expected.average)
    twice = lv.gradient_measures(data, max_step=0.25)
    np.testing.assert_allclose(twice.deviation, 2 * expected.deviation)
    weights = xr.Dataset({"weights": (("weight",), np.zeros(18))}, attrs=attrs)
    np.testing.assert_allclose(
        lv.gradient_measures(data.merge(weights)).average, 2 * expected.average
    )


@pytest.mark.parametrize(
    ("drop", "name"),
    [("max_step", "max_step"), ("bounds", "bounds"), ("layers", "num_weights")],
)
def test_what_is_not_known_must_be_given(drop, name):
    attrs = {"max_step": 0.5, "bounds": 2.0, "layers": "2-2-1"}
    loss = xr.DataArray(noise(1, 2, 20), dims=("walk", "step"))
    data = xr.Dataset({"loss": loss}, attrs={k: v for k, v in attrs.items() if k != drop})
    with pytest.raises(ValueError, match=f"{name} must be given"):
        lv.gradient_measures(data)


def test_an_unbounded_walk_has_no_bounds():
    walks = lv.progressive_gradient_walk(
        lv.Landscape("xor", "tanh"), 2, 5, 0.1, 1.0, 0, measures=("loss",)
    )
    with pytest.raises(ValueError, match="walks must be Manhattan walks; got those of prog"):
        lv.gradient_measures(walks)
    walks.attrs["sampler"] = "manhattan_walk"
    with pytest.raises(ValueError, match="bounds must be given"):
        lv.gradient_measures(walks)
    assert (lv.gradient_measures(walks, bounds=1.0).average > 0).all()


def test_single_walks_give_single_numbers():
    walk = noise(3, 1, 20)
    for function in (lv.ruggedness, lambda f: lv.neutrality(f).m1,
                     lambda f: lv.gradient_measures(f, 0.1, 1.0, 2).average):  # fmt: skip
        assert np.shape(function(walk[0])) == ()
        assert function(walk[0]) == function(walk)[0]
