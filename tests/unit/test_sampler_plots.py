"""The arrays behind pictures of samplers, and what the chapter on walks relies on."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import xarray as xr

import geometry_data
import lossviz as lv


def test_histograms_share_their_bins_and_add_up():
    rng = np.random.default_rng(0)
    samples = {"low": rng.random((3, 40)), "high": 1 + rng.random(50)}
    picture = lv.plots.value_histograms(samples, "loss", guide=0.5, num_bins=8)
    for axes, (name, values) in zip(picture.axes, samples.items(), strict=True):
        heights, edges, _ = axes.patches[0].get_data()
        np.testing.assert_allclose(edges[[0, -1]], [samples["low"].min(), samples["high"].max()])
        inside = [(values >= a) & (values < b) for a, b in pairwise(edges)]
        inside[-1] |= values == edges[-1]  # the last bin has both its ends
        np.testing.assert_allclose(heights, [each.mean() for each in inside])
        mean, guide = (line.get_xdata()[0] for line in axes.get_lines())
        assert (mean, guide) == (pytest.approx(values.mean()), 0.5)
        assert f"{name}: mean {values.mean():.3g}" in picture.alt


def test_a_single_value_has_a_histogram_too():
    picture = lv.plots.value_histograms({"same": np.full(9, 2.0)}, "loss", num_bins=4)
    assert "same: mean 2, 100 % in the first of 4 bins." in picture.alt


def test_step_curves_are_medians_with_their_middle_half():
    steps, rng = np.array([1, 2, 5, 9]), np.random.default_rng(1)
    walks = {name: rng.uniform(1, 2, (7, 4)) for name in ("random", "gradient")}
    guide = np.sqrt(steps)
    picture = lv.plots.step_curves(steps, {"XOR": walks, "Iris": walks}, "far", {"root": guide})
    for axes in picture.axes:
        *curves, black = axes.get_lines()
        for line, band, values in zip(curves, axes.collections, walks.values(), strict=True):
            np.testing.assert_array_equal(line.get_xdata(), steps)
            np.testing.assert_allclose(line.get_ydata(), np.median(values, axis=0))
            found = band.get_paths()[0].vertices[:, 1]
            low, high = np.quantile(values, [0.25, 0.75], axis=0)
            np.testing.assert_allclose([found.min(), found.max()], [low.min(), high.max()])
        np.testing.assert_array_equal(black.get_ydata(), guide)
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert "Black lines: root from 1 to 3." in picture.alt


def test_each_kind_of_walk_has_its_panel_and_plane():
    walks = geometry_data.projected()
    picture = lv.plots.trajectory_panels({"one": walks, "other": walks.isel(walk=[0])})
    for axes, shown in zip(picture.axes, (walks, walks.isel(walk=[0])), strict=True):
        drawn = [line.get_xydata() for line in axes.get_lines()]
        places = np.stack([shown.alpha, shown.beta], axis=-1)
        walks_known = [walk[np.isfinite(walk).all(axis=-1)] for walk in places]
        ways = zip(drawn[::3], drawn[1::3], drawn[2::3], strict=True)
        for known, (way, start, end) in zip(filter(len, walks_known), ways, strict=True):
            np.testing.assert_array_equal(way, known)
            np.testing.assert_array_equal([start[0], end[0]], known[[0, -1]])
        assert axes.get_xlabel() == "first: 82 % of variance"
    across = max(float((v.max("step") - v.min("step")).max()) for v in (walks.alpha, walks.beta))
    assert f", the widest over {across:.3g};" in picture.alt


@pytest.mark.parametrize("count", [1, 3, 4, 5])
def test_there_are_as_many_panels_as_kinds(count):
    kinds = {str(number): geometry_data.projected() for number in range(count)}
    assert [axes.get_title() for axes in lv.plots.trajectory_panels(kinds).axes] == list(kinds)


def test_a_walk_without_finite_points_is_left_out():
    walks = geometry_data.projected()
    gone = xr.where(walks.walk == 0, np.nan, walks.alpha).transpose("walk", "step")
    picture = lv.plots.trajectory_panels({"some": walks.assign(alpha=gone)})
    drawn = int(np.isfinite(gone + walks.beta).any("step").sum())
    assert 0 < drawn < walks.sizes["walk"]
    assert len(picture.axes[0].get_lines()) == 3 * drawn
    assert f"some: {drawn}," in picture.alt


# --- what the chapter proves ------------------------------------------------------------------


@pytest.mark.parametrize("target", [0.0, 1.0])
def test_random_networks_are_worse_than_a_guess_by_their_variance(target):
    """Over a set with its mirror images the identity is exact, for any problem of 0s and 1s."""
    problem = lv.problem_from_arrays(
        np.linspace(-1, 1, 12).reshape(6, 2), np.full((6, 1), target), hidden=3
    )
    landscape = lv.Landscape(problem, "sigmoid", loss="squared_error")
    points = landscape.initial(200, seed=0, start_range=10.0)
    mirror = points.clone()
    mirror[:, -4:] *= -1  # W2 and b2
    both = np.concatenate([points, mirror])
    outputs = landscape.outputs(both)
    expected = 0.25 + float(((outputs - 0.5) ** 2).mean())
    assert float(landscape.loss(both).mean()) == pytest.approx(expected, rel=1e-12)


def test_a_plane_has_the_ruggedness_that_the_exercise_proves():
    rng = np.random.default_rng(3)
    plane = np.cumsum(rng.uniform(-1, 1, (20, 5000)), axis=1)
    assert lv.ruggedness(plane).mean() == pytest.approx(2 / 3 * np.log(9) / np.log(6), abs=2e-3)
