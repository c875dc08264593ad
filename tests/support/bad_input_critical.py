"""Bad input to the public names about critical points."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import lossviz as lv
from bad_values import (
    BAD_LANDSCAPE,
    RTOL,
    WEIGHTS,
    Case,
    bad_array,
    bad_real,
    bad_whole,
    landscape,
)

NO_MAPPING = [{}, None, 3, [1.0, 2.0], "ab"]

CASES = {
    "goe_matrices": Case(
        lv.goe_matrices,
        {"size": 2, "count": 3, "seed": 0},
        {"size": bad_whole(1), "count": bad_whole(1), "seed": bad_whole(0)},
    ),
    "goe_positive_share": Case(
        lv.goe_positive_share, {"size": 2}, {"size": bad_whole(1) | st.integers(min_value=4)}
    ),
    "quadratic_descent": Case(
        lv.quadratic_descent,
        {"eigenvalues": [1.0, 2.0], "start": [0.5, 0.5], "rate": 0.1, "num_steps": 3},
        {
            # Any other length is one that the start does not have.
            "eigenvalues": bad_array(2, longer=False), "start": bad_array(2),
            "rate": bad_real(above=0), "num_steps": bad_whole(1),
        },
    ),
    "hessian_parts": Case(
        lv.hessian_parts,
        {"landscape": landscape(), "weights": [0.5] * 9},
        {"landscape": BAD_LANDSCAPE, **WEIGHTS},
    ),
    "share_interval": Case(
        lv.share_interval,
        {"count": 2, "total": 5, "level": 0.95},
        {
            "count": bad_whole(0) | st.integers(min_value=6), "total": bad_whole(1),
            "level": bad_real(above=0, top=1.0),
        },
    ),
    "find_critical_points": Case(
        lv.find_critical_points,
        {"landscape": landscape(), "starts": [[0.5] * 9], "penalty": 0.01, "tolerance": 1e-6,
         "max_steps": 2, "rtol": 1e-8},
        {
            "landscape": BAD_LANDSCAPE, "starts": bad_array(1, 9), "penalty": bad_real(minimum=0)
            .filter(lambda value: value != 0), "tolerance": bad_real(above=0),
            "max_steps": bad_whole(1), "rtol": RTOL,
        },
    ),
    "plots.quadratic_gallery": Case(
        lv.plots.quadratic_gallery,
        {"gallery": {"a": (1.0, -1.0)}, "paths": {"a": [(0.5, 0.5)]}},
        {
            "gallery": st.sampled_from(
                [*NO_MAPPING, {"a": (1.0,)}, {"a": (1.0, np.nan)}, {"a": "ab"}, {"a": None}]
            ),
            "paths": st.sampled_from(
                [*NO_MAPPING, {"b": [(0.5, 0.5)]}, {"a": []}, {"a": [(0.5,)]},
                 {"a": [(0.5, np.inf)]}, {"a": None}]
            ),
        },
    ),
    "plots.zero_counts": Case(
        lv.plots.zero_counts,
        {"rtols": [1e-8, 1e-4], "counts": {"float64": [5.0, 6.0]}, "known": 5},
        {
            "rtols": bad_array(2, longer=False) | st.sampled_from([[0.0, 1.0], [-1.0, 1.0]]),
            "counts": st.sampled_from(
                [*NO_MAPPING, {"a": [1.0]}, {"a": [1.0, np.nan]}, {"a": "ab"}, {"": [1.0, 2.0]},
                 {3: [1.0, 2.0]}, {str(n): [1.0, 2.0] for n in range(6)}]
            ),
            "known": bad_whole(0),
        },
    ),
    "plots.positive_shares": Case(
        lv.plots.positive_shares,
        {"estimates": {1: (0.5, 0.4, 0.6)}, "references": {"exact": {1: 0.5}}},
        {
            "estimates": st.sampled_from(
                [*NO_MAPPING, {0: (0.5, 0.4, 0.6)}, {1.5: (0.5, 0.4, 0.6)}, {1: (0.5, 0.6, 0.7)},
                 {1: (0.5, 0.4, 1.2)}, {1: (0.5, 0.4)}, {1: (0.5, np.nan, 0.6)},
                 {1: (0.0, 0.0, 0.0)}, {1: "abc"}]
            ),
            "references": st.sampled_from(
                [*NO_MAPPING, {"a": {}}, {"a": {0: 0.5}}, {"a": {1: 0.0}}, {"a": {1: np.nan}},
                 {"a": {"1": 0.5}}, {"a": None}, {"": {1: 0.5}},
                 {str(n): {1: 0.5} for n in range(5)}]
            ),
        },
    ),
    "plots.index_cloud": Case(
        lv.plots.index_cloud,
        {"groups": {"a": ([0.3, 0.6], [0, 5])}, "num_weights": 10},
        {
            "groups": st.sampled_from(
                [*NO_MAPPING, {"a": [0.3]}, {"a": ([0.3], [0, 1])}, {"a": ([0.3], [11])},
                 {"a": ([0.3], [-1])}, {"a": ([np.nan], [0])}, {"a": ([0.3], "a")}, {"a": None},
                 {"": ([0.3], [0])}, {str(n): ([0.3], [0]) for n in range(6)}]
            ),
            "num_weights": bad_whole(1),
        },
    ),
}  # fmt: skip
