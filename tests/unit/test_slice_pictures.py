"""Pictures of what slices show and hide: their arrays and their words."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr

import geometry_data as data
import lossviz as lv


def saddle_plane(fall=0.5):
    x = np.linspace(-1.0, 1.0, 9)
    loss = 0.3 + np.subtract.outer(x**2, fall * x**2)
    return xr.Dataset({"loss": (("alpha", "beta"), loss)}, coords={"alpha": x, "beta": x})


def colours_at(axes, *places):
    """Return what lies at places: red less blue of the contour's colour there."""
    (filled,) = [each for each in axes.collections if each.get_facecolor().size > 8]
    found = []
    for place in places:
        hit = [k for k, path in enumerate(filled.get_paths()) if path.contains_point(place)]
        found.append(filled.get_facecolor()[hit[-1]])
    return [float(each[0] - each[2]) for each in found]


def test_orange_is_above_the_centre_and_purple_below_in_every_panel():
    shown = lv.plots.above_below({"a": saddle_plane(), "b": saddle_plane(fall=1.0)})
    for axes in shown.axes[:2]:
        up, down = colours_at(axes, (0.9, 0.0), (0.0, 0.9))
        assert up > 0.1 > -0.1 > down


def test_words_tell_how_far_planes_lie_above_and_below_their_centre():
    shown = lv.plots.above_below({"bowl": data.plane(offset=0.0), "saddle": saddle_plane()})
    height = data.plane(offset=0.0).loss
    assert (
        f"bowl: nowhere below the centre, and up to {float(height.max() - 0.02):.3g}" in shown.alt
    )
    below = (saddle_plane().loss < 0.3 - 1e-9).mean()
    assert (
        f"below the centre at {100 * float(below):.0f} % of the points, by at most 0.5."
        in shown.alt
    )


def test_levels_are_the_same_on_both_sides_and_hold_every_number():
    shown = lv.plots.above_below({"a": saddle_plane(), "b": data.plane(offset=0.0)})
    levels = shown.axes[-1].get_yticks()
    np.testing.assert_allclose(levels, -levels[::-1])
    assert levels[-1] == pytest.approx(4.0)  # the bowl's 1 + 3


def test_histogram_and_ticks_hold_every_number():
    values = np.array([-0.4, -0.1, 0.0, 0.5, 1.0])
    directions = np.random.default_rng(0).standard_normal((300, 5))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    curvatures = directions**2 @ values
    shown = lv.plots.slice_curvatures(curvatures, values)
    (axes,) = shown.axes
    assert sum(bar.get_height() for bar in axes.patches) == 300
    ticks = [line.get_xdata() for line in axes.get_lines() if line.get_marker() in ("v", "|")]
    np.testing.assert_array_equal(np.concatenate(ticks), values)
    assert "5 eigenvalues from -0.4 to 1, 2 of them negative, mean 0.2" in shown.alt


def test_a_random_slice_shows_the_mean_curvature():
    """The two formulas that the chapter on slices states, beside draws of its own landscape."""
    tanh = lv.Landscape("iris", "tanh")
    (w,) = tanh.initial(1, seed=0, start_range=1.0)
    hessian = tanh.hessian(w)
    v = lv.random_directions(tanh, w, 4_000, seed=1)
    v = v / v.norm(dim=-1, keepdim=True)
    curvatures = ((v @ hessian) * v).sum(-1)
    values, m = torch.linalg.eigvalsh(hessian), 35
    trace = values.sum()
    variance = 2 * ((values**2).sum() - trace**2 / m) / (m * (m + 2))
    error = float((variance / 4_000).sqrt())
    assert abs(float(curvatures.mean() - trace / m)) < 4 * error
    assert float(curvatures.var() / variance) == pytest.approx(1, abs=0.05)


def test_filter_normalised_slices_survive_one_factor_and_not_one_per_unit():
    relu = lv.Landscape("iris", "relu")
    (w,) = relu.initial(1, seed=3, start_range=1.0)

    def line(factors):
        point = lv.rescale_units(relu, w, factors)
        (d,) = lv.random_directions(relu, point, 1, seed=0, by="filter")
        return lv.loss_line(relu, point, d).loss.values

    np.testing.assert_allclose(line(7.3), line(1.0), rtol=1e-12)
    assert abs(line([0.25, 1, 4, 2]) - line(1.0)).max() > 0.1
