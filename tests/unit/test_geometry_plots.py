"""Pictures of planes, lines, trajectories and spectra: their arrays and what they say."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path

import geometry_data as data
import lossviz as lv
from lossviz.plots._scales import scale_of
from lossviz.plots._series import SERIES
from sight import SIGHT, contrast, lab


@pytest.fixture(scope="module")
def pictures():
    return data.pictures()


def lines_of(axes):
    """Lines of an Axes with more than two points, without their halos."""
    lines = [line for line in axes.get_lines() if line.get_color() != "white"]
    return [line for line in lines if len(line.get_xdata()) > 2]


# --- planes -----------------------------------------------------------------------------------


def holds(path, place):
    """Tell whether a band holds a point; a polygon within another is a hole."""
    polygons = [Path(polygon) for polygon in path.to_polygons()]
    return sum(polygon.contains_point(place) for polygon in polygons) % 2 == 1


def bands(axes):
    """The first filled contour set of an Axes: lower ends, upper ends, paths."""
    drawn = next(each for each in axes.collections if getattr(each, "filled", False))
    return drawn.levels, drawn.get_paths()


@pytest.mark.parametrize("floor", [2.0, 0.02], ids=["linear", "logarithmic"])
def test_every_point_of_a_plane_lies_in_the_band_of_its_loss(floor):
    plane = data.plane(offset=0.3, floor=floor)
    axes = lv.plots.contour(plane).axes[0]
    levels, paths = bands(axes)
    for row, column in itertools.product(range(1, 8), repeat=2):  # not on the frame
        point = plane.isel(alpha=row, beta=column)
        band = int(np.searchsorted(levels, float(point.loss))) - 1
        place = (float(point.alpha), float(point.beta))
        assert [holds(path, place) for path in paths].index(True) == band, place


def test_a_zero_on_a_logarithmic_plane_is_low_and_no_hole():
    plane = data.plane(floor=0.02)
    plane["loss"] = plane.loss.where(plane.loss > float(plane.loss.min()), 0.0)
    row, column = np.unravel_index(np.argmin(plane.loss.values), plane.loss.shape)
    axes = lv.plots.contour(plane).axes[0]
    drawn = next(each for each in axes.collections if getattr(each, "filled", False))
    assert drawn.extend == "min"
    place = (float(plane.alpha[row]), float(plane.beta[column]))
    assert holds(drawn.get_paths()[0], place)


def test_alpha_goes_across_and_beta_upward():
    x, y = np.linspace(-1, 1, 4), np.linspace(-2, 0.5, 6)
    ramp = xr.Dataset(
        {"loss": (("beta", "alpha"), np.broadcast_to(x, (6, 4)))}, coords={"alpha": x, "beta": y}
    )
    axes = lv.plots.contour(ramp).axes[0]
    assert (axes.get_xlim(), axes.get_ylim()) == ((-1, 1), (-2, 0.5))
    assert axes.get_aspect() == 1
    _, paths = bands(axes)
    assert all(path.get_extents().height == pytest.approx(2.5) for path in paths if len(path))
    assert "Lowest -1 at (-1, -2), highest 1 at (1, -2)" in lv.plots.contour(ramp).alt


def test_compared_planes_share_one_scale_of_colours(pictures):
    *panels, bar = pictures["contour"].axes
    sets = [next(c for c in axes.collections if getattr(c, "filled", False)) for axes in panels]
    assert len({tuple(each.levels) for each in sets}) == 1
    assert len({(each.norm.vmin, each.norm.vmax) for each in sets}) == 1
    assert [axes.get_title() for axes in panels] == ["ReLU", "tanh"]
    assert bar.get_ylabel() == "training loss"


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (3, (1, 3)), (4, (2, 2)), (5, (2, 3))])
def test_panels_fill_their_rows(count, shape):
    *panels, _ = lv.plots.contour({str(number): data.plane() for number in range(count)}).axes
    assert len(panels) == count
    grid = panels[0].get_subplotspec().get_gridspec()
    assert (grid.nrows, grid.ncols) == shape
    assert all(panel.xaxis.get_tick_params()["labelbottom"] for panel in panels[-shape[1] :])


def test_both_parts_of_a_plane_are_told_apart_and_share_a_scale():
    picture = lv.plots.contour(data.plane(), ["loss", "test_loss"])
    *panels, bar = picture.axes
    assert [axes.get_title() for axes in panels] == ["training loss", "test loss"]
    assert bar.get_ylabel() == "training loss and test loss"
    assert len({tuple(bands(axes)[0]) for axes in panels}) == 1


def test_accuracies_are_never_on_a_logarithmic_scale():
    picture = lv.plots.contour(data.plane(), "accuracy")
    assert "Colours are linear" in picture.alt
    assert "Colours are logarithmic" in lv.plots.contour(data.plane()).alt


def test_gaps_are_holes_and_are_told():
    plane = data.plane(points=9)
    loss = plane.loss.values.copy()
    loss[2, 6], loss[7, 1], loss[7, 2] = np.nan, np.inf, -np.inf
    picture = lv.plots.contour(plane.assign(loss=(("alpha", "beta"), loss)))
    assert "3 of 81 points are not finite: holes." in picture.alt
    _, paths = bands(picture.axes[0])
    for row, column in ((2, 6), (7, 1), (7, 2)):
        place = (float(plane.alpha[row]), float(plane.beta[column]))
        assert not any(holds(path, place) for path in paths)
    (hatched,) = picture.axes[0].patches
    assert hatched.get_hatch()
    assert not lv.plots.contour(plane).axes[0].patches
    whole = plane.assign(loss=plane.loss * np.nan)
    both = lv.plots.contour({"a": plane, "b": whole})
    assert "b: no point is finite" in both.alt
    assert both.png()


def test_the_centre_and_the_extremes_are_told():
    plane = data.plane(offset=0.25)
    alt = lv.plots.contour(plane).alt
    centre, low, high = (f"{float(v):.3g}" for v in (
        plane.loss.sel(alpha=0, beta=0), plane.loss.min(), plane.loss.max()))  # fmt: skip
    assert f"{centre} at the centre, lowest {low} at (0.25, 0), highest {high} at (-1, -1)." in alt
    off = plane.isel(alpha=slice(5, None))
    assert "centre" not in lv.plots.contour(off).alt
    assert list(lv.plots.contour(off).axes[0].get_lines()) == []
    (cross,) = lv.plots.contour(plane).axes[0].get_lines()
    assert (list(cross.get_xdata()), list(cross.get_ydata())) == ([0], [0])


def test_a_flat_plane_can_be_drawn():
    for value in (0.0, 0.7):
        flat = data.plane().assign(loss=(("alpha", "beta"), np.full((9, 9), value)))
        for picture in (lv.plots.contour(flat), lv.plots.surface(flat)):
            assert picture.png()
            assert f"lowest {value:g} at" in picture.alt


@pytest.mark.parametrize("floor", [2.0, 0.02], ids=["linear", "logarithmic"])
def test_surfaces_have_the_heights_of_the_plane(floor):
    plane = data.plane(floor=floor)
    plane.loss[2, 3] = np.nan
    picture = lv.plots.surface(plane)
    (axes,) = picture.axes
    heights = plane.loss.values if floor > 1 else np.log10(plane.loss.values)
    corners = heights[:-1, :-1], heights[1:, :-1], heights[:-1, 1:], heights[1:, 1:]
    expected = np.nanmean(corners, axis=0)
    drawn = np.asarray(axes.collections[0].get_array())  # means of corners that are known
    np.testing.assert_allclose(
        np.sort(drawn[np.isfinite(drawn)]), np.sort(expected[np.isfinite(expected)])
    )
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("alpha", "beta")
    assert ("Heights are logarithmic" in picture.alt) == (floor < 1)


NUMBERS = st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=20)
POSITIVE = st.lists(st.floats(0, 1e300), min_size=1, max_size=20)


@given(NUMBERS | POSITIVE, st.booleans())
def test_scales_hold_what_they_are_made_for(values, log):
    values = np.array(values)
    scale = scale_of(values, log)
    assert np.isfinite(scale.levels).all()
    assert (np.diff(scale.levels) > 0).all()
    assert 2 <= len(scale.levels) <= 24
    assert scale.levels[-1] >= values.max()
    if scale.log:
        assert log
        assert values.min() >= 0
        assert scale.levels[0] > 0
        kept = values[values >= max(values.max() / 1e6, 1e-300)]
        assert scale.levels[0] <= kept.min()
    else:
        assert scale.levels[0] <= values.min()
    assert scale.cut == bool(values.min() < scale.levels[0])


# --- lines ------------------------------------------------------------------------------------


def test_lines_are_drawn_as_measured_on_both_parts(pictures):
    axes, line = pictures["loss_lines"].axes, data.line()
    for place, variable in enumerate(("loss", "loss", "accuracy", "accuracy")):
        drawn = lines_of(axes[place])
        for curve, prefix in zip(drawn, ("", "test_"), strict=True):
            np.testing.assert_array_equal(curve.get_xdata(), line.alpha)
            np.testing.assert_array_equal(curve.get_ydata(), line[prefix + variable])
    assert len({curve.get_linestyle() for curve in lines_of(axes[0])}) == 2
    assert axes[0].get_ylim() == axes[1].get_ylim()
    zero = [each for each in axes[0].get_lines() if list(each.get_xdata()) == [0, 0]]
    assert len(zero) == 1


def test_lines_say_where_they_are_lowest_and_whether_the_parts_agree():
    alt = lv.plots.loss_lines(data.line()).alt
    assert "Training loss lowest at alpha = 0.2 (0.5), highest 1.94" in alt
    assert "test loss lowest at alpha = 0.4 (0.6), highest 2.56" in alt
    assert alt.endswith("The two lowest points are 0.2 apart.")
    same = data.line().assign(test_loss=data.line().loss + 1)
    assert lv.plots.loss_lines(same).alt.endswith("Both are lowest at the same point.")
    alone = lv.plots.loss_lines(data.line().drop_vars("test_loss"))
    assert "test" not in alone.alt
    assert len(lines_of(alone.axes[0])) == 1


def test_gaps_of_lines_stay_gaps_and_are_told():
    line = data.line()
    line.loss[:3] = [np.nan, np.inf, -np.inf]
    picture = lv.plots.loss_lines(line)
    drawn = lines_of(picture.axes[0])[0].get_ydata()
    assert np.isnan(drawn).tolist() == [True] * 3 + [False] * 8
    assert "not finite at 3 of 11 points" in picture.alt
    nowhere = line.assign(loss=line.loss * np.nan)
    assert "Training loss nowhere finite" in lv.plots.loss_lines(nowhere).alt


def test_lines_over_a_wide_range_are_logarithmic():
    wide = data.line().assign(loss=("alpha", np.geomspace(1e-3, 1, 11)))
    assert lv.plots.loss_lines(wide).axes[0].get_yscale() == "log"
    assert lv.plots.loss_lines(data.line()).axes[0].get_yscale() == "linear"


@pytest.mark.parametrize("height", [0.003, 1.0, 50.0])
def test_barriers_are_as_high_as_they_are_drawn(height):
    picture = lv.plots.barriers({"straight": data.way(height)})
    assert f"straight: from 0.1 to 0.3, barrier {height:g} at alpha = 0.5." in picture.alt
    (axes,) = picture.axes
    bar = [line for line in axes.get_lines() if line.get_marker() == "_"]
    (bottom, top), place = bar[0].get_ydata(), bar[0].get_xdata()
    assert (bottom, top) == pytest.approx((0.2, 0.2 + height))
    assert list(place) == [0.5, 0.5]
    assert [text.get_text() for text in axes.texts] == [f"{height:g}"]


def test_barriers_are_those_that_are_computed():
    landscape = lv.Landscape("xor", "tanh")
    start, end = landscape.initial(2, seed=3, start_range=3.0)
    way = lv.interpolate(landscape, start, end)
    height = lv.barrier(way)
    assert height > 0.01
    assert f"barrier {height:.3g} at" in lv.plots.barriers(way).alt


def test_the_height_of_a_low_barrier_is_written_beneath_it():
    (axes,) = lv.plots.barriers({"straight": data.way(), "curve": data.way(0.03)}).axes
    high, low = axes.texts
    assert (high.get_text(), low.get_text()) == ("1", "0.03")
    assert high.xy == pytest.approx((0.5, 0.7))
    assert low.xy == pytest.approx((0.5, 0.2))
    assert low.get_va() == "top"
    assert axes.get_ylim()[0] < 0.2 - 0.08  # there is room for it


def test_of_two_near_barriers_the_left_has_its_height_on_the_left():
    early = data.way().assign_coords(alpha=data.way().alpha ** 1.1)
    (axes,) = lv.plots.barriers({"early": early, "late": data.way()}).axes
    assert [note.get_ha() for note in axes.texts] == ["right", "left"]


@pytest.mark.parametrize("height", [0.0, -0.02])
def test_a_way_without_a_climb_has_no_barrier(height):
    picture = lv.plots.barriers(data.way(height))
    assert "no barrier" in picture.alt
    assert len(picture.axes[0].texts) == 0


def test_ways_must_run_from_one_model_to_the_other():
    gone = data.way()
    gone.loss[-1] = np.nan
    for bad in (data.line(), gone):
        with pytest.raises(ValueError, match="lines must run from alpha = 0 to 1"):
            lv.plots.barriers(bad)


# --- trajectories -----------------------------------------------------------------------------


def test_trajectories_end_where_they_ended(pictures):
    axes, walks = pictures["trajectory"].axes[0], data.projected()
    drawn = lines_of(axes)
    assert [line.get_label() for line in drawn] == ["sgd", "adam", "sam"]
    for line, row, points in zip(drawn, range(3), (5, 8, 8), strict=True):
        walk = walks.isel(walk=row, step=slice(points))
        np.testing.assert_array_equal(line.get_xdata(), walk.alpha)
        np.testing.assert_array_equal(line.get_ydata(), walk.beta)
    stars = [line.get_xydata()[0] for line in axes.get_lines() if line.get_marker() == "*"]
    last = walks.alpha.values[range(3), [4, 7, 7]]
    np.testing.assert_array_equal(np.array(stars)[:, 0], last)
    assert "sgd: 5 points, from (-1, 1) to (-0.43, 0.18)." in pictures["trajectory"].alt


def test_axes_of_trajectories_remind_of_a_random_walk(pictures):
    picture = pictures["trajectory"]
    assert picture.axes[0].get_xlabel() == "first direction: 82 % of variance (random walk: 61 %)"
    assert picture.axes[0].get_ylabel() == "second direction: 11 % of variance (random walk: 15 %)"
    assert "82 % (a random walk: 61 %) and 11 % (a random walk: 15 %)" in picture.alt


def test_walks_of_one_optimiser_look_alike():
    picture = lv.plots.trajectory(data.projected(names=("sgd", "adam", "sgd")))
    looks = [line.get_color() for line in lines_of(picture.axes[0])]
    assert looks == [SERIES[0].colour] * 2 + [SERIES[1].colour]
    assert "sgd: 2 walks, the first with 5 points" in picture.alt
    (legend,) = picture.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["sgd", "adam"]
    plain = lv.plots.trajectory(data.projected().drop_vars("optimiser"))
    assert "3 walks, the first with 5 points" in plain.alt
    assert plain.figure.legends == []


def test_points_outside_the_plane_are_counted():
    walks = data.projected()
    walks.alpha[0, :2] = 7.0
    assert "2 of 21 points lie outside the plane." in lv.plots.trajectory(walks, data.plane()).alt
    assert "outside" not in lv.plots.trajectory(walks).alt


def test_unknown_shares_of_variance_are_left_out():
    walks = data.projected().assign(explained_variance=("axis", [np.nan, np.nan]))
    picture = lv.plots.trajectory(walks)
    assert picture.axes[0].get_xlabel() == "first direction"
    assert "The share of variance on the plane is unknown." in picture.alt


# --- spectra ----------------------------------------------------------------------------------


def points_of(axes, marker):
    chosen = [line for line in axes.get_lines() if line.get_marker() == marker]
    return [tuple(map(float, xy)) for line in chosen for xy in line.get_xydata()]


def test_eigenvalues_stand_in_descending_order_by_sign(pictures):
    (axes,) = pictures["spectrum"].axes
    assert points_of(axes, "^") == [(1, 3.0), (2, 0.5)]
    assert points_of(axes, "x") == [(3, 1e-12), (4, 0.0)]
    assert points_of(axes, "v") == [(5, -1.0)]
    assert pictures["spectrum"].alt == (
        "Eigenvalues in descending order: 2 positive, 1 negative, 2 zero, from -1 to 3."
    )


def test_the_tolerance_decides_what_is_zero_as_everywhere():
    values = torch.tensor([1.0, 1e-3, -1e-3, -0.5, 0.0], dtype=torch.float64)
    for rtol in (0.0, 1e-8, 1e-2, 0.9):
        told = lv.plots.spectrum(values, rtol=rtol).alt
        expected = lv.classify_eigenvalues(values, rtol=rtol)
        counts = ", ".join(
            f"{int(getattr(expected, sign))} {sign}" for sign in ("positive", "negative", "zero")
        )
        assert counts in told


def test_what_did_not_converge_is_hollow():
    landscape = lv.Landscape("iris", "tanh")
    point = landscape.initial(1, seed=0, start_range=1.0)[0]
    top = lv.top_eigenvalues(landscape, point, k=5, which="both", max_iterations=11, tolerance=1e-9)
    assert not top.converged.all()
    picture = lv.plots.spectrum(top)
    drawn = {line.get_label(): line for line in lines_of(picture.axes[0])}
    hollow = sum(len(drawn[name].get_xdata()) for name in drawn if "not converged" in name)
    assert hollow == int((~top.converged).sum())
    assert f"{hollow} of them not converged" in picture.alt


def test_small_eigenvalues_are_seen_beside_large_ones():
    assert lv.plots.spectrum([1.0, 1e-5, -1e-4]).axes[0].get_yscale() == "symlog"
    assert lv.plots.spectrum([1.0, 0.2, -0.3, 0.0]).axes[0].get_yscale() == "linear"
    assert lv.plots.spectrum([0.0, 0.0]).png()
    assert lv.plots.spectrum({"a": np.linspace(-1, 1, 400), "b": [0.0]}).png()


def test_densities_are_drawn_as_they_are(pictures):
    (axes,) = pictures["density"].axes
    (curve,) = lines_of(axes)
    density = data.density()
    np.testing.assert_array_equal(curve.get_xdata(), density.eigenvalue)
    shown = density.density.where(density.density > 0)
    np.testing.assert_array_equal(curve.get_ydata(), shown)
    assert axes.get_yscale() == "log"
    ticks = axes.collections[0].get_segments()
    assert [segment[0, 0] for segment in ticks] == [-1, 0, 0, 3]
    assert "Peak at 0, in view from -1.51 to 3.51, mean 0.5." in pictures["density"].alt
    assert "4 ticks mark eigenvalues from -1 to 3." in pictures["density"].alt


def test_a_density_has_the_band_of_its_standard_error():
    density = data.density()
    error = 0.1 * density.density
    (axes,) = lv.plots.density(density.assign(density_error=error)).axes
    (band,) = axes.collections
    corners = band.get_paths()[0].vertices
    at = corners[np.isclose(corners[:, 0], 3.0), 1]
    middle = float(density.density.sel(eigenvalue=3.0, method="nearest"))
    assert (at.min(), at.max()) == pytest.approx((0.9 * middle, 1.1 * middle))
    assert not lv.plots.density(density).axes[0].collections


# --- stability --------------------------------------------------------------------------------


def test_sharpness_is_drawn_where_it_was_measured(pictures):
    loss, sharpness = pictures["stability"].axes
    run = data.run()
    for row, line in enumerate(lines_of(sharpness)):
        np.testing.assert_array_equal(line.get_xdata(), run.step[::2])
        np.testing.assert_array_equal(line.get_ydata(), run.sharpness[row, ::2])
    for row, line in enumerate(lines_of(loss)):
        np.testing.assert_array_equal(line.get_ydata(), run.loss[row])
    assert (loss.get_yscale(), sharpness.get_yscale()) == ("log", "linear")
    assert "above the limit 20 at 2 of 5 steps" in pictures["stability"].alt


def limits(picture):
    """Heights of lines across the panel of sharpness."""
    drawn = picture.axes[-1].get_lines()
    return [float(line.get_ydata()[0]) for line in drawn if list(line.get_xdata()) == [0, 1]]


def test_the_limit_of_stability_is_two_by_the_learning_rate():
    runs = {"a": data.run(0.1), "b": data.run(0.02), "c": data.run().drop_attrs()}
    picture = lv.plots.stability(runs)
    assert limits(picture) == pytest.approx([20, 100])
    assert [text.get_text() for text in picture.axes[-1].texts] == ["limit 20", "limit 100"]
    assert (
        "b: from 0 to 28, the first of 2 walks, above the limit 100 at 0 of 5 steps." in picture.alt
    )
    assert "c: from 0 to 28, the first of 2 walks." in picture.alt


def test_an_optimiser_has_a_limit_of_its_own_or_none():
    adam = data.run().assign_attrs(optimiser="adam")
    assert limits(lv.plots.stability(adam)) == []
    momentum = data.run().assign_attrs(optimiser="momentum", stability_limit=38.0)
    assert limits(lv.plots.stability(momentum)) == [38.0]


def test_sharpness_alone_is_one_panel():
    assert len(lv.plots.stability(data.run().drop_vars("loss")).axes) == 1


# --- marks of series --------------------------------------------------------------------------


def test_activations_among_labels_look_as_everywhere():
    picture = lv.plots.barriers({"relu": data.way(), "tanh": data.way(0.5)})
    colours = [line.get_color() for line in lines_of(picture.axes[0])]
    assert colours == [lv.plots.mark(name).colour for name in ("relu", "tanh")]
    assert "ReLU: from" in picture.alt


def test_too_many_series_are_refused_rather_than_confused():
    with pytest.raises(ValueError, match="lines must have at most 6 entries"):
        lv.plots.barriers({str(number): data.way() for number in range(7)})


@pytest.mark.parametrize("sight", SIGHT)
def test_series_can_be_told_apart(sight):
    places = [lab(look.colour, SIGHT[sight]) for look in SERIES]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(places, 2)) > 12
    for what in ("marker", "dashes"):
        assert len({getattr(look, what) for look in SERIES}) == len(SERIES)


def test_series_are_dark_enough_on_white():
    assert all(contrast(look.colour) > 3 for look in SERIES)


def test_data_are_not_changed():
    sets = {"plane": data.plane(), "walks": data.projected(), "run": data.run()}
    before = {name: each.copy(deep=True) for name, each in sets.items()}
    lv.plots.trajectory(sets["walks"], sets["plane"]).png()
    lv.plots.stability(sets["run"]).png()
    lv.plots.contour(sets["plane"]).png()
    for name, each in sets.items():
        xr.testing.assert_identical(each, before[name])
