"""Walks that do not look at the landscape, and batches, beside slow and obvious twins."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace

import numpy as np
import pytest
import torch

import lossviz as lv

FREE = {
    "random_walk": lv.random_walk,
    "progressive_random_walk": lv.progressive_random_walk,
    "manhattan_walk": lv.manhattan_walk,
}


def stream(seed, walk, purpose):
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(walk, purpose)))


def slow_walk(kind, seed, walk, m, b, border, s, steps):
    """One walk by the text of its definition; purposes of streams: start 0, step 1, direction 3."""
    x = b * (2 * stream(seed, walk, 0).random(m) - 1)
    direction = np.where(stream(seed, walk, 3).random(m) < 0.5, -1.0, 1.0)
    draws = stream(seed, walk, 1)
    if kind != "random_walk":
        x = -direction * abs(x)  # in the orthant opposite to the direction of travel
    visited = [x.copy()]
    for _ in range(steps - 1):
        if kind == "manhattan_walk":
            changes = {int(draws.random() * m): s}
        else:
            changes = dict(enumerate(s * draws.random(m)))
        for j, length in changes.items():
            change = 2 * length - s if kind == "random_walk" else length * direction[j]
            if abs(x[j] + change) > border:
                change = -change
                direction[j] = -direction[j]  # of no effect on the random walk
            x[j] += change
        visited.append(x.copy())
    return np.array(visited)


@pytest.mark.parametrize("s", [0.3, 1.0])
@pytest.mark.parametrize("bounds", [None, 3.0])
@pytest.mark.parametrize("problem", ["xor", "iris"])
@pytest.mark.parametrize("kind", FREE)
def test_free_walks_equal_their_slow_twins(kind, problem, bounds, s):
    landscape, numbers = lv.Landscape(problem, "tanh"), (0, 9, 41)
    settings = {"walk_numbers": numbers, "bounds": bounds}
    found = FREE[kind](landscape, 3, 130, s, 1.0, 11, measures=("weights", "loss"), **settings)
    for row, number in enumerate(numbers):
        expected = slow_walk(kind, 11, number, landscape.num_weights, 1.0, bounds or 1.0, s, 130)
        np.testing.assert_allclose(found.weights[row], expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.loss, landscape.loss(found.weights.values), rtol=1e-12)
    # Neither what is measured nor batches change the way.
    alone = FREE[kind](landscape, 3, 130, s, 1.0, 11, measures=("weights",), **settings)
    np.testing.assert_array_equal(alone.weights, found.weights)
    batched = FREE[kind](
        landscape, 3, 130, s, 1.0, 11, measures=("weights", "loss"), batch_size=3, **settings
    )
    np.testing.assert_array_equal(batched.weights, found.weights)


@pytest.mark.parametrize("b", [0.1, 1.0, 10.0])
@pytest.mark.parametrize("kind", FREE)
def test_free_walks_of_float32_stay_inside(kind, b):
    landscape = lv.Landscape("xor", "tanh", dtype=torch.float32)
    weights = FREE[kind](landscape, 30, 300, b, b, 3, measures=("weights",)).weights.values
    assert np.abs(weights).max() <= np.float32(b)


def test_a_draw_that_float32_rounds_up_to_1_chooses_the_last_weight():
    walk, step = 1915, 11856
    draw = stream(0, walk, 1).random(step + 1)[step]
    assert draw < 1 == np.float32(draw)
    landscape = lv.Landscape("xor", "tanh", dtype=torch.float32)
    weights = lv.manhattan_walk(
        landscape, 1, step + 2, 0.01, 1.0, 0, measures=("weights",), walk_numbers=[walk]
    ).weights.values[0, -2:]
    assert np.flatnonzero(np.diff(weights, axis=0)[0]).tolist() == [8]


# --- batches ----------------------------------------------------------------------------------

MEASURES = (
    "loss", "gradient_norm", "accuracy", "saturation", "curvature", "eigenvalues",
    "curvature_blockwise", "weights",
)  # fmt: skip


@pytest.mark.parametrize("zero", ["increase", "random"])
@pytest.mark.parametrize("name", ["tanh", "elu"])
def test_each_step_measures_and_takes_the_same_batch(name, zero):
    landscape, numbers = lv.Landscape("iris", name), (0, 13)
    found = lv.progressive_gradient_walk(
        landscape, 2, 6, 0.1, 1.0, 4, zero, measures=MEASURES, batch_size=10, walk_numbers=numbers
    )
    for row, number in enumerate(numbers):
        batches, lengths = stream(4, number, 4), stream(4, number, 1)
        for step in range(6):
            here = found.isel(walk=row, step=step)
            chosen = batches.choice(landscape.num_samples, 10, replace=False)
            problem = landscape.problem
            batch = replace(problem, inputs=problem.inputs[chosen], targets=problem.targets[chosen])
            alone, x = lv.Landscape(batch, name), here.weights.values
            loss, gradient = alone.loss_and_gradient(x)
            assert float(here.loss) == pytest.approx(float(loss), rel=1e-12)
            assert float(here.gradient_norm) == pytest.approx(float(gradient.norm()), rel=1e-12)
            assert float(here.accuracy) == float(alone.accuracy(x))
            assert float(here.saturation) == pytest.approx(float(alone.saturation(x)), rel=1e-12)
            values = np.linalg.eigvalsh(alone.hessian(x).numpy())
            scale = np.abs(values).max()
            np.testing.assert_allclose(here.eigenvalues, values, rtol=0, atol=1e-12 * scale)
            expected = lv.classify_eigenvalues(values)
            assert int(here.curvature) == int(expected.classes)
            blocks = lv.blockwise_curvature(alone, x)
            assert int(here.curvature_blockwise) == int(blocks.classes)
            if step < 5:
                g, u = gradient.numpy(), lengths.random(landscape.num_weights)
                after = found.weights.values[row, step + 1]
                np.testing.assert_allclose(after, x - np.sign(g) * 0.1 * u, rtol=0, atol=1e-12)


def test_a_batch_leaves_more_directions_flat():
    landscape = lv.Landscape("iris", "tanh")
    measures = ("curvature", "curvature_class", "proof")
    found = lv.progressive_gradient_walk(
        landscape, 2, 4, 0.1, 1.0, 0, measures=measures, batch_size=2
    )
    # Two samples fill two of the five directions of x~, for each of four units.
    assert (found.zero >= 4 * 3).all()
    assert (found.curvature == lv.CURVATURE_CLASSES.index("singular")).all()
    alone = lv.progressive_gradient_walk(
        landscape, 2, 4, 0.1, 1.0, 0, measures=("curvature_class", "proof"), batch_size=2
    )
    np.testing.assert_array_equal(alone.curvature, found.curvature)
    assert (alone.proof == lv.INERTIA_PROOFS.index("structure")).all()


# --- what is not asked for --------------------------------------------------------------------


def test_steps_beyond_the_last_one_may_leave_the_range_of_numbers():
    landscape = lv.Landscape("xor", "identity")
    measures = ("loss", "curvature", "curvature_blockwise", "accuracy", "weights")
    found = lv.progressive_gradient_walk(landscape, 1, 1, 1e307, 1.0, 0, measures=measures)
    expected = lv.progressive_gradient_walk(landscape, 1, 1, 0.1, 1.0, 0, measures=measures)
    for name in found:
        np.testing.assert_array_equal(found[name], expected[name])
    with pytest.raises(ValueError, match=r"finite; got weights up to .*e\+30"):
        lv.progressive_gradient_walk(landscape, 1, 25, 1e307, 1.0, 0, measures=("loss",))


def test_hessians_that_do_not_fit_are_refused_before_anything_is_computed():
    rng = np.random.default_rng(0)
    problem = lv.problem_from_arrays(
        rng.random((900, 784)), rng.integers(10, size=900), hidden=10, scale="none"
    )
    landscape = lv.Landscape(problem, "tanh", dtype=torch.float32)
    with pytest.raises(ValueError, match=r"got 7960 weights, .* curvature_class, or a small batch"):
        lv.progressive_gradient_walk(landscape, 1, 1, 0.02, 1.0, 0)
    singular = lv.CURVATURE_CLASSES.index("singular")
    measures = ("loss", "curvature_class")
    found = lv.progressive_gradient_walk(landscape, 1, 3, 0.02, 1.0, 0, measures=measures)
    assert (found.curvature == singular).all()
    batched = lv.progressive_gradient_walk(landscape, 1, 1, 0.02, 1.0, 0, batch_size=100)
    assert (batched.curvature == singular).all()
    # 685 of 785 directions of x~ are empty, for each of ten units.
    assert (batched.zero >= 6850).all()


# --- the progress bar -------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("progress", "terminal", "shown"),
    [(True, False, True), (True, True, True), (False, True, False), (None, False, False),
     (None, True, True)],
)  # fmt: skip
def test_the_bar_is_silent_when_told(progress, terminal, shown, monkeypatch):
    monkeypatch.setattr("lossviz._progress._PATIENCE", 0)
    screen = Terminal() if terminal else io.StringIO()
    with contextlib.redirect_stderr(screen):
        lv.random_walk(
            lv.Landscape("xor", "tanh"), 5, 100, 0.1, 1.0, 0, measures=("loss",), progress=progress
        )
    assert ("point" in screen.getvalue()) == shown


def test_a_short_walk_shows_no_bar_that_nobody_asked_for():
    screen = Terminal()
    with contextlib.redirect_stderr(screen):
        lv.random_walk(lv.Landscape("xor", "tanh"), 2, 10, 0.1, 1.0, 0, measures=("loss",))
    assert screen.getvalue() == ""
