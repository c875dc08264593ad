"""Bad input to the public names about sharpness, stability and outliers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import lossviz as lv
from bad_values import Case, bad_array, bad_real, bad_whole

NO_MAPPING = [{}, None, 3, [1.0, 2.0], "ab"]
TEXT = st.sampled_from(["", "  ", 3, None])

CASES = {
    "edge_of_stability": Case(
        lv.edge_of_stability,
        {"loss": [0.5, 0.4], "sharpness": [1.0, 2.0], "learning_rate": 0.1},
        {
            # Any other length of losses is one that the sharpness does not have.
            "loss": bad_array(2, longer=False), "sharpness": bad_array(2),
            "learning_rate": bad_real(above=0),
        },
    ),
    "spectral_outliers": Case(
        lv.spectral_outliers,
        {"eigenvalues": [3.0, 1.0, -1.0], "most": 2},
        {
            "eigenvalues": st.sampled_from(
                [[], [1.0], [1.0, -2.0, 0.0], [1.0, np.nan], [[1.0, 2.0]], "ab", None, [1.0, "a"]]
            ),
            "most": bad_whole(1),
        },
    ),
    "plots.outlier_tracks": Case(
        lv.plots.outlier_tracks,
        {"steps": [0, 10], "spectra": {"relu": ([[2.0, 1.0], [3.0, 1.0]], [1, 2])}},
        {
            "steps": st.sampled_from([[], [10, 0], [0, 0], [0, np.nan], [[0, 1]], "ab", None]),
            "spectra": st.sampled_from(
                [*NO_MAPPING, {"a": [[2.0, 1.0]]}, {"a": ([[2.0, 1.0]], [1])},
                 {"a": ([[1.0, 2.0]] * 2, [1, 1])}, {"a": ([[1.0, 0.0]] * 2, [1, 1])},
                 {"a": ([[2.0, np.nan]] * 2, [1, 1])}, {"a": ([[2.0, 1.0]] * 2, [1, 3])},
                 {"a": ([[2.0, 1.0]] * 2, [1, 0.5])}, {"a": ([[2.0, 1.0]] * 2, [-1, 0])},
                 {"a": None}]
            ),
        },
    ),
    "plots.point_groups": Case(
        lv.plots.point_groups,
        {"panels": {"a": {"gd": ([1.0, 2.0], [0.4, 0.3])}}, "xlabel": "x", "ylabel": "y"},
        {
            "panels": st.sampled_from(
                [*NO_MAPPING, {"a": {}}, {"a": None}, {"a": {"gd": [1.0, 2.0]}},
                 {"a": {"gd": ([1.0], [0.4, 0.3])}}, {"a": {"gd": ([], [])}},
                 {"a": {"gd": ([np.nan], [1.0])}}, {"a": {"gd": ([1.0], [np.inf])}},
                 {"a": {str(n): ([1.0], [1.0]) for n in range(7)}}]
            ),
            "xlabel": TEXT, "ylabel": TEXT,
        },
    ),
}  # fmt: skip
