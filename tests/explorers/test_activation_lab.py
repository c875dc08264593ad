"""The activation lab: what the page computes is what Python computes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import lossviz as lv
from browser_modules import assert_same, call, call_each

ZOO = [
    name
    for name in lv.activation_names()
    if name in lv.explorers.activation_lab.__globals__["_ZOO"]
]


def test_functions_of_the_zoo_are_those_of_the_package():
    z = np.concatenate([np.linspace(-30, 30, 301), [-1e-9, 1e-9, 0.5, -3.5, 3.5]])
    z = z[np.abs(np.abs(z) - 1) > 1e-9]  # hard tanh's kinks
    curves = {
        (name, path): getattr(lv.get_activation(name), method)(z).numpy()
        for name in ZOO
        for path, method in (
            ("f", "__call__"), ("first", "derivative"), ("second", "second_derivative")
        )
    }  # fmt: skip
    shown = call_each(
        [("zoo", f"ZOO.{name}.{path}", [value]) for name, path in curves for value in z.tolist()]
    )
    for (name, path), got in zip(curves, np.reshape(shown, (-1, len(z))), strict=True):
        np.testing.assert_allclose(
            got, curves[name, path], rtol=1e-9, atol=1e-13, err_msg=f"{name} {path}"
        )


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_the_page_shows_what_python_shows(scale):
    lab = lv.explorers.activation_lab()
    data = lab.spec()["data"]
    pairs = [*itertools.pairwise(ZOO), (ZOO[-1], ZOO[0])]
    states = [lab.state(first=a, second=b, scale=scale) for a, b in pairs]
    shown = call("activation_lab", "kind.compute", *([state, data] for state in states))
    for state, got in zip(states, shown, strict=True):
        assert_same(got, lab.result(**state), str(state))


def test_an_activation_of_ones_own_is_drawn_from_its_table(own):
    lab = lv.explorers.activation_lab(own, "tanh")
    data, state = lab.spec()["data"], lab.state(scale=2.0)
    (got,) = call("activation_lab", "kind.compute", [state, data])
    wanted = lab.result(**state)
    assert got["text"] == wanted["text"]
    for what in ("f", "first"):
        np.testing.assert_allclose(
            got["functions"][0][what], wanted["functions"][0][what], atol=1e-5
        )


@pytest.fixture
def own():
    lv.register_activation("arctan_of_tests", torch.atan, overwrite=True)
    return "arctan_of_tests"


def test_reference_values_of_standard_normal_inputs():
    # E[f'^2] for z ~ N(0, 1): quadrature values of Part I.
    for name, squared in (("sigmoid", 0.0448), ("tanh", 0.464), ("elu", 0.668), ("relu", 0.5)):
        result = lv.explorers.activation_lab(name, "identity").result()
        assert result["functions"][0]["squared"] == pytest.approx(squared, abs=2e-3)
    assert lv.explorers.activation_lab("relu").result()["functions"][0]["mean"] == pytest.approx(
        0.3989, abs=1e-3
    )


def test_shares_of_histograms_sum_to_one():
    result = lv.explorers.activation_lab("gelu", "sine").result(scale=3.0)
    for what in ("outputs", "slopes"):
        np.testing.assert_allclose(np.sum(result[what]["shares"], axis=1), 1)
