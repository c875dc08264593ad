"""The linked cloud: what a page says of a brushed region is what the walks hold."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import lossviz as lv
from browser_modules import assert_same, call
from lossviz.explorers import _cloud_data
from lossviz.explorers._cloud_axes import axis
from lossviz.explorers._cloud_outputs import rows_of
from lossviz.explorers._cloud_picture import marks

ALL = (
    "loss", "gradient_norm", "curvature", "saturation", "accuracy", "test_loss", "test_accuracy",
    "weights",
)  # fmt: skip
XOR = lv.Landscape("xor", "tanh")
IRIS = lv.Landscape("iris", "elu")


def walked(landscape, walks, steps, measures=ALL):
    return lv.progressive_gradient_walk(
        landscape, walks, steps, 0.5, 1.0, seed=0, measures=measures
    )


@pytest.fixture(scope="module")
def xor():
    return walked(XOR, 6, 40)


@pytest.fixture(scope="module")
def iris():
    return walked(IRIS, 4, 30)


def explorers(xor, iris):
    """Explorers of every form: axes, with and without what can be measured, zeros and gaps."""
    gaps = xor.copy(deep=True)
    gaps.loss[0, :5] = 0.0
    gaps.saturation[:, ::3] = np.nan
    gaps.loss[1, 3] = np.nan
    plain = xor[["loss", "gradient_norm"]]
    cloud = lv.explorers.linked_cloud
    return {
        "xor": cloud(xor, XOR),
        "xor log": cloud(xor, XOR, log=True),
        "iris": cloud(iris, IRIS),
        "iris log": cloud(iris, IRIS, log=True),
        "classes": cloud(xor.drop_vars(["positive", "negative", "weights"])),
        "plain": cloud(plain, log=True),
        "gaps": cloud(gaps, XOR),
        "gaps log": cloud(gaps, XOR, log=True),
        "one point": cloud(plain.isel(walk=[0], step=[7])),
    }


def some_states(explorer, count=12):
    rng = np.random.default_rng(3)
    ranges = [each for each in explorer.controls if hasattr(each, "step")]
    drawn = [
        {each.name: each.starting_at(rng.uniform(each.min, each.max)).value for each in ranges}
        for _ in range(count)
    ]
    widest = {each.name: each.max if each.name.endswith("to") else each.min for each in ranges}
    nothing = widest | {"loss_from": widest["loss_to"], "gradient_from": widest["gradient_to"]}
    return [explorer.state(**each) for each in [{}, widest, nothing, *drawn]]


# --- the page and Python --------------------------------------------------------------------------


def test_the_page_shows_what_python_shows(xor, iris):
    for name, explorer in explorers(xor, iris).items():
        data, states = explorer.spec()["data"], some_states(explorer)
        shown = call("linked_cloud", "kind.compute", *([state, data] for state in states))
        for state, got in zip(states, shown, strict=True):
            assert_same(got, explorer.result(**state), f"{name} {state}")


def test_a_page_has_the_panels_of_what_was_measured(xor, iris):
    always = ["cloud", "paths"]
    measured = {
        "iris": [*always, "kinds", "saturation", "outputs"],
        "classes": [*always, "kinds", "saturation"],
        "plain": always,
    }
    made = explorers(xor, iris)
    for name, wanted in measured.items():
        (panels,) = call("linked_cloud", "kind.panels", [{"data": made[name].spec()["data"]}])
        assert [each["name"] for each in panels] == wanted
        assert len(made[name].picture().axes) == len(wanted) - 1  # it has no paths


def test_a_live_panel_says_the_same(xor):
    cloud = lv.explorers.linked_cloud(xor, XOR)
    panel = cloud.live()
    panel.state = cloud.state(loss_to=0.3, paths="cloud")
    assert_same(panel.result, cloud.result(loss_to=0.3))


# --- what is true of a brush ----------------------------------------------------------------------


@pytest.mark.parametrize("log", [False, True])
def test_a_brush_holds_the_points_between_its_ends(xor, log):
    cloud = lv.explorers.linked_cloud(xor, XOR, log=log)
    ends = {name: cloud.state()[name] for name in cloud.state() if name != "paths"}
    true = {name: 10.0**end if log else end for name, end in ends.items()}
    chosen = [
        (w, s)
        for w in range(6)
        for s in range(40)
        if true["loss_from"] <= float(xor.loss[w, s]) <= true["loss_to"]
        and true["gradient_from"] <= float(xor.gradient_norm[w, s]) <= true["gradient_to"]
    ]
    found = cloud.result()
    assert found["count"] == len(chosen)
    assert list(found["touched"]) == [int(any(w == each for w, _ in chosen)) for each in range(6)]
    kinds = lv.inertia_kinds(*(xor[n].values for n in ("curvature", "positive", "negative")))
    mine = [int(kinds[at]) for at in chosen]
    np.testing.assert_allclose(found["kinds"]["inside"], np.bincount(mine, minlength=5) / len(mine))
    means = {each["label"]: each["inside"] for each in found["means"]}
    for name in ("saturation", "accuracy", "test_loss", "test_accuracy"):
        wanted = np.mean([float(xor[name][at]) for at in chosen])
        assert means[name.replace("_", " ")] == pytest.approx(wanted, rel=1e-6)
    points = torch.tensor(np.array([xor.weights.values[at] for at in chosen]))
    wanted = XOR.outputs(points).squeeze(-1).mean(dim=0)
    shown = [each["mean"]["inside"] for each in found["outputs"]]
    np.testing.assert_allclose(shown, wanted, rtol=1e-6)
    assert [each["label"] for each in found["outputs"]] == [
        "0, 0 → 0", "0, 1 → 1", "1, 0 → 1", "1, 1 → 0"
    ]  # fmt: skip


def test_which_end_is_named_first_does_not_matter(xor):
    cloud = lv.explorers.linked_cloud(xor, XOR)
    one = cloud.result(loss_from=0.1, loss_to=0.5, gradient_from=0.02, gradient_to=0.2)
    other = cloud.result(loss_from=0.5, loss_to=0.1, gradient_from=0.2, gradient_to=0.02)
    assert one["text"] == other["text"]
    assert_same(other, one)


def test_two_brushes_side_by_side_hold_what_one_over_both_does(iris):
    cloud = lv.explorers.linked_cloud(iris, IRIS, log=True)
    low, high = cloud.controls[0].min, cloud.controls[0].max
    step, middle = cloud.controls[0].step, cloud.controls[1].value
    whole = cloud.result(loss_from=low, loss_to=high)["inside"]
    left = cloud.result(loss_from=low, loss_to=middle)["inside"]
    right = cloud.result(loss_from=middle, loss_to=high)["inside"]
    assert 0 < left.sum() < whole.sum()
    np.testing.assert_array_equal(np.maximum(left, right), whole)
    nearer = cloud.result(loss_from=low, loss_to=round(middle - step, 9))["inside"]
    assert (nearer <= left).all()


def test_shares_do_not_depend_on_the_order_of_walks(xor):
    shuffled = xor.isel(walk=[3, 1, 5, 0, 2, 4])
    one, other = (lv.explorers.linked_cloud(each, XOR).result() for each in (xor, shuffled))
    assert one["text"] == other["text"]
    assert_same(other["kinds"], one["kinds"])
    assert_same(other["saturation"], one["saturation"])


def test_histograms_hold_every_point_once(xor, iris):
    for explorer in (lv.explorers.linked_cloud(xor, XOR), lv.explorers.linked_cloud(iris, IRIS)):
        found = explorer.result()
        for each in (found["saturation"], found["kinds"], *found["outputs"]):
            assert each["inside"].sum() == pytest.approx(1)
            assert each["all"].sum() == pytest.approx(1)


def test_an_empty_brush_says_so(xor):
    cloud = lv.explorers.linked_cloud(xor, XOR)
    last = cloud.controls[1].max
    found = cloud.result(loss_from=last, loss_to=last)
    assert found["count"] == 0
    assert "None of the 240 points shown lies in it." in found["text"]
    assert all(each["inside"] is None for each in found["means"])


def test_classes_are_shown_where_signs_were_not_counted(xor):
    found = lv.explorers.linked_cloud(xor.drop_vars(["positive", "negative"])).result()
    assert found["kinds"]["names"] == list(lv.CURVATURE_CLASSES)
    np.testing.assert_allclose(
        found["kinds"]["all"], np.bincount(xor.curvature.values.ravel(), minlength=5) / 240
    )


def test_a_class_row_is_the_mean_of_its_own_unit(iris):
    rows = rows_of(IRIS)
    points = iris.weights.values.reshape(-1, IRIS.num_weights)[:7]
    shown = rows.at(points)
    outputs, targets = IRIS.outputs(points), torch.tensor(IRIS.problem.targets)
    for unit, label in enumerate(("setosa", "versicolor", "virginica")):
        own = outputs[:, targets[:, unit] == 1, unit].mean(dim=1)
        assert shown["labels"][unit] == label
        np.testing.assert_allclose(shown["values"][unit], own, rtol=1e-6)


def test_one_output_for_many_samples_has_a_row_per_class():
    x = np.linspace(-1, 1, 20)[:, None]
    problem = lv.problem_from_arrays(x, np.repeat(["a", "b"], 10), hidden=2)
    landscape = lv.Landscape(problem, "tanh")
    weights = landscape.initial(3, 0, 1.0)
    shown = rows_of(landscape).at(weights.numpy())
    outputs, second = landscape.outputs(weights)[..., 0], torch.tensor(problem.targets[:, 0] == 1)
    assert shown["labels"] == ["a", "b"]
    np.testing.assert_allclose(shown["values"][0], outputs[:, ~second].mean(dim=1), rtol=1e-6)
    np.testing.assert_allclose(shown["values"][1], outputs[:, second].mean(dim=1), rtol=1e-6)


# --- which points are shown -----------------------------------------------------------------------


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 400), st.integers(1, 1200), st.floats(2, 30))
def test_points_are_taken_evenly_and_as_many_as_can_be_sent(walks, steps, numbers):
    found = _cloud_data.thinned(walks, steps, numbers)
    most = int(_cloud_data._BYTES / (_cloud_data._NUMBER * numbers))
    count = len(found.walks) * len(found.steps)
    assert 1 <= count <= most
    if walks * steps <= most:
        assert count == walks * steps
    else:
        assert len(found.walks) >= min(0.75 * min(walks, 24), most)
    assert found.walks[0] == 0
    assert found.steps[0] == 0
    gaps = np.diff(found.walks)
    if len(gaps):
        assert gaps.max() - gaps.min() <= 1
    assert steps - 1 - found.steps[-1] < found.every


def test_the_note_says_which_points_are_shown(xor):
    assert "All 240 points are shown." in lv.explorers.linked_cloud(xor).note
    many = xr.concat([xor] * 50, dim="step")
    many["loss"] = many.loss + 1e-3 * np.arange(2000)
    cloud = lv.explorers.linked_cloud(many, XOR)
    walks, steps = cloud.data["walks"], cloud.data["steps"]
    every = int(steps[1])
    told = re.search(
        r"Shown are ([\d,]+) points: every (\d+)\w\w step of (\d+) walks of 6", cloud.note
    )
    assert told is not None
    assert [int(each.replace(",", "")) for each in told.groups()] == [
        walks * len(steps),
        every,
        walks,
    ]
    sent = cloud.data["loss"].reshape(walks, -1)
    np.testing.assert_array_equal(sent[0], many.loss[0, ::every].values.astype(np.float32))


@pytest.mark.parametrize(
    ("every", "said"),
    [(1, "every step"), (2, "every 2nd"), (3, "every 3rd"), (11, "every 11th"), (13, "every 13th"),
     (21, "every 21st"), (22, "every 22nd"), (111, "every 111th")],
)  # fmt: skip
def test_every_k_th_step_is_named(every, said):
    assert _cloud_data._every(every).startswith(said)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=20))
def test_axes_end_beyond_most_points_and_move_in_steps_that_are_shown(values):
    values = np.array(values)
    for log in (False, True):
        found = axis("loss", values, log)
        places = np.log10(values) if log else values
        assert found.high >= np.quantile(places, 0.95) * (1 - 1e-12)
        assert found.low <= max(0.0, np.quantile(places, 0.05)) or log
        assert found.low < found.middle < found.high
        for k in (1, 37, 99):
            place = found.low + k * found.step
            assert float(f"{place:.{found.digits}f}") == pytest.approx(place, abs=1e-9)


def test_no_range_starts_at_its_maximum(xor, iris):
    for name, explorer in explorers(xor, iris).items():
        ranges = [each for each in explorer.controls if hasattr(each, "step")]
        assert all(each.value < each.max for each in ranges), name
        assert sum(not each.more for each in explorer.controls) == 3


@pytest.mark.parametrize("names", [lv.INERTIA_KINDS, lv.CURVATURE_CLASSES])
def test_kinds_are_told_apart_without_colour(names):
    found = marks(list(names))
    assert len({each["shape"] for each in found}) == len(names)
    assert len({each["fill"] for each in found}) == len(names)


# --- the output -----------------------------------------------------------------------------------


@pytest.mark.parametrize("log", [False, True])
def test_the_output_is_small_and_needs_nothing_else(iris, log):
    many = xr.concat([iris] * 30, dim="step")
    cloud = lv.explorers.linked_cloud(many, IRIS, log=log)
    data, metadata = cloud._repr_mimebundle_()
    assert sum(map(len, data.values())) < 150_000
    assert not re.search(r"https?:|\bsrc=\"(?!data:)|\bhref=|@import|\burl\(", data["text/html"])
    assert not re.search(r"^\s*(?:import|export)\b", data["text/html"], re.MULTILINE)
    assert data["text/plain"] == f"Linked cloud. {cloud.result()['text']}"
    assert cloud.result()["text"] in metadata["image/png"]["alt"]
    assert cloud._repr_mimebundle_() == (data, metadata)


# --- bad input ------------------------------------------------------------------------------------


def test_bad_walks_are_refused(xor):
    cloud = lv.explorers.linked_cloud
    with pytest.raises(TypeError, match="walks must be a data set of walks; got list"):
        cloud([xor])
    with pytest.raises(ValueError, match=r"\['gradient_norm'\] missing from one with \['loss'\]"):
        cloud(xor[["loss"]])
    with pytest.raises(ValueError, match="loss of walks must have the dimensions"):
        cloud(xor[["loss", "gradient_norm"]].rename(step="point"))
    with pytest.raises(ValueError, match="finite values of loss; got none"):
        cloud(xor.assign(loss=xor.loss * np.nan))
    with pytest.raises(ValueError, match=r"log=True is allowed"):
        cloud(xor.assign(loss=xor.loss * 1e-9))
    with pytest.raises(ValueError, match="positive values for log=True; got none"):
        cloud(xor.assign(loss=0 * xor.loss), log=True)
    with pytest.raises(ValueError, match="curvature of walks must be from 0 to 4"):
        cloud(xor.assign(curvature=xor.curvature + 5).drop_vars(["positive", "negative"]))
    with pytest.raises(TypeError, match="log must be True or False"):
        cloud(xor, log=1)
    with pytest.raises(TypeError, match="title must be text"):
        cloud(xor, title=3)


def test_another_landscape_than_the_one_walked_on_is_refused(xor, iris):
    cloud = lv.explorers.linked_cloud
    with pytest.raises(ValueError, match="with problem 'iris'; got 'xor'"):
        cloud(iris, XOR)
    with pytest.raises(ValueError, match="with activation 'tanh'; got 'relu'"):
        cloud(xor, lv.Landscape("xor", "relu"))
    with pytest.raises(TypeError, match="landscape must be a Landscape"):
        cloud(xor, "xor")


def test_without_weights_outputs_are_left_out_and_the_note_says_so(xor):
    cloud = lv.explorers.linked_cloud(xor.drop_vars("weights"), XOR)
    assert cloud.result()["outputs"] is None
    assert cloud.note.endswith("Outputs are not shown, as weights were not measured.")
