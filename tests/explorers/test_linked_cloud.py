"""The linked cloud: what a page says of a brushed region is what the walks hold."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
import xarray as xr

import lossviz as lv
from browser_modules import assert_same, call
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
