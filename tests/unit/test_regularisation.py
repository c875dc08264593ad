"""Weights that the loss does not need, beside exhaustive search, and the Hessian's rank."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
import torch

import lossviz as lv

TOLERANCES = (0.0, 1e-6, 1e-3, 1e-2, 0.1)


def slow_greedy(landscape, weights, tolerance):
    """One point, one candidate at a time."""
    base, w, removed = float(landscape.loss(weights)), weights.clone(), []
    while len(removed) < len(w):
        changes = {}
        for j in set(range(len(w))) - set(removed):
            trial = w.clone()
            trial[j] = 0
            changes[j] = abs(float(landscape.loss(trial)) - base)
        best = min(changes, key=lambda j: (changes[j], j))
        if changes[best] > tolerance:
            break
        w[best] = 0
        removed.append(best)
    return removed


def largest_removable(landscape, weights, tolerance):
    """The size of the largest removable set, by trying all 2^m."""
    m = len(weights)
    subsets = [s for size in range(m + 1) for s in combinations(range(m), size)]
    keep = torch.ones(len(subsets), m, dtype=torch.float64)
    for row, subset in enumerate(subsets):
        keep[row, list(subset)] = 0
    change = (landscape.loss(keep * weights) - landscape.loss(weights)).abs()
    return max(len(s) for s, each in zip(subsets, change, strict=True) if each <= tolerance)


def points(count, seed=0):
    """Points of several sizes, some of whose weights are 0 or tiny."""
    rng = np.random.default_rng(seed)
    w = rng.normal(size=(count, 9)) * 10 ** rng.uniform(-2, 1, (count, 1))
    w *= rng.choice([0.0, 1e-5, 1.0, 1.0], (count, 9))
    return torch.from_numpy(w)


@pytest.mark.parametrize("tolerance", TOLERANCES)
def test_greedy_removal_is_the_slow_twin(activation, tolerance):
    landscape, w = lv.Landscape("xor", activation), points(12)
    found = lv.effective_weights(landscape, w, tolerance)
    for i in range(len(w)):
        slow = slow_greedy(landscape, w[i], tolerance)
        assert set(found.removed[i].nonzero().ravel().tolist()) == set(slow)
        assert int(found.removable[i]) == len(slow)


@pytest.mark.parametrize("tolerance", [1e-6, 1e-2])
def test_exhaustive_search_bounds_greedy_removal(activation, tolerance):
    landscape, w = lv.Landscape("xor", activation), points(25, seed=1)
    found = lv.effective_weights(landscape, w, tolerance)
    best = torch.tensor([largest_removable(landscape, each, tolerance) for each in w])
    assert (found.removable <= best).all()
    assert (found.removable == best).double().mean() > 0.5  # a bound, and often sharp
    assert (found.removable >= (found.removable_singly > 0)).all()


def test_removing_keeps_the_loss_as_promised(activation):
    landscape, w = lv.Landscape("xor", activation), points(30, seed=2)
    found = lv.effective_weights(landscape, w, 1e-3)
    without = torch.where(found.removed, 0, w)
    change = landscape.loss(without) - landscape.loss(w)
    torch.testing.assert_close(change, found.change)
    assert (change.abs() <= 1e-3).all()
    torch.testing.assert_close(found.effective, 9 - found.removed.sum(-1))


def test_weights_of_a_dead_relu_are_removable():
    # Unit 1 never fires on XOR; its output weight 5 and both inputs can go, jointly and singly.
    w = torch.tensor([1.0, 1, -1, -1, 0.3, -0.5, 2, 5, -0.4], dtype=torch.float64)
    found = lv.effective_weights(lv.Landscape("xor", "relu"), w, 0.0)
    assert found.removed[[2, 3, 5, 7]].all()
    assert found.removable_singly >= 4


def test_more_can_go_jointly_than_singly():
    # Unit 0 pushes two patterns of one class apart by equal amounts: leaving it out costs a
    # second order, leaving out one of its inputs a first. Its bias is 0 already.
    w = torch.tensor([3.0, -3, 2, 2, 0, -1, 0.1, 2, 0.5], dtype=torch.float64)
    found = lv.effective_weights(lv.Landscape("xor", "tanh"), w, 2e-3)
    assert found.removed.tolist() == [True, True, False, False, True, False, True, False, False]
    assert (found.removable, found.removable_singly) == (4, 2)


def test_a_larger_tolerance_and_batches_of_any_shape():
    landscape, w = lv.Landscape("xor", "elu"), points(12, seed=3)
    singly = [lv.effective_weights(landscape, w, t).removable_singly for t in TOLERANCES]
    assert all((a <= b).all() for a, b in pairwise(singly))
    flat = lv.effective_weights(landscape, w, 1e-2)
    cube = lv.effective_weights(landscape, w.reshape(3, 2, 2, 9), 1e-2)
    assert cube.removable.shape == cube.change.shape == (3, 2, 2)
    torch.testing.assert_close(cube.removed.reshape(12, 9), flat.removed)


def test_iris_in_float32_takes_batches(monkeypatch):
    landscape = lv.Landscape("iris", "tanh", dtype=torch.float32)
    w = landscape.initial(4, 0, 1.0)
    whole = lv.effective_weights(landscape, w, 1e-3)
    monkeypatch.setattr("lossviz.analysis.regularisation._CANDIDATE_WEIGHTS", 200)
    torch.testing.assert_close(lv.effective_weights(landscape, w, 1e-3).removed, whole.removed)


# --- rank -------------------------------------------------------------------------------------


def test_the_rank_counts_eigenvalues_that_are_not_zero(activation):
    landscape = lv.Landscape("xor", activation)
    w = landscape.initial(20, 0, 1.0)
    values = np.abs(np.linalg.eigvalsh(landscape.hessian(w).numpy()))
    expected = (values > 1e-6 * values.max(axis=1, keepdims=True)).sum(axis=1)
    assert lv.hessian_rank(landscape, w, rtol=1e-6).tolist() == expected.tolist()
    assert lv.hessian_rank(landscape, w.reshape(4, 5, 9)).shape == (4, 5)


def test_relu_has_rank_at_most_eight_on_xor():
    for loss in ("cross_entropy", "squared_error"):
        landscape = lv.Landscape("xor", "relu", loss)
        assert lv.hessian_rank(landscape, landscape.initial(200, 1, 2.0)).max() <= 8


def test_a_float32_landscape_is_ranked_in_float64():
    landscape = lv.Landscape("xor", "tanh", dtype=torch.float32)
    w = landscape.initial(10, 0, 1.0)
    exact = lv.hessian_rank(landscape.with_dtype(torch.float64), w.double())
    torch.testing.assert_close(lv.hessian_rank(landscape, w), exact)


def test_an_undetermined_hessian_has_no_rank():
    # Saturated outputs, all correct: the loss and its derivatives underflow.
    w = torch.tensor([1.0, 1, 1, 1, 0, -1, 1e4, -2e4, -5e3], dtype=torch.float64)
    assert lv.hessian_rank(lv.Landscape("xor", "relu"), w) == -1
