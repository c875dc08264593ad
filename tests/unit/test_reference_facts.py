"""Known facts about activations, dead networks, random matrices and random walks, by running them.

Means over standard normal net inputs are integrals, split where a function or its slope jumps.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar

import lossviz as lv

SPLITS = (-40.0, -8.0, -1.0, 0.0, 1.0, 8.0, 40.0)


def normal_mean(function, *splits):
    """E[function(z)] for z ~ N(0, 1), piece by piece between the splits."""
    edges = sorted({*SPLITS, *splits})

    def weighted(z):
        return function(z) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)

    pieces = [
        quad(weighted, a, b, epsabs=1e-13, epsrel=1e-12, limit=200) for a, b in pairwise(edges)
    ]
    assert sum(error for _, error in pieces) < 1e-10
    return sum(value for value, _ in pieces)


def half_of_last_digit(stated):
    return 0.5 * 10.0 ** -len(stated.partition(".")[2])


def agrees(found, stated):
    return abs(found - float(stated)) <= half_of_last_digit(stated)


@pytest.mark.parametrize(
    ("name", "stated"),
    [("sigmoid", "0.0448"), ("tanh", "0.464"), ("elu", "0.668"), ("relu", "0.5")],
)
def test_mean_squared_slopes_of_normal_net_inputs(name, stated):
    f = lv.get_activation(name)
    found = normal_mean(lambda z: float(f.derivative(z)) ** 2)
    assert agrees(found, stated)
    exact = {"elu": 0.5 + math.exp(2) * math.erfc(math.sqrt(2)) / 2, "relu": 0.5}
    if name in exact:
        assert found == pytest.approx(exact[name], rel=1e-10)


@pytest.mark.parametrize(
    ("name", "stated"),
    [("relu", "0.3989"), ("elu", "0.1605"), ("tanh", "0.0000"), ("sigmoid", "0.5000")],
)
def test_mean_outputs_of_normal_net_inputs(name, stated):
    f = lv.get_activation(name)
    found = normal_mean(lambda z: float(f(z)))
    assert agrees(found, stated)
    relu = 1 / math.sqrt(2 * math.pi)
    elu = relu + math.sqrt(math.e) * math.erfc(1 / math.sqrt(2)) / 2 - 0.5
    exact = {"relu": relu, "elu": elu, "tanh": 0.0, "sigmoid": 0.5}
    assert found == pytest.approx(exact[name], rel=1e-10, abs=1e-12)


def test_selu_keeps_mean_0_and_variance_1():
    selu = lv.get_activation("selu")
    assert normal_mean(lambda z: float(selu(z))) == pytest.approx(0, abs=1e-12)
    assert normal_mean(lambda z: float(selu(z)) ** 2) == pytest.approx(1, rel=1e-12)


def test_share_of_tanh_outputs_beyond_nine_tenths():
    tanh = lv.get_activation("tanh")
    edge = brentq(lambda z: float(tanh(z)) - 0.9, 0, 5, xtol=1e-14)
    found = normal_mean(lambda z: float(tanh(z).abs() > 0.9), -edge, edge)
    assert agrees(found, "0.141")
    assert found == pytest.approx(math.erfc(math.atanh(0.9) / math.sqrt(2)), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "z", "value"),
    [
        ("silu", "-1.2785", "-0.2785"), ("gelu", "-0.7518", "-0.1700"),
        ("mish", "-1.1924", "-0.3088"),
    ],
)  # fmt: skip
def test_minima_of_the_gated_activations(name, z, value):
    f = lv.get_activation(name)
    lowest = minimize_scalar(lambda x: float(f(x)), bounds=(-4, 0), options={"xatol": 1e-10})
    root = brentq(lambda x: float(f.derivative(x)), -2, -0.1, xtol=1e-15)
    assert agrees(root, z)
    assert agrees(lowest.fun, value)
    assert root == pytest.approx(lowest.x, abs=1e-6)
    assert f.minimum == pytest.approx((root, lowest.fun), rel=1e-13, abs=0)


def test_softplus_is_furthest_from_relu_at_0_by_ln_2():
    softplus, relu = lv.get_activation("softplus"), lv.get_activation("relu")
    z = torch.linspace(-30, 30, 6001, dtype=torch.float64)
    gap = softplus(z) - relu(z)
    assert float(z[gap.argmax()]) == pytest.approx(0, abs=1e-12)
    assert float(gap.max()) == pytest.approx(math.log(2), rel=1e-15)
    assert float(gap.min()) > 0


def test_lecun_s_tanh_is_one_at_one():
    f = lv.get_activation("lecun_tanh")
    assert agrees(float(f(1.0)), "0.999997")
    assert agrees(-float(f(-1.0)), "0.999997")


# --- dead networks ----------------------------------------------------------------------------


def dead_share(width, depth, nets, seed):
    """Share of ReLU networks, normal weights and no bias, whose output at one input is 0."""
    generator = torch.Generator().manual_seed(seed)
    relu = lv.get_activation("relu")
    h = torch.ones(nets, 1, 1, dtype=torch.float64)
    for _ in range(depth):
        shape = (nets, width, h.shape[1])
        h = relu(torch.randn(shape, generator=generator, dtype=torch.float64) @ h)
    return float((h == 0).all(dim=1).double().mean())


@pytest.mark.parametrize(("width", "depth"), [(1, 1), (1, 4), (2, 10), (3, 10), (4, 5)])
def test_relu_networks_die_as_often_as_predicted(width, depth):
    """Lu et al. (2020): each layer dies with probability 2^-N, so P = 1 - (1 - 2^-N)^L."""
    nets = 20_000
    predicted = 1 - (1 - 2.0**-width) ** depth
    allowed = 4 * math.sqrt(predicted * (1 - predicted) / nets)
    assert dead_share(width, depth, nets, seed=1) == pytest.approx(predicted, abs=allowed)


def test_a_network_of_width_2_and_depth_10_is_almost_surely_dead():
    assert agrees(1 - (1 - 2.0**-2) ** 10, "0.944")


# --- random matrices --------------------------------------------------------------------------

# Stated digits beside integrals of the joint density of the eigenvalues.
ALL_POSITIVE = {
    1: ("0.5", 1 / 2),
    2: ("0.1464", 1 / 2 - math.sqrt(2) / 4),
    3: ("0.0249", 1 / 4 - math.sqrt(2) / (2 * math.pi)),
}


@pytest.mark.parametrize("size", ALL_POSITIVE)
def test_goe_matrices_are_positive_definite_as_often_as_predicted(size):
    stated, exact = ALL_POSITIVE[size]
    assert agrees(exact, stated)
    count = 100_000
    normal = np.random.default_rng(size).normal(size=(count, size, size))
    # The sum with the transpose has a diagonal of twice the off-diagonal variance.
    goe = (normal + normal.transpose(0, 2, 1)) / 2
    assert goe[:, 0, 0].var() == pytest.approx(1, rel=0.03)
    if size > 1:
        assert goe[:, 0, 1].var() == pytest.approx(0.5, rel=0.03)
    convex = lv.classify_curvature(goe).classes == lv.CURVATURE_CLASSES.index("convex")
    allowed = 4 * math.sqrt(exact * (1 - exact) / count)
    assert float(convex.double().mean()) == pytest.approx(exact, abs=allowed)


# --- random walks -----------------------------------------------------------------------------


def test_two_components_hold_three_quarters_of_a_long_random_walk():
    """Antognini and Sohl-Dickstein (2018): component k holds 6 / (pi k)^2 of the variance."""
    steps, dimensions = 500, 8000
    walk = np.random.default_rng(0).normal(size=(steps, dimensions)).cumsum(axis=0)
    centred = walk - walk.mean(axis=0)
    variances = np.linalg.eigvalsh(centred @ centred.T)[::-1]
    shares = variances / variances.sum()
    predicted = 6 / (math.pi * np.arange(1, 5)) ** 2
    assert agrees(100 * predicted[0], "60.8")
    assert agrees(100 * predicted[1], "15.2")
    np.testing.assert_allclose(shares[:4], predicted, rtol=0.04)
    assert shares[0] == pytest.approx(0.608, abs=0.006)
    assert shares[1] == pytest.approx(0.152, abs=0.003)
