"""Bad input to the analysis floor's public names."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import strategies as st

import lossviz as lv
from bad_values import Case, bad_array, bad_real, bad_whole, landscape, sample

CASES = {
    "bootstrap_mean": Case(
        lv.bootstrap_mean,
        {"values": [1.0, 2.0], "level": 0.9, "resamples": 5, "seed": 0},
        {
            "values": bad_array(2, longer=False),
            "level": bad_real(above=0, top=1.0) | st.just(1.0),
            "resamples": bad_whole(1),
            "seed": bad_whole(0),
        },
    ),
    "find_attractors": Case(
        lv.find_attractors,
        {
            "source": landscape(), "gradient_tolerance": 1e-2, "separation": 0.03,
            "min_walks": 1, "num_walks": 2, "seed": 0,
        },
        {
            "source": st.sampled_from(
                [None, "xor", np.zeros((2, 3)), xr.Dataset(), sample().isel(walk=0),
                 sample().drop_vars("loss"), sample() * np.nan, sample().isel(step=slice(0))]
            ),
            "gradient_tolerance": bad_real(above=0), "separation": bad_real(above=0),
            "min_walks": bad_whole(1), "num_walks": bad_whole(1, optional=True),
            "seed": bad_whole(0),
        },
    ),
}  # fmt: skip
