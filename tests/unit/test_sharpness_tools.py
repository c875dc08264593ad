"""The edge of stability, outliers of a spectrum, and the recorded runs of the chapter on them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import lossviz as lv
import record_sharpness

RESULTS = Path(__file__).resolve().parents[2] / "book" / "results"
POSITIVE = st.floats(1e-3, 1e3)
RECORDS = st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=12)


# --- the edge of stability --------------------------------------------------------------------


def slow_edge(loss, sharpness, rate):
    """The same by going through the records one by one."""
    ratios, rises, reached = [], [], None
    for i, sharp in enumerate(sharpness):
        if reached is None and sharp >= 2 / rate:
            reached = i
        if reached is not None:
            ratios.append(sharp * rate / 2)
            if i > reached:
                rises.append(loss[i] > loss[i - 1])
    if reached is None:
        return None, None, None, None
    above = sum(sharp > 2 / rate for sharp in sharpness[reached:]) / len(ratios)
    return reached, np.median(ratios), above, np.mean(rises) if rises else None


@given(RECORDS, st.sampled_from([0.01, 0.1, 1.0, 3.0]))
def test_the_edge_is_that_of_the_slow_twin(records, rate):
    loss, sharpness = map(list, zip(*records, strict=True))
    found = lv.edge_of_stability(loss, sharpness, rate)
    reached, hover, above, rises = slow_edge(loss, sharpness, rate)
    assert (found.reached, found.above, found.rises) == (reached, above, rises)
    assert found.hover == (None if hover is None else pytest.approx(hover))


@given(RECORDS, st.sampled_from([0.25, 4.0]))
def test_only_the_product_of_sharpness_and_rate_counts(records, factor):
    loss, sharpness = map(np.array, zip(*records, strict=True))
    one = lv.edge_of_stability(loss, sharpness, 0.5)
    other = lv.edge_of_stability(factor * loss, sharpness / factor, 0.5 * factor)
    assert (one.reached, one.hover, one.above, one.rises) == (
        other.reached, other.hover, other.above, other.rises
    )  # fmt: skip


def test_a_quadratic_beyond_the_limit_only_rises():
    walk = lv.quadratic_descent([2.5], [1.0], rate=1.0, num_steps=9)
    found = lv.edge_of_stability(1.25 * walk[:, 0] ** 2, np.full(9, 2.5), 1.0)
    assert (found.reached, found.hover, found.above, found.rises) == (0, 1.25, 1.0, 1.0)


# --- outliers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 9, 25])
def test_planted_outliers_are_counted(count):
    rng = np.random.default_rng(count)
    bulk, apart = rng.uniform(0.5, 1.0, 200), rng.uniform(3.0, 4.0, count)
    values = rng.permutation(np.concatenate([bulk, -bulk, apart, [0.0]]))
    found = lv.spectral_outliers(values)
    assert found.count == count
    assert found.ratio == apart.min() / bulk.max()


def test_no_more_are_counted_than_asked_for():
    assert lv.spectral_outliers([9.0, 8.0, 7.0, 1.0], most=2).count == 2
    assert lv.spectral_outliers([9.0, 8.0, 7.0, 1.0], most=9).count == 3


@given(st.lists(POSITIVE, min_size=2, max_size=30), st.sampled_from([0.5, 1024.0]))
def test_the_gap_is_the_widest_whatever_the_scale(values, factor):
    found = lv.spectral_outliers(values)
    ordered = sorted(values, reverse=True)[:26]
    ratios = [a / b for a, b in itertools.pairwise(ordered)]
    assert found == lv.Outliers(ratios.index(max(ratios)) + 1, max(ratios))
    assert lv.spectral_outliers(factor * np.array(values)) == found


def test_softmax_shifts_leave_as_many_outliers_as_classes_less_one():
    """At the start hidden outputs are nearly alike, so the Gauss-Newton part sees k - 1 shifts."""
    landscape = lv.Landscape("digits", "tanh", loss="softmax_cross_entropy")
    start = landscape.initial(1, seed=3, start_range=0.05)[0]
    bent = lv.hessian_parts(landscape, start).gauss_newton
    assert lv.spectral_outliers(np.linalg.eigvalsh(bent.numpy())).count == 9


# --- recorded runs ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stability", "flatness"])
def test_files_are_small_finite_and_say_how_they_were_made(name):
    path = RESULTS / f"{name}.nc"
    assert path.stat().st_size < 300_000
    data = xr.load_dataset(path)
    assert all(np.isfinite(each).all() for each in data.data_vars.values())
    wanted = {"problem", "layers", "loss_function", "start_range", *record_sharpness.made_with()}
    assert wanted <= data.attrs.keys()


@pytest.mark.parametrize(("name", "rate"), [("tanh", 1.0), ("relu", 2.0), ("elu", 4.0)])
def test_recorded_runs_begin_as_they_do_now(name, rate):
    again = record_sharpness.stability_run(name, rate, num_steps=51)
    kept = xr.load_dataset(RESULTS / "stability.nc").sel(activation=name, learning_rate=rate)
    for variable in ("loss", "sharpness"):
        np.testing.assert_allclose(again[variable], kept[variable][:6], rtol=5e-3)


def test_a_recorded_network_is_flat_and_tests_as_it_does_now():
    way = record_sharpness.WAYS["large step"]
    again = record_sharpness.flatness_run("elu", way, 12, num_steps=301)
    kept = xr.load_dataset(RESULTS / "flatness.nc").sel(
        activation="elu", way="large step", start=12
    )
    for variable, value in again.data_vars.items():
        np.testing.assert_allclose(value, kept[variable], rtol=0.02, err_msg=variable)


def test_a_network_that_does_not_get_there_is_not_a_number():
    way = record_sharpness.WAYS["small step"]
    found = record_sharpness.flatness_run("tanh", way, 10, num_steps=11)
    assert all(np.isnan(each) for each in found.data_vars.values())
    full = record_sharpness.flatness_run("elu", record_sharpness.WAYS["large step"], 12, 301)
    assert found.data_vars.keys() == full.data_vars.keys()
