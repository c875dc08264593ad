"""Problems: codings, splits and scaling."""

from __future__ import annotations

import numpy as np
import pytest
import torch
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


@pytest.mark.parametrize("name", lv.problem_names())
def test_names_and_problems_agree(name, needs_data):
    problem = needs_data(name)
    assert problem.name == name
    assert problem.layers[0] == problem.inputs.shape[1] == problem.test_inputs.shape[1]
    assert problem.layers[-1] == problem.targets.shape[1] == problem.test_targets.shape[1]
    assert set(np.unique(problem.targets)) == {0, 1}


@pytest.mark.parametrize(
    ("name", "layers", "weights", "train", "test"),
    [
        ("digits", (64, 10, 10), 760, 1438, 359),
        ("heart", (32, 10, 1), 341, 736, 184),
        ("mnist-test", (784, 10, 10), 7960, 8000, 2000),
    ],
)
def test_sizes_are_those_of_the_study(name, layers, weights, train, test, needs_data):
    problem = needs_data(name)
    assert (problem.layers, problem.num_weights) == (layers, weights)
    assert (len(problem.inputs), len(problem.test_inputs)) == (train, test)
    assert len(problem.classes) == max(2, layers[-1])


@pytest.mark.parametrize("name", ["digits", "mnist-test"])
def test_pixels_fill_the_range_from_0_to_1(name, needs_data):
    problem = needs_data(name)
    assert (problem.inputs.min(), problem.inputs.max()) == (0, 1)


def rank_with_bias(inputs):
    return np.linalg.matrix_rank(np.column_stack([inputs, np.ones(len(inputs))]))


def test_heart_is_as_it_is_published(needs_data):
    problem = needs_data("heart")
    everything = np.concatenate([problem.inputs, problem.test_inputs])
    assert (everything.min(), everything.max()) == (-1, 1)
    assert rank_with_bias(everything) == 28
    for seed in range(5):
        assert rank_with_bias(needs_data("heart", seed).inputs) in (27, 28)


def test_digits_have_two_inputs_too_many_and_a_constant_one():
    problem = lv.load_problem("digits")
    assert rank_with_bias(np.concatenate([problem.inputs, problem.test_inputs])) == 62


def test_another_number_of_hidden_units_changes_the_layers_only():
    problem = lv.load_problem("iris", seed=2, hidden=7)
    assert problem.layers == (4, 7, 3)
    np.testing.assert_array_equal(problem.inputs, lv.load_problem("iris", seed=2).inputs)


# --- problems of one's own --------------------------------------------------------------------


def own(**changes):
    rng = np.random.default_rng(0)
    given = {"inputs": rng.normal(3, 2, (40, 3)), "targets": rng.integers(3, size=40), "hidden": 4}
    return lv.problem_from_arrays(**given | changes)


def test_labels_become_one_hot_in_ascending_order():
    labels = np.array(["c", "a", "b"] * 10)
    problem = own(inputs=np.arange(60.0).reshape(30, 2), targets=labels, scale="none")
    assert problem.classes == ("a", "b", "c")
    numbers = {"a": 0, "b": 1, "c": 2}
    for inputs, targets in (
        (problem.inputs, problem.targets), (problem.test_inputs, problem.test_targets),
    ):  # fmt: skip
        expected = [numbers[labels[int(row[0] // 2)]] for row in inputs]
        np.testing.assert_array_equal(targets, np.eye(3)[expected])


@pytest.mark.parametrize("labels", [[False, True] * 10, [3, 7] * 10, ["no", "yes"] * 10])
def test_two_classes_have_one_output(labels):
    problem = own(inputs=np.arange(40.0).reshape(20, 2), targets=labels, scale="none")
    assert problem.layers == (2, 4, 1)
    expected = (problem.inputs[:, :1] // 2) % 2
    np.testing.assert_array_equal(problem.targets, expected)


@pytest.mark.parametrize("seed", [0, 1])
def test_own_data_are_split_and_standardised_as_iris_is(seed):
    data = load_iris()
    mine = lv.problem_from_arrays(data.data, data.target, hidden=4, seed=seed)
    published = lv.load_problem("iris", seed)
    for name in ("inputs", "targets", "test_inputs", "test_targets"):
        np.testing.assert_allclose(getattr(mine, name), getattr(published, name), atol=1e-14)


def test_unit_scaling_is_fitted_on_the_training_part_only():
    problem = own(scale="unit")
    np.testing.assert_allclose(problem.inputs.min(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(problem.inputs.max(axis=0), 1, atol=1e-15)


@pytest.mark.parametrize("scale", ["standardise", "unit"])
def test_an_input_that_never_changes_is_only_centred(scale):
    inputs = np.column_stack([np.full(40, 0.1), np.arange(40.0)])
    problem = own(inputs=inputs, scale=scale)
    assert not problem.inputs[:, 0].any()
    assert not problem.test_inputs[:, 0].any()


def test_a_test_part_of_ones_own_leaves_all_others_to_training():
    problem = own(test_inputs=np.zeros((5, 3)), test_targets=[0, 1, 2, 0, 1])
    assert (len(problem.inputs), len(problem.test_inputs)) == (40, 5)


def test_targets_may_be_numbers_between_0_and_1():
    targets = np.linspace(0, 1, 80).reshape(40, 2)
    problem = own(targets=targets)
    assert problem.classes is None
    assert lv.Landscape(problem, "tanh").num_weights == problem.num_weights == 26


def test_own_problems_can_be_walked():
    walks = lv.progressive_gradient_walk(lv.Landscape(own(), "elu"), 2, 3, 0.1, 1.0, 0)
    assert np.isfinite(walks.loss).all()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"inputs": np.where(np.eye(40, 3) * 2 > 1, np.nan, 1.0)}, "inputs .*row 0, column 0: nan"),
        ({"targets": [1] * 40}, r"targets must have two classes or more; got \[1\]"),
        ({"targets": [0] * 39 + [1], "test_share": 0.02, "seed": 0}, None),
        ({"targets": [0] * 39}, "targets must have one row for each of 40 samples; got 39"),
        ({"test_inputs": np.zeros((2, 3)), "test_targets": [0, 5]}, r"among the classes .*\[5\]"),
        ({"test_inputs": np.zeros((2, 3))}, "must be given together"),
        ({"test_share": 0.001}, "leave samples in both parts"),
        ({"targets": [0.0] * 39 + [np.nan]}, "targets must be finite; got nan in row 39"),
        ({"targets": [[0, 1]] * 39 + [[0]]}, "targets must be labels or a table of numbers"),
        ({"inputs": np.eye(40, 3) * 1e200}, "size that float64 can scale; got column 0 with"),
        (
            {"inputs": np.outer(np.linspace(-1, 1, 40), [0, 1e200, 1])},
            r"size that float64 can scale; got column 1 with values from -1e\+200 to 1e\+200",
        ),
        ({"inputs": np.eye(40, 3) * 5e-324}, "size that float64 can scale; got column 0 with"),
        (
            {
                "inputs": np.eye(40, 3) * 1e-150,
                "test_inputs": np.full((1, 3), 1e200),
                "test_targets": [0],
            },
            r"test_inputs must be of a size .*; got 1e\+200 in row 0, column 0 of the test part",
        ),
    ],
)
def test_unsuitable_data_are_refused_by_name(changes, says):
    if says is None:  # a class that only the test part has
        seeds = [s for s in range(200) if not _trains_on_last(s)]
        changes, says = changes | {"seed": seeds[0]}, r"every class in the training part; got none"
    with pytest.raises(ValueError, match=says):
        own(**changes)


@pytest.mark.parametrize(
    ("targets", "kinds"),
    [
        ([0, "0"] * 20, "got int in row 0 and str in row 1: '0'"),
        ([True, True, 1] + [0] * 37, "got bool in row 0 and int in row 2: 1"),
        (np.array([1, "a"] * 20, dtype=object), "got int in row 0 and str in row 1: 'a'"),
        ([None, 1] * 20, "got NoneType in row 0 and int in row 1: 1"),
    ],
)
def test_labels_of_several_kinds_are_refused(targets, kinds):
    with pytest.raises(TypeError, match=f"targets must be of one kind; {kinds}"):
        own(targets=targets)


def test_labels_in_an_array_of_objects_are_labels():
    labels = np.array(["no", "yes"] * 20, dtype=object)
    assert own(targets=labels).classes == ("no", "yes")


@pytest.mark.parametrize("what", ["inputs", "targets", "test_inputs", "test_targets"])
def test_masked_values_are_refused_and_masks_of_nothing_are_not(what):
    given = {
        "inputs": np.ones((40, 3)) * np.arange(40)[:, None], "targets": np.arange(40) % 3,
        "test_inputs": np.ones((6, 3)), "test_targets": np.arange(6) % 3,
    }  # fmt: skip
    data = given[what]
    mask = np.arange(len(data)) == 2
    free = own(**given | {what: np.ma.masked_array(data)})
    np.testing.assert_array_equal(free.targets, own(**given).targets)
    masked = np.ma.masked_array(data, np.broadcast_to(mask, data.T.shape).T)
    with pytest.raises(ValueError, match=rf"{what} must have no masked values; got .* index \(2,"):
        own(**given | {what: masked})


@pytest.mark.parametrize("kind", [">f8", ">f4", ">i2", np.longdouble, np.float16, np.uint16])
def test_numbers_of_every_kind_are_inputs_and_targets(kind):
    table = (np.arange(120).reshape(40, 3) * 7 % 5).astype(kind)
    share = (np.arange(40)[:, None] % 2).astype(kind)
    found = own(inputs=table, targets=share)
    usual = own(inputs=table.astype(float), targets=share.astype(float))
    np.testing.assert_array_equal(found.inputs, usual.inputs)
    np.testing.assert_array_equal(found.targets, usual.targets)


def test_labels_in_another_order_of_bytes_are_labels():
    for kind in (">i8", ">U3"):
        labels = (np.arange(40) % 3).astype(kind)
        usual = own(targets=np.arange(40) % 3)
        np.testing.assert_array_equal(own(targets=labels).targets, usual.targets)


def test_bfloat16_tensors_are_inputs_and_targets():
    table = torch.linspace(0, 1, 120).reshape(40, 3).bfloat16()
    problem = own(inputs=table, targets=table, scale="none")
    np.testing.assert_array_equal(problem.inputs, problem.targets)
    assert set(problem.inputs.ravel()) <= set(table.double().flatten().tolist())
    with pytest.raises(TypeError, match=r"must be labels .* or have two axes"):
        own(targets=table[:, 0])


@pytest.mark.parametrize("what", ["inputs", "targets"])
def test_sparse_tensors_are_refused_by_name(what):
    table = torch.eye(40, 3).to_sparse()
    with pytest.raises(TypeError, match=f"{what} must be a dense tensor; got .*sparse_coo"):
        own(**{what: table})


@pytest.mark.parametrize(
    ("targets", "kind"),
    [({1: 2}, "dict"), ({0, 1}, "set"), ((i % 2 for i in range(40)), "generator"),
     ("01" * 20, "str"), (3, "int")],
)  # fmt: skip
def test_what_is_no_array_is_named_by_its_type(targets, kind):
    with pytest.raises(
        TypeError, match=f"targets must be a list or .*; got a value of type {kind}"
    ):
        own(targets=targets)
    if kind != "int":
        with pytest.raises(TypeError, match=f"inputs must be an array .*; got {kind} with"):
            own(inputs=targets)


def _trains_on_last(seed):
    order = np.random.default_rng(seed).permutation(40)
    return 39 not in order[:1]
