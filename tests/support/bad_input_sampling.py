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
from lossviz.sampling import measures

MEASURES = (*measures.MEASURES,)
BAD_NUMBERS = st.sampled_from([5, "01", [0], [0, 0], [0, -1], [0, 1.5], [0, "1"], [0, 1, 2]])

SHARED = {
    "landscape": landscape(), "num_walks": 2, "num_steps": 2, "max_step": 0.1,
    "start_range": 1.0, "seed": 0, "bounds": 2.0, "measures": ("loss",), "rtol": 1e-8,
    "null_directions": "count", "batch_size": 2, "walk_numbers": [0, 1], "progress": False,
}  # fmt: skip
BAD_SHARED = {
    "landscape": BAD_LANDSCAPE, "num_walks": bad_whole(1), "num_steps": bad_whole(1),
    "max_step": bad_real(above=0), "start_range": bad_real(above=0), "seed": bad_whole(0),
    "bounds": bad_real(minimum=1.0, optional=True), "measures": bad_names(bad_name(*MEASURES)),
    "rtol": RTOL, "null_directions": bad_name("count", "project"),
    # Above XOR's number of samples, too.
    "batch_size": bad_whole(1, optional=True) | st.integers(min_value=5),
    "walk_numbers": BAD_NUMBERS, "progress": st.sampled_from([0, 1, "yes", []]),
}  # fmt: skip

CASES = {
    "progressive_gradient_walk": Case(
        lv.progressive_gradient_walk,
        SHARED | {"zero_gradient": "stay"},
        BAD_SHARED | {"zero_gradient": bad_name("increase", "stay", "random")},
    ),
    **{
        name: Case(getattr(lv, name), SHARED, BAD_SHARED)
        for name in ("random_walk", "progressive_random_walk", "manhattan_walk")
    },
}
