"""Signals and gradients in random deep networks: closed forms, a slow twin, bad input."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import integrate, stats
from scipy.special import ndtr

import lossviz as lv
from lossviz.analysis import propagation

SPREADS = np.array([0.01, 0.3, 1.0, 4.0, 15.0])


def test_closed_forms_of_integrals():
    s = SPREADS
    relu, sine = lv.gaussian_moments("relu", s), lv.gaussian_moments("sine", s)
    np.testing.assert_allclose(relu.mean, s / np.sqrt(2 * np.pi), rtol=1e-10)
    np.testing.assert_allclose(relu.square, s**2 / 2, rtol=1e-10)
    np.testing.assert_allclose(relu.squared_slope, 0.5, rtol=1e-10)
    np.testing.assert_allclose(sine.square, -np.expm1(-2 * s**2) / 2, rtol=1e-7)
    elu = 0.5 + np.exp(2 * s[:3] ** 2) * ndtr(-2 * s[:3])
    np.testing.assert_allclose(lv.gaussian_moments("elu", s[:3]).squared_slope, elu, rtol=1e-9)
    box = 2 * ndtr(1 / s) - 1
    np.testing.assert_allclose(lv.gaussian_moments("hard_tanh", s).squared_slope, box, rtol=1e-9)


@pytest.mark.parametrize("name", ["tanh", "gelu", "selu", "mish", "lecun_tanh"])
@pytest.mark.parametrize("spread", [0.3, 1.0, 4.0])
def test_quadrature_agrees_with_an_adaptive_one(name, spread):
    f = lv.get_activation(name)
    moments = lv.gaussian_moments(name, spread)
    density = stats.norm(scale=spread).pdf
    for got, function in ((moments.square, f), (moments.squared_slope, f.derivative)):
        parts = [
            integrate.quad(lambda z, g=function: float(g([z])[0]) ** 2 * density(z), a, b)[0]
            for a, b in ((-10 * spread, 0), (0, 10 * spread))
        ]
        assert float(got) == pytest.approx(sum(parts), rel=1e-7)


def test_table_of_mean_squared_slopes_and_gains():
    for name, slope in {"sigmoid": 0.0448, "tanh": 0.464, "elu": 0.668, "relu": 0.5}.items():
        assert float(lv.gaussian_moments(name).squared_slope) == pytest.approx(slope, abs=5e-4)
    selu = lv.gaussian_moments("selu")
    assert float(selu.mean) == pytest.approx(0, abs=1e-6)
    assert float(selu.square) == pytest.approx(1, abs=1e-6)
    for way in ("forward", "backward"):
        for spread in (0.1, 1.0, 10.0):
            assert lv.initial_gain("relu", way, spread) == pytest.approx(2**0.5)
            he = (2 / (1 + 0.01**2)) ** 0.5
            assert lv.initial_gain("leaky_relu", way, spread) == pytest.approx(he)


def test_recursion_of_relu_and_identity_are_powers():
    gains = np.array([[0.5, 1.0], [2**0.5, 3.0]])
    found = lv.signal_propagation("relu", 20, gains)
    layers = np.arange(20)
    half = gains[..., None] ** 2 / 2
    np.testing.assert_allclose(found.variance, 2 * half * half**layers, rtol=1e-8)
    np.testing.assert_allclose(found.gradient, half ** layers[::-1], rtol=1e-8)
    np.testing.assert_allclose(found.gradient_by_depth, half**layers, rtol=1e-8)
    steady = lv.signal_propagation("identity", 5, 1.0, bias=0.5, input_square=2.0)
    np.testing.assert_allclose(steady.variance, 2 + 0.25 * np.arange(1, 6))


def test_depth_by_depth_is_the_same_as_networks_of_each_depth():
    whole = lv.signal_propagation("tanh", 9, [0.7, 2.0], bias=0.1)
    for depth in (1, 4, 9):
        short = lv.signal_propagation("tanh", depth, [0.7, 2.0], bias=0.1)
        np.testing.assert_allclose(whole.gradient_by_depth[:, depth - 1], short.gradient[:, 0])


@pytest.mark.parametrize("name", ["tanh", "relu", "elu"])
def test_running_agrees_with_autograd_through_a_sequential(name):
    depth, width, samples, gain, bias = 4, 6, 5, 1.3, 0.2
    drawn = propagation._drawn(3, 0, (depth, width, samples), gain, bias)
    got = lv.measure_signals(name, depth, width, gain, bias, 1, samples, 3).isel(network=0)
    functions = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU, "elu": torch.nn.ELU}
    linears = [torch.nn.Linear(width, width, dtype=torch.float64) for _ in range(depth)]
    for linear, weights, biases in zip(linears, drawn.weights, drawn.biases, strict=True):
        linear.weight.data = torch.from_numpy(weights)
        linear.bias.data = torch.from_numpy(biases)
    variance, gradient, slope = np.zeros((3, depth))
    for inputs, handed in zip(drawn.inputs, drawn.handed, strict=True):
        signal, seen = torch.from_numpy(inputs), []
        for linear in linears:
            seen.append(linear(signal))
            seen[-1].retain_grad()
            signal = functions[name]()(seen[-1])
            linear.zero_grad()
        (seen[-1] @ torch.from_numpy(handed)).backward()
        variance += [float((z.detach() ** 2).mean()) / samples for z in seen]
        gradient += [float((z.grad**2).mean()) / samples for z in seen]
        slope += [float((each.weight.grad**2).mean()) / samples for each in linears]
    unit = np.mean(drawn.handed**2)
    np.testing.assert_allclose(got.variance, variance)
    np.testing.assert_allclose(got.gradient, gradient / unit)
    np.testing.assert_allclose(got.weight_gradient, slope / unit)


def test_wide_networks_come_near_the_theory():
    for name in ("tanh", "elu", "sigmoid"):
        ran = lv.measure_signals(name, 6, 400, 1.2, 0.1, num_networks=2)
        wide = lv.signal_propagation(name, 6, 1.2, 0.1)
        np.testing.assert_allclose(ran.variance.mean("network"), wide.variance, rtol=0.1)
        np.testing.assert_allclose(ran.gradient.mean("network"), wide.gradient, rtol=0.2)


def test_draws_depend_on_seed_and_network_alone():
    two, one = (lv.measure_signals("elu", 3, 4, num_networks=n, seed=5) for n in (2, 1))
    np.testing.assert_array_equal(two.variance[0], one.variance[0])
    assert not np.array_equal(two.variance[0], two.variance[1])
    other = lv.measure_signals("elu", 3, 4, seed=6)
    assert not np.array_equal(one.variance, other.variance)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lv.gaussian_moments("tahn"), "Did you mean 'tanh'"),
        (lambda: lv.gaussian_moments("tanh", [1.0, 0.0]), "above 0"),
        (lambda: lv.gaussian_moments("tanh", np.nan), "finite"),
        (lambda: lv.initial_gain("tanh", "sideways"), "direction must be one of"),
        (lambda: lv.signal_propagation("tanh", 0), "depth must be at least 1"),
        (lambda: lv.signal_propagation("tanh", 3, -1.0), "gain must be above 0"),
        (lambda: lv.signal_propagation("tanh", 3, bias=-1.0), "bias must be at least 0"),
        (lambda: lv.measure_signals("tanh", 3, 0), "width must be at least 1"),
        (lambda: lv.measure_signals("tanh", 3, 2, seed=-1), "seed must be at least 0"),
    ],
)
def test_bad_input_is_refused_in_words(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_pictures_refuse_what_does_not_fit():
    deep = lv.measure_signals("tanh", 3, 4)
    with pytest.raises(ValueError, match="outputs"):
        lv.plots.layer_histograms({"gain 1": deep})
    with pytest.raises(ValueError, match="shape"):
        lv.plots.signal_curves(
            {"tanh": deep}, {"tanh": {"variance": [1.0], "gradient": [1.0, 1, 1]}}
        )
    with pytest.raises(ValueError, match="positive"):
        lv.plots.propagation_map([1.0, 2.0], {"tanh": [[1, 0], [1, 1]]}, {"tanh": 1.0})
