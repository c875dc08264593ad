"""The arrays behind the figures, their descriptions, and what a picture leaves alone."""

from __future__ import annotations

import base64
import io
import itertools
import re

import matplotlib as mpl
import numpy as np
import pytest
import torch
import xarray as xr
from PIL import Image
from torch import nn

import geometry_data
import lossviz as lv
from sight import SIGHT, lab

NAMES = lv.activation_names()
SIGNALS = lv.measure_signals("tanh", 3, 4, keep_outputs=True)

ESTIMATES = {
    panel: {row: {"tanh": (0.5, 0.4, 0.6), "relu": (0.1, 0.05, 0.3)} for row in ("b = 1", "b = 10")}
    for panel in ("Iris", "Heart")
}
CLOUDS = {
    name: lv.progressive_gradient_walk(
        lv.quadratic_landscape(values), 6, 30, 0.1, 1.0, seed=0, measures=("loss", "gradient_norm")
    )
    for name, values in {"bowl": [1.0, 4.0], "saddle": [1.0, -2.0], "pair": [3.0, 3.0]}.items()
}
PAIR = CLOUDS["pair"].loss.values < 0.2
CRITICAL = {
    "quadratic_gallery": lv.plots.quadratic_gallery(
        {"bowl": (1.0, 0.5), "saddle": (1.0, -1.0)},
        {"bowl": [(0.5, 0.5), (0.1, 0.2)], "saddle": [(0.5, 0.1), (0.1, 0.7)]},
    ),
    "zero_counts": lv.plots.zero_counts([1e-9, 1e-3], {"float32": [0, 7], "float64": [5, 7]}, 5),
    "positive_shares": lv.plots.positive_shares(
        {1: (0.5, 0.4, 0.6), 2: (0.0, 0.0, 0.1)}, {"exact": {1: 0.5, 2: 0.146}}
    ),
    "signal_curves": lv.plots.signal_curves(
        {"tanh": SIGNALS}, {"tanh": {"variance": [1.0, 0.5, 0.2], "gradient": [0.2, 0.5, 1.0]}}
    ),
    "kink_curves": lv.plots.kink_curves(
        [-1.0, -0.5, 0.5, 1.0], {"slope": {"relu": [0, 0, 1, 1], "elu": [0.4, 0.6, 1, 1]}}
    ),
    "mean_output_curves": lv.plots.mean_output_curves({"elu": [0.2, 0.1]}, {"elu": [0.2, 0.2]}),
    "layer_histograms": lv.plots.layer_histograms({"gain 1": SIGNALS}),
    "propagation_map": lv.plots.propagation_map(
        [1.0, 1.5, 2.0], {"relu": [[1, 0.5], [1, 1.1], [1, 2]]}, {"relu": 1.4}
    ),
    "cloud_panels": lv.plots.cloud_panels(
        CLOUDS,
        {"bowl": [1.0, 4.0], "saddle": [1.0, -2.0]},
        {"bowl": [0.5]},
        {"pair": {"low": PAIR}},
    ),
    "above_below": lv.plots.above_below(geometry_data.plane()),
    "slice_curvatures": lv.plots.slice_curvatures([0.1, 0.2, 0.3], [-0.4, 0.8]),
    "region_map": lv.plots.region_map(
        {"one": lv.linear_regions(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), 2.0, 21)}
    ),
    "interval_curves": lv.plots.interval_curves(
        [1, 2], {"a": [(0.2, 0.1, 0.3), (0.4, 0.3, 0.5)]}, "x", "y", {"a": [0.2, 0.5]}
    ),
    "index_cloud": lv.plots.index_cloud({"near": ([0.3, 0.6], [0, 5]), "far": ([0.5], [2])}, 10),
}
SHARPNESS = {
    "outlier_tracks": lv.plots.outlier_tracks(
        [0, 100], {"relu": ([[3.0, 2.0, 1.0], [9.0, 8.0, 1.0]], [0, 2])}
    ),
    "point_groups": lv.plots.point_groups(
        {"tanh": {"gd": ([1.0, 2.0], [0.4, 0.3]), "sam": ([0.5], [0.35])}}, "sharpness", "loss"
    ),
}
UNITS = [2.0, 1.0, 0.0, 1.0, -1.0, 0.0, 3.0, -4.0, 0.5]  # the last unit looks up only
SYMMETRY = {
    "unit_lines": lv.plots.unit_lines(
        {"one": UNITS, "other": lv.permute_units(lv.Landscape("xor", "tanh"), UNITS, [1, 0])},
        [[0, 0], [1, 1]], [0, 1],
    ),
    "measure_curves": lv.plots.measure_curves(
        [0.5, 1.0, 2.0], {"a": {"trace": [4, 1, 4]}, "b": {"sam": [1, 2, 3], "asam": [1, 1, 1]}},
        "factor", "sharpness",
    ),
}  # fmt: skip
OUTCOMES = {"Iris": {"full": "fails", "blockwise": "holds"}, "Heart": {"full": "open"}}


@pytest.fixture(scope="module")
def pictures(walks):
    """One picture of every kind."""
    x = np.linspace(0, 1, 5)
    shares = {name: np.linspace(0.2, 0.9, 5) for name in NAMES}
    return {
        "activation_curves": lv.plots.activation_curves(NAMES),
        "saturation_curves": lv.plots.saturation_curves(x + 1, shares),
        "unit_sums": lv.plots.unit_sums(x, {"tanh": np.outer([1, 2], x), "relu": [x]}, x),
        "loss_gradient_cloud": lv.plots.loss_gradient_cloud(list(walks.values()), [0.3466]),
        "curvature_shares": lv.plots.curvature_shares(walks),
        "tolerance_curves": lv.plots.tolerance_curves(10.0 ** np.arange(-5, 0), {"a": shares}),
        "folded_plane": lv.plots.folded_plane(
            lv.Landscape("xor", "relu"), [1, 1, 1, 1, 0, -1, 20, -40, -10]
        ),
        "walk_curves": lv.plots.walk_curves(list(walks.values())),
        "coloured_cloud": lv.plots.coloured_cloud(
            list(walks.values()), "positive", "positive eigenvalues"
        ),
        "estimate_rows": lv.plots.estimate_rows(ESTIMATES, "test loss"),
        "agreement": lv.plots.agreement({"gain": (2, 2.1, 1.9, 2.3), "level": (-4, -2, -3, -1)}),
        "outcome_grid": lv.plots.outcome_grid(OUTCOMES, ["full", "blockwise", "lanczos"]),
        **CRITICAL,
        **SHARPNESS,
        **SYMMETRY,
        "sweep_curves": lv.plots.sweep_curves(
            x + 1, {"a": shares, "b": shares}, "largest step", "gradient norm", log=True
        ),
        "value_histograms": lv.plots.value_histograms({"low": [0, 0, 1], "high": [[2, 4]]}, "loss"),
        "step_curves": lv.plots.step_curves(
            [1, 10], {"XOR": {"random": [[1, 2], [1, 4]]}}, "distance", {"blind": [1, 3]}
        ),
        **geometry_data.pictures(),
    }


KINDS = sorted(name for name in lv.plots.__all__ if name not in {"Mark", "Picture", "mark"})


def text_of(share):
    return lv.plots.style.percent(share)


# --- arrays -----------------------------------------------------------------------------------


def test_every_kind_is_tested(pictures):
    assert sorted(pictures) == KINDS


def test_estimates_are_drawn_in_their_rows_with_their_intervals(pictures):
    panels = pictures["estimate_rows"].axes
    assert [axes.get_title() for axes in panels] == ["Iris", "Heart"]
    for axes in panels:
        drawn = [line.get_data() for line in axes.get_lines()]
        intervals = [x.tolist() for x, _ in drawn if len(x) == 2]
        assert intervals == [[0.4, 0.6], [0.05, 0.3]] * 2
        points = [(float(x[0]), round(float(y[0]))) for x, y in drawn if len(x) == 1]
        assert points == [(0.5, 0), (0.1, 0), (0.5, 1), (0.1, 1)]


def test_intervals_and_theory_are_drawn_where_they_are(pictures):
    (axes,) = pictures["interval_curves"].axes
    marks, *ends, theory = axes.get_lines()
    assert marks.get_ydata().tolist() == [0.2, 0.4]
    np.testing.assert_allclose([each.get_ydata() for each in ends], [[0.1, 0.3], [0.3, 0.5]])
    assert theory.get_ydata().tolist() == [0.2, 0.5]


def test_agreement_is_in_units_of_what_was_expected(pictures):
    picture = pictures["agreement"]
    (axes,) = picture.axes
    _, *drawn = axes.get_lines()  # after the line at 1
    intervals = [line.get_xdata() for line in drawn[::2]]
    np.testing.assert_allclose(intervals, [[0.95, 1.15], [0.25, 0.75]])
    points = drawn[1::2]
    np.testing.assert_allclose([float(p.get_xdata()[0]) for p in points], [1.05, 0.5])
    assert [p.get_markerfacecolor() == "white" for p in points] == [False, True]
    assert picture.alt.endswith("level 0.5 (0.25 to 0.75), which leaves out 1.")


def test_outcomes_are_told_by_letter_and_in_words(pictures):
    picture = pictures["outcome_grid"]
    (axes,) = picture.axes
    said = {text.get_position(): text.get_text() for text in axes.texts}
    assert said == {
        (0.5, 0.5): "F", (1.5, 0.5): "H", (2.5, 0.5): "",
        (0.5, 1.5): "o", (1.5, 1.5): "", (2.5, 1.5): "",
    }  # fmt: skip
    assert "Iris: holds in blockwise; fails in full. Heart: open in full." in picture.alt


def test_coloured_clouds_hold_every_point_and_its_value(pictures, walks):
    panels = pictures["coloured_cloud"].axes
    for axes, sample in zip(panels, walks.values(), strict=False):
        (points,) = axes.collections
        np.testing.assert_array_equal(points.get_offsets()[:, 0], sample.loss.values.ravel())
        np.testing.assert_array_equal(points.get_array(), sample.positive.values.ravel())
        assert points.get_clim() == panels[0].collections[0].get_clim()


def test_points_without_a_value_are_left_out_of_coloured_clouds(walks):
    sample = next(iter(walks.values())).copy(deep=True)
    sample["gap"] = sample.loss.where(sample.loss > float(sample.loss.median()))
    (points,) = lv.plots.coloured_cloud([sample], "gap", "gap").axes[0].collections
    assert len(points.get_offsets()) == int(sample.gap.notnull().sum())
    with pytest.raises(ValueError, match="must have finite values of gap"):
        lv.plots.coloured_cloud([sample.assign(gap=sample.loss * np.nan)], "gap", "gap")


def test_outliers_are_drawn_apart_from_the_others(pictures):
    (axes,) = pictures["outlier_tracks"].axes
    apart, others = (sorted(zip(*line.get_data(), strict=True)) for line in axes.get_lines())
    assert apart == [(1, 8.0), (1, 9.0)]
    assert others == [(0, 1.0), (0, 2.0), (0, 3.0), (1, 1.0)]


def test_groups_of_points_are_drawn_as_given_each_with_its_mark(pictures):
    (axes,) = pictures["point_groups"].axes
    gd, sam = axes.get_lines()
    np.testing.assert_array_equal(gd.get_data(), [[1.0, 2.0], [0.4, 0.3]])
    np.testing.assert_array_equal(sam.get_data(), [[0.5], [0.35]])
    assert gd.get_marker() != sam.get_marker()


def test_sweeps_are_drawn_as_measured(pictures):
    for axes in pictures["sweep_curves"].axes:
        for line in axes.get_lines():
            x, y = line.get_data()
            np.testing.assert_array_equal(x, np.linspace(1, 2, 5))
            np.testing.assert_array_equal(y, np.linspace(0.2, 0.9, 5))
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_a_unit_is_zero_on_its_line_and_positive_where_its_arrow_points(pictures):
    rows = {(2.0, 1.0, -1.0), (0.0, 1.0, 0.0)}
    for axes, order in zip(pictures["unit_lines"].axes, ((0, 1), (1, 0)), strict=True):
        lines = [line for line in axes.get_lines() if line.get_label().startswith("unit")]
        for line, unit in zip(
            lines, np.array(sorted(rows, reverse=True))[list(order)], strict=True
        ):
            ends = line.get_xydata()
            np.testing.assert_allclose(ends @ unit[:2] + unit[2], 0, atol=1e-9)
            (low, high), (bottom, top) = axes.get_xlim(), axes.get_ylim()
            assert np.ptp(ends, axis=0).max() > max(high - low, top - bottom)
        for arrow, unit in zip(axes.texts, np.array(sorted(rows, reverse=True))[list(order)],
                               strict=True):  # fmt: skip
            assert np.array(arrow.xy) @ unit[:2] + unit[2] > 0


def test_a_renumbered_network_has_the_same_lines_under_other_names(pictures):
    one, other = (
        {line.get_label(): line.get_xydata() for line in axes.get_lines()}
        for axes in pictures["unit_lines"].axes
    )
    np.testing.assert_allclose(one["unit 1"], other["unit 2"])
    np.testing.assert_allclose(one["unit 2"], other["unit 1"])
    assert [axes.get_title() for axes in pictures["unit_lines"].axes] == [
        "one\nout: +3, -4", "other\nout: -4, +3",
    ]  # fmt: skip


def test_a_unit_without_inputs_has_no_line():
    (axes,) = lv.plots.unit_lines({"a": [0.0, 0.0, 1.0, 1.0, 0.0]}, [[0, 0]], [1]).axes
    (line,) = [each for each in axes.get_lines() if each.get_label() == "unit 1"]
    assert len(line.get_xdata()) == 0
    assert not axes.texts


def test_measures_are_drawn_as_given_on_logarithmic_axes(pictures):
    left, right = pictures["measure_curves"].axes
    for axes, curves in ((left, [[4, 1, 4]]), (right, [[1, 2, 3], [1, 1, 1]])):
        assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
        assert [line.get_ydata().tolist() for line in axes.get_lines()] == curves
        assert [label.get_text() for label in axes.get_xticklabels()] == ["0.5", "1", "2"]
    assert left.get_ylim() == right.get_ylim()


def test_quadratics_have_their_ways(pictures):
    for axes, title, end in zip(
        pictures["quadratic_gallery"].axes, ("bowl", "saddle"), (0.2, 0.7), strict=True
    ):
        assert axes.get_title() == title
        assert axes.get_lines()[0].get_ydata()[-1] == end


def test_zeros_are_drawn_beside_the_known_number(pictures):
    (axes,) = pictures["zero_counts"].axes
    known, *curves = [line.get_ydata() for line in axes.get_lines()]
    assert set(known) == {5}
    np.testing.assert_array_equal(curves, [[0, 7], [5, 7]])


def test_shares_that_were_never_seen_are_marked_at_the_end_of_their_interval(pictures):
    (axes,) = pictures["positive_shares"].axes
    points = {tuple(float(a[0]) for a in line.get_data()): line.get_marker()
              for line in axes.get_lines() if len(line.get_xdata()) == 1}  # fmt: skip
    assert points == {(1.0, 0.5): "o", (2.0, 0.1): "v"}
    assert axes.get_yscale() == "log"


def test_indices_are_drawn_as_shares(pictures):
    (axes,) = pictures["index_cloud"].axes
    near, far = (line.get_data() for line in axes.get_lines())
    np.testing.assert_array_equal(near, [[0.3, 0.6], [0, 50]])
    np.testing.assert_array_equal(far, [[0.5], [20]])


def test_activation_curves_are_the_functions(pictures):
    axes = pictures["activation_curves"].axes
    for number, method in enumerate(("__call__", "derivative", "second_derivative")):
        lines = axes[number].get_lines()
        assert len(lines) == len(NAMES)
        for line, name in zip(lines, NAMES, strict=True):
            z, drawn = line.get_data()
            np.testing.assert_array_equal(drawn, getattr(lv.get_activation(name), method)(z))
            assert (z[0], z[-1]) == (-4, 4)


def test_slopes_in_the_description_are_those_drawn(pictures):
    picture = pictures["activation_curves"]
    listed = picture.alt.split("Largest slopes: ")[1].replace(" and ", ", ")
    told = re.findall(r"([^,]+) (\d\.\d\d)[,.] ?", listed)
    assert len(told) == len(NAMES)
    for (label, peak), line in zip(told, picture.axes[1].get_lines(), strict=True):
        assert label == line.get_label()
        assert float(peak) == pytest.approx(max(line.get_ydata()), abs=0.005)


def points_drawn(axes):
    return sum(len(line.get_xdata()) for line in axes.get_lines() if line.get_linestyle() == "None")


def test_clouds_draw_every_point_in_the_panel_of_its_class(pictures, walks):
    panels = iter(pictures["loss_gradient_cloud"].axes)
    samples = list(walks.values())
    present = [c for c in range(5) if any((s.curvature == c).any() for s in samples)]
    assert len(present) >= 2
    for sample, code in itertools.product(samples, present):
        axes, mine = next(panels), (sample.curvature == code).values
        assert points_drawn(axes) == mine.sum()
        for line in axes.get_lines():
            if line.get_linestyle() == "None":
                np.testing.assert_array_equal(line.get_xdata(), sample.loss.values[mine])
                np.testing.assert_array_equal(line.get_ydata(), sample.gradient_norm.values[mine])
                look = lv.plots.mark(sample.activation)
                assert (line.get_color(), line.get_marker()) == (look.colour, look.marker)
        label = lv.get_activation(sample.activation).label
        share = text_of(float(mine.mean()))
        assert axes.get_title() == f"{label} · {lv.CURVATURE_CLASSES[code]} {share}"
        assert f"{share} {lv.CURVATURE_CLASSES[code]}" in pictures["loss_gradient_cloud"].alt
    assert next(panels, None) is None


def test_panels_of_clouds_hold_every_point_levels_groups_and_bounds(pictures):
    panels = dict(zip(CLOUDS, pictures["cloud_panels"].axes, strict=True))
    assert [axes.get_title() for axes in panels.values()] == list(CLOUDS)
    for name, axes in panels.items():
        assert points_drawn(axes) == CLOUDS[name].loss.size
    loss, norm = (CLOUDS["pair"][v].values for v in ("loss", "gradient_norm"))
    outside, low = panels["pair"].get_lines()
    np.testing.assert_array_equal(low.get_data(), [loss[PAIR], norm[PAIR]])
    np.testing.assert_array_equal(outside.get_data(), [loss[~PAIR], norm[~PAIR]])
    assert (low.get_color(), low.get_marker()) != (outside.get_color(), outside.get_marker())
    level, _, lower, upper = panels["bowl"].get_lines()
    assert list(level.get_xdata()) == [0.5, 0.5]
    for curve, curvature in ((lower, 1.0), (upper, 4.0)):
        x, y = curve.get_data()
        np.testing.assert_allclose(y**2, 2 * curvature * x)
    _, above, below = panels["saddle"].get_lines()  # neither side has a ceiling
    np.testing.assert_allclose(above.get_ydata() ** 2, 2 * above.get_xdata())
    np.testing.assert_allclose(below.get_ydata() ** 2, -4 * below.get_xdata())


def test_panels_of_clouds_say_which_share_keeps_the_bounds(pictures):
    assert pictures["cloud_panels"].alt.count("100 % of its points within the bounds") == 2
    wrong = lv.plots.cloud_panels({"pair": CLOUDS["pair"]}, {"pair": [1.0, 2.0]})
    assert "0 % of its points within the bounds" in wrong.alt
    assert f"{text_of(float(PAIR.mean()))} low" in pictures["cloud_panels"].alt


def test_panels_of_clouds_may_be_logarithmic():
    (axes,) = lv.plots.cloud_panels({"pair": CLOUDS["pair"]}, log=True).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_cloud_panels_share_their_axes_and_mark_the_levels(pictures):
    axes = pictures["loss_gradient_cloud"].axes
    assert len({(panel.get_xlim(), panel.get_ylim()) for panel in axes}) == 1
    for panel in axes:
        assert any(list(line.get_xdata()) == [0.3466, 0.3466] for line in panel.get_lines())


def test_the_highest_level_is_not_on_the_edge_of_a_cloud(walks):
    levels = [0.0, 3 * float(walks["tanh"].loss.max())]
    for axes in (
        *lv.plots.loss_gradient_cloud([walks["tanh"]], levels).axes,
        *lv.plots.cloud_panels({"tanh": walks["tanh"]}, levels={"tanh": levels}).axes,
    ):
        assert axes.get_xlim()[1] > 1.02 * levels[-1]


def test_panels_of_clouds_say_how_many_points_lie_outside(walks):
    picture = lv.plots.cloud_panels({"tanh": walks["tanh"]}, quantile=0.5)
    (right, top), sample = (picture.axes[0].get_xlim()[1], picture.axes[0].get_ylim()[1]), walks
    outside = ((sample["tanh"].loss > right) | (sample["tanh"].gradient_norm > top)).mean()
    assert f"{text_of(float(outside))} outside the axes" in picture.alt
    assert "outside" not in lv.plots.cloud_panels({"tanh": walks["tanh"]}, quantile=1.0).alt


def test_a_cloud_says_how_many_points_lie_outside_its_axes(walks):
    picture = lv.plots.loss_gradient_cloud([walks["tanh"]], quantile=0.5)
    (right, top), sample = (picture.axes[0].get_xlim()[1], picture.axes[0].get_ylim()[1]), walks
    outside = ((sample["tanh"].loss > right) | (sample["tanh"].gradient_norm > top)).mean()
    assert f"At most {text_of(float(outside))} of a row's points" in picture.alt
    assert float(outside) > 0.4


def test_a_cloud_counts_the_points_left_of_its_axes(walks):
    below = walks["tanh"].assign(loss=walks["tanh"].loss - float(walks["tanh"].loss.median()))
    picture = lv.plots.loss_gradient_cloud([below], quantile=1.0)
    left = float((below.loss < picture.axes[0].get_xlim()[0]).mean())
    assert left > 0.3
    assert f"At most {text_of(left)} of a row's points lie outside" in picture.alt


def test_curvature_bars_have_the_lengths_of_the_shares(pictures, walks):
    picture = pictures["curvature_shares"]
    bars = {}
    for container in picture.axes[0].containers:
        bars[container.get_label()] = [bar.get_width() for bar in container]
    for row, sample in enumerate(walks.values()):
        curvature = (torch.tensor(sample[v].values) for v in ("curvature", "positive", "negative"))
        kinds = lv.inertia_kinds(*curvature)
        for number, kind in enumerate(lv.INERTIA_KINDS):
            share = float((kinds == number).double().mean())
            assert bars.get(kind, [0] * 4)[row] == pytest.approx(100 * share)
            if share:
                assert f"{text_of(share)} {kind}" in picture.alt
    np.testing.assert_allclose(np.sum(list(bars.values()), axis=0), 100)


def test_kinds_of_bars_differ_without_colour(pictures):
    looks = [
        (c[0].get_facecolor(), c[0].get_hatch())
        for c in pictures["curvature_shares"].axes[0].containers
    ]
    assert len({hatch or colour for colour, hatch in looks}) == len(looks)


def test_walk_curves_draw_walks_and_their_median(pictures, walks):
    picture = pictures["walk_curves"]
    for axes, (name, sample) in zip(picture.axes, walks.items(), strict=True):
        *thin, median = axes.get_lines()
        assert len(thin) == sample.sizes["walk"]
        for line, values in zip(thin, sample.loss.values, strict=True):
            np.testing.assert_array_equal(line.get_ydata(), values)
        expected = np.median(sample.loss, axis=0)
        np.testing.assert_array_equal(median.get_ydata(), expected)
        label = lv.get_activation(name).label
        assert f"{label} from {expected[0]:.2f} to {expected[-1]:.2f}" in picture.alt


def test_at_most_sixty_walks_are_drawn():
    many = lv.progressive_gradient_walk(lv.Landscape("xor", "tanh"), 70, 3, 0.1, 1.0, 0)
    (axes,) = lv.plots.walk_curves([many], "gradient_norm").axes
    *thin, median = axes.get_lines()
    assert len(thin) == 60
    np.testing.assert_array_equal(median.get_ydata(), np.median(many.gradient_norm, axis=0))


def test_saturation_curves_are_the_values(pictures):
    (axes,) = pictures["saturation_curves"].axes
    assert [line.get_label() for line in axes.get_lines()] == [
        lv.get_activation(name).label for name in NAMES
    ]
    for line in axes.get_lines():
        np.testing.assert_allclose(line.get_ydata(), np.linspace(0.2, 0.9, 5))
    assert "tanh from 0.20 to 0.90" in pictures["saturation_curves"].alt
    assert axes.get_xscale() == "log"


def test_tolerance_curves_are_shares_in_per_cent(pictures):
    (axes,) = pictures["tolerance_curves"].axes
    for line in axes.get_lines():
        np.testing.assert_allclose(line.get_ydata(), 100 * np.linspace(0.2, 0.9, 5))
    assert "a, ReLU: from 20 % to 90 %" in pictures["tolerance_curves"].alt


def test_unit_sums_draw_units_sum_and_target(pictures):
    first, second = pictures["unit_sums"].axes
    x = np.linspace(0, 1, 5)
    drawn = [line.get_ydata() for line in first.get_lines()]
    for line, expected in zip(drawn, (x, 2 * x, 3 * x, x), strict=True):
        np.testing.assert_allclose(line, expected)
    assert len(second.get_lines()) == 3
    assert "tanh 2.00 and ReLU 0.00" in pictures["unit_sums"].alt


def test_folded_planes_show_patterns_where_the_network_puts_them(pictures):
    before, after = pictures["folded_plane"].axes
    corners = {(x, y) for x in (0.0, 1.0) for y in (0.0, 1.0)}
    marked = [line for line in before.get_lines() if line.get_marker() in {"o", "^"}]
    assert {xy for line in marked for xy in zip(*line.get_data(), strict=True)} == corners
    marked = [line for line in after.get_lines() if line.get_marker() in {"o", "^"}]
    assert {xy for line in marked for xy in zip(*line.get_data(), strict=True)} == {
        (0.0, 0.0), (1.0, 0.0), (2.0, 1.0),
    }  # fmt: skip
    boundary = next(line for line in after.get_lines() if line.get_color() == "black")
    np.testing.assert_allclose(20 * boundary.get_xdata() - 40 * boundary.get_ydata(), 10)
    assert (
        "(0, 1) goes to hidden outputs (1.00, 0.00) and output 1.00" in pictures["folded_plane"].alt
    )


def test_samples_of_nothing_but_zeros_can_be_drawn():
    zeros = xr.DataArray(np.zeros((2, 3)), dims=("walk", "step"))
    sample = xr.Dataset(
        {"loss": zeros, "gradient_norm": zeros, "curvature": zeros.astype(np.int8)},
        attrs={"activation": "relu"},
    )
    assert lv.plots.loss_gradient_cloud([sample]).png()
    assert lv.plots.walk_curves([sample]).png()


# --- marks ------------------------------------------------------------------------------------

LOOKS = [lv.plots.mark(name) for name in NAMES]


def test_every_activation_has_its_own_colour_marker_and_line():
    for what in ("colour", "marker", "dashes"):
        assert len({getattr(look, what) for look in LOOKS}) == len(NAMES), what


@pytest.mark.parametrize("sight", SIGHT)
def test_colours_can_be_told_apart(sight):
    places = [lab(look.colour, SIGHT[sight]) for look in LOOKS]
    nearest = min(np.linalg.norm(a - b) for a, b in itertools.combinations(places, 2))
    assert nearest > 12  # about 2 is just noticeable


def test_an_activation_of_ones_own_has_a_mark_too():
    other = lv.plots.mark("swash")
    for what in ("colour", "marker", "dashes"):
        assert getattr(other, what) not in {getattr(look, what) for look in LOOKS}


def test_activations_of_ones_own_and_with_parameters_can_be_drawn():
    cube = lv.register_activation("cube", lambda z: z**3, label="cube of z")
    sharp = lv.get_activation("softplus", beta=3.0)
    picture = lv.plots.activation_curves([cube, "cube", sharp], span=2.0)
    assert "cube of z 12.00, cube of z 12.00 and softplus (beta=3.0) 1.00" in picture.alt
    marks = [line.get_color() for line in picture.axes[0].get_lines()]
    assert marks == [lv.plots.mark(name).colour for name in ("cube", "cube", "softplus")]


def test_values_down_to_the_lowest_bound_are_in_view(pictures):
    assert pictures["activation_curves"].axes[0].get_ylim()[0] < lv.get_activation("selu").range[0]
    plain = lv.plots.activation_curves(["tanh", "relu", "elu", "sigmoid"])
    assert plain.axes[0].get_ylim() == (-1.3, 3)


# --- pictures ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_png_is_valid_small_and_carries_its_description(pictures, kind):
    picture = pictures[kind]
    data, metadata = picture._repr_mimebundle_()
    raw = base64.b64decode(data["image/png"])
    image = Image.open(io.BytesIO(raw))
    assert image.format == "PNG"
    assert 250 < image.width < 2000
    assert 150 < image.height < 2500
    assert image.convert("L").getextrema()[0] < 100  # something is drawn
    assert len(raw) < 300_000
    assert metadata["image/png"]["alt"] == data["text/plain"] == picture.alt == repr(picture)


@pytest.mark.parametrize("kind", KINDS)
def test_descriptions_are_sentences_without_layout(pictures, kind):
    alt = pictures[kind].alt
    assert alt == " ".join(alt.split())
    assert alt.endswith(".")
    assert len(alt) > 40
    assert not re.search(r"nan|inf\b|None|array", alt)


@pytest.mark.parametrize(
    ("ending", "head"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_pictures_can_be_saved(pictures, tmp_path, ending, head):
    for path in (tmp_path / f"a.{ending}", str(tmp_path / f"b.{ending}")):
        pictures["unit_sums"].save(path)
    assert (tmp_path / f"a.{ending}").read_bytes().startswith(head)
    assert (tmp_path / f"b.{ending}").exists()


def test_an_unknown_format_is_refused_and_nothing_is_written(pictures, tmp_path):
    with pytest.raises(ValueError, match="xyz"):
        pictures["unit_sums"].save(tmp_path / "a.xyz")
    assert list(tmp_path.iterdir()) == []


def test_the_same_data_give_the_same_image(pictures):
    assert pictures["activation_curves"].png() == lv.plots.activation_curves(NAMES).png()


def test_settings_and_open_figures_of_the_caller_stay():
    plt = pytest.importorskip("matplotlib.pyplot")
    opened = plt.get_fignums()  # by other tests
    with mpl.rc_context({"font.size": 17.0, "axes.grid": False}):
        before = dict(mpl.rcParams)
        lv.plots.activation_curves(["tanh"]).png()
        with pytest.raises(ValueError, match="activation"):
            lv.plots.activation_curves(["tanhh"])
        assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == opened


def test_a_callers_settings_do_not_change_the_picture(pictures):
    with mpl.rc_context({"font.size": 22.0, "lines.linewidth": 9.0}):
        assert lv.plots.activation_curves(NAMES).png() == pictures["activation_curves"].png()


def test_the_data_are_not_changed(walks):
    before = {name: sample.copy(deep=True) for name, sample in walks.items()}
    lv.plots.loss_gradient_cloud(list(walks.values())).png()
    lv.plots.curvature_shares(walks)
    for name, sample in walks.items():
        xr.testing.assert_identical(sample, before[name])


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0 %"), (1, "100 %"), (0.004, "under 1 %"), (0.996, "over 99 %"), (0.5, "50 %"),
        (0.005, "under 1 %"), (0.0051, "1 %"), (0.994, "99 %"), (0.995, "over 99 %"),
    ],
)  # fmt: skip
def test_shares_are_none_or_all_only_where_they_are(share, words):
    assert text_of(share) == words
