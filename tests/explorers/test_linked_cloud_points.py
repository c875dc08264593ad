"""The linked cloud: which points are sent, axes, rows of outputs, and what is refused."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import lossviz as lv
from lossviz.explorers import _cloud_data
from lossviz.explorers._cloud_axes import axis
from lossviz.explorers._cloud_outputs import rows_of

MEASURES = ("loss", "gradient_norm", "curvature", "weights")
XOR = lv.Landscape("xor", "tanh")
IRIS = lv.Landscape("iris", "elu")


@pytest.fixture(scope="module")
def xor():
    return lv.progressive_gradient_walk(XOR, 6, 40, 0.5, 1.0, seed=0, measures=MEASURES)


@pytest.fixture(scope="module")
def iris():
    return lv.progressive_gradient_walk(
        IRIS, 4, 30, 0.5, 1.0, seed=0, measures=("loss", "gradient_norm", "weights")
    )


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


# --- outputs --------------------------------------------------------------------------------------


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
