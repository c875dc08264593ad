"""Bad input to the ground floor's public names."""

from __future__ import annotations

import numpy as np

import lossviz as lv
from bad_values import NAMES, PROBLEM_NAMES, Case, bad_array, bad_name, bad_whole

BAD_OUTPUTS = bad_array(4, 2, longer=False)

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
    **{
        f"Activation.{name}": Case(
            getattr(lv.get_activation("elu"), name), {"net_input": [1.0]},
            {"net_input": bad_array(not_finite=False)},
        )
        for name in ("derivative", "second_derivative", "__call__")
    },
}  # fmt: skip
