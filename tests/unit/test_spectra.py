"""Extreme eigenvalues by Lanczos' method, and classes without the Hessian."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

import lossviz as lv
from prescribed import Prescribed

ENDS = ("largest", "smallest", "both", "magnitude")
MACHINE = np.finfo(float).eps


def digits():
    data = load_digits()
    inputs, targets = data.data / 16, np.eye(10)[data.target]
    return lv.Problem(
        "digits", (64, 10, 10), inputs[:400], targets[:400], inputs[400:], targets[400:]
    )


def wanted(spectrum, k, which):
    """The definition, from the whole spectrum."""
    ascending = np.sort(spectrum)
    if which == "magnitude":
        return np.sort(ascending[np.argsort(np.abs(ascending))[-k:]])
    low, high = {"largest": (0, k), "smallest": (k, 0), "both": (k, k)}[which]
    return np.concatenate([ascending[:low], ascending[len(ascending) - high :]])


def spectra(landscape, points):
    return np.linalg.eigvalsh(landscape.hessian(points).numpy())


# --- beside the whole Hessian -----------------------------------------------------------------


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("which", ENDS)
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_eigenvalues_are_those_of_the_hessian(problem, activation, loss, which, k):
    landscape = lv.Landscape(problem, activation, loss)
    points = landscape.initial(10, 0, 2.0)
    found = lv.top_eigenvalues(landscape, points, k, which)
    exact = spectra(landscape, points)
    size = np.abs(exact).max(axis=1, keepdims=True)
    for row, spectrum, scale in zip(found.eigenvalues.numpy(), exact, size, strict=True):
        expected = wanted(spectrum, k, which)
        if which == "magnitude":  # two of nearly the same size may change places
            row, expected = np.sort(np.abs(row)), np.sort(np.abs(expected))
        assert np.abs(row - expected).max() <= 1e-6 * scale
    assert bool(found.converged.all())
    assert np.all(found.residuals.numpy() <= 1e-6 * size)


def test_a_network_for_digits(activation):
    landscape = lv.Landscape(digits(), activation)
    points = landscape.initial(2, 0, 1.0)
    found = lv.top_eigenvalues(landscape, points, 5, "both", return_vectors=True)
    exact = spectra(landscape, points)
    expected = np.stack([wanted(spectrum, 5, "both") for spectrum in exact])
    size = np.abs(exact).max(axis=1, keepdims=True)
    assert np.all(np.abs(found.eigenvalues.numpy() - expected) <= 1e-6 * size)
    assert bool(found.converged.all())
    assert int(found.iterations.max()) < 300


@pytest.mark.parametrize("which", ENDS)
def test_residuals_and_vectors_are_what_they_say(which):
    landscape = lv.Landscape("iris", "elu")
    points = landscape.initial(6, 0, 1.0).reshape(2, 3, 35)
    found = lv.top_eigenvalues(landscape, points, 2, which, return_vectors=True)
    images = found.vectors @ landscape.hessian(points)
    residuals = (images - found.eigenvalues[..., None] * found.vectors).norm(dim=-1)
    np.testing.assert_allclose(found.residuals, residuals, rtol=1e-6, atol=1e-14)
    gram = found.vectors @ found.vectors.mT
    expected = torch.eye(gram.shape[-1], dtype=torch.float64).expand_as(gram)
    torch.testing.assert_close(gram, expected, rtol=0, atol=1e-5)
    # Some exact eigenvalue lies within each residual.
    distance = (
        (
            found.eigenvalues[..., None]
            - torch.linalg.eigvalsh(landscape.hessian(points))[..., None, :]
        )
        .abs()
        .amin(-1)
    )
    assert bool((distance <= found.residuals + 1e-14).all())


def test_vectors_are_returned_only_on_request():
    assert lv.top_eigenvalues(Prescribed(4), [1.0, 2, 3, 4]).vectors is None


def test_hidden_units_can_be_permuted():
    landscape = lv.Landscape("iris", "tanh")
    points = landscape.initial(5, 0, 1.0)
    w1, b1, w2, b2 = points.split([size for _, size in landscape.blocks], dim=-1)
    order = [3, 1, 0, 2]
    moved = torch.cat(
        [w1.view(-1, 4, 4)[:, order].flatten(1), b1[:, order],
         w2.view(-1, 3, 4)[:, :, order].flatten(1), b2], dim=1
    )  # fmt: skip
    one, other = (
        lv.top_eigenvalues(landscape, w, 3, "both", tolerance=1e-10).eigenvalues
        for w in (points, moved)
    )
    torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


# --- known spectra ----------------------------------------------------------------------------

spectrum = st.lists(st.sampled_from([-3.0, -1.0, 0.0, 0.5, 2.0]), min_size=6, max_size=12)


@pytest.mark.parametrize("rotated", [True, False])
@given(spectrum, st.sampled_from(ENDS), st.integers(1, 3), st.integers(-140, 140))
def test_multiplicities_and_zeros_are_found(rotated, values, which, k, power):
    scale = 10.0**power
    found = lv.top_eigenvalues(
        Prescribed(len(values), scale=scale, rotated=rotated), values, k, which
    )
    expected = wanted(np.array(values), k, which)
    size = max(map(abs, values))
    np.testing.assert_allclose(found.eigenvalues / scale, expected, rtol=0, atol=2e-6 * size)
    assert bool(found.converged.all())


@pytest.mark.parametrize("which", ["largest", "smallest", "both"])
def test_copies_among_many_eigenvalues_are_found(which):
    # They converge long before the space is exhausted.
    values = np.concatenate([[-4.0] * 3, np.linspace(-1, 1, 291), [3.0] * 6])
    landscape = Prescribed(300)
    found = lv.top_eigenvalues(landscape, values, 4, which)
    np.testing.assert_allclose(found.eigenvalues, wanted(values, 4, which), atol=1e-5)
    assert int(found.iterations) < 300


def test_copies_are_looked_for_only_on_request():
    values = np.concatenate([np.linspace(-1, 1, 294), [3.0] * 3, [4.0] * 3])
    with_them, without = (
        lv.top_eigenvalues(Prescribed(300), values, 2, tolerance=1e-8, copies=copies)
        for copies in (True, False)
    )
    np.testing.assert_allclose(with_them.eigenvalues, [4, 4], atol=1e-6)
    # One run from one start sees each of the equal ones once.
    np.testing.assert_allclose(without.eigenvalues, [3, 4], atol=1e-6)
    assert int(without.iterations) < int(with_them.iterations)


def test_the_look_for_copies_takes_no_more_products_where_there_are_none():
    values = np.append(np.linspace(-1, 1, 497), [3.0, 4, 5])
    once, twice = (
        lv.top_eigenvalues(Prescribed(500), values, 3, tolerance=1e-4, copies=copies)
        for copies in (False, True)
    )
    assert torch.equal(once.eigenvalues, twice.eigenvalues)
    assert int(once.iterations) < int(twice.iterations) <= 2 * int(once.iterations) + 2


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_residuals_are_no_less_than_the_true_ones(precision):
    landscape = lv.Landscape(digits(), "tanh")
    point = landscape.initial(1, 0, 1.0).float()
    found = lv.top_eigenvalues(
        landscape, point, 5, tolerance=1e-3, precision=precision, return_vectors=True
    )
    vectors = found.vectors[0].double()
    true = landscape.hessian(point)[0] @ vectors.T - vectors.T * found.eigenvalues[0]
    rounding = 100 * torch.finfo(found.vectors.dtype).eps * float(found.eigenvalues.max())
    assert bool((found.residuals[0] >= true.norm(dim=0) - rounding).all())
    assert bool((found.residuals[0] <= 1.1 * true.norm(dim=0) + rounding).all())


@pytest.mark.parametrize("k", [1, 4])
def test_a_tolerance_of_zero_goes_through_the_whole_space(k):
    values = [5.0, 5, 5, 5, 1, 1, 0, 0, -2, -2]
    found = lv.top_eigenvalues(Prescribed(10), values, k, "both", tolerance=0.0)
    np.testing.assert_allclose(found.eigenvalues, wanted(values, k, "both"), atol=1e-14)
    assert int(found.iterations) == 10
    assert float(found.residuals.max()) < 1e-13


def test_a_space_of_few_dimensions_is_exhausted_early():
    values = torch.zeros(200, dtype=torch.float64)
    values[:3] = torch.tensor([4.0, 2.0, 1.0])
    landscape = Prescribed(200)
    found = lv.top_eigenvalues(landscape, values, 1, "both")
    np.testing.assert_allclose(found.eigenvalues, [0, 4], atol=1e-12)
    assert int(found.iterations) <= 5
    found = lv.top_eigenvalues(landscape, values, 5, "largest")
    np.testing.assert_allclose(found.eigenvalues, [0, 0, 1, 2, 4], atol=1e-12)


def test_a_hessian_of_zeros_has_eigenvalues_zero():
    found = lv.top_eigenvalues(Prescribed(6), torch.zeros(2, 6), 2, "both")
    assert bool((found.eigenvalues == 0).all())
    assert bool((found.residuals == 0).all())
    assert bool(found.converged.all())


# --- what does not converge, or is no number --------------------------------------------------


def test_too_few_iterations_are_reported():
    landscape = Prescribed(100)
    values = np.linspace(-1, 1, 100)
    found = lv.top_eigenvalues(landscape, values, 1, "both", max_iterations=5)
    assert not found.converged.any()
    assert int(found.iterations) == 5
    assert float(found.residuals.min()) > 1e-3
    # What is reported is no eigenvalue yet, but lies inside the spectrum and within its residual.
    assert bool((found.eigenvalues.abs() < 1).all())
    distance = np.abs(found.eigenvalues.numpy()[:, None] - values).min(axis=1)
    assert np.all(distance <= found.residuals.numpy())


def test_points_stop_on_their_own():
    easy = np.concatenate([[100.0], np.linspace(0, 1, 99)])
    hard = np.linspace(-1, 1, 100)
    found = lv.top_eigenvalues(Prescribed(100), np.stack([hard, easy]), max_iterations=12)
    assert found.converged[:, 0].tolist() == [False, True]
    assert int(found.iterations[1]) < int(found.iterations[0]) == 12


def test_a_hessian_that_is_not_finite_has_no_eigenvalues():
    landscape = Prescribed(8, scale=1e300)
    points = np.ones((3, 8))
    points[:, 0] = 2
    points[1] = 1e100
    found = lv.top_eigenvalues(landscape, points, return_vectors=True)
    np.testing.assert_allclose(found.eigenvalues[[0, 2], 0], 2e300, rtol=1e-9)
    assert math.isnan(found.eigenvalues[1, 0])
    assert found.converged[:, 0].tolist() == [True, False, True]
    assert torch.isnan(found.vectors[1]).all()
    assert lv.extreme_curvature(landscape, points).proofs[1] == "no numbers"


def test_tiny_hessians_keep_their_digits():
    values = np.array([-1.0, 0.1, 0.2, 3.0])
    found = lv.top_eigenvalues(Prescribed(4, scale=1e-290), values, 1, "both", 1e-10)
    np.testing.assert_allclose(found.eigenvalues, [-1e-290, 3e-290], rtol=1e-9)


# --- shapes, company, purity ------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,), (2, 0)])
def test_leading_axes_are_points(shape):
    landscape = lv.Landscape("xor", "tanh")
    points = landscape.initial(6, 0, 1.0)[: math.prod(shape)].reshape(*shape, 9)
    found = lv.top_eigenvalues(landscape, points, 2, "both", return_vectors=True)
    assert found.eigenvalues.shape == found.residuals.shape == found.converged.shape == (*shape, 4)
    assert found.iterations.shape == shape
    assert found.vectors.shape == (*shape, 4, 9)
    classes = lv.extreme_curvature(landscape, points)
    assert classes.classes.shape == classes.proof.shape == classes.has_negative.shape == shape
    assert classes.eigenvalues.shape == classes.converged.shape == (*shape, 2)


def test_a_result_does_not_depend_on_which_others_are_asked_for(monkeypatch):
    landscape = lv.Landscape("iris", "relu")
    points = landscape.initial(12, 0, 2.0)
    whole = lv.top_eigenvalues(landscape, points, 2, "both", tolerance=1e-9)
    alone = [lv.top_eigenvalues(landscape, w, 2, "both", tolerance=1e-9) for w in points]
    eigenvalues = torch.stack([found.eigenvalues for found in alone])
    torch.testing.assert_close(whole.eigenvalues, eigenvalues, rtol=0, atol=1e-12)
    assert whole.iterations.tolist() == [int(found.iterations) for found in alone]
    # Points are held in groups: one at a time, too.
    monkeypatch.setattr("lossviz.curvature._lanczos._BASIS_BYTES", 1)
    grouped = lv.top_eigenvalues(landscape, points, 2, "both", tolerance=1e-9)
    torch.testing.assert_close(grouped.eigenvalues, eigenvalues, rtol=0, atol=1e-12)


def test_the_seed_decides_the_start_and_nothing_else():
    landscape, values = Prescribed(60), np.linspace(-1, 2, 60)
    first, again, other = (
        lv.top_eigenvalues(landscape, values, seed=seed, max_iterations=6) for seed in (0, 0, 1)
    )
    assert torch.equal(first.eigenvalues, again.eigenvalues)
    assert not torch.equal(first.eigenvalues, other.eigenvalues)
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    lv.top_eigenvalues(landscape, values)
    assert torch.equal(torch.get_rng_state(), states[0])
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002


def test_the_hessian_is_never_formed(monkeypatch):
    def refuse(*_):
        raise AssertionError("formed")

    monkeypatch.setattr(lv.Landscape, "hessian", refuse)
    landscape = lv.Landscape("iris", "tanh")
    lv.top_eigenvalues(landscape, landscape.initial(2, 0, 1.0), 2, "both")
    lv.extreme_curvature(landscape, landscape.initial(2, 0, 1.0))


def test_precisions_agree():
    landscape = lv.Landscape("iris", "tanh")
    points = landscape.initial(4, 0, 1.0).float()
    single, double = (
        lv.top_eigenvalues(
            landscape, points, 1, "both", 1e-4, precision=precision, return_vectors=True
        )
        for precision in ("float32", "float64")
    )
    assert (single.vectors.dtype, double.vectors.dtype) == (torch.float32, torch.float64)
    torch.testing.assert_close(single.eigenvalues, double.eigenvalues, rtol=0, atol=1e-4)
    lower = lv.top_eigenvalues(landscape.with_dtype(torch.float32), points, 1, "both", 1e-4)
    assert torch.equal(lower.eigenvalues, double.eigenvalues)


def test_progress_goes_to_standard_error(capsys):
    lv.top_eigenvalues(Prescribed(4), [[1.0, 2, 3, 4]] * 2, progress=True)
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.endswith("Lanczos: 2 of 2 points, 4 iterations\n")
    lv.top_eigenvalues(Prescribed(4), [1.0, 2, 3, 4])
    assert capsys.readouterr().err == ""


def test_more_eigenvalues_than_weights_are_refused():
    with pytest.raises(ValueError, match=r"k must leave room for 6 of 5 eigenvalues; got 3"):
        lv.top_eigenvalues(Prescribed(5), np.ones(5), 3, "both")
    with pytest.raises(ValueError, match=r"max_iterations must be at least 4; got 3"):
        lv.top_eigenvalues(Prescribed(5), np.ones(5), 2, "both", max_iterations=3)


# --- classes without the Hessian --------------------------------------------------------------


@pytest.mark.parametrize("start_range", [1.0, 10.0])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_small_networks_get_the_class_of_the_whole_hessian(problem, activation, loss, start_range):
    landscape = lv.Landscape(problem, activation, loss)
    points = landscape.initial(60, 0, start_range)
    found = lv.extreme_curvature(landscape, points)
    exact = lv.classify_curvature(landscape.hessian(points))
    assert found.names == exact.names
    whole = spectra(landscape, points)
    size = np.abs(whole).max(axis=1, keepdims=True)
    assert np.all(np.abs(found.eigenvalues.numpy() - whole[:, [0, -1]]) <= 1e-12 * size)
    decided = found.has_positive != 0
    assert bool(((found.has_positive == 1) == (exact.positive > 0))[decided].all())


@pytest.mark.parametrize("start_range", [1.0, 10.0])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_proofs_hold_where_the_space_is_not_exhausted(problem, activation, loss, start_range):
    landscape = lv.Landscape(problem, activation, loss)
    points = landscape.initial(100, 0, start_range)
    found = lv.extreme_curvature(landscape, points, max_iterations=landscape.num_weights - 1)
    exact = lv.classify_curvature(landscape.hessian(points))
    assert bool((exact.positive > 0)[found.has_positive == 1].all())
    assert bool((exact.negative > 0)[found.has_negative == 1].all())
    decided = found.proof != 0
    assert torch.equal(found.classes[decided], exact.classes[decided])
    undecided = np.array(found.names)[~decided.numpy()]
    assert set(undecided) <= {"undetermined"}


@pytest.mark.parametrize(
    ("values", "name", "proof", "signs"),
    [
        (np.linspace(1, 2, 40), "convex", "extreme eigenvalues", (1, -1)),
        (-np.linspace(1, 2, 40), "concave", "extreme eigenvalues", (-1, 1)),
        (np.linspace(-1.01, 2, 40), "undetermined", "open", (1, 1)),
        (np.append(np.linspace(1, 2, 39), 0), "singular", "zero eigenvalue", (1, -1)),
        (np.append(np.linspace(1, 2, 39), -1e-6), "undetermined", "open", (1, 1)),
        (np.zeros(40), "undetermined", "no numbers", (0, 0)),
    ],
)
def test_known_spectra_are_decided_as_far_as_they_can_be(values, name, proof, signs):
    landscape = Prescribed(40)
    found = lv.extreme_curvature(landscape, values, max_iterations=39)
    assert (found.names, found.proofs) == (name, proof)
    if proof != "no numbers":
        assert (int(found.has_positive), int(found.has_negative)) == signs
    whole = lv.extreme_curvature(landscape, values)
    assert whole.names == lv.classify_eigenvalues(np.sort(values)).names or proof == "no numbers"
    if proof == "open":
        assert whole.proofs == "whole spectrum"


@pytest.mark.parametrize(("zeros", "rtol"), [(0, 1e-8), (3, 1e-8), (3, 0.0)])
def test_structural_zeros_decide_where_a_tolerance_is_given(zeros, rtol):
    values = np.append(np.linspace(-1, 2, 47), [0.0] * 3)
    landscape = Prescribed(50, zeros=zeros)
    found = lv.extreme_curvature(landscape, values, rtol=rtol, max_iterations=30)
    expected = ("singular", "structural zeros") if zeros and rtol else ("undetermined", "open")
    assert (found.names, found.proofs) == expected
    assert (int(found.has_positive), int(found.has_negative)) == (1, 1)


def test_landscapes_know_of_structural_zeros():
    assert lv.Landscape("xor", "tanh").structural_zeros >= 0


def test_a_sign_is_proven_long_before_its_eigenvalue_is_known():
    found = lv.extreme_curvature(Prescribed(300), np.linspace(-1, 0.4, 300), max_iterations=2)
    assert not found.converged.any()
    assert float(found.eigenvalues[1] - found.residuals[1]) < 0
    assert (int(found.has_positive), int(found.has_negative)) == (1, 1)


def test_rounding_proves_no_sign_where_nothing_is_tolerated():
    values = np.append(np.linspace(1, 2, 30), [0.0] * 10)
    for iterations in (40, 39):
        found = lv.extreme_curvature(Prescribed(40), values, rtol=0.0, max_iterations=iterations)
        assert (int(found.has_positive), int(found.has_negative)) != (1, 1)


def test_the_whole_space_needs_no_tolerance():
    found = lv.extreme_curvature(Prescribed(6), np.arange(1.0, 7), tolerance=0.0)
    assert (found.names, found.proofs) == ("convex", "extreme eigenvalues")
    assert int(found.has_negative) == -1


@pytest.mark.parametrize(("rtol", "name"), [(0.9e-3, "convex"), (1.1e-3, "singular")])
def test_zeros_are_relative_to_the_largest(rtol, name):
    values = np.append(np.linspace(1, 2, 30), 2e-3)
    assert lv.extreme_curvature(Prescribed(31), values, rtol=rtol, max_iterations=30).names == name


def test_a_point_that_has_not_converged_stays_open():
    found = lv.extreme_curvature(Prescribed(300), np.linspace(1e-3, 1, 300), max_iterations=4)
    assert (found.names, found.proofs) == ("undetermined", "open")
    assert not found.converged.any()
    assert (int(found.has_positive), int(found.has_negative)) == (1, 0)


@pytest.mark.slow
def test_a_network_of_the_size_for_mnist():
    rng = np.random.default_rng(0)
    pixels = rng.random((8000, 784)) * (rng.random((8000, 784)) < 0.2)
    targets = np.eye(10)[rng.integers(10, size=8000)]
    problem = lv.Problem("pixels", (784, 10, 10), pixels, targets, pixels[:10], targets[:10])
    landscape = lv.Landscape(problem, "tanh")
    point = landscape.initial(1, 0, 1.0)
    top = lv.top_eigenvalues(landscape, point, 1, "both")
    assert bool(top.converged.all())
    curvature = lv.extreme_curvature(landscape, point)
    assert (int(curvature.has_positive), int(curvature.has_negative)) == (1, 1)
    torch.testing.assert_close(curvature.eigenvalues, top.eigenvalues, rtol=0, atol=1e-9)
