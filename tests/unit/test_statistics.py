"""Bootstraps, effect sizes and rank tests beside slow twins and known values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import lossviz as lv

SEEDS = st.integers(0, 10_000)
SIZES = st.integers(1, 25)


def tied(rng, size):
    """Values with many ties."""
    return rng.integers(0, 6, size) / 2


# --- bootstrap --------------------------------------------------------------------------------


def test_the_bootstrap_of_a_mean_covers_it_as_often_as_it_says():
    rng, hits = np.random.default_rng(0), 0
    for seed in range(200):
        found = lv.bootstrap(rng.normal(2.0, 1.0, 50), np.mean, None, 0.9, 200, seed)
        assert found.low <= found.value <= found.high
        hits += found.low <= 2.0 <= found.high
    assert 0.83 < hits / 200 < 0.96


def test_walks_are_resampled_whole():
    # Every walk has the sum 1: so has every resample's mean walk.
    walks = np.random.default_rng(0).dirichlet(np.ones(7), size=12)
    found = lv.bootstrap(walks, lambda rows: rows.mean(axis=0).sum(), resamples=50)
    assert (found.low, found.high) == pytest.approx((1, 1))


def test_groups_are_resampled_among_themselves():
    values, groups = [0.0, 0.0, 0.0, 9.0, 9.0], ["a", "a", "a", "b", "b"]
    fixed = lv.bootstrap(values, np.mean, groups)
    assert (fixed.value, fixed.low, fixed.high) == pytest.approx((3.6, 3.6, 3.6))
    free = lv.bootstrap(values, np.mean)
    assert free.low < 3.6 < free.high


def test_one_group_is_no_group_and_labels_can_be_anything():
    values = np.random.default_rng(1).normal(size=20)
    expected = lv.bootstrap(values, np.median, resamples=99)
    assert lv.bootstrap(values, np.median, [3] * 20, resamples=99) == expected
    split = lv.bootstrap(values, np.median, ["x", "y"] * 10, resamples=99)
    assert split == lv.bootstrap(values, np.median, np.arange(20) % 2, resamples=99) != expected


def test_a_stratified_interval_is_narrower_where_groups_differ():
    rng = np.random.default_rng(2)
    groups = np.repeat(np.arange(4), 15)
    values = 5 * groups + rng.normal(size=60)
    inside, across = lv.bootstrap(values, np.mean, groups), lv.bootstrap(values, np.mean)
    assert inside.high - inside.low < (across.high - across.low) / 3


def test_the_bootstrap_is_repeatable_and_leaves_its_input():
    values = np.random.default_rng(3).normal(size=(10, 4))
    before = values.copy()
    first = lv.bootstrap(values, lambda rows: float(rows.max()), seed=5)
    assert first == lv.bootstrap(values, lambda rows: float(rows.max()), seed=5)
    np.testing.assert_array_equal(values, before)


# --- Cliff's delta ----------------------------------------------------------------------------


def slow_delta(a, b):
    return sum(int(x > y) - int(x < y) for x in a for y in b) / (len(a) * len(b))


@given(SEEDS, SIZES, SIZES)
def test_delta_is_the_quadratic_twin(seed, n, m):
    rng = np.random.default_rng(seed)
    a, b = tied(rng, n), tied(rng, m)
    found = lv.cliffs_delta(a, b, resamples=5)
    assert found.value == pytest.approx(slow_delta(a, b), rel=1e-12, abs=1e-15)
    assert lv.cliffs_delta(b, a, resamples=5).value == -found.value
    assert lv.cliffs_delta(np.exp(a), np.exp(b), resamples=5).value == found.value


@pytest.mark.parametrize("paired", [False, True])
def test_resampled_deltas_are_those_of_resampled_values(paired):
    rng = np.random.default_rng(0)
    a, b = tied(rng, 9), tied(rng, 9)
    found = lv.cliffs_delta(a, b, paired, level=0.8, resamples=40, seed=7)
    draw, drawn = np.random.default_rng(7), []
    mine = draw.multinomial(9, np.full(9, 1 / 9), size=40)
    other = mine if paired else draw.multinomial(9, np.full(9, 1 / 9), size=40)
    for first, second in zip(mine, other, strict=True):
        drawn.append(slow_delta(np.repeat(a, first), np.repeat(b, second)))
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(drawn, [0.1, 0.9])))


def test_delta_of_samples_apart_and_alike():
    apart, alike = lv.cliffs_delta([5, 6, 7], [1, 2]), lv.cliffs_delta([1, 1], [1, 1, 1])
    assert (apart.value, apart.low, apart.high) == (1, 1, 1)
    assert (alike.value, alike.low, alike.high) == (0, 0, 0)


def test_deltas_interval_covers_the_truth_as_often_as_it_says():
    # P(x > y) for unit normals one apart: delta = 2 Phi(1/sqrt 2) - 1.
    truth, rng, hits = 2 * stats.norm.cdf(1 / np.sqrt(2)) - 1, np.random.default_rng(1), 0
    for seed in range(200):
        a, b = rng.normal(1, 1, 40), rng.normal(0, 1, 30)
        found = lv.cliffs_delta(a, b, level=0.9, resamples=200, seed=seed)
        hits += found.low <= truth <= found.high
    assert 0.83 < hits / 200 < 0.96


# --- rank tests -------------------------------------------------------------------------------


@given(SEEDS, SIZES, SIZES)
def test_u_counts_pairs_and_the_effect_is_delta(seed, n, m):
    rng = np.random.default_rng(seed)
    a, b = tied(rng, n), tied(rng, m)
    found = lv.rank_test(a, b)
    assert (found.test, found.count) == ("mann-whitney", n + m)
    assert found.statistic == sum((x > y) + (x == y) / 2 for x in a for y in b)
    assert found.effect == pytest.approx(slow_delta(a, b), abs=1e-12)
    assert 0 <= found.p_value <= 1


@given(SEEDS, SIZES)
def test_w_sums_the_ranks_of_positive_differences(seed, n):
    rng = np.random.default_rng(seed)
    a, b = tied(rng, n), tied(rng, n)
    found = lv.rank_test(a, b, paired=True)
    d = [x - y for x, y in zip(a, b, strict=True) if x != y]
    ranks = [
        sum(abs(e) < abs(x) for e in d) + (sum(abs(e) == abs(x) for e in d) + 1) / 2 for x in d
    ]
    up = sum(r for r, x in zip(ranks, d, strict=True) if x > 0)
    assert (found.test, found.count, found.statistic) == ("wilcoxon", len(d), up)
    assert found.effect == pytest.approx((2 * up - sum(ranks)) / sum(ranks) if d else 0)
    assert 0 <= found.p_value <= 1


def test_exact_p_values_of_small_samples():
    # All 3 + 3 values ordered: 2 of 20 orders are as extreme. All 5 differences up: 2 of 32.
    assert lv.rank_test([4, 5, 6], [1, 2, 3]).p_value == pytest.approx(2 / 20)
    up = lv.rank_test([2, 4, 6, 8, 10], [1, 2, 3, 4, 5], paired=True)
    assert up.p_value == pytest.approx(2 / 32)
    assert up.effect == 1


def test_equal_samples_cannot_be_told_apart():
    for paired in (False, True):
        found = lv.rank_test(np.ones(5), np.ones(5), paired)
        assert (found.p_value, found.effect) == (1, 0)


@pytest.mark.parametrize("paired", [False, True])
def test_p_values_are_uniform_where_nothing_differs(paired):
    rng = np.random.default_rng(4)
    p = [lv.rank_test(rng.normal(size=20), rng.normal(size=20), paired).p_value
         for _ in range(300)]  # fmt: skip
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.09
    assert 0.4 < np.mean(p) < 0.6


# --- all pairs --------------------------------------------------------------------------------


def slow_holm(p):
    order = sorted(range(len(p)), key=p.__getitem__)
    adjusted, least = [0.0] * len(p), 0.0
    for position, i in enumerate(order):
        least = max(least, min(1.0, (len(p) - position) * p[i]))
        adjusted[i] = least
    return adjusted


@pytest.mark.parametrize("paired", [False, True])
def test_all_pairs_are_compared_and_corrected(paired):
    rng = np.random.default_rng(0)
    groups = {name: rng.normal(shift, 1, 25) for name, shift in zip("abcd", (0, 0.2, 1, 3))}  # noqa: B905
    found = lv.compare(groups, paired, resamples=50)
    assert [c.first + c.second for c in found] == ["ab", "ac", "ad", "bc", "bd", "cd"]
    for each in found:
        a, b = groups[each.first], groups[each.second]
        assert each.test == lv.rank_test(a, b, paired)
        assert each.delta == lv.cliffs_delta(a, b, paired, resamples=50)
    p = [c.test.p_value for c in found]
    assert [c.p_adjusted for c in found] == pytest.approx(slow_holm(p), rel=1e-12, abs=0)
    assert all(c.p_adjusted >= c.test.p_value for c in found)


def test_two_groups_need_no_correction():
    (only,) = lv.compare({"x": [1.0, 2.0, 3.0], "y": [4.0, 5.0, 7.0]}, resamples=10)
    assert only.p_adjusted == only.test.p_value
