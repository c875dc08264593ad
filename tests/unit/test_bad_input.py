"""Bad input to every public function: the error says what was asked, got and allowed.

Each function stands here with one good call and the kind of each of its arguments. A kind is a
strategy of bad values. A public function or argument that is missing here fails a test.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import lossviz as lv

# --- strategies of bad values -----------------------------------------------------------------

NOT_FINITE = [float("nan"), float("inf"), float("-inf")]
NO_NUMBER = ["2", "", b"1", [1], (1.0,), {}, 1j, True, False, object()]


def bad_whole(minimum, optional=False):
    too_small = st.integers(max_value=minimum - 1)
    other = [*NO_NUMBER, 1.0, 2.5, *NOT_FINITE, *([] if optional else [None])]
    return too_small | st.sampled_from(other)


def bad_real(above=None, minimum=None, top=None, optional=False):
    bad = [*NO_NUMBER, *NOT_FINITE, *([] if optional else [None])]
    low = above if above is not None else minimum
    values = st.sampled_from(bad)
    if low is not None:
        values |= st.floats(max_value=low, exclude_max=above is None, allow_nan=False)
    if top is not None:
        values |= st.floats(min_value=top, exclude_min=top == 1.0, allow_nan=False)
    return values


def bad_name(*allowed):
    words = st.text(max_size=12).filter(lambda word: word not in allowed)
    return words | st.sampled_from([None, 3, 1.5, True, b"tanh", ["tanh"], {}, object()])


def bad_names(*allowed):
    lists = st.lists(bad_name(*allowed), min_size=1, max_size=3)
    return lists | st.sampled_from(["loss", None, 5, 1.0])


def bad_array(*good_shape, longer=True, not_finite=True):
    """Arrays of another shape, or with elements that are no finite real numbers."""
    good = np.full(good_shape, 0.5)
    bad = [
        "text", None, object(), {"a": 1}, np.full(good_shape, 1j), good.astype(str),
        torch.tensor(good) * 1j, np.full(good_shape, None), [[1.0, 2.0], [3.0]],
    ]  # fmt: skip
    if good_shape:
        bad += [0.5, []]
    if longer:
        bad += [np.zeros((*good_shape[:-1], sum(good_shape[-1:]) + 1))] if good_shape else []
    if not_finite:
        for value in NOT_FINITE:
            spoilt = good.copy()
            spoilt[(0,) * spoilt.ndim] = value
            bad += [spoilt, torch.tensor(spoilt)]
    return st.sampled_from(bad)


BAD_LANDSCAPE = st.sampled_from(["xor", None, 3, lv.load_problem("xor"), np.zeros(9), lv.Landscape])
NO_WALKS = [None, 3, "walks", [], (), [None], ["walks"], [xr.Dataset()], [{}]]
BAD_WALKS = st.sampled_from(NO_WALKS)

# --- the register -----------------------------------------------------------------------------


@dataclass
class Case:
    """One good call of a function, and a strategy of bad values for each argument."""

    call: object
    good: dict
    bad: dict = field(default_factory=dict)


def landscape():
    return lv.Landscape("xor", "tanh")


def sample():
    variables = ("loss", "gradient_norm", "curvature", "positive", "negative")
    array = xr.DataArray(np.array([[3.0, 2, 1], [1, 1, 0]]), dims=("walk", "step"))
    codes = array.astype(np.int8)
    values = dict.fromkeys(variables, array) | {"curvature": codes}
    return xr.Dataset(values, attrs={"activation": "tanh"})


MEASURES = ("loss", "gradient_norm", "accuracy", "test_loss", "test_accuracy", "saturation",
            "curvature", "eigenvalues", "weights")  # fmt: skip
WEIGHTS = {"weights": bad_array(9)}
RTOL = bad_real(minimum=0, top=1.0).filter(lambda value: value != 1.0) | st.just(1.0)
NAMES = lv.activation_names()
PROBLEM_NAMES = lv.problem_names()
BAD_NUMBERS = st.sampled_from([5, "01", [0], [0, 0], [0, -1], [0, 1.5], [0, "1"], [0, 1, 2]])
BAD_OUTPUTS = bad_array(4, 2, longer=False)
BAD_PROBLEM = st.sampled_from([None, 5, "xro", "", b"xor", [], ("xor",)])

CASES = {
    "activation_names": Case(lv.activation_names, {}),
    "problem_names": Case(lv.problem_names, {}),
    "get_activation": Case(lv.get_activation, {"name": "elu"}, {"name": bad_name(*NAMES)}),
    "load_problem": Case(
        lv.load_problem,
        {"name": "iris", "seed": 1},
        {"name": bad_name(*PROBLEM_NAMES), "seed": bad_whole(0)},
    ),
    "dead_units": Case(lv.dead_units, {"outputs": np.zeros((4, 2))}, {"outputs": BAD_OUTPUTS}),
    "bootstrap_mean": Case(
        lv.bootstrap_mean,
        {"values": [1.0, 2.0], "level": 0.9, "resamples": 5, "seed": 0},
        {
            "values": bad_array(2, longer=False),
            "level": bad_real(above=0, top=1.0) | st.just(1.0),
            "resamples": bad_whole(1),
            "seed": bad_whole(0),
        },
    ),
    "classify_curvature": Case(
        lv.classify_curvature,
        {"hessians": np.eye(2), "rtol": 1e-8},
        {
            "hessians": bad_array(2, 2, not_finite=False)
            | st.sampled_from([np.zeros((0, 0)), [[1.0, 2.0], [3.0, 4.0]]]),
            "rtol": RTOL,
        },
    ),
    "classify_eigenvalues": Case(
        lv.classify_eigenvalues,
        {"eigenvalues": [1.0, 2.0], "rtol": 1e-8},
        {
            "eigenvalues": bad_array(2, longer=False, not_finite=False),
            "rtol": RTOL,
        },
    ),
    "inertia_kinds": Case(
        lv.inertia_kinds,
        {"classes": [0, 1], "positive": [2, 1], "negative": [0, 1]},
        dict.fromkeys(
            ("classes", "positive", "negative"), bad_array(2, not_finite=False)
        ),
    ),
    "find_attractors": Case(
        lv.find_attractors,
        {
            "source": landscape(), "gradient_tolerance": 1e-2, "separation": 0.03,
            "min_walks": 1, "num_walks": 2, "seed": 0,
        },
        {
            "source": st.sampled_from(
                [None, "xor", np.zeros((2, 3)), xr.Dataset(), sample().isel(walk=0),
                 sample().drop_vars("loss"), sample() * np.nan, sample().isel(step=slice(0))]
            ),
            "gradient_tolerance": bad_real(above=0), "separation": bad_real(above=0),
            "min_walks": bad_whole(1), "num_walks": bad_whole(1, optional=True),
            "seed": bad_whole(0),
        },
    ),
    "progressive_gradient_walk": Case(
        lv.progressive_gradient_walk,
        {
            "landscape": landscape(), "num_walks": 2, "num_steps": 2, "max_step": 0.1,
            "start_range": 1.0, "seed": 0, "zero_gradient": "stay", "bounds": 2.0,
            "measures": ("loss",), "rtol": 1e-8, "walk_numbers": [0, 1],
        },
        {
            "landscape": BAD_LANDSCAPE, "num_walks": bad_whole(1), "num_steps": bad_whole(1),
            "max_step": bad_real(above=0), "start_range": bad_real(above=0), "seed": bad_whole(0),
            "zero_gradient": bad_name("increase", "stay", "random"),
            "bounds": bad_real(minimum=1.0, optional=True),
            "measures": bad_names(*MEASURES), "rtol": RTOL, "walk_numbers": BAD_NUMBERS,
        },
    ),
    "Landscape": Case(
        lv.Landscape,
        {"problem": "xor", "activation": "tanh", "loss": "cross_entropy", "dtype": torch.float64},
        {
            "problem": BAD_PROBLEM, "activation": bad_name(*NAMES),
            "loss": bad_name("cross_entropy", "squared_error"),
            "dtype": st.sampled_from([None, "float64", float, torch.float16, torch.int64, 64, []]),
        },
    ),
    "Landscape.initial": Case(
        lambda n, seed, start_range: landscape().initial(n, seed, start_range),
        {"n": 2, "seed": 0, "start_range": 1.0},
        {"n": bad_whole(1), "seed": bad_whole(0), "start_range": bad_real(above=0)},
    ),
    "Landscape.with_dtype": Case(
        lambda dtype: landscape().with_dtype(dtype),
        {"dtype": torch.float32},
        {"dtype": st.sampled_from([None, "float32", float, torch.float16, torch.int64, 32])},
    ),
    "Landscape.describe": Case(lambda: landscape().describe(), {}),
    **{
        f"Landscape.{name}": Case(getattr(landscape(), name), {"weights": [0.5] * 9}, WEIGHTS)
        for name in ("loss", "gradient", "loss_and_gradient", "hessian", "accuracy", "outputs",
                     "hidden_outputs", "saturation")
    },
    **{
        f"Activation.{name}": Case(
            getattr(lv.get_activation("elu"), name), {"net_input": [1.0]},
            {"net_input": bad_array(not_finite=False)},
        )
        for name in ("derivative", "second_derivative", "__call__")
    },
    "plots.mark": Case(lv.plots.mark, {"name": "tanh"}, {
        "name": st.sampled_from([None, 3, ["tanh"], {}, b"tanh"]),
    }),
    "plots.activation_curves": Case(
        lv.plots.activation_curves,
        {"names": ["tanh"], "span": 4.0},
        {
            "names": bad_names(*NAMES) | st.sampled_from([[], "tanh", ()]),
            "span": bad_real(above=0),
        },
    ),
    "plots.saturation_curves": Case(
        lv.plots.saturation_curves,
        {"scales": [1.0, 2.0], "saturation": {"tanh": [0.1, 0.2]}},
        {
            "scales": bad_array(2, longer=False) | st.sampled_from([[0.0, 1.0], [-1.0, 1.0]]),
            "saturation": st.sampled_from(
                [{}, None, [0.1, 0.2], {"tanhh": [0.1, 0.2]}, {"tanh": [0.1]}, {"tanh": "ab"},
                 {"tanh": [0.1, np.nan]}, {"tanh": [[0.1, 0.2]]}]
            ),
        },
    ),
    "plots.unit_sums": Case(
        lv.plots.unit_sums,
        {"x": [0.0, 1.0], "contributions": {"tanh": [[0.1, 0.2]]}, "target": [0.0, 1.0]},
        {
            "x": bad_array(2, longer=False), "target": bad_array(2),
            "contributions": st.sampled_from(
                [{}, None, [[0.1, 0.2]], {"tanhh": [[0.1, 0.2]]}, {"tanh": [0.1, 0.2]},
                 {"tanh": [[0.1]]}, {"tanh": "ab"}, {"tanh": [[0.1, np.nan]]},
                 {"tanh": [[0.1, 0.2], [0.3]]}, {"tanh": [[1j, 0.2]]}]
            ),
        },
    ),
    "plots.loss_gradient_cloud": Case(
        lv.plots.loss_gradient_cloud,
        {"walks": [sample()], "levels": [0.5], "quantile": 0.9},
        {
            "walks": BAD_WALKS | st.sampled_from(
                [[sample().drop_vars("curvature")], sample(), [sample().drop_attrs()]]
            ),
            "levels": st.sampled_from([0.5, "ab", ["a"], [np.nan], [None]]),
            "quantile": bad_real(above=0, top=1.0).filter(lambda value: value != 1.0),
        },
    ),
    "plots.curvature_shares": Case(
        lv.plots.curvature_shares,
        {"walks": {"tanh": sample()}},
        {"walks": st.sampled_from(
            [{}, None, 3, "walks", [sample()], {"a": None}, {"a": xr.Dataset()},
             {"a": sample().drop_vars("positive")}]
        )},
    ),
    "plots.tolerance_curves": Case(
        lv.plots.tolerance_curves,
        {"rtols": [1e-8, 1e-6], "shares": {"b = 1": {"tanh": [0.1, 0.2]}}},
        {
            "rtols": bad_array(2, longer=False) | st.sampled_from([[0.0, 1.0], [-1.0, 1.0]]),
            "shares": st.sampled_from(
                [{}, None, [1], {"b": {}}, {"b": None}, {"b": {"tanhh": [0.1, 0.2]}},
                 {"b": {"tanh": [0.1]}}, {"b": {"tanh": [0.1, np.nan]}}, {"b": {"tanh": "ab"}}]
            ),
        },
    ),
    "plots.folded_plane": Case(
        lv.plots.folded_plane,
        {"landscape": lv.Landscape("xor", "relu"), "weights": [1, 1, 1, 1, 0, -1, 1, -2, -0.5]},
        {
            "landscape": BAD_LANDSCAPE | st.just(lv.Landscape("iris", "relu")),
            "weights": bad_array(9) | st.just(np.zeros((1, 9))),
        },
    ),
    "plots.walk_curves": Case(
        lv.plots.walk_curves,
        {"walks": [sample()], "variable": "loss", "levels": [0.5]},
        {
            "walks": BAD_WALKS | st.sampled_from([sample(), [sample().drop_attrs()]]),
            "variable": bad_name(*sample().data_vars),
            "levels": st.sampled_from([0.5, "ab", ["a"], [np.nan], [None]]),
        },
    ),
}  # fmt: skip

PAIRS = [(name, argument) for name, case in CASES.items() for argument in case.bad]


def public():
    """Every public function and method by name."""
    found = {}
    for prefix, module in (("", lv), ("plots.", lv.plots)):
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value) or value is lv.Landscape:
                found[prefix + name] = value
    for owner in (lv.Landscape, lv.Activation):
        for name, method in inspect.getmembers(owner, inspect.isfunction):
            if not name.startswith("_"):
                found[f"{owner.__name__}.{name}"] = method
    return found


def test_every_public_function_and_argument_has_bad_input():
    functions = public()
    assert functions.keys() <= CASES.keys()
    for name, function in functions.items():
        arguments = set(inspect.signature(function).parameters) - {"self"}
        assert arguments == set(CASES[name].bad) == set(CASES[name].good), name


@pytest.mark.parametrize("name", CASES)
def test_the_good_call_is_good(name):
    CASES[name].call(**CASES[name].good)


# What a message has that says what is allowed, and one that says what was got.
ALLOWED = ("must", "needs", "has no")
GOT = ("got", "missing", "has ", "largest difference")
# What else an argument may be called: an activation's name is an activation.
CALLED = {
    "name": ("activation", "problem"),
    "names": ("activation",),
    "source": ("loss", "gradient_norm"),
    "saturation": ("activation",),
    "contributions": ("activation",),
    "shares": ("activation",),
    "walks": ("variable", "activation"),
    "landscape": ("layers",),
}


@pytest.mark.parametrize(("name", "argument"), PAIRS, ids=lambda value: value)
@settings(max_examples=30)
@given(st.data())
def test_bad_input_gets_a_clear_error(name, argument, data):
    case = CASES[name]
    value = data.draw(case.bad[argument])
    with pytest.raises((ValueError, TypeError)) as caught:
        case.call(**case.good | {argument: value})
    message = str(caught.value)
    assert any(word in message for word in ALLOWED), message
    assert any(word in message for word in GOT), message
    assert any(word in message for word in (argument, *CALLED.get(argument, ()))), message


# --- what a name is near to, and bad problems -------------------------------------------------


@pytest.mark.parametrize(
    ("call", "near"),
    [
        (lambda: lv.get_activation("Tanh"), "tanh"),
        (lambda: lv.get_activation("rleu"), "relu"),
        (lambda: lv.load_problem("irsi"), "iris"),
        (lambda: lv.load_problem("xor_bipolar"), "xor-bipolar"),
        (lambda: lv.Landscape("xro"), "xor"),
        (lambda: lv.Landscape("xor", "sigmoyd"), "sigmoid"),
        (lambda: lv.Landscape("xor", loss="cross-entropy"), "cross_entropy"),
        (lambda: CASES["progressive_gradient_walk"].call(
            **CASES["progressive_gradient_walk"].good | {"measures": ["curvatur"]}), "curvature"),
        (lambda: CASES["progressive_gradient_walk"].call(
            **CASES["progressive_gradient_walk"].good | {"zero_gradient": "increse"}), "increase"),
        (lambda: lv.plots.walk_curves([sample()], "los"), "loss"),
    ],
)  # fmt: skip
def test_an_unknown_name_gets_the_nearest_one(call, near):
    with pytest.raises(ValueError, match=f"Did you mean '{near}'"):
        call()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"inputs": np.zeros((0, 2)), "targets": np.zeros((0, 1))}, r"inputs must have shape"),
        ({"inputs": np.zeros((4, 3))}, r"inputs must have shape \(samples, 2\); got \(4, 3\)"),
        ({"inputs": np.full((4, 2), np.nan)}, "inputs must be finite; got 8 of 8"),
        ({"targets": np.zeros((3, 1))}, r"targets must have shape \(4, 1\); got \(3, 1\)"),
        ({"targets": np.full((4, 1), 2.0)}, r"targets must lie in \[0, 1\]; got values from 2 to"),
        ({"targets": np.full((4, 1), np.nan)}, r"targets must"),
        ({"layers": (2, 1)}, r"layers \(inputs, hidden, outputs\); 'xor' has \(2, 1\)"),
        ({"layers": (2, 2, 2, 1)}, "layers"),
        ({"layers": (2, 0, 1)}, "layers"),
        ({"layers": (2, -1, 1)}, "layers"),
        ({"layers": (2, 2.0, 1)}, "layers"),
    ],
)
def test_problems_of_ones_own_are_checked(changes, says):
    with pytest.raises((ValueError, TypeError), match=says):
        lv.Landscape(replace(lv.load_problem("xor"), **changes), "tanh")


def test_the_test_part_is_checked_when_it_is_used():
    problem = replace(lv.load_problem("xor"), test_inputs=np.zeros((0, 2)))
    with pytest.raises(ValueError, match="inputs must have shape"):
        lv.progressive_gradient_walk(
            lv.Landscape(problem, "tanh"), 1, 1, 0.1, 1.0, 0, measures=("test_loss",)
        )


def test_bounds_must_hold_the_start_and_one_step():
    good = CASES["progressive_gradient_walk"].good
    for bounds, step, start in ((0.5, 0.1, 1.0), (1.5, 2.0, 1.0)):
        changed = good | {"bounds": bounds, "max_step": step, "start_range": start}
        with pytest.raises(ValueError, match=f"bounds must be at least .*; got {bounds}"):
            lv.progressive_gradient_walk(**changed)


def test_tensors_with_gradients_are_taken_as_numbers():
    ones = torch.ones(3, dtype=torch.float64, requires_grad=True)
    assert lv.bootstrap_mean(ones).mean == 1
    assert not lv.classify_eigenvalues(ones).eigenvalues.requires_grad
    assert not lv.dead_units(ones[:, None]).requires_grad
    lv.plots.saturation_curves(ones, {"tanh": ones})
    lv.plots.folded_plane(landscape(), torch.full((9,), 0.5, requires_grad=True))


def test_bad_input_leaves_no_trace():
    threads, grad_mode = torch.get_num_threads(), torch.is_grad_enabled()
    good = CASES["progressive_gradient_walk"].good
    with pytest.raises(ValueError, match="finite"):
        # Walks that leave the range of numbers.
        lv.progressive_gradient_walk(
            **good | {"max_step": 1.7e308, "num_steps": 50, "bounds": None}
        )
    assert (torch.get_num_threads(), torch.is_grad_enabled()) == (threads, grad_mode)


def test_a_tiny_separation_does_not_exhaust_the_memory():
    loss = np.linspace(0, 1, 6).reshape(2, 3)
    walks = sample().assign(loss=(("walk", "step"), loss))
    found = lv.find_attractors(walks, gradient_tolerance=5.0, separation=1e-13)
    assert [a.level for a in found] == pytest.approx(loss.ravel())
