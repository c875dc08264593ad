"""Directions: their norms, filter by filter, their angles, and where they come from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import lossviz as lv

torch.manual_seed(0)
IRIS = lv.Landscape("iris", "tanh")
CENTRE = IRIS.initial(1, seed=0, start_range=1.0)[0]


def pictures(dtype=torch.float64):
    """A module with every kind of parameter, and a transposed convolution."""
    torch.manual_seed(1)
    module = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(),
        nn.ConvTranspose2d(4, 3, 2), nn.Flatten(), nn.Linear(3 * 25, 2),
    ).to(dtype)  # fmt: skip
    x, t = torch.rand(6, 2, 6, 6), torch.arange(6) % 2
    return lv.Landscape.from_module(module, nn.CrossEntropyLoss(), x, t)


def parts(landscape, vector):
    sizes = [p.size for p in landscape.parameters]
    return [v.view(p.shape) for p, v in zip(landscape.parameters, vector.split(sizes), strict=True)]


def filters(landscape, vector):
    """The filters of all weights, one after the other: the slow, obvious way."""
    found = []
    for p, value in zip(landscape.parameters, parts(landscape, vector), strict=True):
        if p.kind == "weight":
            units = range(value.shape[p.unit_axis])
            found += [value.select(p.unit_axis, unit).flatten() for unit in units]
    return found


# --- random directions ------------------------------------------------------------------------


def test_random_directions_are_standard_normal():
    big = lv.Landscape(lv.load_problem("digits"), "tanh")
    found = lv.random_directions(big, torch.zeros(big.num_weights), 40, seed=1)
    assert abs(float(found.mean())) < 4 / found.numel() ** 0.5
    assert float(found.std()) == pytest.approx(1, abs=0.02)
    cosines = torch.corrcoef(found) - torch.eye(40)
    assert float(cosines.abs().max()) < 6 / big.num_weights**0.5


def test_a_direction_does_not_depend_on_how_many_there_are_or_on_the_precision():
    two, five = (lv.random_directions(IRIS, CENTRE, count, seed=3) for count in (2, 5))
    assert torch.equal(two, five[:2])
    single = lv.random_directions(IRIS.with_dtype(torch.float32), CENTRE, 2, seed=3)
    assert torch.equal(single, two.to(torch.float32))
    assert not torch.equal(two, lv.random_directions(IRIS, CENTRE, 2, seed=4))


def test_global_random_numbers_are_left_alone():
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    lv.random_directions(IRIS, CENTRE, 2, seed=3)
    assert torch.equal(before[0], torch.get_rng_state())
    assert np.array_equal(before[1], np.random.get_state()[1])  # noqa: NPY002


# --- normalisation ----------------------------------------------------------------------------


@pytest.mark.parametrize("landscape", [IRIS, pictures(), pictures(torch.float32)])
def test_filters_get_the_norms_of_the_weights(landscape):
    w = getattr(landscape, "weights", CENTRE)
    d = lv.filter_normalise(landscape, w, lv.random_directions(landscape, w, 1, seed=0)[0])
    assert d.dtype == landscape.dtype
    for of_direction, of_weights in zip(filters(landscape, d), filters(landscape, w), strict=True):
        assert float(of_direction.norm()) == pytest.approx(float(of_weights.norm()), rel=1e-5)
    for p, value in zip(landscape.parameters, parts(landscape, d), strict=True):
        assert bool(value.any()) == (p.kind == "weight")


def test_a_transposed_convolution_has_its_filters_along_the_second_axis():
    assert [p.unit_axis for p in pictures().parameters if p.kind == "weight"] == [0, 1, 0]


def test_layers_and_models_get_the_norms_of_the_weights():
    landscape = pictures()
    w = landscape.weights
    d = lv.random_directions(landscape, w, 1, seed=0)[0]
    by_layer = lv.normalise(landscape, w, d, by="layer", biases="match", norms="match")
    for a, b in zip(parts(landscape, by_layer), parts(landscape, w), strict=True):
        assert float(a.norm()) == pytest.approx(float(b.norm()))
    by_model = lv.normalise(landscape, w, d, by="model", biases="match", norms="match")
    assert float(by_model.norm()) == pytest.approx(float(w.norm()))
    assert torch.allclose(by_model / by_model.norm(), d / d.norm())
    weights_only = lv.normalise(landscape, w, d, by="model")
    of_weights = [torch.cat(filters(landscape, v)).norm() for v in (weights_only, w)]
    assert float(of_weights[0]) == pytest.approx(float(of_weights[1]))


def test_biases_and_norms_can_be_kept():
    landscape = pictures()
    d = lv.random_directions(landscape, landscape.weights, 1, seed=0)[0]
    found = lv.normalise(landscape, landscape.weights, d, biases="keep", norms="keep")
    rows = zip(landscape.parameters, parts(landscape, found), parts(landscape, d), strict=True)
    assert all(torch.equal(a, b) == (p.kind != "weight") for p, a, b in rows)


def test_zero_filters_stay_zero_and_are_not_nan():
    w, d = CENTRE.clone(), torch.ones_like(CENTRE)
    w[:4] = 0
    d[4:8] = 0
    found = lv.filter_normalise(IRIS, w, d)
    assert not found[:8].any()
    assert torch.isfinite(found).all()
    with pytest.raises(ValueError, match="directions \\(normalised\\) must have"):
        lv.filter_normalise(IRIS, torch.zeros_like(CENTRE), d)


@given(st.floats(1e-3, 1e3), st.sampled_from(["filter", "layer", "model"]))
def test_the_length_of_a_direction_does_not_matter(length, by):
    d = lv.random_directions(IRIS, CENTRE, 1, seed=0)
    assert torch.allclose(lv.normalise(IRIS, CENTRE, length * d, by),
                          lv.normalise(IRIS, CENTRE, d, by))  # fmt: skip


def test_a_picture_along_filters_does_not_change_when_layers_are_rescaled():
    """A ReLU network is the same function with its first layer doubled and its second halved."""
    landscape = lv.Landscape("iris", "relu")
    scale = torch.ones_like(CENTRE)
    scale[:20], scale[20:32] = 2.0, 0.5
    raw = lv.random_directions(landscape, CENTRE, 2, seed=5)
    planes = [
        lv.loss_plane(landscape, w, *lv.filter_normalise(landscape, w, raw), resolution=5)["loss"]
        for w in (CENTRE, scale * CENTRE)
    ]
    np.testing.assert_allclose(planes[0], planes[1], rtol=1e-12)


# --- orthogonal directions --------------------------------------------------------------------


@pytest.mark.parametrize("by", ["filter", "layer", "model"])
@pytest.mark.parametrize("landscape", [IRIS, pictures()])
def test_orthogonal_directions_keep_their_norms(landscape, by):
    w = getattr(landscape, "weights", CENTRE)
    raw = lv.random_directions(landscape, w, 3, seed=0, by="filter")
    found = lv.orthogonalise(landscape, raw, by)
    products = found @ found.T
    assert float((products - products.diag().diag()).abs().max()) < 1e-12 * float(products.max())
    assert torch.equal(found[0], raw[0])
    assert torch.allclose(found.norm(dim=1), raw.norm(dim=1))
    if by == "filter":
        for a, b in zip(filters(landscape, found[2]), filters(landscape, raw[2]), strict=True):
            assert float(a.norm()) == pytest.approx(float(b.norm()))


def test_orthogonal_directions_stay_as_they_are():
    found = lv.orthogonalise(IRIS, lv.random_directions(IRIS, CENTRE, 2, seed=0, by="filter"))
    assert torch.allclose(lv.orthogonalise(IRIS, found), found)


def test_filters_of_one_weight_cannot_be_made_orthogonal():
    problem = lv.problem_from_arrays(np.arange(8.0)[:, None], np.arange(8) % 2, hidden=3)
    narrow = lv.Landscape(problem, "tanh")
    raw = lv.random_directions(narrow, torch.ones(narrow.num_weights), 2, seed=0)
    with pytest.raises(ValueError, match="dependent ones within a filter of W1, of 1 weights"):
        lv.orthogonalise(narrow, raw)
    a, b = lv.orthogonalise(narrow, raw, by="model")
    assert abs(float(a @ b)) < 1e-12


# --- directions with a meaning ----------------------------------------------------------------


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
def test_eigenvectors_are_those_of_the_whole_hessian(which):
    values, vectors = torch.linalg.eigh(IRIS.hessian(CENTRE))
    order = {
        "largest": values.argsort(descending=True), "smallest": values.argsort(),
        "magnitude": values.abs().argsort(descending=True),
    }[which]  # fmt: skip
    found = lv.eigenvector_directions(IRIS, CENTRE, 2, which, tolerance=1e-8)
    overlap = (found * vectors.T[order[:2]]).sum(dim=1).abs()
    assert torch.allclose(overlap, torch.ones_like(overlap), atol=1e-6)
    assert bool((found.gather(1, found.abs().argmax(1, keepdim=True)) > 0).all())


def test_eigenvectors_that_have_not_converged_are_refused():
    with pytest.raises(ValueError, match="needs more than max_iterations = 2"):
        lv.eigenvector_directions(IRIS, CENTRE, 2, tolerance=1e-10, max_iterations=2)


def test_principal_directions_are_eigenvectors_of_the_covariance():
    points = torch.randn(30, 7, dtype=torch.float64) * torch.arange(1, 8)
    _, vectors = torch.linalg.eigh(torch.cov(points.T))
    found = lv.principal_directions(points.reshape(5, 6, 7), 3)
    overlap = (found * vectors.T.flip(0)[:3]).sum(dim=1).abs()
    assert torch.allclose(overlap, torch.ones(3, dtype=torch.float64))
    assert torch.allclose(found @ found.T, torch.eye(3, dtype=torch.float64), atol=1e-12)


def test_points_on_a_line_have_one_principal_direction():
    with pytest.raises(ValueError, match="count must be at most 1"):
        lv.principal_directions([[0.0, 0], [1, 1], [2, 2]], 2)
    with pytest.raises(ValueError, match="count must be at most 0"):
        lv.principal_directions([[1.0, 1], [1, 1]], 1)


def test_a_difference_leads_from_one_model_to_the_other():
    end = IRIS.initial(2, seed=0, start_range=1.0)[1]
    line = lv.loss_line(IRIS, CENTRE, lv.difference(IRIS, CENTRE, end), resolution=3)
    assert line["loss"].to_numpy()[1:] == pytest.approx(
        IRIS.loss(torch.stack([CENTRE, end])).numpy()
    )
    with pytest.raises(ValueError, match="end minus start must not be zero"):
        lv.difference(IRIS, end, end)
