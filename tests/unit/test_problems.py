"""Problems: codings, splits and scaling."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris

import lossviz as lv


@pytest.mark.parametrize(("name", "low"), [("xor", 0), ("xor-bipolar", -1)])
def test_xor_is_exclusive_or_in_either_coding(name, low):
    problem = lv.load_problem(name)
    patterns = {tuple(x): float(t[0]) for x, t in zip(problem.inputs, problem.targets, strict=True)}
    assert patterns == {(low, low): 0, (low, 1): 1, (1, low): 1, (1, 1): 0}
    assert (problem.layers, problem.num_weights) == ((2, 2, 1), 9)


def test_the_test_part_of_xor_is_the_four_patterns():
    problem = lv.load_problem("xor")
    np.testing.assert_array_equal(problem.test_inputs, problem.inputs)
    assert not np.shares_memory(problem.test_inputs, problem.inputs)


def test_iris_has_120_training_and_30_test_samples():
    problem = lv.load_problem("iris")
    assert problem.inputs.shape == (120, 4)
    assert problem.test_inputs.shape == (30, 4)
    assert (problem.layers, problem.num_weights) == ((4, 4, 3), 35)


def test_targets_are_one_hot():
    problem = lv.load_problem("iris")
    for targets in (problem.targets, problem.test_targets):
        assert set(np.unique(targets)) == {0, 1}
        assert (targets.sum(axis=1) == 1).all()
    assert (problem.targets.sum(axis=0) + problem.test_targets.sum(axis=0)).tolist() == [50] * 3


def test_scaling_is_fitted_on_the_training_part_only():
    problem = lv.load_problem("iris", seed=5)
    np.testing.assert_allclose(problem.inputs.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(problem.inputs.std(axis=0), 1, atol=1e-12)
    assert np.abs(problem.test_inputs.mean(axis=0)).max() > 0.01


def test_the_parts_make_up_the_data_set_with_classes_in_place():
    problem = lv.load_problem("iris", seed=1)
    scaled = np.concatenate([problem.inputs, problem.test_inputs])
    classes = np.concatenate([problem.targets, problem.test_targets]).argmax(axis=1)
    data = load_iris()
    # Undo the scaling: an affine map fixed by the whole data set's mean and deviation.
    restored = (scaled - scaled.mean(axis=0)) / scaled.std(axis=0)
    restored = restored * data.data.std(axis=0) + data.data.mean(axis=0)
    found = sorted((*row.round(6), c) for row, c in zip(restored, classes, strict=True))
    expected = sorted((*row.round(6), c) for row, c in zip(data.data, data.target, strict=True))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_seed_decides_the_split():
    first, again, other = (lv.load_problem("iris", seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    np.testing.assert_array_equal(first.test_targets, again.test_targets)
    assert not np.array_equal(first.test_targets, other.test_targets)


def test_loading_leaves_the_global_generator_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the legacy state is what is tested
    lv.load_problem("iris", seed=3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_names_and_problems_agree():
    for name in lv.problem_names():
        assert lv.load_problem(name).name == name
