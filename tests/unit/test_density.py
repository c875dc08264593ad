"""Spectral densities and effective dimensions beside whole spectra."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from scipy.stats import t as student

import lossviz as lv
from lossviz.curvature._hutchinson import PROBES, signs
from prescribed import Prescribed


def integral(found):
    centres = found.eigenvalue.values
    return found.density.sum("eigenvalue") * (centres[1] - centres[0])


def iris():
    landscape = lv.Landscape("iris", "tanh")
    return landscape, landscape.initial(3, 0, 1.0)


# --- the density ------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(-5, 5), min_size=3, max_size=12),
    st.one_of(st.none(), st.floats(1e-3, 10)),
    st.integers(2, 300),
    st.sampled_from(["lanczos", "exact"]),
)
def test_it_integrates_to_one(values, width, resolution, method):
    found = lv.spectral_density(
        Prescribed(len(values)), values, 3, 4, width, resolution, method=method
    )
    assert float(integral(found)) == pytest.approx(1, abs=1e-9)
    np.testing.assert_allclose(found.node_weights.sum("node"), 1, atol=1e-12)
    assert bool((found.density >= 0).all())


def test_the_exact_one_is_the_spectrum_smoothed():
    landscape, points = iris()
    found = lv.spectral_density(landscape, points[0], method="exact", width=0.02, resolution=4000)
    spectrum = np.linalg.eigvalsh(landscape.hessian(points[0]).numpy())
    expected = norm.pdf(found.eigenvalue.values[:, None], spectrum, 0.02).mean(1)
    np.testing.assert_allclose(found.density, expected, atol=1e-4 * expected.max())
    np.testing.assert_allclose(found.nodes[0], spectrum, atol=1e-13)
    assert float(found.density_error.max()) == float(found.mean_eigenvalue_error) == 0


def test_many_probes_give_the_whole_spectrum():
    landscape, points = iris()
    found = lv.spectral_density(landscape, points[0], num_probes=400, width=0.03)
    exact = lv.spectral_density(landscape, points[0], method="exact", width=0.03)
    exact = exact.interp(eigenvalue=found.eigenvalue, kwargs={"fill_value": 0.0})
    missed = np.abs(found.density - exact.density)
    assert float((missed / (found.density_error + 1e-3)).max()) < 5
    spacing = float(found.eigenvalue[1] - found.eigenvalue[0])
    assert float(missed.sum()) * spacing < 0.1


@pytest.mark.parametrize("landscape", [lv.Landscape("iris", "elu"), Prescribed(35)])
def test_each_probe_has_its_own_moments(landscape):
    # Gauss's rule of s nodes is exact for polynomials up to degree 2 s - 1.
    point = lv.Landscape("iris", "elu").initial(1, 0, 1.0)[0]
    found = lv.spectral_density(landscape, point, 3, 4, seed=7)
    hessian = landscape.hessian(point)
    probes = signs(7, PROBES, range(3), 35).double()
    for power in range(8):
        expected = ((probes @ torch.linalg.matrix_power(hessian, power)) * probes).mean(1)
        moments = (found.node_weights * found.nodes**power).sum("node")
        np.testing.assert_allclose(moments, expected, rtol=1e-9, atol=1e-12)


def test_moments_are_those_of_the_hessian():
    landscape, points = iris()
    found = lv.spectral_density(landscape, points, num_probes=50)
    hessian = landscape.hessian(points)
    means = hessian.diagonal(dim1=1, dim2=2).mean(1).numpy()
    squares = (hessian.square().sum(dim=(1, 2)) / 35).numpy()
    assert np.all(np.abs(found.mean_eigenvalue - means) < 4 * found.mean_eigenvalue_error)
    assert np.all(np.abs(found.second_moment - squares) < 4 * found.second_moment_error)
    trace = lv.trace(landscape, points).value.numpy() / 35
    np.testing.assert_allclose(means, trace, rtol=1e-12)
    exact = lv.spectral_density(landscape, points, method="exact")
    np.testing.assert_allclose(exact.mean_eigenvalue, means, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(exact.second_moment, squares, rtol=1e-9)


def test_modules_have_the_density_of_the_closed_form():
    landscape, points = iris()
    module = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3))
    problem = landscape.problem
    other = lv.Landscape.from_module(
        module.double(), lv.stable_cross_entropy, problem.inputs, problem.targets, batch_size=50
    )
    one, two = (lv.spectral_density(at, points[:2], 3, 10) for at in (landscape, other))
    np.testing.assert_allclose(one.density, two.density, atol=1e-6 * float(one.density.max()))


# --- shapes, company, purity ------------------------------------------------------------------


def test_points_share_a_grid_and_nothing_else(monkeypatch):
    landscape, points = iris()
    whole = lv.spectral_density(landscape, points, 4, 12, width=0.01)
    assert dict(whole.sizes) == {"point": 3, "eigenvalue": 1000, "probe": 4, "node": 12}
    monkeypatch.setattr("lossviz.curvature._quadrature._BYTES", 1)  # one probe at a time
    for i, w in enumerate(points):
        alone = lv.spectral_density(landscape, w, 4, 12, width=0.01)
        assert alone.density.dims == ("eigenvalue",)
        np.testing.assert_allclose(alone.nodes, whole.nodes[i], atol=1e-10)
        np.testing.assert_allclose(alone.node_weights, whole.node_weights[i], atol=1e-9)


def test_attributes_say_how_to_reproduce_it():
    landscape, points = iris()
    found = lv.spectral_density(landscape, points[0], 5, 7, 0.25, seed=3)
    expected = {"num_probes": 5, "num_steps": 7, "width": 0.25, "seed": 3, "num_weights": 35}
    assert expected.items() <= found.attrs.items()
    assert landscape.describe().items() <= found.attrs.items()
    assert found.attrs["mean"] == float(found.mean_eigenvalue)
    again = lv.spectral_density(landscape, points[0], 5, 7, 0.25, seed=3)
    assert found.identical(again)
    assert not found.equals(lv.spectral_density(landscape, points[0], 5, 7, 0.25, seed=4))


def test_global_states_stay():
    landscape, points = iris()
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    lv.spectral_density(landscape, points)
    lv.effective_dimension(landscape, points, 0.1, "lanczos")
    assert torch.equal(torch.get_rng_state(), states[0])
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002


def test_precisions_agree():
    landscape, points = iris()
    single, double = (
        lv.spectral_density(landscape, points.float(), 3, 8, 0.05, precision=precision)
        for precision in ("float32", "float64")
    )
    assert single.attrs["precision"] == "float32"
    assert not single.nodes.equals(double.nodes)
    for name in ("mean_eigenvalue", "second_moment"):
        np.testing.assert_allclose(single[name], double[name], atol=1e-6)


@pytest.mark.parametrize("method", ["lanczos", "exact"])
def test_a_hessian_of_zeros_is_one_peak(method):
    found = lv.spectral_density(Prescribed(6), np.zeros(6), method=method)
    assert float(integral(found)) == pytest.approx(1, abs=1e-12)
    assert bool((found.nodes == 0).all())
    assert found.width == 0.01


@pytest.mark.parametrize("method", ["lanczos", "exact"])
def test_what_is_not_finite_stays_so(method):
    points = np.ones((3, 8))
    points[1] = 1e200
    landscape = Prescribed(8, scale=1e300)
    found = lv.spectral_density(landscape, points, method=method)
    assert np.isnan(found.density).all("eigenvalue").values.tolist() == [False, True, False]
    np.testing.assert_allclose(integral(found)[[0, 2]], 1, atol=1e-9)
    dimension = lv.effective_dimension(landscape, points, 1.0, method)
    assert torch.isnan(dimension.value).tolist() == [False, True, False]


def test_a_width_below_rounding_is_refused():
    with pytest.raises(ValueError, match="width must be large enough for 1000 cells"):
        lv.spectral_density(Prescribed(4), [1e9, 1e9, 1e9, 1e9], width=1e-9)


def test_progress_is_shown_on_request(capsys):
    lv.spectral_density(Prescribed(4), [1.0, 2, 3, 4], 3, progress=True)
    assert "3/3" in capsys.readouterr().err


# --- effective dimension ----------------------------------------------------------------------


def test_the_effective_dimension_is_its_formula():
    landscape, points = iris()
    spectrum = np.linalg.eigvalsh(landscape.hessian(points).numpy()).clip(min=0)
    for z in (1e-4, 0.01, 1.0):
        found = lv.effective_dimension(landscape, points.reshape(3, 1, 35), z)
        expected = (spectrum / (spectrum + z)).sum(1)
        np.testing.assert_allclose(found.value[:, 0], expected, rtol=1e-9, atol=1e-9)
        assert (found.method, found.num_products, float(found.standard_error.max())) == (
            "exact", 0, 0.0
        )  # fmt: skip


def test_negative_eigenvalues_count_nothing():
    found = lv.effective_dimension(Prescribed(5), [-1.0, -1e-9, 0, 1, 3], 1.0)
    assert float(found.value) == pytest.approx(0.5 + 0.75)


def test_the_quadrature_agrees_with_the_spectrum():
    landscape = lv.Landscape("digits", "tanh")
    points = landscape.initial(2, 0, 1.0)
    for z, steps in ((1e-1, 30), (1e-2, 60)):
        exact = lv.effective_dimension(landscape, points, z).value
        found = lv.effective_dimension(landscape, points, z, "lanczos", num_steps=steps)
        assert bool(((found.value - exact).abs() < 4 * found.standard_error).all())
        assert bool((found.standard_error < 0.3 * exact).all())
        assert (found.num_samples, found.num_products) == (10, 10 * steps)


def test_steps_that_are_too_few_widen_the_error():
    landscape = lv.Landscape("digits", "tanh")
    point = landscape.initial(1, 0, 1.0)
    few, many = (
        lv.effective_dimension(landscape, point, 1e-3, "lanczos", num_steps=steps).standard_error
        for steps in (20, 160)
    )
    assert float(few) > 5 * float(many)


@pytest.mark.slow
def test_intervals_cover_as_often_as_they_say():
    landscape, points = iris()
    exact = float(lv.effective_dimension(landscape, points[0], 0.01).value)
    mean = float(lv.trace(landscape, points[0]).value) / 35
    half, inside = student.ppf(0.95, 9), np.zeros(2)
    for seed in range(400):
        found = lv.effective_dimension(landscape, points[0], 0.01, "lanczos", seed=seed)
        inside[0] += abs(float(found.value) - exact) <= half * float(found.standard_error)
        density = lv.spectral_density(landscape, points[0], seed=seed, resolution=2)
        error = float(density.mean_eigenvalue_error)
        inside[1] += abs(float(density.mean_eigenvalue) - mean) <= half * error
    # 90 % of 400 with a standard deviation of 6; samples are not quite normal.
    assert np.all((inside >= 335) & (inside <= 385)), inside
