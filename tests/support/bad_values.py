"""Bad values of every kind, and the form of a register of functions that must refuse them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
import xarray as xr
from hypothesis import strategies as st

import lossviz as lv

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


def bad_names(name):
    lists = st.lists(name, min_size=1, max_size=3)
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

NAMES = lv.activation_names()
# Asked when a word is drawn, as other tests of the same process register activations.
BAD_ACTIVATION = bad_name("swish").filter(lambda word: word not in lv.activation_names())
PROBLEM_NAMES = lv.problem_names()
WEIGHTS = {"weights": bad_array(9)}
RTOL = bad_real(minimum=0, top=1.0).filter(lambda value: value != 1.0) | st.just(1.0)


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
