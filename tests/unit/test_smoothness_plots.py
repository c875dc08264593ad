"""Pictures of kinks and mean outputs, and the jumps of derivatives that they are drawn for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import lossviz as lv

Z = np.array([-2.0, -1.0, 0.5, 3.0])
CURVES = {"relu": np.array([0.0, 0.0, 1.0, 1.0]), "elu": np.array([0.1, 0.4, 1.0, 1.0])}


def test_curves_are_broken_at_the_kink_and_nowhere_else():
    picture = lv.plots.kink_curves(Z, {"slope": CURVES, "again": {"elu": CURVES["elu"]}})
    first, second = picture.axes
    drawn = [line.get_data() for line in first.get_lines()[:-1]]  # the last is the guide at 0
    assert [x.tolist() for x, _ in drawn] == [[-2, -1], [0.5, 3]] * 2
    assert np.array_equal(np.concatenate([y for _, y in drawn[:2]]), CURVES["relu"])
    assert np.array_equal(np.concatenate([y for _, y in drawn[2:]]), CURVES["elu"])
    assert len(second.get_lines()) == 3
    assert "slope, left and right of 0: ReLU 0.00 to 1.00 and ELU 0.40 to 1.00." in picture.alt


def test_marks_are_measured_and_lines_expected():
    measured, expected = {"selu": [0.1, -0.001]}, {"selu": [0.0, 0.0]}
    picture = lv.plots.mean_output_curves(measured, expected, "mean over size")
    line, marks, zero = picture.axes[0].get_lines()
    assert line.get_ydata().tolist() == expected["selu"]
    assert marks.get_ydata().tolist() == measured["selu"]
    assert marks.get_linestyle() == "None"
    assert line.get_linestyle() != "None"
    assert marks.get_xdata().tolist() == [1, 2]
    assert zero.get_ydata() == [0, 0]
    assert picture.alt.startswith("Mean over size")
    assert picture.alt.endswith("SELU 0.00.")


def test_measured_and_expected_need_the_same_names():
    with pytest.raises(ValueError, match="same names"):
        lv.plots.mean_output_curves({"relu": [0.1]}, {"elu": [0.1]})


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish"])
def test_derivatives_jump_at_a_kink_as_the_activations_do(name):
    """For the input (0, 0) of XOR, the first unit's net input is its bias."""
    land, f = lv.Landscape("xor", activation=name), lv.get_activation(name)
    ends = torch.tensor([3, 3, 1, -2, 0, -1, 1.5, 1, -0.5]).double().repeat(3, 1)
    ends[:, 4] = torch.tensor([-1e-9, 0.0, 1e-9])
    p, v = float(land.outputs(ends)[1, 0, 0]), 1.5
    sides = torch.tensor([-1e-9, 1e-9], dtype=torch.float64)
    slope, bend = f.derivative(sides), f.second_derivative(sides)
    expected = (p * v * slope).diff() / 4
    assert land.gradient(ends[::2])[:, 4].diff() == pytest.approx(expected, abs=1e-7)
    expected = (p * (1 - p) * v**2 * slope**2 + p * v * bend).diff() / 4
    assert land.hessian(ends[::2])[:, 4, 4].diff() == pytest.approx(expected, abs=1e-7)
