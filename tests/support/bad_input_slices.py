"""Bad input to pictures of what slices show and hide."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import strategies as st

import geometry_data as data
import lossviz as lv
from bad_input_pictures import BAD_VARIABLE, bad_sets
from bad_values import Case, bad_array

HOLE = data.plane()
HOLE["loss"] = HOLE.loss.where(HOLE.alpha < 0.9)
LEVEL = data.plane().assign(loss=xr.zeros_like(data.plane().loss))

CASES = {
    "plots.above_below": Case(
        lv.plots.above_below,
        {"planes": data.plane(), "variable": "loss"},
        {
            "planes": bad_sets(data.plane(), "loss", "alpha", "beta")
            | st.sampled_from([data.plane(points=8), HOLE, LEVEL, {"a": data.plane(), "b": HOLE}]),
            "variable": BAD_VARIABLE,
        },
    ),
    "plots.slice_curvatures": Case(
        lv.plots.slice_curvatures,
        {"curvatures": np.array([0.1, 0.2, 0.3]), "eigenvalues": np.array([-0.4, 0.8])},
        {
            "curvatures": bad_array(3, longer=False) | st.just(np.zeros((2, 2))),
            "eigenvalues": bad_array(2, longer=False) | st.just(np.zeros((2, 2))),
        },
    ),
}
