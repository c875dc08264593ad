"""Kinds of attractors: XOR's levels, landscapes with known critical points, and the search."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

import lossviz as lv
from lossviz.analysis import _critical

ENTROPY = -(math.log(1 / 3) / 3 + math.log(2 / 3) * 2 / 3)
LEVELS = {
    "cross_entropy": (0.0, math.log(2) / 2, 0.75 * ENTROPY, math.log(2)),
    "squared_error": (0.0, 1 / 8, 1 / 6, 1 / 4),
}


def teacher(activation="tanh"):
    """One input, one hidden unit; the targets are a network's own outputs: a finite minimum."""
    weights = torch.tensor([1.5, -0.4, 2.0, -0.5], dtype=torch.float64)
    x = np.linspace(-2, 2, 9)[:, None]
    blank = replace(
        lv.load_problem("xor"), layers=(1, 1, 1), inputs=x, targets=np.full((9, 1), 0.5)
    )
    outputs = lv.Landscape(blank, activation).outputs(weights).numpy()
    return lv.Landscape(replace(blank, targets=outputs), activation), weights


@pytest.mark.parametrize("loss", LEVELS)
@pytest.mark.parametrize("activation", ["tanh", "relu", "elu", "sigmoid"])
def test_xor_has_infima_at_infinity_and_a_plateau(activation, loss):
    found = lv.find_attractors(lv.Landscape("xor", activation, loss), kinds=True)
    for attractor in found:
        distance = np.abs(np.array(LEVELS[loss]) - attractor.level)
        expected = "plateau" if distance.argmin() == 3 else "infimum"
        assert attractor.kind == expected, attractor
    assert {"plateau", "infimum"} == {attractor.kind for attractor in found}


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_no_infimum_of_bipolar_xor_is_taken_for_a_plateau(activation):
    # Its walks saturate outputs to 1e-16: gradients alone would say that the weights converge.
    found = lv.find_attractors(lv.Landscape("xor-bipolar", activation), kinds=True)
    kinds = [attractor.kind for attractor in found]
    assert len(kinds) == 4
    assert set(kinds[:3]) <= {"infimum", "undetermined"}
    assert "infimum" in kinds[:3]
    assert kinds[3] == "plateau"


def test_a_saturated_output_is_no_critical_point():
    # Two patterns are right to 1e-16 and two undecided: the rest of the gradient is round-off.
    landscape = lv.Landscape("xor-bipolar", "relu")
    w = [-4.1272, -4.2733, 4.4373, -4.4583, 0.1284, 0.0119, -4.7267, 4.6851, 0.0]
    place = _critical.start(landscape, np.array(w))
    end = _critical.follow(landscape, place, 1e-12)[-1]
    assert np.linalg.norm(end.weights - place.weights) < 1e-3  # they do seem to converge
    assert lv.attractor_kind(landscape, w).kind in ("infimum", "undetermined")


def test_kinds_are_told_on_request_and_change_nothing_else():
    landscape = lv.Landscape("xor", "tanh")
    plain = lv.find_attractors(landscape, num_walks=30)
    kinds = lv.find_attractors(landscape, num_walks=30, kinds=True)
    assert all(attractor.kind is None for attractor in plain)
    assert tuple(replace(attractor, kind=None) for attractor in kinds) == plain
    data = lv.progressive_gradient_walk(
        landscape, 30, 1000, 0.02, 1.0, 0, measures=("loss", "gradient_norm", "weights")
    )
    turned = data.transpose("weight", "step", "walk")
    assert lv.find_attractors(turned, kinds=True, landscape=landscape) == kinds


def test_an_infimums_weights_grow_and_its_loss_falls_to_the_level():
    landscape = lv.Landscape("xor", "tanh")
    # One unit says "or", the other "and"; the output is "or and not and".
    w = torch.tensor([4.0, 4, 4, 4, -2, -6, 8, -8, -4], dtype=torch.float64)
    found = lv.attractor_kind(landscape, w)
    assert found.kind == "infimum"
    assert found.growth > 1
    assert found.loss < 1e-9 < landscape.loss(w)
    assert found.gradient_norm <= 1e-12


def test_the_origin_is_a_plateau_at_once(activation):
    landscape = lv.Landscape("xor", activation)
    found = lv.attractor_kind(landscape, np.zeros(9))
    assert (found.kind, found.growth, found.kinks) == ("plateau", 0.0, 0)
    assert found.loss == pytest.approx(math.log(2))
    assert not found.weights.any()
    curvature = lv.classify_curvature(landscape.hessian(torch.zeros(9)))
    expected = (int(curvature.positive), int(curvature.negative), int(curvature.zero))
    assert (found.positive, found.negative, found.zero) == expected
    # Flat for a fact: with W1 = W2 = 0 the hidden biases move freely among critical points.
    moved = torch.zeros(20, 9, dtype=torch.float64)
    moved[:, 4:6] = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 2)))
    assert landscape.gradient(moved).abs().max() < 1e-15


def test_a_minimum_at_finite_weights_is_a_point():
    landscape, weights = teacher()
    start = weights + 0.05 * torch.tensor([1.0, -1, 1, -1], dtype=torch.float64)
    found = lv.attractor_kind(landscape, start)
    assert found.kind == "point"
    assert found.weights == pytest.approx(weights.numpy(), abs=1e-8)
    assert (found.positive, found.negative, found.zero) == (4, 0, 0)
    assert abs(found.growth) < 0.1


def test_relus_scaling_symmetry_makes_its_minimum_a_plateau():
    # (c W1, c b1, W2 / c) computes the same for every c > 0.
    landscape, weights = teacher("relu")
    found = lv.attractor_kind(landscape, weights + 0.01)
    assert (found.kind, found.zero) == ("plateau", 1)


def test_what_leaves_the_level_is_undetermined():
    landscape = lv.Landscape("xor", "tanh")
    w = landscape.initial(1, 0, 1.0)[0]
    found = lv.attractor_kind(landscape, w, separation=1e-9)
    assert abs(found.loss - float(landscape.loss(w))) > 1e-9
    assert found.kind == "undetermined"


def test_starts_are_tried_until_one_decides():
    landscape, weights = teacher()
    far = torch.tensor([0.1, 3.0, -4.0, 4.0], dtype=torch.float64)
    assert lv.attractor_kind(landscape, far).kind == "undetermined"
    both = torch.stack([far, weights + 0.01, far])
    assert lv.attractor_kind(landscape, both).kind == "point"
    assert lv.attractor_kind(landscape, both.reshape(3, 1, 4)).kind == "point"


def test_a_float32_landscape_is_judged_in_float64():
    found = lv.attractor_kind(lv.Landscape("xor", "tanh", dtype=torch.float32), np.zeros(9))
    assert found.kind == "plateau"
    assert found.weights.dtype == np.float64


# --- the search -------------------------------------------------------------------------------


def test_the_way_goes_down_in_gradient_and_ends_where_it_vanishes():
    landscape, weights = teacher()
    way = _critical.follow(landscape, _critical.start(landscape, weights.numpy() + 0.05), 1e-12)
    slopes = [place.slope for place in way]
    assert all(b < a for a, b in pairwise(slopes))
    for place in way:
        point = torch.from_numpy(place.weights)
        assert place.loss == pytest.approx(float(landscape.loss(point)))
        assert place.slope == pytest.approx(float(landscape.gradient(point).norm()), abs=1e-15)
    # Newton's method doubles the digits once it is near.
    assert slopes[-1] < slopes[-2] ** 1.5


def test_a_kink_is_found_with_its_normal():
    # Unit 0 of a ReLU net switches for the input (1, 1) where w11 + w12 + b1 = 0.
    landscape = lv.Landscape("xor", "relu")
    w = np.array([1.0, 0.7, -0.5, 1.0, -1.6, 0.2, 1.3, -0.8, 0.1])
    move = np.array([0, 0, 0, 0, -0.3, 0, 0, 0, 0.0])
    at, jump = _critical._largest_jump(landscape, w, move)
    assert at[0] + at[1] + at[4] == pytest.approx(0, abs=1e-12)
    normal = np.array([1, 1, 0, 0, 1, 0, 0, 0, 0]) / math.sqrt(3)
    assert abs(jump @ normal) == pytest.approx(np.linalg.norm(jump), rel=1e-9)
    place = _critical._onto_kink(landscape, _critical.start(landscape, w), move[None])
    assert np.abs(place.free.T @ normal).max() < 1e-9
    assert place.free.T @ place.free == pytest.approx(np.eye(8), abs=1e-12)
    assert np.abs(place.normals[:, 0] @ normal) == pytest.approx(1)


def test_a_smooth_loss_has_no_kink():
    landscape = lv.Landscape("xor", "tanh")
    for seed in range(10):
        w = landscape.initial(2, seed, 1.0).numpy()
        place = _critical.start(landscape, w[0])
        assert _critical._onto_kink(landscape, place, w[1:]) is None
