"""Bad input to the curvature floor's public names."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import lossviz as lv
from bad_values import RTOL, Case, bad_array

CASES = {
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
}  # fmt: skip
