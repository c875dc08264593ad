"""Bad input to the ground floor's public names."""

from __future__ import annotations

import math
from unittest import mock

import numpy as np
import torch
from hypothesis import strategies as st

import lossviz as lv
from bad_values import (
    BAD_ACTIVATION,
    NAMES,
    PROBLEM_NAMES,
    Case,
    bad_array,
    bad_name,
    bad_real,
    bad_whole,
)
from lossviz.activations import registry

BAD_OUTPUTS = bad_array(4, 2, longer=False)


def registered(**arguments):
    with mock.patch.dict(registry._REGISTERED):
        return lv.register_activation(**arguments)


NO_TEXT = st.sampled_from([3, None, b"a", ["a"], 1.5, object()])
NO_FUNCTION = [3, "tanh", 1.5, ["f"], object(), torch.zeros(3)]
# Not a tensor; another shape or dtype; not by element; not finite; works in place.
BAD_FUNCTIONS = [
    lambda z: z.tolist(), lambda z: z.numpy(), lambda z: z.sum(), lambda z: z.half(),
    lambda z: (z > 0), lambda z: z.reshape(-1), lambda z: z - z.mean(),
    lambda z: torch.cumsum(z.reshape(-1), 0).reshape(z.shape), lambda z: torch.sqrt(z),
    lambda z: torch.exp(z * z), lambda z: z.clamp_(min=0), lambda z: z + torch.rand_like(z),
    lambda z: z[0], lambda z: z @ z, lambda: 3,
]  # fmt: skip
SLOPES = {
    "derivative": [lambda z: 1 - torch.tanh(z), torch.zeros_like, lambda z: 1.001 / z.cosh() ** 2],
    "second_derivative": [lambda z: 2 * torch.tanh(z) / z.cosh() ** 2, torch.ones_like],
}
BAD_SLOPES = {
    what: st.sampled_from([*NO_FUNCTION, *BAD_FUNCTIONS, *wrong]) for what, wrong in SLOPES.items()
}
BAD_MEASURES = [
    lambda h: h, lambda h: h.mean(), lambda h: float(h.max()) / 2,
    lambda h: 3 + h.mean(dim=(-2, -1)),
    lambda h: torch.full(h.shape[:-2], math.nan, dtype=h.dtype),
    lambda h: h.abs().mean(dim=-1), lambda h: torch.full(h.shape[:-2], h.numel() / 100),
]  # fmt: skip

BAD_LABELS = st.sampled_from([
    None, 3, "labels", [0, 1], [0] * 6, [0.5, 1.0, 0.0, 1.0, 0.0, 1.0], [0, 1, 0, 1, 0, None],
    np.full((6, 1), 2.0), np.full((6, 1), np.nan), np.zeros((6, 0)), np.zeros((5, 1)),
])  # fmt: skip

CASES = {
    "activation_names": Case(lv.activation_names, {}),
    "problem_names": Case(lv.problem_names, {}),
    "get_activation": Case(
        lambda name, parameters: lv.get_activation(name, **parameters),
        {"name": "elu", "parameters": {"alpha": 0.5}},
        {
            "name": BAD_ACTIVATION | st.just(lv.get_activation("elu")),
            "parameters": st.sampled_from(
                [{"alpha": value} for value in (0, -1.0, math.nan, math.inf, "1", None, [1], True)]
                + [{"beta": 1.0}, {"alpha": 1.0, "negative_slope": 0.1}]
            ),
        },
    ),
    "register_activation": Case(
        registered,
        {
            "name": "own-tanh_2", "function": torch.tanh,
            "derivative": lambda z: torch.cosh(z) ** -2,
            "second_derivative": lambda z: -2 * torch.tanh(z) / torch.cosh(z) ** 2,
            "saturation": lambda h: h.abs().mean(dim=(-2, -1)), "saturation_measure": "mean",
            "label": "own", "formula": r"\tanh z", "source": "own", "minimum": None,
            "range": (-1, 1.0), "overwrite": False,
        },
        {
            "name": st.sampled_from([3, None, "", " a", "1a", "a b", "é", "a/b", *NAMES, "swish"]),
            "function": st.sampled_from([*NO_FUNCTION, None, *BAD_FUNCTIONS]),
            **BAD_SLOPES,
            "saturation": st.sampled_from([*NO_FUNCTION, None, *BAD_MEASURES]),
            "saturation_measure": NO_TEXT,
            "label": NO_TEXT.filter(lambda value: value is not None),
            "formula": NO_TEXT, "source": NO_TEXT,
            "minimum": st.sampled_from(
                [3, "ab", (1,), (1, 2, 3), (0.0, math.nan), (0.0, -2.0), (-9.0, 0.5), ("a", 1),
                 {"z": 1, "f": 2}, (True, 1.0), (-math.inf, -1.0)]
            ),
            "range": st.sampled_from(
                [3, "ab", (1,), (1, 2, 3), (1.0, -1.0), (0.0, 1.0), (math.nan, 1.0), (-1.0, 0.9),
                 (1.0, 1.0), ("a", 1), {"low": 1, "high": 2}, (-1.0, None)]
            ),
            "overwrite": st.sampled_from([0, 1, None, "yes", []]),
        },
    ),
    "load_problem": Case(
        lv.load_problem,
        {"name": "iris", "seed": 1, "hidden": 2},
        {
            "name": bad_name(*PROBLEM_NAMES), "seed": bad_whole(0),
            "hidden": bad_whole(1, optional=True),
        },
    ),
    "problem_from_arrays": Case(
        lv.problem_from_arrays,
        {
            "inputs": np.arange(12.0).reshape(6, 2), "targets": [0, 1, 0, 1, 0, 1], "hidden": 2,
            "name": "mine", "test_share": 0.5, "test_inputs": [[0.0, 1.0], [2.0, 3.0]],
            "test_targets": [0, 1], "scale": "unit", "seed": 0,
        },
        {
            "inputs": bad_array(6, 2, longer=False),
            "targets": BAD_LABELS, "hidden": bad_whole(1),
            "name": st.sampled_from([None, 3, b"mine", ["mine"]]),
            "test_share": bad_real(above=0, top=1.0).filter(lambda value: value != 1.0),
            "test_inputs": bad_array(2, 2) | st.just(None),
            "test_targets": st.sampled_from([None, [0, 2], [0], ["a", "b"], [[0.0], [1.0]], 1.0]),
            "scale": bad_name("standardise", "unit", "none"), "seed": bad_whole(0),
        },
    ),
    "dead_units": Case(lv.dead_units, {"outputs": np.zeros((4, 2))}, {"outputs": BAD_OUTPUTS}),
    **{
        f"Activation.{name}": Case(
            getattr(lv.get_activation("elu"), name), {"net_input": [1.0]},
            {"net_input": bad_array(not_finite=False)},
        )
        for name in ("derivative", "second_derivative", "__call__")
    },
}  # fmt: skip
