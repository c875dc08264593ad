"""Activations: their derivatives, tails, moments and saturation measures."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import lossviz as lv

POINTS = torch.cat([torch.linspace(-8, 8, 321, dtype=torch.float64)[:160], torch.tensor([0.5, 3])])


def by_autograd(function, z):
    z = z.clone().requires_grad_()
    first = torch.autograd.grad(function(z).sum(), z, create_graph=True)[0]
    if not first.requires_grad:
        return first, torch.zeros_like(z)
    return first.detach(), torch.autograd.grad(first.sum(), z)[0]


def test_derivatives_equal_autograd(activation):
    f = lv.get_activation(activation)
    native = {"elu": torch.nn.functional.elu}.get(activation) or getattr(torch, activation)
    first, second = by_autograd(native, POINTS)
    torch.testing.assert_close(f(POINTS), native(POINTS), rtol=0, atol=0)
    torch.testing.assert_close(f.derivative(POINTS), first, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(f.second_derivative(POINTS), second, rtol=1e-12, atol=1e-12)


def test_derivatives_equal_finite_differences(activation):
    f, h = lv.get_activation(activation), 1e-5
    first = (f(POINTS + h) - f(POINTS - h)) / (2 * h)
    second = (f.derivative(POINTS + h) - f.derivative(POINTS - h)) / (2 * h)
    torch.testing.assert_close(f.derivative(POINTS), first, rtol=0, atol=1e-9)
    torch.testing.assert_close(f.second_derivative(POINTS), second, rtol=0, atol=1e-9)


def exact_tail(name, z):
    """f' of tanh or sigmoid in 60 decimal digits."""
    scale = {"tanh": 2, "sigmoid": 1}[name]
    with localcontext(prec=60):
        decay = (-Decimal(scale * abs(z))).exp()
        return float(scale**2 * decay / (1 + decay) ** 2)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
@pytest.mark.parametrize("z", [1, 5, 20, 100, 300, -20, -300])
def test_slopes_keep_their_digits_in_the_tails(name, z):
    f, exact = lv.get_activation(name), exact_tail(name, z)
    assert exact > 0
    assert float(f.derivative(z)) == pytest.approx(exact, rel=1e-13, abs=0)
    sign = -np.sign(z) * (2 if name == "tanh" else 1)
    # Far out, f'' is -2 f' for tanh and -f' for sigmoid.
    expected = sign * math.tanh(abs(z) * (1 if name == "tanh" else 0.5)) * exact
    assert float(f.second_derivative(z)) == pytest.approx(expected, rel=1e-13, abs=0)


@pytest.mark.parametrize("z", [-18.0, -30.0, -80.0])
def test_elu_slope_in_float32_is_not_zero_below_17(z):
    elu, point = lv.get_activation("elu"), torch.tensor(z, dtype=torch.float32)
    for derivative in (elu.derivative, elu.second_derivative):
        assert derivative(point).dtype == torch.float32
        assert float(derivative(point)) == pytest.approx(math.exp(z), rel=1e-5, abs=0)


def test_large_net_inputs_give_finite_values(activation):
    f, z = lv.get_activation(activation), torch.tensor([-1e4, -800.0, 800.0, 1e4])
    for z_ in (z, z.double()):
        assert all(torch.isfinite(g(z_)).all() for g in (f, f.derivative, f.second_derivative))


def test_relu_has_no_slope_at_its_kink():
    relu = lv.get_activation("relu")
    assert relu.derivative([-1.0, -0.0, 0.0, 1e-300]).tolist() == [0, 0, 0, 1]
    assert relu.second_derivative([-1.0, 0.0, 1.0]).tolist() == [0, 0, 0]


def normal_mean(values, z):
    return float((values * torch.exp(-(z**2) / 2)).sum() * (z[1] - z[0]) / math.sqrt(2 * math.pi))


@pytest.mark.parametrize(
    ("name", "slope_squared"), [("sigmoid", 0.0448), ("tanh", 0.464), ("elu", 0.668), ("relu", 0.5)]
)
def test_mean_squared_slope_of_normal_net_inputs(name, slope_squared):
    z = torch.linspace(-12, 12, 400_000, dtype=torch.float64)
    found = normal_mean(lv.get_activation(name).derivative(z) ** 2, z)
    assert found == pytest.approx(slope_squared, abs=5e-4 if slope_squared > 0.1 else 5e-5)


def test_mean_outputs_and_saturated_share_of_normal_net_inputs():
    z = torch.linspace(-12, 12, 400_000, dtype=torch.float64)
    means = {name: normal_mean(lv.get_activation(name)(z), z) for name in lv.activation_names()}
    expected = {"relu": 0.3989, "elu": 0.1605, "tanh": 0.0, "sigmoid": 0.5}
    assert means == pytest.approx(expected, abs=5e-5)
    beyond = (lv.get_activation("tanh")(z).abs() > 0.9).double()
    assert normal_mean(beyond, z) == pytest.approx(0.141, abs=5e-4)


# --- saturation -------------------------------------------------------------------------------


def ten_bins(outputs):
    """The measure of Rakitianskaia and Engelbrecht (2015), as it is written there."""
    edges = np.linspace(-1, 1, 11)
    total = 0.0
    for k in range(10):
        last = k == 9
        inside = [
            h
            for h in outputs
            if edges[k] <= h and (h <= edges[k + 1] if last else h < edges[k + 1])
        ]
        if inside:
            total += abs(np.mean(inside)) * len(inside)
    return total / len(outputs)


outputs_of_tanh = hnp.arrays(
    float, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.floats(-1, 1)
)


@given(outputs_of_tanh)
def test_tanh_saturation_is_the_ten_bin_measure(outputs):
    saturation = lv.get_activation("tanh").saturation
    assert float(saturation(outputs)) == pytest.approx(ten_bins(outputs.ravel()), abs=1e-12)


@given(outputs_of_tanh)
def test_sigmoid_saturation_is_the_same_on_its_own_range(outputs):
    saturation = lv.get_activation("sigmoid").saturation
    expected = ten_bins(outputs.ravel())
    assert float(saturation((outputs + 1) / 2)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("name", "low"), [("tanh", -1), ("sigmoid", 0)])
def test_uniform_outputs_are_half_saturated(name, low):
    uniform = torch.linspace(low, 1, 10_000, dtype=torch.float64).reshape(100, 100)
    assert float(lv.get_activation(name).saturation(uniform)) == pytest.approx(0.5, abs=1e-3)


def test_relu_saturation_counts_exact_zeros():
    outputs = torch.tensor([[0.0, 1e-300, -0.0], [2.0, 0.0, 3.0]], dtype=torch.float64)
    assert float(lv.get_activation("relu").saturation(outputs)) == 0.5


def test_elu_saturation_counts_outputs_within_five_per_cent_of_minus_one():
    outputs = torch.tensor([[-1.0, -0.951, -0.949, 3.0]], dtype=torch.float64)
    assert float(lv.get_activation("elu").saturation(outputs)) == 0.5


def test_saturation_is_per_point(activation):
    f = lv.get_activation(activation)
    outputs = f(torch.randn(3, 2, 5, 4, generator=torch.Generator().manual_seed(0)))
    found = f.saturation(outputs)
    assert found.shape == (3, 2)
    assert float(found[2, 1]) == pytest.approx(float(f.saturation(outputs[2, 1])), rel=1e-6, abs=0)


def test_dead_units_are_zero_for_every_sample():
    outputs = torch.zeros(2, 3, 4)
    outputs[0, 1, 0] = outputs[1, :, 1:] = 1.0
    assert lv.dead_units(outputs).tolist() == [0.75, 0.25]


def test_unbounded_activation_of_ones_own_needs_no_saturation():
    own = lv.Activation("line", "line", "z", "", lambda z: z, torch.ones_like, torch.zeros_like)
    assert lv.get_activation(own) is own
    assert own.saturation is None
    with pytest.raises(ValueError, match="line does not saturate"):
        lv.Landscape("xor", own).saturation(torch.zeros(9))
