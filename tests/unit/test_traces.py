"""Traces and diagonals of Hessians, exact and by random vectors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import t as student

import lossviz as lv
from lossviz.curvature import _hutchinson
from prescribed import Prescribed

SAMPLED = ("hutch++", "hutchinson")
BOTH = (lv.trace, lv.hessian_diagonal)


def module_of(landscape, batch_size=None):
    inputs, hidden, outputs = landscape.problem.layers
    module = torch.nn.Sequential(
        torch.nn.Linear(inputs, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, outputs)
    ).double()
    return lv.Landscape.from_module(
        module, lv.stable_cross_entropy, landscape.problem.inputs, landscape.problem.targets,
        batch_size=batch_size,
    )  # fmt: skip


def decaying(size=60):
    """A landscape and a point whose eigenvalues fall off as in a network."""
    return Prescribed(size), torch.tensor([3.0 / (i + 1) ** 1.5 for i in range(size)])


# --- exact ------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error", "softmax_cross_entropy"])
@pytest.mark.parametrize("problem", ["iris", "digits"])
def test_closed_forms_are_those_of_the_whole_hessian(problem, activation, loss):
    landscape = lv.Landscape(problem, activation, loss)
    points = landscape.initial(4, 0, 2.0).reshape(2, 2, -1)
    whole = landscape.hessian(points).diagonal(dim1=-2, dim2=-1)
    found = lv.hessian_diagonal(landscape, points)
    torch.testing.assert_close(found.value, whole, rtol=1e-10, atol=1e-13)
    assert (found.method, found.num_samples, found.num_products) == ("exact", 0, 0)
    assert torch.equal(found.standard_error, torch.zeros_like(whole))
    total = lv.trace(landscape, points)
    torch.testing.assert_close(total.value, whole.sum(-1), rtol=1e-9, atol=1e-12)
    assert total.value.shape == (2, 2)


def test_batches_have_diagonals_of_their_own():
    landscape = lv.Landscape("iris", "tanh", "softmax_cross_entropy")
    points, samples = landscape.initial(3, 0, 1.0), torch.tensor([[0, 5, 9], [1, 2, 3], [7, 7, 8]])
    batches = landscape._on_batches(samples)
    found = batches._hessian_diagonal(points)
    for row, w, chosen in zip(found, points, samples, strict=True):
        whole = landscape._on_samples(chosen).hessian(w)
        torch.testing.assert_close(row, whole.diagonal(), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("batch_size", [None, 50])
def test_modules_are_exact_by_unit_vectors(batch_size, monkeypatch):
    landscape = lv.Landscape("iris", "tanh")
    points = landscape.initial(3, 0, 1.0)
    module = module_of(landscape, batch_size)
    monkeypatch.setattr("lossviz.curvature.traces.NUMBERS", 300)
    for method in ("exact", "auto"):
        found = lv.hessian_diagonal(module, points, method)
        expected = lv.hessian_diagonal(landscape, points)
        torch.testing.assert_close(found.value, expected.value, rtol=1e-9, atol=1e-12)
        assert (found.method, found.num_products) == ("exact", 35)


def test_hidden_units_can_be_permuted():
    landscape = lv.Landscape("iris", "elu")
    points = landscape.initial(3, 0, 1.0)
    w1, b1, w2, b2 = points.split([size for _, size in landscape.blocks], dim=-1)
    order = [2, 0, 3, 1]
    moved = torch.cat(
        [w1.view(-1, 4, 4)[:, order].flatten(1), b1[:, order],
         w2.view(-1, 3, 4)[:, :, order].flatten(1), b2], dim=1
    )  # fmt: skip
    one, other = (lv.trace(landscape, w).value for w in (points, moved))
    torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-14)


# --- kept products: the fast path beside the plain one ----------------------------------------


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error", "softmax_cross_entropy"])
def test_products_that_keep_the_pass_are_the_plain_ones(activation, loss, monkeypatch):
    landscape = lv.Landscape("iris", activation, loss)
    points = landscape.initial(5, 0, 2.0)
    vectors = torch.randn(3, 5, 35, dtype=torch.float64, generator=torch.manual_seed(0))
    plain = landscape.hessian_vector_product(points, vectors)
    for chunk in (2**18, 1):
        monkeypatch.setattr("lossviz.landscape._closed_form._CHUNK_ELEMENTS", chunk)
        products = landscape._products_at(points)
        torch.testing.assert_close(products(vectors), plain, rtol=1e-10, atol=1e-13)
        torch.testing.assert_close(products(vectors[1]), plain[1], rtol=1e-10, atol=1e-13)
    assert products(vectors[:0]).shape == (0, 5, 35)
    monkeypatch.setattr("lossviz.landscape._linearised.KEPT_NUMBERS", 1)
    products = landscape._products_at(points)
    assert products.func == landscape.hessian_vector_product  # nothing is kept
    torch.testing.assert_close(products(vectors), plain, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("batch_size", [None, 50])
def test_products_that_keep_the_graph_are_the_plain_ones(batch_size, monkeypatch):
    landscape = lv.Landscape("iris", "tanh")
    module = module_of(landscape, batch_size)
    points = landscape.initial(2, 0, 2.0)
    vectors = torch.randn(3, 2, 35, dtype=torch.float64, generator=torch.manual_seed(0))
    plain = landscape.hessian_vector_product(points, vectors)
    for numbers in (2**21, 1):  # many at once, or a graph for each
        monkeypatch.setattr("lossviz.landscape._evaluation._CHUNK_ELEMENTS", numbers)
        found = module._products_at(points)(vectors)
        torch.testing.assert_close(found, plain, rtol=1e-9, atol=1e-12)
    alone = module._products_at(points[:1])(vectors[:, :1])
    torch.testing.assert_close(alone, plain[:, :1], rtol=1e-9, atol=1e-12)


# --- random vectors ---------------------------------------------------------------------------


def test_a_basis_splits_the_hessian_as_the_formula_says():
    landscape, point = decaying(12)
    hessian = landscape.hessian(point).numpy()
    split = _hutchinson.Split.of(landscape._products_at, point[None].double(), 4, seed=3)
    q = split.basis[0].numpy().T
    np.testing.assert_allclose(q.T @ q, np.eye(4), atol=1e-12)
    known = q @ q.T
    rest = (np.eye(12) - known) @ hessian @ (np.eye(12) - known)
    np.testing.assert_allclose(split.known()[0], np.diag(hessian - rest), atol=1e-12)
    # The samples are those of what is left, one by one.
    signs = _hutchinson.signs(3, _hutchinson._SAMPLES, range(5), 12).numpy()
    terms = signs * (signs @ rest)
    value, error = split.estimate(5, seed=3, of_trace=False)
    np.testing.assert_allclose(value[0], np.diag(hessian - rest) + terms.mean(0), atol=1e-12)
    np.testing.assert_allclose(error[0], terms.std(0, ddof=1) / 5**0.5, atol=1e-13)
    value, error = split.estimate(5, seed=3, of_trace=True)
    sums = terms.sum(1)
    np.testing.assert_allclose(value[0], np.trace(hessian - rest) + sums.mean(), atol=1e-12)
    np.testing.assert_allclose(error[0], sums.std(ddof=1) / 5**0.5, atol=1e-13)


@pytest.mark.parametrize("method", SAMPLED)
def test_the_diagonal_sums_to_the_trace(method):
    landscape = lv.Landscape("iris", "tanh")
    points = landscape.initial(3, 0, 1.0)
    diagonal = lv.hessian_diagonal(landscape, points, method, num_products=12)
    total = lv.trace(landscape, points, method, num_products=12)
    torch.testing.assert_close(diagonal.value.sum(-1), total.value, rtol=1e-12, atol=1e-14)
    assert total.num_samples == (4 if method == "hutch++" else 12)
    assert diagonal.standard_error.shape == points.shape


def test_a_basis_of_the_whole_range_leaves_nothing_to_sample():
    values = torch.tensor([5.0, -3, 2, 1, *[0.0] * 16])
    found = lv.trace(Prescribed(20), values, "hutch++", num_products=18)
    assert float(found.value) == pytest.approx(5, abs=1e-13)
    assert 0 < float(found.standard_error) < 1e-12


def test_knowing_the_large_eigenvalues_pays():
    landscape, point = decaying()
    errors = [float(lv.trace(landscape, point, way, 30).standard_error) for way in SAMPLED]
    assert errors[0] < 0.2 * errors[1]


@pytest.mark.parametrize("method", SAMPLED)
def test_estimates_are_unbiased_and_errors_honest(method):
    landscape, point = decaying()
    found = [lv.trace(landscape, point, method, 18, seed) for seed in range(200)]
    scores = [(float(e.value) - float(point.sum())) / float(e.standard_error) for e in found]
    freedom = found[0].num_samples - 1
    # Each score is about t-distributed; their mean is far from 0 with a chance of 1 in 10,000.
    assert abs(np.mean(scores)) < 4 * student.std(freedom) / 200**0.5
    values = np.array([float(e.value) for e in found])
    claimed = np.mean([float(e.standard_error) ** 2 for e in found]) ** 0.5
    assert values.std(ddof=1) == pytest.approx(claimed, rel=0.2)


@pytest.mark.slow
@pytest.mark.parametrize("method", SAMPLED)
def test_intervals_cover_as_often_as_they_say(method):
    landscape = lv.Landscape("iris", "tanh")
    point = landscape.initial(1, 0, 1.0)[0]
    exact = float(lv.trace(landscape, point).value)
    inside = 0
    for seed in range(1000):
        found = lv.trace(landscape, point, method, 30, seed)
        half = student.ppf(0.95, found.num_samples - 1) * float(found.standard_error)
        inside += abs(float(found.value) - exact) <= half
    # 90 % of 1,000 with a standard deviation of 9.5; samples are not quite normal.
    assert 860 <= inside <= 940


# --- shapes, company, purity ------------------------------------------------------------------


@pytest.mark.parametrize("function", BOTH)
@pytest.mark.parametrize("method", [*SAMPLED, "exact"])
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,)])
def test_leading_axes_are_points(function, method, shape):
    landscape = lv.Landscape("xor", "tanh")
    points = landscape.initial(6, 0, 1.0)[: math.prod(shape)].reshape(*shape, 9)
    for at in (landscape, Prescribed(9)):
        found = function(at, points, method, num_products=6)
        expected = shape if function is lv.trace else (*shape, 9)
        assert found.value.shape == found.standard_error.shape == expected
        assert found.value.dtype == torch.float64


@pytest.mark.parametrize("method", SAMPLED)
def test_a_result_does_not_depend_on_which_others_are_asked_for(method, monkeypatch):
    landscape = lv.Landscape("iris", "relu")
    points = landscape.initial(5, 0, 2.0)
    whole = lv.trace(landscape, points, method, 12)
    alone = torch.stack([lv.trace(landscape, w, method, 12).value for w in points])
    torch.testing.assert_close(whole.value, alone, rtol=1e-10, atol=1e-13)
    for module in ("traces", "_hutchinson"):
        monkeypatch.setattr(f"lossviz.curvature.{module}.NUMBERS", 1)
    chunked = lv.trace(landscape, points, method, 12)
    torch.testing.assert_close(whole.value, chunked.value, rtol=1e-10, atol=1e-13)
    torch.testing.assert_close(whole.standard_error, chunked.standard_error, rtol=1e-6, atol=1e-14)


def test_the_seed_decides_and_global_states_stay():
    landscape, point = decaying()
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first, again, other = (
        lv.trace(landscape, point, "hutchinson", seed=seed).value for seed in (0, 0, 1)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.get_rng_state(), states[0])
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002


@pytest.mark.parametrize("method", [*SAMPLED, "exact"])
def test_precisions_agree(method):
    landscape = lv.Landscape("iris", "tanh")
    points = landscape.initial(4, 0, 1.0).float()
    single, double = (
        lv.hessian_diagonal(landscape, points, method, precision=precision)
        for precision in ("float32", "float64")
    )
    assert single.value.dtype == double.value.dtype == torch.float64
    assert not torch.equal(single.value, double.value)
    atol = 1e-5 if method != "hutch++" else 5 * float(double.standard_error.max()) + 1e-5
    torch.testing.assert_close(single.value, double.value, rtol=0, atol=atol)


@pytest.mark.parametrize("method", SAMPLED)
def test_a_hessian_that_is_not_finite_has_no_trace(method):
    points = torch.ones(3, 12, dtype=torch.float64)
    points[1] = 1e200
    found = lv.trace(Prescribed(12, scale=1e300), points, method)
    assert torch.isnan(found.value).tolist() == [False, True, False]
    np.testing.assert_allclose(found.value[[0, 2]], 12e300, rtol=1e-9)


def test_the_way_is_chosen_by_what_it_costs():
    point = torch.ones(20)
    ways = [lv.trace(Prescribed(20), point, num_products=n).method for n in (20, 19, 5)]
    assert ways == ["exact", "hutch++", "hutchinson"]
    assert lv.trace(lv.Landscape("xor"), torch.zeros(9), num_products=2).method == "exact"
    with pytest.raises(ValueError, match="num_products must be at least 6; got 5"):
        lv.trace(Prescribed(20), point, "hutch++", num_products=5)


def test_progress_is_shown_on_request(capsys):
    lv.trace(Prescribed(4), [1.0, 2, 3, 4], "hutchinson", progress=True)
    assert "1/1" in capsys.readouterr().err
    lv.trace(Prescribed(4), [1.0, 2, 3, 4], "hutchinson", progress=False)
    assert capsys.readouterr().err == ""
