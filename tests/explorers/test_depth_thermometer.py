"""The depth thermometer: what the page computes is what Python computes, and the theory."""

from __future__ import annotations

import numpy as np
import pytest

import lossviz as lv
from browser_modules import assert_same, call
from looks import changes_and_comes_back

ZOO = ("tanh", "relu", "elu", "sigmoid", "selu", "gelu", "softplus", "sine", "identity")


def test_the_page_shows_what_python_shows():
    made = lv.explorers.depth_thermometer(functions=ZOO)
    data = made.spec()["data"]
    states = [
        made.state(activation=name, gain=gain, depth=depth)
        for name in ZOO
        for gain, depth in ((0.05, 60), (1.0, 30), (1.4, 2), (3.0, 60))
    ]
    shown = call("depth_thermometer", "kind.compute", *([state, data] for state in states))
    for state, got in zip(states, shown, strict=True):
        assert_same(got, made.result(**state), str(state))


@pytest.mark.parametrize("name", ZOO)
def test_the_table_is_true_to_the_integrals(name):
    made = lv.explorers.depth_thermometer(name, functions=ZOO)
    for gain in (0.5, 1.0, 1.4, 2.5):
        got = made.result(gain=gain, depth=40)
        wide = lv.signal_propagation(name, 40, gain)
        np.testing.assert_allclose(got["variance"], np.log10(wide.variance), atol=0.03)
        np.testing.assert_allclose(got["gradient"], np.log10(wide.gradient), atol=0.05)


def test_relu_is_a_power_of_its_gain():
    got = lv.explorers.depth_thermometer("relu", functions=ZOO).result(gain=1.0, depth=31)
    np.testing.assert_allclose(got["gradient"], -np.arange(30, -1, -1) * np.log10(2), atol=1e-5)
    assert "vanishes" in got["text"]


@pytest.mark.parametrize(
    ("options", "words"),
    [({"activation": "tahn"}, "tanh"), ({"gain": 4.0}, "at most 3"), ({"depth": 1}, "at least 2")],
)
def test_bad_input_is_refused_in_words(options, words):
    with pytest.raises(ValueError, match=words):
        lv.explorers.depth_thermometer(**options)


def test_by_keyboard_alone_pictures_and_status_change_and_come_back(page_of):
    page = page_of(lv.explorers.depth_thermometer(functions=ZOO))
    changes_and_comes_back(page, 2, "gain")
