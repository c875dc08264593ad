"""Quadratic landscapes against automatic differentiation, and what is known of walks on them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import lossviz as lv

CURVATURES = np.array([[1.0, 2.0, -0.5], [30.0, 1.0, 0.0]])
CENTRES = np.array([[0.0, 0.0, 0.0], [1.0, -1.0, 2.0]])
HEIGHTS = np.array([0.5, -0.25])


def two():
    return lv.quadratic_landscape(CURVATURES, CENTRES, HEIGHTS)


def naive(weights):
    """The same loss by a loop over quadratics, as torch differentiates it."""
    levels = []
    for lam, centre, height in zip(CURVATURES, CENTRES, HEIGHTS, strict=True):
        away = weights - torch.tensor(centre)
        levels.append(height + (torch.tensor(lam) * away**2).sum() / 2)
    return torch.stack(levels).min()


@pytest.mark.parametrize("number", range(6))
def test_loss_gradient_and_hessian_are_those_of_automatic_differentiation(number):
    landscape, point = two(), two().initial(6, seed=3, start_range=2.0)[number]
    assert torch.allclose(landscape.loss(point), naive(point), rtol=1e-14)
    moving = point.clone().requires_grad_()
    (slope,) = torch.autograd.grad(naive(moving), moving)
    assert torch.allclose(landscape.gradient(point), slope, rtol=1e-14)
    hessian = torch.autograd.functional.hessian(naive, point)
    assert torch.allclose(landscape.hessian(point), hessian, rtol=1e-14)
    vectors = torch.eye(3).double() + 1
    products = landscape.hessian_vector_product(point, vectors)
    assert torch.allclose(products, vectors @ hessian, rtol=1e-14)


def test_the_first_of_equal_quadratics_counts():
    landscape = lv.quadratic_landscape([1.0, 1.0], [[-1.0, 0], [1, 0]])
    assert landscape.lowest([[0.0, 3.0], [0.1, 0.0], [-0.1, 0.0]]).tolist() == [0, 1, 0]
    assert landscape.gradient([0.0, 3.0]).tolist() == [1.0, 3.0]


def test_shapes_batches_and_precision():
    landscape = two()
    points = landscape.initial(8, seed=0, start_range=1.0).reshape(2, 4, 3)
    loss, gradient = landscape.loss_and_gradient(points)
    assert (loss.shape, gradient.shape) == ((2, 4), (2, 4, 3))
    assert landscape.hessian(points).shape == (2, 4, 3, 3)
    single = landscape.with_dtype(torch.float32)
    assert single.loss(points).dtype == torch.float32
    assert torch.allclose(single.loss(points).double(), loss, atol=1e-5)
    assert landscape.with_dtype(torch.float64) is landscape


def test_what_was_passed_in_is_left_alone_and_not_kept():
    eigenvalues, centres = CURVATURES.copy(), torch.tensor(CENTRES)
    landscape = lv.quadratic_landscape(eigenvalues, centres)
    before = landscape.loss([1.0, 2, 3])
    eigenvalues[:] = 7
    centres[:] = 7
    assert landscape.loss([1.0, 2, 3]) == before


@pytest.mark.parametrize("what", ["accuracy", "outputs", "hidden_outputs", "saturation"])
def test_there_is_no_network(what):
    with pytest.raises(ValueError, match=f"{what} needs a network; got a quadratic landscape"):
        getattr(two(), what)(torch.zeros(3))
    with pytest.raises(ValueError, match="batch_size must be None"):
        lv.progressive_gradient_walk(two(), 1, 2, 0.1, 1.0, seed=0, batch_size=2)


def test_tools_of_other_floors_take_it():
    landscape = lv.quadratic_landscape([1.0, 2.0, 6.0])
    origin = torch.zeros(3, dtype=torch.float64)
    assert lv.top_eigenvalues(landscape, origin, k=1).eigenvalues.item() == pytest.approx(6)
    assert float(lv.trace(landscape, origin).value) == pytest.approx(9)
    line = lv.loss_line(landscape, origin, [1.0, 0, 0], span=2.0, resolution=3)
    assert line.loss.values.tolist() == [2.0, 0.0, 2.0]
    walks = lv.progressive_gradient_walk(landscape, 2, 5, 0.1, 1.0, seed=0)
    assert set(np.unique(walks.curvature)) == {lv.CURVATURE_CLASSES.index("convex")}


curvatures = st.lists(st.floats(0.01, 100), min_size=2, max_size=9)


@settings(max_examples=25, deadline=None)
@given(curvatures, st.integers(0, 3), st.integers(0, 1000))
def test_points_of_a_bowl_keep_its_bounds_flat_directions_or_not(values, flat, seed):
    landscape = lv.quadratic_landscape(values + [0.0] * flat)
    points = landscape.initial(20, seed, start_range=3.0)
    loss, gradient = landscape.loss_and_gradient(points)
    square = gradient.square().sum(dim=-1)
    assert (square * (1 + 1e-9) >= 2 * min(values) * loss).all()
    assert (square <= 2 * max(values) * loss * (1 + 1e-9)).all()


@settings(max_examples=25, deadline=None)
@given(curvatures, curvatures, st.integers(0, 1000))
def test_points_of_a_saddle_keep_its_lower_bounds(up, down, seed):
    landscape = lv.quadratic_landscape(up + [-value for value in down])
    loss, gradient = landscape.loss_and_gradient(landscape.initial(20, seed, start_range=3.0))
    square = gradient.square().sum(dim=-1) * (1 + 1e-9)
    bound = torch.where(loss > 0, 2 * min(up) * loss, -2 * min(down) * loss)
    assert (square >= bound).all()


def test_walks_hover_at_the_floor_that_theory_gives():
    values, step = np.linspace(1, 10, 9), 0.05
    walks = lv.progressive_gradient_walk(
        lv.quadratic_landscape(values), 60, 300, step, 1.0, seed=0,
        measures=("loss", "gradient_norm"),
    ).isel(step=slice(100, None))  # fmt: skip
    loss = lv.bootstrap_mean(walks.loss.mean("step").values, level=0.999)
    square = lv.bootstrap_mean((walks.gradient_norm**2).mean("step").values, level=0.999)
    assert loss.low < step**2 / 12 * values.sum() < loss.high
    assert square.low < step**2 / 6 * (values**2).sum() < square.high
    assert loss.high - loss.low < 0.05 * loss.mean


def test_mirrored_minima_have_the_cloud_of_one():
    corners = np.array([[a, b] for a in (-1.0, 1.0) for b in (-1.0, 1.0)])
    many = lv.quadratic_landscape([1.0, 4.0], corners)
    one = lv.quadratic_landscape([1.0, 4.0], corners[-1:])
    walks = lv.progressive_gradient_walk(
        many, 20, 60, 0.1, 2.0, seed=0, measures=("loss", "gradient_norm", "weights")
    )
    mirrored = np.abs(walks.weights.values)
    np.testing.assert_array_equal(one.loss(mirrored), walks.loss)
    np.testing.assert_array_equal(one.gradient(mirrored).norm(dim=-1), walks.gradient_norm)
    assert len(np.unique(many.lowest(walks.weights.values[:, -1]))) == 4


def test_a_factor_changes_no_walk():
    walks = [
        lv.progressive_gradient_walk(
            lv.quadratic_landscape(factor * np.array([1.0, -2.0, 0.0])), 5, 50, 0.1, 1.0, seed=0,
            measures=("loss", "weights"),
        )
        for factor in (1.0, 8.0)
    ]  # fmt: skip
    np.testing.assert_array_equal(walks[0].weights, walks[1].weights)
    np.testing.assert_array_equal(8 * walks[0].loss, walks[1].loss)
