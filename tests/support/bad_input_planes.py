"""Bad input to directions, lines and planes."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import strategies as st

import lossviz as lv
from bad_values import BAD_LANDSCAPE, Case, bad_array, bad_name, bad_real, bad_whole, landscape

CENTRE = [0.5] * 9
FIRST, SECOND = np.arange(1.0, 10), np.cos(np.arange(9.0))

ONE_POINT = bad_array(9) | st.just(np.zeros((2, 9)))
# Where several are allowed, one number for each weight is still too few or too many.
ONE_DIRECTION = ONE_POINT | st.just(np.zeros(9))
DIRECTIONS = bad_array(9) | st.sampled_from([np.zeros(9), np.zeros((0, 9)), [FIRST, np.zeros(9)]])
BY = bad_name("filter", "layer", "model")
TREATMENT = bad_name("zero", "match", "keep")
BAD_PATH = st.sampled_from(
    [3, 1.5, b"plane.nc", ["plane.nc"], "plane.txt", "", "no/such/folder/plane.nc", "."]
)
BAD_PROGRESS = st.sampled_from([0, 1, "yes", 1.0, [True]])
SLICE = {
    "landscape": BAD_LANDSCAPE, "centre": ONE_POINT,
    "span": bad_real(above=0) | st.sampled_from(["Auto", "automatic"]), "resolution": bad_whole(2),
    "path": BAD_PATH, "progress": BAD_PROGRESS,
}  # fmt: skip
GOOD = {"landscape": landscape(), "centre": CENTRE}
SMALL = {"span": 1.0, "resolution": 3, "path": None, "progress": False}

CASES = {
    "random_directions": Case(
        lv.random_directions,
        {**GOOD, "count": 2, "seed": 0, "by": "filter"},
        {
            "landscape": BAD_LANDSCAPE, "centre": ONE_POINT, "count": bad_whole(1),
            "seed": bad_whole(0), "by": BY.filter(lambda name: name is not None),
        },
    ),
    "eigenvector_directions": Case(
        lv.eigenvector_directions,
        {
            **GOOD, "count": 2, "which": "largest", "tolerance": 1e-4, "max_iterations": 50,
            "seed": 0,
        },
        {
            "landscape": BAD_LANDSCAPE, "centre": ONE_POINT,
            "count": bad_whole(1) | st.integers(min_value=10),
            "which": bad_name("largest", "smallest", "magnitude"),
            "tolerance": bad_real(minimum=0).filter(lambda value: value != 0) | st.just(1.0),
            "max_iterations": bad_whole(2), "seed": bad_whole(0),
        },
    ),
    "principal_directions": Case(
        lv.principal_directions,
        {"points": [[0.0, 0], [1, 0], [0, 2]], "count": 2},
        {
            "points": bad_array(3, 2, longer=False),
            "count": bad_whole(1) | st.integers(min_value=3),
        },
    ),
    "difference": Case(
        lv.difference,
        {"landscape": landscape(), "start": CENTRE, "end": FIRST},
        {"landscape": BAD_LANDSCAPE, "start": ONE_POINT, "end": ONE_POINT | st.just(CENTRE)},
    ),
    "normalise": Case(
        lv.normalise,
        {**GOOD, "directions": [FIRST, SECOND], "by": "layer", "biases": "zero", "norms": "zero"},
        {
            "landscape": BAD_LANDSCAPE, "centre": ONE_POINT, "directions": DIRECTIONS, "by": BY,
            "biases": TREATMENT, "norms": TREATMENT,
        },
    ),
    "filter_normalise": Case(
        lv.filter_normalise,
        {**GOOD, "direction": FIRST},
        {"landscape": BAD_LANDSCAPE, "centre": ONE_POINT, "direction": DIRECTIONS},
    ),
    "orthogonalise": Case(
        lv.orthogonalise,
        {"landscape": landscape(), "directions": [FIRST, SECOND], "by": "model"},
        {
            "landscape": BAD_LANDSCAPE, "by": BY,
            "directions": bad_array(2, 9)
            | st.sampled_from([[FIRST, 2 * FIRST], FIRST, np.zeros((2, 9))]),
        },
    ),
    "loss_line": Case(
        lv.loss_line,
        {**GOOD, "direction": FIRST, **SMALL},
        {**SLICE, "direction": ONE_DIRECTION},
    ),
    "loss_plane": Case(
        lv.loss_plane,
        {**GOOD, "direction_a": FIRST, "direction_b": SECOND, **SMALL},
        {
            **SLICE, "direction_a": ONE_DIRECTION,
            "direction_b": ONE_DIRECTION | st.sampled_from([FIRST, torch.tensor(-2 * FIRST)]),
        },
    ),
}  # fmt: skip
