"""Bad input to every public function: the error says what was asked, got and allowed.

Each function stands in a register (tests/support/bad_input_*.py), with one good call and the kind
of each of its arguments. A kind is a strategy of bad values. A public function or argument that is
missing there fails a test.
"""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import bad_input_analysis
import bad_input_clouds
import bad_input_critical
import bad_input_curvature
import bad_input_dying
import bad_input_ground
import bad_input_landscape
import bad_input_paths
import bad_input_pictures
import bad_input_planes
import bad_input_plots
import bad_input_propagation
import bad_input_sampling
import bad_input_sharpness
import bad_input_slices
import bad_input_smoothness
import bad_input_symmetry
import bad_input_walk_plots
import lossviz as lv
from bad_values import landscape, sample

CASES = {
    name: case
    for register in (
        bad_input_ground,
        bad_input_landscape,
        bad_input_curvature,
        bad_input_critical,
        bad_input_sampling,
        bad_input_paths,
        bad_input_planes,
        bad_input_analysis,
        bad_input_plots,
        bad_input_pictures,
        bad_input_propagation,
        bad_input_walk_plots,
        bad_input_clouds,
        bad_input_slices,
        bad_input_smoothness,
        bad_input_sharpness,
        bad_input_symmetry,
        bad_input_dying,
    )
    for name, case in register.CASES.items()
}
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
    "parameters": ("parameter",),
    "source": ("loss", "gradient_norm"),
    "saturation": ("activation",),
    "panels": ("activation",),
    "contributions": ("activation",),
    "shares": ("activation",),
    "walks": ("variable", "activation", "loss", "gradient_norm"),
    "landscape": ("layers",),
    "start": ("end",),
    "end": ("start",),
    "max_iterations": ("eigenvector",),
    "path": ("plane",),
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
