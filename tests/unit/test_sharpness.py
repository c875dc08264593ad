"""Measures of sharpness: closed forms, invariances, and what raw ones do under rescaling."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import lossviz as lv

RELATIVE = ("relative", "relative_max_eigenvalue", "asam")
PLAIN = tuple(name for name in lv.SHARPNESS_MEASURES if name not in RELATIVE)


def relu():
    landscape = lv.Landscape("iris", "relu")
    return landscape, landscape.initial(6, 0, 1.0)


def rescaled(points, factor=3.0):
    """Multiply what enters the first hidden unit of a 4-4-3 network, divide what leaves it."""
    points = points.clone()
    points[..., [0, 1, 2, 3, 16]] *= factor
    points[..., [20, 24, 28]] /= factor
    return points


def module_of(landscape):
    module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3))
    problem = landscape.problem
    return lv.Landscape.from_module(
        module.double(), lv.stable_cross_entropy, problem.inputs, problem.targets
    )


# --- rescaling a unit changes no prediction ---------------------------------------------------


@pytest.mark.parametrize("measure", RELATIVE)
def test_relative_measures_do_not_see_a_rescaling(measure):
    landscape, points = relu()
    before, after = (lv.sharpness(landscape, w, measure) for w in (points, rescaled(points)))
    torch.testing.assert_close(before, after, rtol=1e-8, atol=1e-12)
    # A module's traces are estimates, and still the same.
    before, after = (
        lv.sharpness(module_of(landscape), w, measure, num_products=12)
        for w in (points, rescaled(points))
    )
    torch.testing.assert_close(before, after, rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("measure", PLAIN)
def test_plain_measures_see_a_rescaling(measure):
    landscape, points = relu()
    torch.testing.assert_close(landscape.loss(points), landscape.loss(rescaled(points)))
    before, after = (lv.sharpness(landscape, w, measure) for w in (points, rescaled(points)))
    assert float((before / after - 1).abs().max()) > 0.05


def test_a_plain_measure_can_be_made_as_large_as_one_likes():
    landscape, points = relu()
    traces = [
        float(lv.sharpness(landscape, rescaled(points[0], factor), "trace"))
        for factor in (1.0, 0.1, 0.01)
    ]
    assert traces[2] > 50 * traces[1] > 100 * traces[0]


# --- beside slow twins ------------------------------------------------------------------------


@pytest.mark.parametrize("problem", ["iris", "xor"])
def test_measures_of_the_hessian_are_those_of_the_whole_one(problem, activation):
    landscape = lv.Landscape(problem, activation)
    points = landscape.initial(4, 0, 1.5).reshape(2, 2, -1)
    hessian = landscape.hessian(points)
    stretched = points.abs()[..., None] * hessian * points.abs()[..., None, :]
    twins = {
        "max_eigenvalue": torch.linalg.eigvalsh(hessian)[..., -1],
        "trace": torch.linalg.eigvalsh(hessian).sum(-1),
        "relative": torch.linalg.eigvalsh(stretched).sum(-1),
        "relative_max_eigenvalue": torch.linalg.eigvalsh(stretched)[..., -1],
    }
    for name, expected in twins.items():
        torch.testing.assert_close(
            lv.sharpness(landscape, points, name), expected, rtol=1e-6, atol=1e-9
        )


def test_rises_are_those_of_their_formulae():
    landscape = lv.Landscape("iris", "tanh")
    points = landscape.initial(5, 0, 1.0)
    loss, g = landscape.loss_and_gradient(points)
    moved = points + 0.1 * g / g.norm(dim=1, keepdim=True)
    found = lv.sharpness(landscape, points, "sam", 0.1)
    torch.testing.assert_close(found, landscape.loss(moved) - loss)
    size = points.abs()
    moved = points + 0.1 * size**2 * g / (size * g).norm(dim=1, keepdim=True)
    found = lv.sharpness(landscape, points, "asam", 0.1)
    torch.testing.assert_close(found, landscape.loss(moved) - loss)


def test_to_first_order_the_rise_is_the_gradients_length():
    landscape = lv.Landscape("iris", "tanh")
    points = landscape.initial(5, 0, 1.0)
    g = landscape.gradient(points)
    found = lv.sharpness(landscape, points, "sam", 1e-6)
    torch.testing.assert_close(found / 1e-6, g.norm(dim=1), rtol=1e-4, atol=0)
    found = lv.sharpness(landscape, points, "asam", 1e-6)
    torch.testing.assert_close(found / 1e-6, (points * g).norm(dim=1), rtol=1e-4, atol=0)
    # In a box it is the sum of the slopes' sizes, each times its half-width.
    found = lv.sharpness(landscape, points, "keskar", 1e-6) * (1 + landscape.loss(points)) / 100
    expected = ((points.abs() + 1) * g.abs()).sum(1)
    torch.testing.assert_close(found / 1e-6, expected, rtol=1e-4, atol=0)


def test_no_random_place_in_the_box_is_higher_than_the_ascent():
    landscape = lv.Landscape("iris", "tanh")
    points = landscape.initial(3, 0, 1.0)
    radius = 0.05
    loss = landscape.loss(points)
    found = lv.sharpness(landscape, points, "keskar", radius) * (1 + loss) / 100 + loss
    unit = torch.rand(3000, 3, 35, dtype=torch.float64, generator=torch.manual_seed(0)) * 2 - 1
    places = points + radius * (points.abs() + 1) * unit
    assert bool((landscape.loss(places).amax(0) <= found).all())
    corners = points + radius * (points.abs() + 1) * unit.sign()
    assert bool((landscape.loss(corners).amax(0) <= found).all())


def test_a_larger_box_holds_more():
    landscape = lv.Landscape("iris", "elu")
    points = landscape.initial(3, 0, 1.0)
    rises = torch.stack([lv.sharpness(landscape, points, "keskar", r) for r in (0.01, 0.1, 0.5)])
    assert bool((rises[1:] > rises[:-1]).all())
    assert bool((rises >= 0).all())


def test_where_the_gradient_is_zero():
    landscape = lv.Landscape("xor", "tanh")
    for measure in ("sam", "asam", "relative", "relative_max_eigenvalue"):
        assert float(lv.sharpness(landscape, torch.zeros(9), measure)) == 0
    # The ascent from the middle stays there; the one from a random place does not.
    assert float(lv.sharpness(landscape, torch.zeros(9), "keskar", 0.1)) > 0


def test_tiny_gradients_keep_their_direction():
    landscape = lv.Landscape("xor", "tanh")
    point = 400 * lv.Landscape("xor", "tanh").initial(1, 2, 1.0)[0]
    found = [lv.sharpness(landscape, point, "sam", r) for r in (0.1, 50.0)]
    assert all(bool(torch.isfinite(rise)) for rise in found)


# --- modules, shapes, purity ------------------------------------------------------------------


@pytest.mark.parametrize("measure", lv.SHARPNESS_MEASURES)
def test_modules_have_the_measures_of_the_closed_form(measure):
    landscape, points = relu()
    one, two = (lv.sharpness(at, points, measure) for at in (landscape, module_of(landscape)))
    torch.testing.assert_close(one, two, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("measure", lv.SHARPNESS_MEASURES)
@pytest.mark.parametrize("shape", [(), (2, 3), (0,)])
def test_leading_axes_are_points(measure, shape):
    landscape = lv.Landscape("xor", "tanh", dtype=torch.float32)
    points = landscape.initial(6, 0, 1.0)[: math.prod(shape)].reshape(*shape, 9)
    found = lv.sharpness(landscape, points, measure)
    assert found.shape == shape
    assert found.dtype == torch.float64
    rows = [lv.sharpness(landscape, w, measure) for w in points.reshape(-1, 9)]
    if rows:
        torch.testing.assert_close(found.flatten(), torch.stack(rows), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("measure", lv.SHARPNESS_MEASURES)
def test_global_states_and_weights_stay(measure):
    landscape, points = relu()
    before = points.clone()
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    lv.sharpness(landscape, points, measure)
    assert torch.equal(points, before)
    assert torch.equal(torch.get_rng_state(), states[0])
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002


def test_a_radius_without_use_is_refused():
    landscape, points = relu()
    for measure in ("max_eigenvalue", "trace", "relative", "relative_max_eigenvalue"):
        with pytest.raises(ValueError, match=f"radius must be None for '{measure}'"):
            lv.sharpness(landscape, points, measure, 0.1)


def test_what_did_not_converge_is_no_number(monkeypatch):
    monkeypatch.setattr("lossviz.geometry.sharpness._MOST_PRODUCTS", 2)
    landscape, points = relu()
    assert bool(torch.isnan(lv.sharpness(landscape, points)).all())


def test_progress_is_shown_on_request(capsys):
    landscape, points = relu()
    lv.sharpness(landscape, points, "keskar", num_steps=3, progress=True)
    assert "6/6" in capsys.readouterr().err
