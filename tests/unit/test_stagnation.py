"""Stagnation: the definition beside a slow twin, closed forms and invariances."""

from __future__ import annotations

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import lossviz as lv
from lossviz.analysis.stagnation import _stretches


def slow_stagnation(walk):
    """The definition, value by value: (stretches, mean length, share, window)."""
    low, high = min(walk), max(walk)
    scaled = [(f - low) / (high - low) if high > low else 0.0 for f in walk]
    best = (0, 0.0, 0.0, 0)
    for window in (20, 18, 16, 14, 12, 10, 8, 6):
        if len(walk) - window + 1 <= 5:
            continue
        alpha, average = 2 / (window + 1), [scaled[0]]
        for f in scaled[1:]:
            average.append(alpha * f + (1 - alpha) * average[-1])
        series = [sd(average[t : t + window]) for t in range(len(walk) - window + 1)]
        threshold = sd(series)
        if threshold < 1e-8:
            lengths = [len(series)]
        else:
            lengths, run = [], 0
            for value in [*series, math.inf]:
                if value < threshold:
                    run += 1
                else:
                    lengths += [run] if run > 5 else []
                    run = 0
        mean = sum(lengths) / len(lengths) if lengths else 0.0
        if mean > best[1] * (1 + 1e-12):
            best = (len(lengths), mean, sum(lengths) / len(series), window)
    return best


def sd(values):
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))


def rows(found):
    return list(zip(found.stretches, found.mean_length, found.share, found.window, strict=True))


def agree(found, walks):
    for mine, walk in zip(rows(found), walks, strict=True):
        assert mine == pytest.approx(slow_stagnation(walk), rel=1e-9)


@given(st.integers(0, 10_000), st.integers(1, 4), st.integers(11, 60))
def test_it_is_the_slow_twin(seed, walks, steps):
    rng = np.random.default_rng(seed)
    # Noise that dies out, with a few jumps: stretches of every length.
    loss = rng.normal(size=(walks, steps)) * np.exp(-np.linspace(0, 5, steps))
    loss += rng.random((walks, 1)) * (rng.random((walks, steps)) < 0.1)
    agree(lv.stagnation(loss), loss.tolist())


def test_it_is_the_slow_twin_on_walks(walks):
    for name in ("tanh", "relu"):
        loss = walks[name].loss
        agree(lv.stagnation(loss), loss.values.tolist())


def test_a_constant_walk_is_one_stretch():
    found = lv.stagnation(np.full(100, 0.7))
    # The smallest window gives the longest series: 100 - 6 + 1 values.
    assert (found.stretches, found.mean_length, found.share, found.window) == (1, 95, 1.0, 6)


def test_plateaus_are_counted():
    fall = np.linspace(1, 0, 30)
    stairs = np.concatenate([np.full(60, 3.0), 2 + fall, np.full(60, 2.0), 1 + fall, np.ones(60)])
    found = lv.stagnation(stairs)
    assert found.stretches == 3
    assert 40 < found.mean_length < 65
    assert 0.5 < found.share < 0.8


def test_runs_of_five_or_fewer_do_not_add_up():
    # The public program's counter is not reset after a short run: it would count 5 + 5.
    five, six = [0.0] * 5 + [1.0], [0.0] * 6 + [1.0]
    series = np.array([five * 7, six * 6, [*five * 3, *six * 3, *[1.0] * 3]])
    number, steps = _stretches(series)
    assert number.tolist() == [0, 6, 3]
    assert steps.tolist() == [0, 36, 18]


@pytest.mark.parametrize("change", [lambda f: 8 * f, lambda f: f / 2, lambda f: 4 * f])
def test_the_scale_of_the_loss_does_not_matter(walks, change):
    # Powers of two scale floating-point numbers without rounding.
    loss = walks["tanh"].loss.values
    assert rows(lv.stagnation(change(loss))) == rows(lv.stagnation(loss))


def test_each_walk_stands_alone(walks):
    loss = walks["elu"].loss.values
    together = rows(lv.stagnation(loss))
    assert rows(lv.stagnation(loss[::-1])) == together[::-1]
    for walk, mine in zip(loss, together, strict=True):
        alone = lv.stagnation(walk)
        assert alone.stretches.shape == ()
        assert (alone.stretches, alone.mean_length, alone.share, alone.window) == mine


def test_data_sets_and_arrays_give_the_same(walks):
    data = walks["relu"]
    expected = rows(lv.stagnation(data.loss.values))
    assert rows(lv.stagnation(data)) == rows(lv.stagnation(data.loss)) == expected
    assert rows(lv.stagnation(data.transpose("step", "walk"))) == expected
    assert rows(lv.stagnation(data.loss.values.tolist())) == expected
    assert lv.stagnation(data.loss[0]).stretches == expected[0][0]


def test_other_dimensions_are_refused():
    with pytest.raises(ValueError, match=r"dimensions \(walk, step\) or \(step,\); got \('x',\)"):
        lv.stagnation(xr.DataArray(np.zeros(30), dims="x"))
    with pytest.raises(ValueError, match=r"at least 11 steps; got \(10,\)"):
        lv.stagnation(np.zeros(10))
