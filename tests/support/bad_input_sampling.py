"""Bad input to the sampling floor's public names."""

from __future__ import annotations

from hypothesis import strategies as st

import lossviz as lv
from bad_values import (
    BAD_LANDSCAPE,
    RTOL,
    Case,
    bad_name,
    bad_names,
    bad_real,
    bad_whole,
    landscape,
)

MEASURES = ("loss", "gradient_norm", "accuracy", "test_loss", "test_accuracy", "saturation",
            "curvature", "eigenvalues", "weights")  # fmt: skip
BAD_NUMBERS = st.sampled_from([5, "01", [0], [0, 0], [0, -1], [0, 1.5], [0, "1"], [0, 1, 2]])

CASES = {
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
}  # fmt: skip
