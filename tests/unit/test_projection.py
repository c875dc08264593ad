"""Trajectories on a plane, and how much of them it shows."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import lossviz as lv


def run(points, **variables):
    """A data set of walks, shape (walk, step, weight)."""
    points = np.asarray(points, float)
    values = {name: (("walk", "step"), value) for name, value in variables.items()}
    return xr.Dataset({"weights": (("walk", "step", "weight"), points)} | values)


def walk(steps, dims, seed=0):
    return np.random.default_rng(seed).normal(size=(steps, dims)).cumsum(axis=0)[None]


def test_axes_are_principal_components():
    """The slow twin: eigenvectors of the covariance."""
    points = walk(40, 6)[0] * np.array([1, 3, 1, 2, 1, 1])
    found = lv.project_trajectory(run(points[None]))
    values, vectors = np.linalg.eigh(np.cov(points.T, bias=True))
    np.testing.assert_allclose(found.explained_variance, values[:-3:-1] / values.sum(), rtol=1e-10)
    for axis, vector in zip(found.directions.values, vectors.T[:-3:-1], strict=True):
        assert abs(axis @ vector) == pytest.approx(1)
    np.testing.assert_allclose(found.centre, points.mean(axis=0), rtol=1e-12)
    places = np.stack([found.alpha[0], found.beta[0]], axis=1)
    np.testing.assert_allclose(places, (points - points.mean(0)) @ found.directions.values.T)
    gram = found.directions.values @ found.directions.values.T
    np.testing.assert_allclose(gram, np.eye(2), atol=1e-12)


def test_what_lies_on_a_plane_is_found_again():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(rng.normal(size=(9, 2)))[0].T
    points = rng.normal(size=(2, 15, 2)) @ basis + rng.normal(size=9)
    found = lv.project_trajectory(run(points))
    assert float(found.explained_variance.sum()) == pytest.approx(1)
    places = np.stack([found.alpha, found.beta], axis=-1)
    back = found.centre.values + places @ found.directions.values
    np.testing.assert_allclose(back, points, atol=1e-12)


def test_a_random_walk_has_6_over_pi_squared():
    """Antognini and Sohl-Dickstein 2018: 60.8 % and 15.2 %, though it goes nowhere."""
    found = lv.project_trajectory(run(walk(500, 10_000)))
    expected = 6 / np.pi**2 / np.array([1, 4])
    np.testing.assert_allclose(found.random_walk_variance, expected, rtol=1e-12)
    np.testing.assert_allclose(found.explained_variance, expected, rtol=0.03)
    assert found.attrs["reminder"].endswith("would show 60.8 % and 15.2 %.")


def test_several_optimisers_share_one_plane():
    one, other = run(walk(12, 5, 1), loss=np.ones((1, 12))), run(walk(7, 5, 2), loss=[[2.0] * 7])
    found = lv.project_trajectory({"gd": one, "adam": other})
    assert found.optimiser.values.tolist() == ["gd", "adam"]
    assert found.alpha.shape == (2, 12)
    assert np.isnan(found.alpha[1, 7:]).all()
    assert np.isnan(found.loss[1, 7:]).all()
    assert not np.isnan(found.alpha[1, :7]).any()
    together = np.concatenate([one.weights[0], other.weights[0]])
    np.testing.assert_allclose(found.centre, together.mean(axis=0), rtol=1e-12)
    assert found.loss.values[1, 0] == 2


def test_steps_are_brought_together():
    one, other = run(walk(5, 4)), run(walk(3, 4))
    one, other = one.assign_coords(step=np.arange(5)), other.assign_coords(step=[0, 2, 8])
    found = lv.project_trajectory({"a": one, "b": other})
    assert found.step.values.tolist() == [0, 1, 2, 3, 4, 8]
    known = np.isfinite(found.alpha)
    assert known.sel(step=[0, 2, 8])[1].all()
    assert int(known[1].sum()) == 3
    assert "loss" not in found


def test_points_that_are_not_finite_stay_nan_and_count_for_nothing():
    points = walk(9, 4)
    spoilt = points.copy()
    spoilt[0, 6:] = np.nan
    found, expected = lv.project_trajectory(run(spoilt)), lv.project_trajectory(run(points[:, :6]))
    np.testing.assert_allclose(found.alpha[0, :6], expected.alpha[0])
    assert np.isnan(found.beta[0, 6:]).all()
    np.testing.assert_allclose(found.explained_variance, expected.explained_variance)


def test_directions_of_ones_own_keep_the_first_and_the_plane():
    points = walk(10, 4)
    given = np.array([[2.0, 0, 0, 0], [1.0, -3, 0, 0]])
    found = lv.project_trajectory(run(points), given, centre=np.zeros(4))
    np.testing.assert_allclose(found.directions, [[1, 0, 0, 0], [0, -1, 0, 0]], atol=1e-15)
    np.testing.assert_allclose(found.alpha[0], points[0, :, 0])
    np.testing.assert_allclose(found.beta[0], -points[0, :, 1])
    share = np.square(points[0]).sum(axis=0) / np.square(points).sum()
    np.testing.assert_allclose(found.explained_variance, share[:2])


def test_the_plane_of_a_projection_meets_the_loss():
    landscape = lv.Landscape("xor", "tanh")
    runs = lv.train(landscape, landscape.initial(2, 0, 1.0), "gd", 0.5, 20)
    found = lv.project_trajectory(runs)
    np.testing.assert_array_equal(found.loss, runs.loss)
    # Two points and their middle lie on the plane through them: the loss there is theirs.
    ends = runs.isel(step=[0, 10, 19], walk=[0])
    flat = lv.project_trajectory(ends)
    places = np.stack([flat.alpha[0], flat.beta[0]], axis=1)
    back = flat.centre.values + places @ flat.directions.values
    np.testing.assert_allclose(landscape.loss(back), ends.loss[0], rtol=1e-10)


def test_walks_are_trajectories():
    landscape = lv.Landscape("xor", "tanh")
    walks = lv.progressive_gradient_walk(
        landscape, 3, 20, 0.1, 1.0, 0, measures=("loss", "weights")
    )
    found = lv.project_trajectory(walks)
    assert found.alpha.shape == (3, 20)
    assert 0 < float(found.explained_variance.sum()) <= 1


def test_a_single_direction_of_travel_has_all_the_variance():
    found = lv.project_trajectory(run([[[0.0, 0, 0], [1, 1, 0]]]))
    np.testing.assert_allclose(found.explained_variance, [1, 0], atol=1e-12)
    np.testing.assert_allclose(found.beta, 0, atol=1e-12)
