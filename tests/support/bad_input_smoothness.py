"""Bad input to the pictures of kinks and of mean outputs."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import lossviz as lv
from bad_values import Case, bad_array

_BAD_TEXT = st.sampled_from(["", " ", None, 3, ["a"]])
_BAD_CURVES = st.sampled_from(
    [{}, None, 3, {"tanhh": [0.1, 0.2]}, {"tanh": [0.1]}, {"tanh": "ab"}, {"tanh": [np.nan, 0.1]},
     {"relu": [0.1, 0.2]}]
)  # fmt: skip

CASES = {
    "plots.kink_curves": Case(
        lv.plots.kink_curves,
        {"net_inputs": [-1.0, 1.0], "panels": {"slope": {"relu": [0.0, 1.0]}}, "xlabel": "z"},
        {
            "net_inputs": bad_array(2, longer=False)
            | st.sampled_from([[0.0, 1.0], [1.0, 2.0], [1.0, -1.0], [-2.0, -1.0], [-1.0, 0.0]]),
            "panels": st.sampled_from(
                [{}, None, 3, {"a": {}}, {"a": None}, {"a": {"tanhh": [1.0, 2.0]}},
                 {"a": {"tanh": [1.0]}}, {"a": {"tanh": "ab"}}, {"a": {"tanh": [np.nan, 1.0]}}]
            ),
            "xlabel": _BAD_TEXT,
        },
    ),
    "plots.mean_output_curves": Case(
        lv.plots.mean_output_curves,
        {"measured": {"tanh": [0.1, 0.2]}, "expected": {"tanh": [0.1, 0.1]}, "ylabel": "mean"},
        {"measured": _BAD_CURVES, "expected": _BAD_CURVES, "ylabel": _BAD_TEXT},
    ),
}  # fmt: skip
