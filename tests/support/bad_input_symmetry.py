"""Bad input to the pictures about symmetries."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import lossviz as lv
from bad_values import Case, bad_array

NO_MAPPING = [{}, None, 3, [1.0, 2.0], "ab"]
NO_LABEL = st.sampled_from(["", None, 3, ["a"]])

CASES = {
    "plots.unit_lines": Case(
        lv.plots.unit_lines,
        {"networks": {"a": [1.0] * 9}, "inputs": [[0, 0], [1, 1]], "targets": [0, 1]},
        {
            "networks": st.sampled_from(
                [*NO_MAPPING, {"a": None}, {"a": [1.0] * 8}, {"a": [1.0]}, {"a": [1.0] * 29},
                 {"a": [np.nan] * 9}, {"a": "ab"}, {"": [1.0] * 9}, {3: [1.0] * 9},
                 {"a": [1.0] * 9, "b": [1.0] * 5}]
            ),
            "inputs": st.sampled_from([None, "ab", [], [[0], [1]], [[0, np.inf]] * 2]),
            "targets": bad_array(2),
        },
    ),
    "plots.measure_curves": Case(
        lv.plots.measure_curves,
        {"values": [0.5, 1.0], "panels": {"a": {"trace": [1.0, 2.0]}}, "xlabel": "factor",
         "ylabel": "sharpness"},
        {
            "values": bad_array(2, longer=False) | st.sampled_from([[0.0, 1.0], [-1.0, 1.0]]),
            "panels": st.sampled_from(
                [*NO_MAPPING, {"a": {}}, {"a": None}, {"a": {"b": [1.0]}}, {"": {"b": [1.0, 2.0]}},
                 {"a": {"b": [0.0, 1.0]}}, {"a": {"b": [np.nan, 1.0]}}, {"a": {"b": "ab"}},
                 {"a": {"": [1.0, 2.0]}}, {"a": {3: [1.0, 2.0]}},
                 {"a": {str(n): [1.0, 2.0] for n in range(7)}}]
            ),
            "xlabel": NO_LABEL,
            "ylabel": NO_LABEL,
        },
    ),
}  # fmt: skip
