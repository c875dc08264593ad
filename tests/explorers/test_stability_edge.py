"""The stability edge: what the page computes is what Python computes, and what was recorded."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray as xr

import lossviz as lv
from browser_modules import assert_same, call
from explorer_kinds import make
from looks import changes_and_comes_back

DIMS = ("activation", "learning_rate", "step")


def runs(losses=(0.5, 0.4, 0.45), sharpness=(1.0, 2.0, 4.2), steps=(0, 10, 20), rate=0.5):
    return xr.Dataset(
        {"loss": (DIMS, [[losses]]), "sharpness": (DIMS, [[sharpness]])},
        coords={"activation": ["relu"], "learning_rate": [rate], "step": list(steps)},
    )


def test_the_page_shows_what_python_shows():
    made = make("stability_edge")
    data = made.spec()["data"]
    names, rates, _ = made.controls
    states = [
        made.state(activation=name, learning_rate=rate, step=step)
        for (name, _), (rate, _), step in itertools.product(
            names.options, rates.options, (0, 10, 1000, 2000)
        )
    ]
    shown = call("stability_edge", "kind.compute", *([state, data] for state in states))
    for state, got in zip(states, shown, strict=True):
        assert_same(got, made.result(**state), str(state))


@pytest.mark.parametrize(
    ("losses", "sharpness", "said"),
    [
        ((0.5, 0.4, 0.45), (1.0, 2.0, 3.9), "the limit 4.00 is not met in this run."),
        ((0.5, 0.4, 0.45), (1.0, 2.0, 4.0), "a median of 1.00 times the limit."),
        ((0.5, 0.4, 0.45), (1.0, 5.0, 4.0), "first met at step 10."),
        ((0.5, 0.4, 0.45), (1.0, 5.0, 4.0), "a median of 1.13 times the limit."),  # from 1.125
        ((0.5, 0.4, 0.45), (5.0, 5.0, 4.0), "50 % have a higher loss"),
    ],
)
def test_words_on_runs_by_hand_on_page_and_in_python(losses, sharpness, said):
    made = lv.explorers.stability_edge(runs(losses, sharpness))
    (got,) = call("stability_edge", "kind.compute", [made.state(), made.spec()["data"]])
    assert said in got["text"]
    assert got["text"] == made.result()["text"]


def test_dimensions_may_come_in_any_order():
    kept = lv.explorers.stability_edge(runs()).result()
    turned = lv.explorers.stability_edge(runs().transpose("step", ...)).result()
    assert_same(turned, kept)


@pytest.mark.parametrize(
    ("recorded", "options", "error", "words"),
    [
        ("runs", {}, TypeError, "must be a data set; got str"),
        (runs().drop_vars("loss"), {}, ValueError, "must have loss over"),
        (runs().isel(activation=0), {}, ValueError, "must have loss over"),
        (runs().drop_vars("step"), {}, ValueError, "coordinates"),
        (runs(losses=(0.5, 0.0, 0.4)), {}, ValueError, "above 0"),
        (runs(losses=(0.5, np.nan, 0.4)), {}, ValueError, "finite"),
        (runs(steps=(0, 10, 30)), {}, ValueError, "evenly spaced steps"),
        (runs(steps=(10, 20, 30)), {}, ValueError, "evenly spaced steps"),
        (runs(rate=-1.0), {}, ValueError, "above 0"),
        (runs(), {"activation": "rleu"}, ValueError, "Did you mean 'relu'"),
        (runs(), {"learning_rate": 0.7}, ValueError, "learning_rate must be one of"),
        (runs(), {"learning_rate": "0.5"}, TypeError, "must be a number"),
    ],
)
def test_bad_input_is_refused_in_words(recorded, options, error, words):
    with pytest.raises(error, match=words):
        lv.explorers.stability_edge(recorded, **options)


def test_by_keyboard_alone_pictures_and_status_change_and_come_back(page_of):
    page = page_of(make("stability_edge"))
    changes_and_comes_back(page, 3, "step")
