"""ES modules that explorers share, beside the package's own numbers."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
import torch

import lossviz as lv
from browser_modules import call


@pytest.mark.parametrize("activation", ["tanh", "relu", "elu", "sigmoid"])
def test_the_network_of_xor_is_that_of_the_package(activation):
    landscape = lv.Landscape("xor", activation)
    weights = torch.cat([landscape.initial(20, seed, b) for seed, b in ((0, 1.0), (1, 10.0))])
    asked = [[each, activation] for each in weights.tolist()]
    for path, wanted in (
        ("loss", landscape.loss(weights)),
        ("gradient", landscape.gradient(weights)),
        ("outputs", landscape.outputs(weights).squeeze(-1)),
    ):
        got = call("network", path, *asked)
        np.testing.assert_allclose(got, wanted.numpy(), rtol=1e-9, atol=1e-15, err_msg=path)


def test_colours_of_heat_maps_are_those_of_pictures():
    shares = [0, 0.1, 0.25, 1 / 3, 0.5, 0.77, 1]
    got = np.array(call("colours", "viridis", *([share] for share in shares)))
    wanted = 255 * mpl.colormaps["viridis"](shares)[:, :3]
    assert np.abs(got - wanted).max() <= 3
    assert call("colours", "viridis", [-1], [2]) == call("colours", "viridis", [0], [1])


SIZE = {"width": 356.0, "height": 262.0}


def test_a_frame_leads_from_numbers_to_pixels_and_back():
    options = {"x": [0, 2], "y": [-1, 1], "title": "t", "left": 46}
    (box,) = call("axes", "scales", [SIZE, options])
    assert box["box"] == {"left": 46, "right": 346, "top": 26, "bottom": 226}
    (other,) = call("axes", "scales", [SIZE, options | {"left": 100, "title": ""}])
    assert other["box"] == {"left": 100, "right": 346, "top": 10, "bottom": 226}


def test_ticks_of_logarithms_are_whole_powers_of_ten():
    got = call("axes", "powers", [-3, 1, 9], [-3.5, 1.5, 9], [-12, 0, 5], [0.2, 0.8, 5])
    assert got[0] == got[1] == [[-3, "10⁻³"], [-2, "10⁻²"], [-1, "10⁻¹"], [0, "10⁰"], [1, "10¹"]]
    assert [power for power, _ in got[2]] == [-12, -9, -6, -3, 0]
    assert got[3] == []
