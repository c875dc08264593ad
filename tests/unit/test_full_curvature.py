"""Curvature by the whole Hessian: points beside a slow twin, proofs, null directions, ranks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import lossviz as lv

CLASSES, PROOFS = lv.CURVATURE_CLASSES, lv.INERTIA_PROOFS
RTOL = 1e-8


def slow(hessian, rtol=RTOL):
    """Class, and numbers of positive, negative and zero eigenvalues, by LAPACK's eigenvalues."""
    values = np.linalg.eigvalsh(hessian)
    limit = rtol * np.abs(values).max()
    counts = [(values > limit).sum(), (values < -limit).sum(), (np.abs(values) <= limit).sum()]
    positive, negative, zero = map(int, counts)
    if zero:
        return "singular", positive, negative, zero
    if positive and negative:
        return "saddle", positive, negative, zero
    return "convex" if positive else "concave", positive, negative, zero


def is_clear(hessian, rtol=RTOL):
    """Say whether no eigenvalue is so near the tolerance that rounding decides."""
    size = np.abs(np.linalg.eigvalsh(hessian))
    share = size / size.max()
    return not ((share > 0.99 * rtol) & (share < 1.01 * rtol)).any()


def found(curvature):
    """The same in the same form, a tuple per point."""
    parts = (curvature.positive, curvature.negative, curvature.zero)
    counts = zip(*(part.flatten().tolist() for part in parts), strict=True)
    names = [CLASSES[code] for code in curvature.classes.flatten().tolist()]
    return [(name, *count) for name, count in zip(names, counts, strict=True)]


# --- points of landscapes ---------------------------------------------------------------------

LANDSCAPES = [
    (problem, name, loss)
    for problem in ("xor", "iris")
    for name in ("tanh", "relu", "elu", "gelu")
    for loss in ("cross_entropy", "squared_error", "softmax_cross_entropy")
    if (problem, loss) != ("xor", "softmax_cross_entropy")
]


def some_points(landscape, count):
    """Random and walked points, with small and with large weights."""
    points = [landscape.initial(count, 1, b) for b in (0.1, 1.0, 10.0)]
    for b, s in ((1.0, 0.02), (10.0, 2.0)):
        walks = lv.progressive_gradient_walk(
            landscape, 2, count // 2, s, b, 3, measures=("weights",)
        )
        points.append(torch.from_numpy(walks.weights.values).flatten(0, 1))
    return torch.cat(points)


@pytest.mark.parametrize(("problem", "name", "loss"), LANDSCAPES)
def test_points_have_the_classes_of_their_slow_twin(problem, name, loss):
    landscape = lv.Landscape(problem, name, loss)
    points = some_points(landscape, 60 if problem == "xor" else 20)
    hessians = landscape.hessian(points).numpy()
    clear = [i for i, hessian in enumerate(hessians) if is_clear(hessian)]
    assert len(clear) > 0.97 * len(points)
    expected = [slow(hessian) for hessian in hessians]
    ways = {
        "proof": lv.full_curvature(landscape, points),
        "eigenvalues": lv.full_curvature(landscape, points, eigenvalues=True),
        "formed": lv.classify_curvature(hessians),
    }
    for way, curvature in ways.items():
        got = found(curvature)
        assert [got[i] for i in clear] == [expected[i] for i in clear], way
        total = curvature.positive + curvature.negative + curvature.zero
        assert (total == landscape.num_weights).all()


def test_the_points_of_the_twin_have_every_class_that_is_there():
    """Convex, saddle and singular points are walked on; concave ones are built below."""
    seen = set()
    for problem, name, loss in LANDSCAPES:
        landscape = lv.Landscape(problem, name, loss)
        seen |= {
            name for name, *_ in found(lv.full_curvature(landscape, some_points(landscape, 20)))
        }
    assert seen == {"convex", "saddle", "singular"}


def test_a_landscape_with_concave_points_is_seen_as_such():
    """Squared error of a sigmoid output: beyond its turning point, where it saturates wrongly."""
    module = nn.Linear(1, 1).double()

    def loss(outputs, targets):
        return (torch.sigmoid(outputs) - targets).square().mean()

    landscape = lv.Landscape.from_module(module, loss, [[0.0], [0.5], [1.0]], [[1.0]] * 3)
    points = torch.tensor([[0.3, -5.0], [0.1, -4.0], [-0.2, -6.0]], dtype=torch.float64)
    expected = [slow(hessian) for hessian in landscape.hessian(points).numpy()]
    assert {name for name, *_ in expected} == {"concave"}
    assert found(lv.full_curvature(landscape, points)) == expected


def test_walks_never_count_more_eigenvalues_than_there_are():
    """Columns below 1e-154 of the largest entry once made reflections of infinite length."""
    for name in ("gelu", "elu", "silu", "mish", "softplus"):
        landscape = lv.Landscape("xor", name)
        walks = lv.progressive_gradient_walk(
            landscape, 50, 100, 2.0, 10.0, 0, measures=("curvature", "weights")
        )
        counts = np.stack([walks[sign].values for sign in ("positive", "negative", "zero")])
        assert counts.min() >= 0
        known = walks.curvature.values != CLASSES.index("undetermined")
        assert (counts.sum(axis=0) == 9 * known).all()


# --- matrices ---------------------------------------------------------------------------------


@pytest.mark.parametrize("t", [1e-130, 1e-155, 1e-160, 1e-200, 1e-310])
def test_columns_of_tiny_entries_are_nothing(t):
    matrix = [[1, t, t], [t, 0.5, 0.2], [t, 0.2, 0.5]]
    for eigenvalues in (False, True):
        curvature = lv.classify_curvature(matrix, eigenvalues=eigenvalues)
        assert found(curvature) == [("convex", 3, 0, 0)]
    np.testing.assert_allclose(curvature.eigenvalues, [0.3, 0.7, 1.0], rtol=1e-14)


@settings(max_examples=300)
@given(st.data())
def test_graded_matrices_have_the_inertia_of_their_twin(data):
    n = data.draw(st.integers(1, 8))
    powers = data.draw(st.lists(st.integers(-150, 0), min_size=n, max_size=n))
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    scale = 10.0 ** np.array(powers)
    matrix = rng.normal(size=(n, n)) * np.sqrt(np.outer(scale, scale))
    matrix = matrix + matrix.T
    if is_clear(matrix):
        assert found(lv.classify_curvature(matrix)) == [slow(matrix)]


@pytest.mark.parametrize("size", [5, 64, 65, 90])
def test_prescribed_eigenvalues_of_every_class_are_found(size):
    rng = np.random.default_rng(size)
    basis = np.linalg.qr(rng.normal(size=(size, size)))[0]
    positive = rng.uniform(0.1, 1.0, size)
    mixed = np.where(np.arange(size) % 3, positive, -positive)
    cases = {
        "convex": positive,
        "concave": -positive,
        "saddle": mixed,
        "singular": np.where(np.arange(size) < 2, 1e-11 * positive, mixed),
    }
    for name, values in cases.items():
        matrix = basis @ np.diag(values) @ basis.T
        matrix = (matrix + matrix.T) / 2
        curvature = lv.classify_curvature(matrix)
        assert found(curvature) == [slow(matrix)]
        assert curvature.names == name
        proven = "counts" if size <= 64 else "eigenvalues" if name == "singular" else "factors"
        assert PROOFS[int(curvature.proof)] == proven


def test_proofs_say_what_decided():
    def proof(matrix, **options):
        return PROOFS[int(lv.classify_curvature(matrix, **options).proof)]

    matrix = np.diag([1.0, 2.0, 3.0])
    assert proof(matrix) == "counts"
    assert proof(matrix, eigenvalues=True) == "eigenvalues"
    assert proof(matrix, rtol=0.0) == "eigenvalues"
    assert proof(np.full((3, 3), np.nan)) == "none"
    assert proof(np.diag([1e-300, 0.0])) == "none"
    # Between rtol times the two bounds of the largest eigenvalue, counts disagree.
    blur = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.9e-8]])
    assert proof(blur) == "eigenvalues"
    landscape = lv.Landscape("iris", "tanh", "softmax_cross_entropy")
    found_ = lv.full_curvature(landscape, landscape.initial(3, 0, 1.0), inertia=False)
    assert [PROOFS[code] for code in found_.proof] == ["structure"] * 3


def test_eigenvalues_that_are_no_numbers_count_as_undetermined():
    from lossviz.curvature._tridiagonal import count_signs

    signs = np.zeros(2, np.int32)
    count_signs(np.array([1.0, np.nan]), 1e-8, signs)
    assert signs.tolist() == [-1, -1]


# --- null directions --------------------------------------------------------------------------


def with_dependent_inputs(loss="cross_entropy", dtype=torch.float64):
    """A landscape of three inputs, of which one is constant and one the double of another."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 1))
    inputs = np.column_stack([x, 2 * x, np.full(20, 3.0)])
    problem = lv.problem_from_arrays(
        inputs, rng.integers(3, size=20), hidden=2, scale="none", name="dependent"
    )
    return lv.Landscape(problem, "tanh", loss, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(
    ("loss", "directions"), [("cross_entropy", 2 * 2), ("softmax_cross_entropy", 2 * 2 + 3)]
)
def test_null_directions_change_nothing_and_can_be_left_out(loss, directions, dtype):
    landscape = with_dependent_inputs(loss, dtype)
    basis, w = landscape.null_basis, landscape.initial(4, 0, 1.0)
    assert basis.shape == (landscape.num_weights, directions)
    assert basis.dtype == dtype
    eps = torch.finfo(dtype).eps
    torch.testing.assert_close(
        basis.T @ basis, torch.eye(directions).to(basis), atol=20 * eps, rtol=0
    )
    for direction in basis.T:
        moved = landscape.loss(w + 0.7 * direction)
        torch.testing.assert_close(moved, landscape.loss(w), rtol=50 * eps, atol=0)
    exact = landscape.with_dtype(torch.float64)
    hessians = exact.hessian(w)
    counted = lv.full_curvature(landscape, w)
    projected = lv.full_curvature(landscape, w, null_directions="project", eigenvalues=True)
    by_hand = lv.classify_curvature(hessians, null_basis=landscape.null_basis, eigenvalues=True)
    assert counted.names == ["singular"] * 4
    assert (counted.zero == directions).all()
    assert (projected.zero == 0).all()
    for other in (projected, by_hand):
        assert (other.positive == counted.positive).all()
        assert (other.negative == counted.negative).all()
    values = np.linalg.eigvalsh(hessians.numpy())
    scale, tolerance = np.abs(values).max(), 1e-12 if dtype == torch.float64 else 1e-5
    kept = np.sort(values[np.abs(values) > 1e-8 * scale].reshape(4, -1))
    for other in (projected, by_hand):
        np.testing.assert_allclose(other.eigenvalues, kept, rtol=0, atol=tolerance * scale)


def test_walks_count_or_project_null_directions():
    landscape = with_dependent_inputs("softmax_cross_entropy")
    walks = {
        way: lv.progressive_gradient_walk(
            landscape, 3, 5, 0.1, 1.0, 0, measures=("curvature", "eigenvalues"), null_directions=way
        )
        for way in ("count", "project")
    }
    assert walks["count"].attrs["null_directions"] == "count"
    assert (walks["count"].zero == 7).all()
    assert (walks["project"].zero == 0).all()
    assert walks["project"].sizes["eigenvalue"] == landscape.num_weights - 7
    assert (walks["count"].positive == walks["project"].positive).all()


@pytest.mark.parametrize("name", ["tanh", "elu", "relu"])
@pytest.mark.parametrize(("problem", "zeros"), [("heart", 50), ("digits", 30)])
def test_data_leave_directions_flat(problem, zeros, name, needs_data):
    landscape = lv.Landscape(needs_data(problem), name)
    assert landscape.structural_zeros >= zeros
    assert landscape.null_basis.shape[1] >= zeros
    w = landscape.initial(1, 0, 1.0)
    curvature = lv.full_curvature(landscape, w)
    assert int(curvature.zero) >= zeros
    values = np.linalg.eigvalsh(landscape.hessian(w)[0].numpy())
    assert (np.abs(values) <= 1e-12 * np.abs(values).max()).sum() >= zeros
    single = lv.blockwise_curvature(landscape, w)
    if name != "relu":
        assert int(single.zero) < zeros  # in float32 rounding hides nearly all of them


def test_constant_inputs_that_are_0_leave_rows_of_exact_zeros():
    inputs = np.random.default_rng(0).random((30, 6))
    inputs[:, [1, 4]] = 0
    problem = lv.problem_from_arrays(inputs, np.arange(30) % 3, hidden=4, scale="none")
    landscape = lv.Landscape(problem, "tanh")
    hessian = landscape.hessian(landscape.initial(1, 0, 1.0))[0]
    assert int((hessian == 0).all(dim=1).sum()) == 2 * 4


# --- ranks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("inputs", "hidden", "outputs", "samples"), [(2, 4, 1, 3), (6, 3, 2, 2), (8, 2, 3, 2)]
)
def test_the_rank_of_relu_hessians_is_bounded(inputs, hidden, outputs, samples, seed):
    """At most N k + 2 h min(D + 1, k): N k Gauss-Newton terms, the rest between the layers."""
    rng = np.random.default_rng(seed)
    x, labels = rng.normal(size=(samples, inputs)), rng.integers(2, size=(samples, outputs))
    problem = lv.Problem(
        "few", (inputs, hidden, outputs), x, labels.astype(float), x, labels.astype(float)
    )
    landscape = lv.Landscape(problem, "relu")
    bound = samples * outputs + 2 * hidden * min(inputs + 1, outputs)
    ranks = lv.hessian_rank(landscape, landscape.initial(40, seed, 2.0))
    assert bound < landscape.num_weights
    assert int(ranks.max()) <= bound
    assert landscape.structural_zeros >= landscape.num_weights - bound
    assert int(ranks.max()) > bound / 2


@pytest.mark.parametrize("name", ["tanh", "elu"])
def test_softmax_adds_one_zero_for_each_hidden_unit_and_the_bias(name):
    landscape = lv.Landscape("iris", name, "softmax_cross_entropy")
    assert landscape.structural_zeros == landscape.null_basis.shape[1] == 5
    curvature = lv.full_curvature(landscape, landscape.initial(200, 0, 1.0))
    assert (curvature.zero == 5).all()


def test_at_zero_residual_the_rank_is_at_most_samples_times_outputs():
    """A teacher's own outputs are the targets: the residual part of the Hessian is 0 there."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, 3))
    blank = lv.Problem("teacher", (3, 4, 2), x, np.full((5, 2), 0.5), x, np.full((5, 2), 0.5))
    teacher = lv.Landscape(blank, "tanh").initial(1, 0, 1.0)
    targets = lv.Landscape(blank, "tanh").outputs(teacher)[0].numpy()
    problem = lv.Problem("student", (3, 4, 2), x, targets, x, targets)
    landscape = lv.Landscape(problem, "tanh", "squared_error")
    assert float(landscape.loss(teacher)) < 1e-30
    assert int(lv.hessian_rank(landscape, teacher)) == 10
    moved = teacher + 0.3 * landscape.initial(1, 1, 1.0)
    assert int(lv.hessian_rank(landscape, moved)) > 10


# --- the tolerance, and what is not determined ------------------------------------------------


def test_the_singular_share_depends_on_the_tolerance_where_weights_are_large():
    landscape = lv.Landscape("xor", "tanh")
    points = landscape.initial(500, 0, 10.0)
    shares = [
        float((lv.full_curvature(landscape, points, rtol).classes == 2).double().mean())
        for rtol in (1e-12, 1e-8, 1e-4)
    ]
    assert shares == sorted(shares)
    assert shares[2] - shares[0] > 0.3


@pytest.mark.parametrize("inertia", [True, False])
def test_a_hessian_of_zeros_is_undetermined_with_and_without_the_counts(inertia):
    rng = np.random.default_rng(0)
    inputs = np.column_stack([rng.normal(size=20), np.zeros(20)])
    problem = lv.problem_from_arrays(inputs, np.arange(20) % 2, hidden=2, scale="none")
    landscape = lv.Landscape(problem, "relu")
    assert landscape.structural_zeros > 0
    points = landscape.initial(3, 0, 1.0)
    points[1] = 0
    points[1, -1] = 800.0  # the output's bias: sigmoid's slope underflows for every sample
    curvature = lv.full_curvature(landscape, points, inertia=inertia)
    assert curvature.names == ["singular", "undetermined", "singular"]


def test_the_class_alone_is_that_of_the_counts_along_walks(needs_data):
    landscape = lv.Landscape(needs_data("heart"), "relu")
    settings_ = (landscape, 2, 3, 400.0, 1.0, 0)
    alone, both = (
        lv.progressive_gradient_walk(*settings_, measures=measures)
        for measures in (("curvature_class",), ("curvature",))
    )
    np.testing.assert_array_equal(alone.curvature, both.curvature)


@pytest.mark.parametrize("problem", ["xor", "iris"])
@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error", "softmax_cross_entropy"])
def test_far_out_everything_is_a_number(problem, loss):
    if (problem, loss) == ("xor", "softmax_cross_entropy"):
        pytest.skip("one output has no softmax")
    for name in ("tanh", "relu", "elu"):
        landscape = lv.Landscape(problem, name, loss)
        for b in (1e2, 1e4, 1e8):
            w = landscape.initial(50, 0, b)
            value, gradient = landscape.loss_and_gradient(w)
            assert bool(torch.isfinite(value).all() and torch.isfinite(gradient).all())
            assert bool(torch.isfinite(landscape.hessian(w)).all())
            assert {name for name, *_ in found(lv.full_curvature(landscape, w))} <= set(CLASSES)
