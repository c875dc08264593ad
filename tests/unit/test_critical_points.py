"""Critical points, the two parts of Hessians, random matrices: closed forms and slow twins."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

import lossviz as lv
from lossviz.analysis import _critical

LOSSES = ("cross_entropy", "softmax_cross_entropy", "squared_error")


def logits_of(landscape):
    """Return the output net inputs as a plain torch function of one flat vector of weights."""
    inputs, hidden, outputs = landscape.problem.layers
    x = torch.from_numpy(landscape.problem.inputs)
    act = {"tanh": torch.tanh, "relu": torch.relu, "elu": torch.nn.functional.elu}

    def logits(w):
        w1, b1, w2, b2 = w.split([hidden * inputs, hidden, outputs * hidden, outputs])
        h = act[landscape.activation.name](x @ w1.view(hidden, inputs).T + b1)
        return h @ w2.view(outputs, hidden).T + b2

    return logits


def loss_of_logits(landscape):
    t = torch.from_numpy(landscape.problem.targets)
    return {
        "cross_entropy": lambda z: torch.nn.functional.binary_cross_entropy_with_logits(z, t),
        "softmax_cross_entropy": lambda z: -(t * torch.log_softmax(z, -1)).sum(-1).mean(),
        "squared_error": lambda z: ((torch.sigmoid(z) - t) ** 2).mean(),
    }[landscape.loss_name]


# --- parts of Hessians --------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ["tanh", "relu", "elu"])
def test_the_gauss_newton_part_is_that_of_jacobians(activation, loss):
    iris = lv.Landscape("iris", activation, loss=loss)
    points = iris.initial(3, seed=1, start_range=1.0)
    parts = lv.hessian_parts(iris, points)
    logits, of_logits = logits_of(iris), loss_of_logits(iris)
    for point, part in zip(points, parts.gauss_newton, strict=True):
        z = logits(point)
        jacobian = torch.func.jacrev(logits)(point).reshape(z.numel(), -1)
        # Reverse over reverse: torch's forward mode warns about its own internals.
        bend = torch.func.jacrev(torch.func.grad(of_logits))(z).reshape(z.numel(), z.numel())
        torch.testing.assert_close(part, jacobian.T @ bend @ jacobian, atol=1e-12, rtol=1e-9)
    torch.testing.assert_close(parts.hessian, iris.hessian(points), atol=1e-14, rtol=1e-12)


@pytest.mark.parametrize("loss", LOSSES[:2])
@pytest.mark.parametrize("activation", ["tanh", "relu", "elu"])
def test_with_cross_entropies_the_gauss_newton_part_has_no_negative_eigenvalue(activation, loss):
    iris = lv.Landscape("iris", activation, loss=loss)
    parts = lv.hessian_parts(iris, iris.initial(50, seed=0, start_range=3.0))
    values = torch.linalg.eigvalsh(parts.gauss_newton)
    assert bool((values[:, 0] >= -1e-12 * values[:, -1]).all())


def test_with_squared_errors_it_has_somewhere():
    iris = lv.Landscape("iris", "tanh", loss="squared_error")
    parts = lv.hessian_parts(iris, iris.initial(50, seed=0, start_range=1.0))
    values = torch.linalg.eigvalsh(parts.gauss_newton)
    assert bool((values[:, 0] < -1e-6 * values[:, -1]).any())


def test_relu_residuals_have_eigenvalues_in_pairs_and_lie_between_layers():
    iris = lv.Landscape("iris", "relu")
    residual = lv.hessian_parts(iris, iris.initial(20, seed=0, start_range=1.0)).residual
    values = torch.linalg.eigvalsh(residual)
    torch.testing.assert_close(values, -values.flip(-1), atol=1e-12, rtol=0)
    first = 20  # W1 and b1
    assert float(residual[:, :first, :first].abs().max()) < 1e-15
    assert float(residual[:, first:, first:].abs().max()) < 1e-15


def test_parts_of_one_point_and_of_many_are_the_same():
    xor = lv.Landscape("xor", "tanh")
    points = xor.initial(6, seed=0, start_range=1.0).view(2, 3, 9)
    many = lv.hessian_parts(xor, points)
    assert many.residual.shape == (2, 3, 9, 9)
    one = lv.hessian_parts(xor, points[1, 2])
    torch.testing.assert_close(many.residual[1, 2], one.residual, atol=1e-15, rtol=1e-12)


def test_parts_need_the_closed_form():
    module = torch.nn.Linear(2, 1)
    inputs, targets = torch.zeros(3, 2), torch.zeros(3, 1)
    landscape = lv.Landscape.from_module(module, torch.nn.MSELoss(), inputs, targets)
    with pytest.raises(ValueError, match="landscape must be one in closed form"):
        lv.hessian_parts(landscape, landscape.weights)


# --- critical points ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def iris():
    return lv.Landscape("iris", "tanh")


@pytest.fixture(scope="module")
def found(iris):
    return lv.find_critical_points(iris, iris.initial(60, seed=0, start_range=1.0), penalty=0.01)


def test_gradients_vanish_where_searches_converged(iris, found):
    gradient = iris.gradient(found.weights) + 0.01 * found.weights
    torch.testing.assert_close(gradient.norm(dim=-1), found.gradient_norm)
    assert found.converged.double().mean() > 0.5
    assert bool((found.gradient_norm[found.converged] <= 1e-9).all())
    assert bool((found.steps[~found.converged] <= 100).all())


def test_index_is_that_of_the_hessian_with_the_penalty(iris, found):
    hessians = iris.hessian(found.weights) + 0.01 * torch.eye(35)
    expected = lv.classify_curvature(hessians)
    assert torch.equal(found.curvature.negative, expected.negative)
    loss = iris.loss(found.weights) + 0.005 * (found.weights**2).sum(-1)
    torch.testing.assert_close(found.loss, loss)


def test_saddles_are_found_as_well_as_minima(iris):
    walks = lv.progressive_gradient_walk(iris, 20, 31, 0.2, 1.0, seed=0, measures=("weights",))
    late = lv.find_critical_points(iris, walks.weights.values[:, 30], penalty=0.01)
    assert int((late.curvature.negative[late.converged] == 0).sum()) > 0
    early = lv.find_critical_points(iris, walks.weights.values[:, 0], penalty=0.01)
    assert bool((early.curvature.negative[early.converged] > 0).all())


def test_the_origin_of_xor_is_known_to_be_critical():
    xor = lv.Landscape("xor", "tanh")
    found = lv.find_critical_points(xor, torch.zeros(1, 9))
    assert found.steps.tolist() == [0]
    assert found.loss.tolist() == pytest.approx([math.log(2)])


def test_a_search_follows_the_way_of_its_slow_twin():
    xor = lv.Landscape("xor", "tanh")
    starts = xor.initial(12, seed=0, start_range=1.0)
    ended = lv.find_critical_points(xor, starts, tolerance=1e-6)
    assert int(ended.converged.sum()) > 5
    for start, loss in zip(starts[ended.converged], ended.loss[ended.converged], strict=True):
        way = _critical.follow(xor, _critical.start(xor, start.numpy()), 1e-6)
        assert float(loss) == pytest.approx(way[-1].loss, abs=1e-3)


def test_searches_do_not_depend_on_company(iris):
    starts = iris.initial(5, seed=3, start_range=1.0)
    together = lv.find_critical_points(iris, starts, penalty=0.01)
    for place, start in enumerate(starts):
        alone = lv.find_critical_points(iris, start[None], penalty=0.01)
        torch.testing.assert_close(alone.loss[0], together.loss[place], atol=1e-9, rtol=1e-9)


def test_a_module_and_float32_will_do():
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1))
    x = torch.tensor([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    t = torch.tensor([[0.0], [1], [1], [0]])
    landscape = lv.Landscape.from_module(module, lv.stable_cross_entropy, x, t)
    xor = lv.Landscape("xor", "tanh")
    starts = xor.initial(4, seed=0, start_range=1.0)
    other = lv.find_critical_points(landscape, starts, penalty=0.01)
    expected = lv.find_critical_points(xor, starts, penalty=0.01)
    torch.testing.assert_close(other.loss, expected.loss, atol=1e-6, rtol=1e-6)


def test_starts_are_left_alone(iris):
    starts = iris.initial(2, seed=0, start_range=1.0)
    before = starts.clone()
    lv.find_critical_points(iris, starts, penalty=0.01, max_steps=3)
    assert torch.equal(starts, before)


# --- quadratics ---------------------------------------------------------------------------------


@settings(max_examples=50)
@given(
    values=st.lists(st.floats(-3, 3), min_size=1, max_size=4),
    rate=st.floats(0.01, 1),
    steps=st.integers(1, 20),
)
def test_descent_on_a_quadratic_is_the_loop(values, rate, steps):
    point = np.linspace(0.2, 1, len(values))
    way = lv.quadratic_descent(values, point, rate, steps)
    assert way.shape == (steps, len(values))
    for after in way:
        np.testing.assert_allclose(after, point, rtol=1e-9, atol=1e-12)
        point = point - rate * np.array(values) * point


# --- random matrices ----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3])
def test_shares_of_positive_definite_matrices_are_the_closed_forms(size):
    lowest = np.linalg.eigvalsh(lv.goe_matrices(size, 50_000, seed=1))[:, 0]
    share = lv.share_interval(int((lowest > 0).sum()), 50_000, level=0.9999)
    assert share.low < lv.goe_positive_share(size) < share.high


def test_matrices_are_symmetric_with_twice_the_variance_on_the_diagonal():
    matrices = lv.goe_matrices(4, 20_000, seed=0)
    np.testing.assert_array_equal(matrices, matrices.transpose(0, 2, 1))
    variances = matrices.var(axis=0)
    np.testing.assert_allclose(variances, np.ones((4, 4)) + np.eye(4), atol=0.06)


def test_a_longer_draw_begins_with_the_shorter_one_and_seeds_differ():
    short, long = (lv.goe_matrices(3, count, seed=5) for count in (10, 100))
    np.testing.assert_array_equal(short, long[:10])
    assert not np.allclose(short, lv.goe_matrices(3, 10, seed=6))


# --- shares -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("count", "total"), [(3, 20), (0, 10), (10, 10), (500, 1000)])
def test_interval_ends_are_where_the_binomial_tails_are(count, total):
    found = lv.share_interval(count, total, level=0.9)
    assert found.value == count / total
    if count > 0:
        assert binom.sf(count - 1, total, found.low) == pytest.approx(0.05, abs=1e-6)
    if count < total:
        assert binom.cdf(count, total, found.high) == pytest.approx(0.05, abs=1e-6)
    mirrored = lv.share_interval(total - count, total, level=0.9)
    assert mirrored.low == pytest.approx(1 - found.high)
