"""Curvature classes and inertia."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import lossviz as lv


def rotation(size, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(size, size)))[0]


def with_eigenvalues(values, seed=0):
    """A dense symmetric matrix with these eigenvalues."""
    basis = rotation(len(values), seed)
    matrix = basis @ np.diag(values) @ basis.T
    return (matrix + matrix.T) / 2


def counts(curvature):
    return tuple(int(getattr(curvature, name)) for name in ("positive", "negative", "zero"))


@pytest.mark.parametrize(
    ("values", "name", "inertia"),
    [
        ([1.0, 2, 3], "convex", (3, 0, 0)),
        ([-1.0, 2, 3], "saddle", (2, 1, 0)),
        ([-1.0, -2, -3], "concave", (0, 3, 0)),
        ([0.0, 2, 3], "singular", (2, 0, 1)),
        ([-1.0, 0, 3], "singular", (1, 1, 1)),
        ([-1.0, -2, 0], "singular", (0, 2, 1)),
        ([0.0, 0, 0], "singular", (0, 0, 3)),
    ],
)
def test_classes_are_decided_in_order(values, name, inertia):
    curvature = lv.classify_eigenvalues(values)
    assert lv.CURVATURE_CLASSES[int(curvature.classes)] == curvature.names == name
    assert counts(curvature) == inertia
    if any(values):
        dense = lv.classify_curvature(with_eigenvalues(values), eigenvalues=True)
        assert (dense.names, counts(dense)) == (name, inertia)


def test_class_codes_are_stable():
    assert lv.CURVATURE_CLASSES == ("convex", "saddle", "singular", "concave", "undetermined")


@pytest.mark.parametrize(("rtol", "name"), [(0.9e-3, "convex"), (1e-3, "singular"), (0, "convex")])
def test_an_eigenvalue_up_to_rtol_times_the_largest_is_zero(rtol, name):
    curvature = lv.classify_eigenvalues([2e-3, 2.0], rtol=rtol)
    assert (curvature.names, curvature.rtol) == (name, rtol)


def test_the_tolerance_is_relative_to_the_largest_size_not_the_largest_value():
    assert lv.classify_eigenvalues([-100.0, 0.5], rtol=1e-2).names == "singular"


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_hessian_with_an_entry_that_is_not_finite_is_undetermined(bad):
    hessians = np.stack([np.eye(3), np.eye(3)])
    hessians[1, 0, 0] = bad
    curvature = lv.classify_curvature(hessians, eigenvalues=True)
    assert curvature.names == ["convex", "undetermined"]
    assert torch.isnan(curvature.eigenvalues[1]).all()
    assert [int(c[1]) for c in (curvature.positive, curvature.negative, curvature.zero)] == [0] * 3
    assert lv.classify_eigenvalues(curvature.eigenvalues).names == curvature.names


def test_below_tiny_over_eps_nothing_is_determined():
    limit = np.finfo(float).tiny / np.finfo(float).eps
    names = [lv.classify_curvature(scale * limit * np.eye(2)).names for scale in (0.5, 1.0, 2.0)]
    assert names == ["undetermined", "convex", "convex"]
    assert lv.classify_curvature(np.zeros((2, 2))).names == "undetermined"


@pytest.mark.parametrize(("size", "share"), [(1, 0.5), (2, 0.1464), (3, 0.0249)])
def test_shares_of_convex_gaussian_orthogonal_matrices(size, share):
    draws, n = np.random.default_rng(7).normal(size=(60_000, size, size)), 60_000
    # The sum with the transpose has twice the variance on the diagonal.
    curvature = lv.classify_curvature(draws + draws.transpose(0, 2, 1))
    deviation = np.sqrt(share * (1 - share) / n)
    for code in (0, 3):  # convex and concave are equally likely
        found = float((curvature.classes == code).double().mean())
        assert abs(found - share) < 4.5 * deviation + 5e-5  # the published shares are rounded


signs = st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=6).filter(any)


@given(signs, st.integers(0, 1000))
def test_congruence_keeps_the_inertia(values, seed):
    basis = rotation(len(values), seed) * np.random.default_rng(seed).uniform(0.5, 2, len(values))
    matrix = basis @ np.diag(values) @ basis.T
    expected = counts(lv.classify_eigenvalues(sorted(values)))
    assert counts(lv.classify_curvature((matrix + matrix.T) / 2, eigenvalues=True)) == expected


@given(signs, st.permutations(range(6)), st.integers(-200, 200))
def test_order_of_weights_and_scale_change_nothing(values, order, power):
    order = [place for place in order if place < len(values)]
    matrix = with_eigenvalues(values, seed=1)
    plain = lv.classify_curvature(matrix, eigenvalues=True)
    other = lv.classify_curvature(10.0**power * matrix[np.ix_(order, order)], eigenvalues=True)
    assert (counts(other), other.names) == (counts(plain), plain.names)
    np.testing.assert_allclose(other.eigenvalues / 10.0**power, plain.eigenvalues, atol=1e-12)


def slow_class(matrix, rtol):
    """The definition, one eigenvalue at a time, with numpy's routine."""
    values = np.linalg.eigvalsh(matrix)
    largest = max(abs(value) for value in values)
    zero = sum(abs(value) <= rtol * largest for value in values)
    positive = sum(value > rtol * largest for value in values)
    if zero:
        return "singular"
    if 0 < positive < len(values):
        return "saddle"
    return "convex" if positive else "concave"


@pytest.mark.parametrize("name", ["tanh", "relu", "elu"])
@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_real_hessians_are_classified_as_numpy_would(problem, name):
    landscape = lv.Landscape(problem, name)
    hessians = landscape.hessian(landscape.initial(60, 0, 1.0))
    curvature = lv.classify_curvature(hessians, rtol=1e-8, eigenvalues=True)
    assert curvature.names == [slow_class(matrix, 1e-8) for matrix in hessians.numpy()]
    expected = np.linalg.eigvalsh(hessians.numpy())
    np.testing.assert_allclose(curvature.eigenvalues, expected, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,)])
def test_leading_axes_are_points(shape):
    matrices = torch.eye(4, dtype=torch.float64).expand(*shape, 4, 4)
    curvature = lv.classify_curvature(matrices, eigenvalues=True)
    assert curvature.classes.shape == curvature.zero.shape == shape
    assert curvature.eigenvalues.shape == (*shape, 4)
    assert curvature.classes.dtype == torch.int8


def test_float32_and_lists_are_classified_in_float64():
    for given_ in ([[2, 1], [1, 2]], torch.tensor([[2.0, 1], [1, 2]]), np.array([[2, 1], [1, 2]])):
        curvature = lv.classify_curvature(given_, eigenvalues=True)
        assert curvature.eigenvalues.dtype == torch.float64
        np.testing.assert_allclose(curvature.eigenvalues, [1, 3])


def test_the_argument_is_not_changed():
    matrix = torch.tensor([[1.0, np.nan], [np.nan, 1.0]], dtype=torch.float64, requires_grad=True)
    before = matrix.detach().clone()
    assert not lv.classify_curvature(matrix, eigenvalues=True).eigenvalues.requires_grad
    assert torch.equal(torch.isnan(matrix), torch.isnan(before))


def test_kinds_tell_apart_what_singular_hides():
    values = [
        [1.0, 2, 3], [0, 2, 3], [-1, 2, 3], [-1, 0, 3], [-3, -2, -1], [-1, -1, 0], [np.nan] * 3,
    ]  # fmt: skip
    curvature = lv.classify_eigenvalues(values)
    kinds = lv.inertia_kinds(curvature.classes, curvature.positive, curvature.negative)
    assert [lv.INERTIA_KINDS[kind] for kind in kinds] == [
        "convex", "flat (rest convex)", "saddle", "flat (rest saddle)", "other", "other", "other",
    ]  # fmt: skip
