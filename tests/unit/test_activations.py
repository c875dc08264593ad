"""The zoo of activations: derivatives, tails, invariances, parameters, saturation measures."""

from __future__ import annotations

import copy
import math
import pickle
import re
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch.nn import functional

import activation_twins
import lossviz as lv

ZOO = (
    "tanh", "relu", "elu", "sigmoid", "leaky_relu", "selu", "gelu", "silu", "softplus", "mish",
    "hard_tanh", "lecun_tanh", "sine", "identity",
)  # fmt: skip
CHANGED = (
    ("elu", {"alpha": 0.3}), ("elu", {"alpha": 4.0}), ("leaky_relu", {"negative_slope": 0.2}),
    ("silu", {"beta": 2.5}), ("softplus", {"beta": 5.0}), ("softplus", {"beta": 0.5}),
)  # fmt: skip
CASES = [(name, {}) for name in ZOO] + list(CHANGED)
IDS = [f"{name}{''.join(f'-{k}={v}' for k, v in values.items())}" for name, values in CASES]
SMOOTH = ("tanh", "sigmoid", "lecun_tanh", "gelu", "silu", "softplus", "mish", "sine", "identity")
# An odd grid: it misses the kinks at -1, 0 and 1.
POINTS = torch.linspace(-8.03, 8.01, 161, dtype=torch.float64)


@pytest.fixture(params=CASES, ids=IDS)
def case(request):
    return request.param


@pytest.fixture
def f(case):
    name, values = case
    return lv.get_activation(name, **values)


def test_the_zoo_is_complete_and_the_alias_is_no_second_name():
    assert lv.activation_names() == ZOO
    assert lv.get_activation("swish") is lv.get_activation("silu")
    assert lv.get_activation("swish", beta=2.0).name == "silu"


# --- values and derivatives -------------------------------------------------------------------


def by_autograd(function, z):
    z = z.clone().requires_grad_()
    values = function(z)
    if not values.requires_grad:
        return torch.zeros_like(z), torch.zeros_like(z)
    first = torch.autograd.grad(values.sum(), z, create_graph=True)[0]
    if not first.requires_grad:
        return first, torch.zeros_like(z)
    return first.detach(), torch.autograd.grad(first.sum(), z)[0]


NATIVE = {
    "tanh": torch.tanh, "relu": torch.relu, "elu": functional.elu, "sigmoid": torch.sigmoid,
    "leaky_relu": functional.leaky_relu, "selu": functional.selu, "gelu": functional.gelu,
    "silu": functional.silu, "softplus": lambda z: functional.softplus(z, threshold=1000),
    "mish": functional.mish, "hard_tanh": functional.hardtanh, "sine": torch.sin,
    "lecun_tanh": lambda z: 1.7159 * torch.tanh(2 * z / 3), "identity": lambda z: 1.0 * z,
}  # fmt: skip


@pytest.mark.parametrize("name", ZOO)
def test_values_and_derivatives_are_those_of_pytorchs_own(name):
    f, native = lv.get_activation(name), NATIVE[name]
    first, second = by_autograd(native, POINTS)
    torch.testing.assert_close(f(POINTS), native(POINTS), rtol=1e-13, atol=1e-14)
    torch.testing.assert_close(f.derivative(POINTS), first, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(f.second_derivative(POINTS), second, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["tanh", "relu", "elu", "sigmoid"])
def test_the_study_s_functions_are_pytorchs_to_the_bit(name):
    for z in (POINTS, POINTS.float()):
        assert torch.equal(lv.get_activation(name)(z), NATIVE[name](z))


def test_derivatives_equal_autograd_of_ones_own_values(f):
    first, second = by_autograd(f.function, POINTS)
    torch.testing.assert_close(f.derivative(POINTS), first, rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(f.second_derivative(POINTS), second, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", SMOOTH)
def test_autograd_is_right_at_the_seams_of_smooth_ones(name):
    f, z = lv.get_activation(name), torch.tensor([-1.0, -0.0, 0.0, 1.0], dtype=torch.float64)
    first, second = by_autograd(f.function, z)
    torch.testing.assert_close(f.derivative(z), first, rtol=1e-14, atol=0)
    torch.testing.assert_close(f.second_derivative(z), second, rtol=1e-14, atol=1e-15)
    second_of_first = by_autograd(f.first, z)[0]
    torch.testing.assert_close(f.second_derivative(z), second_of_first, rtol=1e-14, atol=1e-15)


def test_derivatives_equal_finite_differences(f):
    h = 1e-5
    first = (f(POINTS + h) - f(POINTS - h)) / (2 * h)
    second = (f.derivative(POINTS + h) - f.derivative(POINTS - h)) / (2 * h)
    torch.testing.assert_close(f.derivative(POINTS), first, rtol=0, atol=5e-9)
    torch.testing.assert_close(f.second_derivative(POINTS), second, rtol=0, atol=2e-8)


KINKS = {
    "relu": (0.0, 0.0, 0.0), "leaky_relu": (0.0, 0.01, 0.0), "hard_tanh": (1.0, 0.0, 0.0),
    "selu": (0.0, 1.0507009873554805 * 1.6732632423543772, 0.0), "elu": (0.0, 1.0, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", KINKS)
def test_kinks_have_the_slope_that_pytorch_gives_them_and_no_curvature(name):
    z, slope, bend = KINKS[name]
    f = lv.get_activation(name)
    at = torch.tensor([z], dtype=torch.float64)
    assert float(f.derivative(at)) == slope == float(by_autograd(NATIVE[name], at)[0])
    assert float(f.second_derivative(at)) == bend


def test_relu_has_no_slope_at_its_kink_and_hard_tanh_none_at_either():
    relu, hard = lv.get_activation("relu"), lv.get_activation("hard_tanh")
    assert relu.derivative([-1.0, -0.0, 0.0, 1e-300]).tolist() == [0, 0, 0, 1]
    assert relu.second_derivative([-1.0, 0.0, 1.0]).tolist() == [0, 0, 0]
    assert hard.derivative([-1.5, -1.0, -0.99, 0.99, 1.0, 1.5]).tolist() == [0, 0, 1, 1, 0, 0]
    elu = lv.get_activation("elu", alpha=0.5)
    assert elu.derivative([0.0, 1e-300]).tolist() == [0.5, 1.0]


# --- tails ------------------------------------------------------------------------------------

SIDES = [s * torch.logspace(-12, 0, 13, dtype=torch.float64) * 0.97 for s in (1, -1)]
TAIL = torch.cat(
    [
        torch.linspace(-700, 700, 56, dtype=torch.float64), *SIDES,
        torch.linspace(-46.1, 45.3, 62, dtype=torch.float64),
        torch.linspace(-110.3, -46.7, 30, dtype=torch.float64),
    ]
)  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_values_and_derivatives_are_exact_to_rounding_from_minus_to_plus_700(case, f, dtype):
    """The error is at most that of 2.5 roundings of f(z) and of z itself, or it is subnormal."""
    name, values = case
    z, limits = TAIL.to(dtype), torch.finfo(dtype)
    exact = {key: mp.mpf(value) for key, value in values.items()}
    got = zip(*(g(z).tolist() for g in (f, f.derivative, f.second_derivative)), strict=True)
    with mp.workdps(60 if name == "gelu" else activation_twins.DIGITS):
        near = 1 + mp.mpf(10) ** -30
        for point, results in zip(z.tolist(), got, strict=True):
            here = getattr(activation_twins, name)(mp.mpf(point), **exact)
            there = getattr(activation_twins, name)(point * near, **exact)
            for found, expected, moved in zip(results, here, there, strict=True):
                allowed = abs(expected) + abs(moved - expected) / (near - 1)
                error = abs(found - expected)
                assert error <= 2.5 * limits.eps * allowed + limits.tiny, (point, found, expected)


# Relative error in units of eps, where the gates that z multiplies are normal numbers, too. GELU's
# tail exp(-z^2/2) and LeCun's exp(-4z/3) magnify the rounding of their argument.
PLAIN = {"gelu": 1000, "lecun_tanh": 500}


@pytest.mark.parametrize("name", [name for name in ZOO if name != "sine"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_relative_error_in_the_tails(name, dtype):
    f, limits = lv.get_activation(name), torch.finfo(dtype)
    z = TAIL[TAIL.abs() > 5].to(dtype)  # beyond the zeros of every derivative
    got = zip(*(g(z).tolist() for g in (f, f.derivative, f.second_derivative)), strict=True)
    with mp.workdps(60 if name == "gelu" else activation_twins.DIGITS):
        for point, results in zip(z.tolist(), got, strict=True):
            twin = getattr(activation_twins, name)(mp.mpf(point))
            for found, expected in zip(results, twin, strict=True):
                if abs(expected) >= 200 * limits.tiny:
                    error = abs(found / expected - 1)
                    assert error <= PLAIN.get(name, 4) * limits.eps, (point, found)


@pytest.mark.parametrize("z", [-18.0, -30.0, -80.0])
def test_elu_slope_in_float32_is_not_zero_below_17(z):
    elu, point = lv.get_activation("elu"), torch.tensor(z, dtype=torch.float32)
    for derivative in (elu.derivative, elu.second_derivative):
        assert derivative(point).dtype == torch.float32
        assert float(derivative(point)) == pytest.approx(math.exp(z), rel=1e-6, abs=0)


def test_where_pytorchs_own_formulas_lose_the_tail_ours_do_not():
    single = torch.tensor([-6.0])
    assert float(functional.gelu(single)) == 0.0
    assert float(lv.get_activation("gelu")(single)) == pytest.approx(-5.9195e-9, rel=1e-4, abs=0)
    double = torch.tensor([21.0], dtype=torch.float64)
    assert float(functional.softplus(double) - 21) == 0.0
    excess = float(lv.get_activation("softplus")(double) - 21)
    assert excess == pytest.approx(math.exp(-21), rel=1e-5, abs=0)


def test_huge_net_inputs_give_finite_values(f):
    for dtype in (torch.float32, torch.float64):
        # An input times a parameter of 5, or the scale of SELU, must still fit.
        top = torch.finfo(dtype).max * (0.125 if f.changes else 0.9)
        z = torch.tensor([-top, -1e30, -1e4, -800.0, 800.0, 1e4, 1e30, top], dtype=dtype)
        for g in (f, f.derivative, f.second_derivative):
            assert torch.isfinite(g(z)).all()


def test_autograd_of_the_values_is_finite_and_right_in_the_tails(f):
    for dtype in (torch.float32, torch.float64):
        z = torch.tensor([-1e4, -700.0, -150.0, -90.0, -30.0, 30.0, 90.0, 150.0, 700.0, 1e4])
        first, second = by_autograd(f.function, z.to(dtype))
        tolerance = {"rtol": 1e-4, "atol": 1e-6 if dtype == torch.float32 else 1e-12}
        torch.testing.assert_close(first, f.derivative(z.to(dtype)), **tolerance)
        torch.testing.assert_close(second, f.second_derivative(z.to(dtype)), **tolerance)


# --- invariances ------------------------------------------------------------------------------

numbers = hnp.arrays(float, 5, elements=st.floats(-40, 40))


def all_three(name, z, **values):
    f = lv.get_activation(name, **values)
    return torch.stack([f(z), f.derivative(z), f.second_derivative(z)])


@given(numbers)
def test_symmetries(z):
    signs = torch.tensor([[-1.0], [1.0], [-1.0]], dtype=torch.float64)
    for name in ("tanh", "lecun_tanh", "hard_tanh", "sine", "identity"):
        assert torch.equal(all_three(name, -z), signs * all_three(name, z)), name
    one = lv.get_activation("sigmoid")
    torch.testing.assert_close(one(z) + one(-z), torch.ones(5).double(), rtol=1e-15, atol=0)
    x = torch.tensor(z)
    for name in ("softplus", "silu", "gelu", "relu"):  # f(z) - f(-z) = z
        f = lv.get_activation(name)
        torch.testing.assert_close(f(x) - f(-x), x, rtol=1e-14, atol=1e-14)
        bend = f.second_derivative(x)
        torch.testing.assert_close(bend, f.second_derivative(-x), rtol=1e-13, atol=1e-300)


@given(numbers)
def test_relations_between_activations(z):
    x = torch.tensor(z)
    close = {"rtol": 1e-13, "atol": 1e-300}
    sigmoid, softplus = lv.get_activation("sigmoid"), lv.get_activation("softplus")
    torch.testing.assert_close(softplus.derivative(x), sigmoid(x), **close)
    torch.testing.assert_close(softplus.second_derivative(x), sigmoid.derivative(x), **close)
    torch.testing.assert_close(lv.get_activation("silu")(x), x * sigmoid(x), **close)
    torch.testing.assert_close(2 * sigmoid(2 * x) - 1, torch.tanh(x), rtol=1e-13, atol=1e-15)
    torch.testing.assert_close(
        lv.get_activation("mish")(x), x * torch.tanh(softplus(x)), rtol=1e-13, atol=0
    )
    elu = all_three("elu", x, alpha=1.6732632423543772)
    torch.testing.assert_close(all_three("selu", x), 1.0507009873554805 * elu, **close)
    leaky = lv.get_activation("leaky_relu", negative_slope=0.3)
    relu = lv.get_activation("relu")
    torch.testing.assert_close(leaky(x), 0.7 * relu(x) + 0.3 * x, **close)


@given(numbers, st.floats(0.1, 8))
def test_sharpness_is_a_change_of_scale(z, beta):
    powers = beta ** torch.tensor([[-1.0], [0.0], [1.0]], dtype=torch.float64)
    for name in ("softplus", "silu"):
        scaled = powers * all_three(name, beta * z)
        torch.testing.assert_close(all_three(name, z, beta=beta), scaled, rtol=1e-13, atol=1e-300)


@given(hnp.arrays(float, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-30, 30)))
def test_shape_order_and_company_of_elements_do_not_matter(z):
    x = torch.tensor(z)
    for name in ZOO:
        f = lv.get_activation(name)
        for g in (f, f.derivative, f.second_derivative):
            whole = g(x)
            assert whole.shape == x.shape
            alone = torch.stack([g(value) for value in x.flatten()]).reshape(x.shape)
            torch.testing.assert_close(whole, alone, rtol=1e-14, atol=1e-300)
            torch.testing.assert_close(g(x.flip(0)).flip(0), whole, rtol=1e-14, atol=1e-300)


def test_inputs_stay_as_they_are_and_outputs_are_new(f):
    for dtype in (torch.float32, torch.float64):
        z = POINTS.to(dtype)
        before = z.clone()
        for g in (f, f.derivative, f.second_derivative):
            result = g(z)
            assert result.dtype == dtype
            result.add_(1)
            assert torch.equal(z, before)


def test_nothing_is_bound_to_the_processor(f):
    # PyTorch's device without data refuses to meet a tensor of any other device.
    z = torch.empty(3, 2, device="meta")
    own = lv.register_activation("own", f.function)
    for g in (f, f.derivative, f.second_derivative, own.derivative, own.second_derivative):
        assert (g(z).device, g(z).shape, g(z).dtype) == (z.device, z.shape, z.dtype)


def test_lists_arrays_and_integers_are_net_inputs_too(f):
    expected = f(torch.tensor([-1.0, 2.0], dtype=torch.float64))
    for z in ([-1, 2], (-1.0, 2.0), np.array([-1.0, 2.0]), torch.tensor([-1, 2])):
        assert torch.equal(f(z), expected)


# --- parameters -------------------------------------------------------------------------------


def test_parameters_are_kept_shown_and_immutable():
    elu = lv.get_activation("elu", alpha=0.5)
    assert dict(elu.parameters) == {"alpha": 0.5}
    assert repr(elu) == "Activation('elu', alpha=0.5)"
    assert (elu.name, elu.label, elu.changes) == ("elu", "ELU (alpha=0.5)", "alpha=0.5")
    assert float(elu(-1.0)) == pytest.approx(0.5 * math.expm1(-1), rel=1e-15, abs=0)
    with pytest.raises(TypeError):
        elu.parameters["alpha"] = 1.0
    with pytest.raises(AttributeError):
        elu.parameters = {}


@pytest.mark.parametrize("name", ZOO)
def test_defaults_are_not_shown(name):
    f = lv.get_activation(name)
    assert (repr(f), f.changes) == (f"Activation('{name}')", "")
    assert f.parameters == f.defaults
    assert lv.get_activation(name, **f.parameters) is f
    assert lv.get_activation(f) is f


def test_the_same_parameters_give_the_same_activation(case):
    name, values = case
    assert lv.get_activation(name, **values) is lv.get_activation(name, **values)
    assert hash(lv.get_activation(name, **values)) == hash(lv.get_activation(name, **values))


def test_activations_travel_to_other_processes(f):
    for twin in (pickle.loads(pickle.dumps(f)), copy.deepcopy(f)):
        assert (repr(twin), twin.range, dict(twin.parameters)) == (
            repr(f), f.range, dict(f.parameters),
        )  # fmt: skip
        for g in ("__call__", "derivative", "second_derivative"):
            assert torch.equal(getattr(twin, g)(POINTS), getattr(f, g)(POINTS))


@pytest.mark.parametrize(
    ("name", "parameters", "says"),
    [
        ("elu", {"alpha": 0.0}, "parameter alpha of elu must be between 1e-06 and .*; got 0.0"),
        ("elu", {"alpha": -1}, "parameter alpha of elu must be between 1e-06 and .*; got -1.0"),
        ("elu", {"alpha": math.nan}, "parameter alpha of elu must be finite; got nan"),
        ("elu", {"alpha": True}, "parameter alpha of elu must be a number; got True"),
        ("elu", {"beta": 1.0}, r"parameters of elu must be one of \['alpha'\]; got 'beta'"),
        ("tanh", {"alpha": 1.0}, "parameters of tanh must not be given.*; got 'alpha'"),
        ("leaky_relu", {"negative_slope": 1}, "negative_slope of leaky_relu must be below 1"),
        ("leaky_relu", {"negative_slope": 0}, "must be at least 1e-06; got 0"),
        ("leaky_relu", {"negative_slope": 1e-320}, "must be at least 1e-06; got 1e-320"),
        ("elu", {"alpha": 1e300}, r"alpha of elu must be between 1e-06 and 1e\+06; got 1e\+300"),
        ("silu", {"beta": 1e-46}, r"beta of silu must be between 1e-06 and 1e\+06; got 1e-46"),
        ("swish", {"beta": "2"}, "parameter beta of silu must be a number; got '2'"),
        ("softplus", {"beta": -2.0}, "beta of softplus must be between 1e-06 and .*; got -2"),
    ],
)
def test_wrong_parameters_are_refused(name, parameters, says):
    with pytest.raises((ValueError, TypeError), match=says):
        lv.get_activation(name, **parameters)


@pytest.mark.parametrize("name", ["elu", "silu", "softplus", "leaky_relu"])
@pytest.mark.parametrize("value", [1e-6, 1e6])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_parameters_at_their_limits_are_finite_in_either_precision(name, value, dtype):
    (parameter,) = lv.get_activation(name).parameters
    f = lv.get_activation(name, **{parameter: min(value, 0.999) if "leaky" in name else value})
    z = torch.linspace(-1e4, 1e4, 2001, dtype=dtype)
    for g in (f, f.derivative, f.second_derivative):
        assert torch.isfinite(g(z)).all()


def test_an_activation_takes_no_further_parameters():
    with pytest.raises(ValueError, match="parameters must come with a name; got"):
        lv.get_activation(lv.get_activation("elu"), alpha=0.5)


def test_landscapes_record_parameters_that_are_not_the_usual_ones():
    leaky = lv.get_activation("leaky_relu", negative_slope=0.1)
    described = lv.Landscape("xor", leaky).describe()
    assert described["activation"] == "leaky_relu"
    assert described["activation_parameters"] == "negative_slope=0.1"
    assert "activation_parameters" not in lv.Landscape("xor", "leaky_relu").describe()
    walks = lv.progressive_gradient_walk(lv.Landscape("xor", leaky), 1, 2, 0.1, 1.0, 0)
    assert walks.attrs["activation_parameters"] == "negative_slope=0.1"


# --- what is stated about each ----------------------------------------------------------------


def test_ranges_hold_and_are_reached_or_approached(f):
    z = torch.linspace(-60, 60, 120_001, dtype=torch.float64)
    values = f(z)
    low, high = f.range
    assert float(values.min()) >= low - 1e-15
    assert float(values.max()) <= high + 1e-15
    if math.isfinite(low):
        assert float(values.min()) == pytest.approx(low, rel=1e-6, abs=1e-8)
    else:
        assert float(values[0]) < -0.5
    if math.isfinite(high):
        assert float(values.max()) == pytest.approx(high, rel=1e-7)
    else:
        assert float(values[-1]) > 50


def test_minima_are_where_the_slope_is_zero_and_the_curvature_positive(f):
    if f.minimum is None:
        assert f.name not in ("silu", "gelu", "mish")
        return
    z, value = f.minimum
    assert float(f(z)) == pytest.approx(value, rel=1e-15, abs=0)
    assert abs(float(f.derivative(z))) < 1e-15
    assert float(f.second_derivative(z)) > 0.1
    assert f.range == (value, math.inf)
    grid = torch.linspace(-30, 30, 60_001, dtype=torch.float64)
    assert float(f(grid).min()) >= value


def test_sources_are_in_the_bibliography():
    text = (Path(__file__).parents[2] / "book/references.bib").read_text(encoding="utf-8")
    keys = set(re.findall(r"^@\w+\{(\w+),", text, re.M))
    assert {lv.get_activation(name).source for name in ZOO} <= keys


def test_labels_and_formulas_differ():
    zoo = [lv.get_activation(name, **values) for name, values in CASES]
    for what in ("label", "formula"):
        texts = [getattr(f, what) for f in zoo]
        assert len(set(texts)) == len(texts)
        assert all(text.count("{") == text.count("}") for text in texts)


# --- saturation -------------------------------------------------------------------------------

SATURATING = (
    "tanh", "relu", "elu", "sigmoid", "selu", "softplus", "hard_tanh", "lecun_tanh",
)  # fmt: skip


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


outputs_on_one = hnp.arrays(
    float, hnp.array_shapes(min_dims=2, max_dims=2, max_side=8), elements=st.floats(-1, 1)
)
BINNED = ("tanh", "sigmoid", "hard_tanh", "lecun_tanh")


@pytest.mark.parametrize("name", BINNED)
@given(outputs_on_one)
def test_bounded_ones_have_the_ten_bin_measure_on_their_own_range(name, scaled):
    f = lv.get_activation(name)
    low, high = f.range
    outputs = low + (scaled + 1) * (high - low) / 2
    assert float(f.saturation(outputs)) == pytest.approx(ten_bins(scaled.ravel()), abs=1e-12)


@pytest.mark.parametrize("name", BINNED)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_uniform_outputs_are_half_saturated_and_extreme_ones_fully(name, dtype):
    f = lv.get_activation(name)
    low, high = f.range
    uniform = torch.linspace(low, high, 10_000, dtype=dtype).reshape(100, 100)
    assert float(f.saturation(uniform)) == pytest.approx(0.5, abs=1e-3)
    extreme = f(torch.tensor([[-90.0, 90.0], [90.0, 90.0]], dtype=dtype))
    assert float(f.saturation(extreme)) == pytest.approx(1, abs=1e-6)
    assert float(f.saturation(extreme)) <= 1


def test_relu_saturation_counts_exact_zeros():
    outputs = torch.tensor([[0.0, 1e-300, -0.0], [2.0, 0.0, 3.0]], dtype=torch.float64)
    assert float(lv.get_activation("relu").saturation(outputs)) == 0.5


@pytest.mark.parametrize("alpha", [1.0, 0.2, 3.0])
def test_elu_saturation_counts_outputs_within_five_per_cent_of_minus_alpha(alpha):
    outputs = alpha * torch.tensor([[-1.0, -0.951, -0.949, 3.0]], dtype=torch.float64)
    assert float(lv.get_activation("elu", alpha=alpha).saturation(outputs)) == 0.5


@pytest.mark.parametrize(
    ("name", "values", "steepest"),
    [
        ("elu", {}, 1.0), ("elu", {"alpha": 0.3}, 0.3), ("selu", {}, 1.7580993408473766),
        ("softplus", {}, 1.0), ("softplus", {"beta": 4.0}, 1.0),
    ],
)  # fmt: skip
def test_one_sided_measures_count_slopes_of_at_most_five_per_cent(name, values, steepest):
    f = lv.get_activation(name, **values)
    z = torch.linspace(-9, 3, 997, dtype=torch.float64)[:, None]
    expected = (f.derivative(z) <= 0.05 * steepest).double().mean()
    assert 0.1 < float(expected) < 0.9
    assert float(f.saturation(f(z))) == float(expected)


def test_no_measure_of_outputs_can_tell_the_two_net_inputs_of_a_gated_unit():
    for name in ("silu", "gelu", "mish"):
        f = lv.get_activation(name)
        z, lowest = f.minimum
        tail = torch.linspace(z - 3, z - 0.5, 400_001, dtype=torch.float64)
        level = 0.5 * lowest
        flat = float(tail[(f(tail) - level).abs().argmin()])
        near = torch.linspace(z + 0.01, 0, 400_001, dtype=torch.float64)
        steep = float(near[(f(near) - level).abs().argmin()])
        assert float(f(flat)) == pytest.approx(float(f(steep)), abs=1e-5)
        assert abs(float(f.derivative(steep))) > 1.5 * abs(float(f.derivative(flat)))


def test_saturating_ones_have_a_measure_and_the_others_say_why_not():
    for name in ZOO:
        f = lv.get_activation(name)
        assert f.saturates == (name in SATURATING) == (f.saturation is not None)
        words = "does not saturate|has no measure" if name not in SATURATING else "share|mean"
        assert re.search(words, f.saturation_measure)
        if not f.saturates:
            with pytest.raises(ValueError, match=f"saturation needs .* measure; {name} (does|has)"):
                lv.Landscape("xor", f).saturation(torch.zeros(9))


@pytest.mark.parametrize("name", SATURATING)
def test_saturation_is_per_point_and_grows_with_the_scale_of_net_inputs(name):
    f = lv.get_activation(name)
    z = torch.randn(3, 2, 50, 4, generator=torch.Generator().manual_seed(0))
    outputs = f(z * torch.tensor([0.1, 3.0, 30.0]).reshape(3, 1, 1, 1))
    found = f.saturation(outputs)
    assert found.shape == (3, 2)
    assert float(found[2, 1]) == pytest.approx(float(f.saturation(outputs[2, 1])), rel=1e-6, abs=0)
    small, middle, large = found.mean(dim=1).tolist()
    if name != "relu":  # which sees the signs of its net inputs alone
        assert 0 <= small < middle < large <= 1
    assert large > 0.4


@pytest.mark.parametrize("name", SATURATING)
@pytest.mark.parametrize("outputs", [[1.0], [[math.nan]], [[]], [["a"]]])
def test_measures_refuse_what_is_no_outputs(name, outputs):
    with pytest.raises((ValueError, TypeError), match="outputs must"):
        lv.get_activation(name).saturation(outputs)


def test_dead_units_are_zero_for_every_sample():
    outputs = torch.zeros(2, 3, 4)
    outputs[0, 1, 0] = outputs[1, :, 1:] = 1.0
    assert lv.dead_units(outputs).tolist() == [0.75, 0.25]


@pytest.mark.parametrize("what", ["function", "first", "second", "saturation"])
def test_an_activation_is_made_of_functions(what):
    parts = dict.fromkeys(("function", "first", "second", "saturation"), torch.tanh)
    lv.Activation("x", "x", "z", "", **parts)
    with pytest.raises(TypeError, match=rf"{what} must be a function; got 3 \(int\)"):
        lv.Activation("x", "x", "z", "", **parts | {what: 3})


def test_unbounded_activation_of_ones_own_needs_no_saturation():
    own = lv.Activation("line", "line", "z", "", lambda z: z, torch.ones_like, torch.zeros_like)
    assert lv.get_activation(own) is own
    assert own.saturation is None
    assert own.range == (-math.inf, math.inf)
    with pytest.raises(ValueError, match="line does not saturate"):
        lv.Landscape("xor", own).saturation(torch.zeros(9))
