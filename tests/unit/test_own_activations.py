"""Activations of a reader's own: derivatives by autograd, the trial, and the registry."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import lossviz as lv
from lossviz.activations import registry

POINTS = torch.linspace(-6.03, 6.01, 61, dtype=torch.float64)


def plain_softsign(z):
    return z / (1 + z.abs())


def fixed_steps(z):
    """Two straight lines, by code that autograd takes for constant slopes."""
    return torch.where(z > 0, 2 * z, 0.5 * z)


# The zoo's own functions, registered without anything else, must get the zoo's derivatives.
@pytest.mark.parametrize("name", lv.activation_names())
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_function_is_enough(name, dtype):
    zoo = lv.get_activation(name)
    own = lv.register_activation("own", zoo.function)
    z = POINTS.to(dtype)
    close = (
        {"rtol": 1e-4, "atol": 2e-6} if dtype == torch.float32 else {"rtol": 1e-9, "atol": 1e-12}
    )
    for g in ("__call__", "derivative", "second_derivative"):
        found = getattr(own, g)(z)
        assert (found.dtype, found.requires_grad, found.grad_fn) == (dtype, False, None)
        torch.testing.assert_close(found, getattr(zoo, g)(z), **close)
    assert (own.saturates, own.saturation_measure) == (False, "does not saturate")
    assert (own.label, own.range, own.minimum) == ("own", (-math.inf, math.inf), None)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_derivatives_work_in_every_mode_and_leave_no_graph(mode):
    own = lv.register_activation("own", plain_softsign)
    with mode():
        z = torch.tensor([[-1.0, 0.5]], requires_grad=mode is torch.enable_grad)
        first, second = own.derivative(z), own.second_derivative(z)
    torch.testing.assert_close(first, 1 / (1 + z.detach().abs()) ** 2)
    torch.testing.assert_close(second, torch.tensor([[0.25, -2 / 1.5**3]]))
    assert not first.requires_grad
    assert not second.requires_grad
    assert z.grad is None
    assert z.requires_grad == (mode is torch.enable_grad)


@given(st.lists(st.integers(0, 4), max_size=3), st.booleans())
def test_any_shape_will_do(shape, single):
    if "shaped" not in lv.activation_names():
        lv.register_activation("shaped", plain_softsign)
    own, dtype = lv.get_activation("shaped"), torch.float32 if single else torch.float64
    z = torch.linspace(-2, 2, math.prod(shape), dtype=dtype).reshape(shape)
    for g in (own, own.derivative, own.second_derivative):
        assert (g(z).shape, g(z).dtype) == (z.shape, dtype)
    torch.testing.assert_close(own.derivative(z), (1 + z.abs()) ** -2)


@pytest.mark.parametrize(
    ("function", "slope"),
    [
        (lambda z: 2 * z, 2.0), (lambda z: z, 1.0), (lambda z: torch.full_like(z, 3.0), 0.0),
        (lambda z: 0 * z + 1, 0.0), (lambda z: (z > 0).to(z.dtype), 0.0),
        (lambda z: torch.ones_like(z) * torch.nn.Parameter(torch.ones((), dtype=z.dtype)), 0.0),
    ],
)  # fmt: skip
def test_what_does_not_depend_on_z_has_derivatives_of_zero(function, slope):
    own = lv.register_activation("own", function)
    assert torch.equal(own.derivative(POINTS), torch.full_like(POINTS, slope))
    assert torch.equal(own.second_derivative(POINTS), torch.zeros_like(POINTS))


def test_kinks_are_no_fault():
    own = lv.register_activation("own", fixed_steps)
    assert own.derivative([-1.0, 1.0]).tolist() == [0.5, 2.0]
    relu = lv.register_activation(
        "mine", lambda z: z.clamp(min=0), derivative=lambda z: (z > 0).to(z.dtype),
        second_derivative=torch.zeros_like,
    )  # fmt: skip
    assert relu.derivative([0.0]).tolist() == [0.0]  # autograd's is 1, at the kink alone
    many = lv.register_activation("saw", lambda z: (z - z.round()).abs())
    assert many.derivative([0.2, 0.7, 1.2]).tolist() == [1.0, -1.0, 1.0]


def test_given_derivatives_are_used_and_differentiated():
    calls = []

    def slope(z):
        calls.append(z)
        return torch.cosh(z) ** -2

    own = lv.register_activation("own", torch.tanh, derivative=slope)
    calls.clear()
    tail = torch.tensor([-30.0], dtype=torch.float64)
    expected = 4 * math.exp(-60)
    assert float(own.derivative(tail)) == pytest.approx(expected, rel=1e-12, abs=0)
    assert float(own.second_derivative(tail)) == pytest.approx(2 * expected, rel=1e-12, abs=0)
    assert len(calls) == 2


def by_numpy(z):
    return torch.from_numpy(np.asarray(np.arctan(z.detach().numpy()))).to(z.dtype)


def in_float32_only(single, double):
    """A function that is another one in float32."""
    return lambda z: (single if z.dtype == torch.float32 else double)(z)


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("function", {"function": in_float32_only(torch.sin, torch.tanh)}),
        ("derivative", {"derivative": in_float32_only(torch.cos, lambda z: z.cosh() ** -2)}),
        (
            "second_derivative",
            {
                "second_derivative": in_float32_only(
                    lambda z: -2.01 * z.tanh() / z.cosh() ** 2,
                    lambda z: -2 * z.tanh() / z.cosh() ** 2,
                )
            },
        ),
    ],
)
def test_what_is_another_function_in_float32_is_refused(what, changes):
    with pytest.raises(ValueError, match=f"{what} must be the same in float32 and in float64; at"):
        lv.register_activation(**{"name": "own", "function": torch.tanh} | changes)


# Steep, tiny and huge ones: their rounding, in either precision, is no fault.
@pytest.mark.parametrize(
    "function",
    [
        lambda z: torch.sin(30 * z), lambda z: torch.tanh(100 * z), torch.exp, lambda z: z**5,
        lambda z: (z * z + 1e-6).sqrt(), lambda z: 1 + 1e-8 * torch.tanh(z),
        lambda z: 1e6 + torch.tanh(z), lambda z: 1e8 * torch.sigmoid(z),
        lambda z: 1e-8 * torch.relu(z), lambda z: 1e-30 * torch.tanh(z),
        lambda z: 1e-8 * z.round(),
    ],
)  # fmt: skip
def test_rounding_is_no_fault(function):
    own = lv.register_activation("own", function)
    torch.testing.assert_close(own.derivative(POINTS), by_hand(function, POINTS))


def by_hand(function, z):
    z = z.clone().requires_grad_()
    return torch.autograd.grad(function(z).sum(), z)[0]


def tiny(z):
    return 1e-8 * torch.tanh(z)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"derivative": torch.zeros_like}, "derivative must be the slope"),
        ({"derivative": lambda z: 1.00002e-8 * z.cosh() ** -2}, "derivative .*autograd gives"),
        ({"second_derivative": torch.zeros_like}, "second_derivative must be the slope"),
        ({"range": (-1e-9, 1e-9)}, "range must hold all outputs"),
        ({"minimum": (-30.0, -2e-8)}, "minimum must be"),
        ({"function": torch.exp, "range": (0.5, math.inf)}, "range must hold all outputs"),
        # NaN where the minimum is said to be
        ({"function": lambda z: z * z - z * z, "minimum": (1e308, 0.0)}, "minimum must be"),
    ],
)
def test_tolerances_are_relative_to_what_is_measured(changes, says):
    with pytest.raises(ValueError, match=says):
        lv.register_activation(**{"name": "own", "function": tiny} | changes)


def test_functions_outside_autograd_need_their_derivatives():
    with pytest.raises(ValueError, match=r"derivative by autograd must be the slope.*got 0, where"):
        lv.register_activation("own", by_numpy)
    with pytest.raises(ValueError, match=r"derivative by autograd must take .*got RuntimeError"):
        lv.register_activation("own", lambda z: torch.from_numpy(np.asarray(np.arctan(z.numpy()))))
    own = lv.register_activation("own", by_numpy, derivative=lambda z: 1 / (1 + z**2))
    torch.testing.assert_close(own.second_derivative([1.0]), torch.tensor([-0.5]).double())
    with pytest.raises(ValueError, match=r"derivative must be the slope.*finite differences give"):
        lv.register_activation("other", by_numpy, derivative=lambda z: 1.01 / (1 + z**2))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"function": torch.sqrt}, "function must be finite at net inputs from -30 to 30; got NaN"),
        ({"function": lambda z: torch.softmax(z, -1)}, "function must "),
        ({"function": lambda z: z / z.abs().max()}, "function must be finite|act element by"),
        ({"function": lambda z: z.double()}, r"return the shape and dtype .*; got .*float64"),
        ({"function": lambda z: z.relu_()}, "function must not change its input; got"),
        ({"function": lambda z: z + torch.rand_like(z)}, "act element by element, the same each"),
        ({"function": lambda z: torch.sin(z) / z}, r"got NaN or infinity at \[0.0\]"),
        ({"function": lambda z: z.abs().sqrt()}, r"derivative by autograd must be finite .*0.0"),
        ({"derivative": lambda z: 1 + torch.tanh(z) ** 2}, "derivative must be the slope"),
        ({"derivative": lambda z: (1 + 1e-5) / z.cosh() ** 2}, "derivative .*autograd gives"),
        ({"second_derivative": torch.zeros_like}, "second_derivative must be the slope"),
        ({"saturation": lambda h: h}, r"saturation must turn outputs .* into a tensor of shape"),
        ({"saturation": lambda h: h.mean(dim=(-2, -1)) - 2}, r"saturation must lie in \[0, 1\]"),
        ({"saturation": lambda h: h.abs().mean(dim=(-2, -1)) * h.abs().mean()}, "each point alone"),
        ({"saturation": lambda h: h.clamp_(0, 1).mean(dim=(-2, -1))}, "must not change its input"),
        ({"saturation": lambda h: h.no_such_thing()}, "saturation must take .*AttributeError"),
        (
            {"saturation": lambda h: (h > 2).sum(dim=(-2, -1))},
            "floating-point numbers; got .*int64",
        ),
        (
            {"saturation": lambda h: (h.abs() @ torch.full((h.shape[-1],), 0.1).double()).mean(-1)},
            "saturation must take .*float32, got RuntimeError",
        ),
        ({"saturation_measure": "words"}, "saturation_measure must come with saturation"),
        ({"range": (-0.5, 1)}, "range must hold all outputs; got"),
        ({"range": (1, -1)}, "range must have a lower bound below its upper one"),
        ({"minimum": (0.0, 0.0)}, r"minimum must be \(z, f\(z\)\) at the lowest point"),
        ({"name": "tanh"}, "name must not be one of the zoo's; got 'tanh'"),
        ({"name": "swish", "overwrite": True}, "name must not be one of the zoo's; got 'swish'"),
        ({"name": "no name"}, "name must be letters, digits"),
    ],
)
def test_what_fails_its_trial_is_refused_and_not_registered(changes, says):
    names = lv.activation_names()
    with pytest.raises((ValueError, TypeError), match=says):
        lv.register_activation(**{"name": "own", "function": torch.tanh} | changes)
    assert lv.activation_names() == names


def test_a_refused_random_function_leaves_the_stream_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    with pytest.raises(ValueError, match="the same each time"):
        lv.register_activation("own", lambda z: z * torch.rand_like(z))
    assert torch.equal(torch.get_rng_state(), before)


# --- the registry -----------------------------------------------------------------------------


def test_registered_names_follow_the_zoo_and_are_known_everywhere():
    zoo = lv.activation_names()
    own = lv.register_activation("soft-sign_2", plain_softsign, label="softsign")
    assert lv.activation_names() == (*zoo, "soft-sign_2")
    assert lv.get_activation("soft-sign_2") is own
    assert lv.Landscape("xor", "soft-sign_2").describe()["activation"] == "soft-sign_2"
    with pytest.raises(ValueError, match="Did you mean 'soft-sign_2'"):
        lv.get_activation("softsign_2")
    with pytest.raises(ValueError, match="parameters of soft-sign_2 must not be given"):
        lv.get_activation("soft-sign_2", alpha=1.0)


def test_a_name_is_replaced_only_on_request():
    first = lv.register_activation("own", torch.sin)
    with pytest.raises(ValueError, match="name must be new, or overwrite must be True; got 'own'"):
        lv.register_activation("own", torch.atan)
    assert lv.get_activation("own") is first
    second = lv.register_activation("own", torch.atan, overwrite=True)
    assert lv.get_activation("own") is second
    assert lv.activation_names().count("own") == 1


def test_a_failed_replacement_leaves_the_old_one():
    first = lv.register_activation("own", torch.sin)
    with pytest.raises(ValueError, match="finite"):
        lv.register_activation("own", torch.log, overwrite=True)
    assert lv.get_activation("own") is first


def test_each_test_starts_with_the_zoo_alone():
    assert registry._REGISTERED == {}


def test_what_is_stated_is_kept():
    own = lv.register_activation(
        "own", lambda z: (z - 1).square() - 2, label="Bowl", formula="(z - 1)^2 - 2",
        source="blum1989", minimum=(1, -2), range=(-2, math.inf),
    )  # fmt: skip
    assert (own.label, own.formula, own.source) == ("Bowl", "(z - 1)^2 - 2", "blum1989")
    assert (own.minimum, own.range) == ((1.0, -2.0), (-2.0, math.inf))


def test_a_measure_of_ones_own_takes_what_the_zoo_s_take():
    own = lv.register_activation(
        "own", torch.tanh, saturation=lambda h: (h.abs() > 0.9).double().mean(dim=(-2, -1))
    )
    assert own.saturates
    assert own.saturation_measure == "a measure of its own"
    assert float(own.saturation([[0.95, 0.1]])) == 0.5
    with pytest.raises(ValueError, match="outputs must be finite"):
        own.saturation([[math.nan]])
    landscape = lv.Landscape("xor", "own")
    points = landscape.initial(3, 0, 10.0)
    expected = (landscape.hidden_outputs(points).abs() > 0.9).double().mean(dim=(1, 2))
    assert torch.equal(landscape.saturation(points), expected)


def test_an_activation_of_ones_own_can_be_pickled_if_its_function_can():
    own = lv.register_activation("own", plain_softsign)
    for twin in (pickle.loads(pickle.dumps(own)), copy.deepcopy(own)):
        for g in ("__call__", "derivative", "second_derivative"):
            assert torch.equal(getattr(twin, g)(POINTS), getattr(own, g)(POINTS))


# --- in a landscape ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*lv.activation_names(), "own", "elu-half"])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_gradients_and_hessians_of_every_activation_equal_autograd_s(name, loss):
    if name == "own":
        activation = lv.register_activation("own", lambda z: torch.atan(z) + 0.1 * z)
    elif name == "elu-half":
        activation = lv.get_activation("elu", alpha=0.5)
    else:
        activation = lv.get_activation(name)
    landscape = lv.Landscape("xor", activation, loss)
    problem = landscape.problem
    x, t = (torch.as_tensor(a).double() for a in (problem.inputs, problem.targets))
    weights = landscape.initial(4, 1, 1.5)

    def slow_loss(w):
        hidden = activation.function(x @ w[:4].reshape(2, 2).T + w[4:6])
        z = hidden @ w[6:8].reshape(1, 2).T + w[8:]
        if loss == "squared_error":
            return (torch.sigmoid(z) - t).square().mean()
        return torch.nn.functional.binary_cross_entropy_with_logits(z, t)

    for point in weights:
        gradient = torch.func.grad(slow_loss)(point)
        torch.testing.assert_close(landscape.gradient(point), gradient, rtol=1e-9, atol=1e-12)
        hessian = torch.autograd.functional.hessian(slow_loss, point)
        torch.testing.assert_close(landscape.hessian(point), hessian, rtol=1e-9, atol=1e-12)


def test_walks_with_an_activation_of_ones_own_equal_those_of_the_same_function_of_the_zoo():
    lv.register_activation("own", torch.tanh)
    samples = [
        lv.progressive_gradient_walk(
            lv.Landscape("xor", name), 3, 20, 0.2, 1.0, 0, measures=("loss", "curvature")
        )
        for name in ("own", "tanh")
    ]
    np.testing.assert_allclose(samples[0].loss, samples[1].loss, rtol=1e-12)
    assert (samples[0].curvature == samples[1].curvature).all()
