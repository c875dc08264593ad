"""Bad input to the analysis floor's public names."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import strategies as st

import lossviz as lv
from bad_values import (
    BAD_LANDSCAPE,
    NAMES,
    RTOL,
    WEIGHTS,
    Case,
    bad_array,
    bad_real,
    bad_whole,
    landscape,
    sample,
)

BAD_FLAG = st.sampled_from([None, 0, 1, 1.0, "yes", "", [], np.bool_(True)])
BAD_SHARE = bad_real(above=0, top=1.0) | st.just(1.0)

# Series of losses that are too short, of another shape, or no finite real numbers.
BAD_LOSS = bad_array(30, longer=False) | st.sampled_from(
    [[1.0, 2.0], np.zeros((2, 3, 30)), np.zeros((0, 30)), np.zeros((30, 0)), xr.Dataset(),
     sample().drop_vars("loss"), sample() * np.nan, sample().isel(step=slice(2)),
     xr.DataArray(np.zeros(30), dims="time"), xr.DataArray(np.zeros((3, 30)), dims=("a", "step"))]
)  # fmt: skip


def walked():
    return sample().assign(test_loss=2 * sample().loss)


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
            "min_walks": 1, "num_walks": 2, "seed": 0, "kinds": False, "landscape": None,
            "progress": False,
        },
        {
            "source": st.sampled_from(
                [None, "xor", np.zeros((2, 3)), xr.Dataset(), sample().isel(walk=0),
                 sample().drop_vars("loss"), sample() * np.nan, sample().isel(step=slice(0))]
            ),
            "gradient_tolerance": bad_real(above=0), "separation": bad_real(above=0),
            "min_walks": bad_whole(1), "num_walks": bad_whole(1, optional=True),
            "seed": bad_whole(0), "kinds": BAD_FLAG,
            "progress": st.sampled_from([0, 1, "yes", 1.0, []]),
            "landscape": BAD_LANDSCAPE.filter(lambda value: value is not None),
        },
    ),
    "attractor_kind": Case(
        lv.attractor_kind,
        {"landscape": landscape(), "weights": [0.0] * 9, "separation": 0.03, "rtol": 1e-8},
        {
            "landscape": BAD_LANDSCAPE,
            "weights": bad_array(9) | st.just(np.zeros((0, 9))),
            "separation": bad_real(above=0), "rtol": RTOL,
        },
    ),
    "bootstrap": Case(
        lv.bootstrap,
        {
            "values": [1.0, 2.0], "statistic": np.mean, "groups": None, "level": 0.9,
            "resamples": 5, "seed": 0,
        },
        {
            "values": bad_array(2, longer=False) | st.just(np.zeros((2, 0))),
            "statistic": st.sampled_from(
                [None, "mean", 3, len(NAMES), str, np.cumsum, lambda _: np.nan]
            ),
            "groups": st.sampled_from([[1], [1, 2, 3], "ab", 5, [[1, 2]], [None, None]]),
            "level": BAD_SHARE, "resamples": bad_whole(1), "seed": bad_whole(0),
        },
    ),
    "cliffs_delta": Case(
        lv.cliffs_delta,
        {
            "a": [1.0, 2.0], "b": [1.0, 3.0], "paired": True, "level": 0.9, "resamples": 5,
            "seed": 0,
        },
        {
            "a": bad_array(2), "b": bad_array(2), "paired": BAD_FLAG, "level": BAD_SHARE,
            "resamples": bad_whole(1), "seed": bad_whole(0),
        },
    ),
    "generalisation": Case(
        lv.generalisation,
        {"walks": walked()},
        {
            "walks": st.sampled_from([None, 3, "walks", [], {}, np.zeros((2, 3)), xr.Dataset(),
                                      sample(), walked().drop_vars("loss"), walked() * np.nan,
                                      walked().isel(step=0), walked().isel(walk=slice(0))]),
        },
    ),
    "compare_samplers": Case(
        lv.compare_samplers,
        {
            "landscape": landscape(), "num_walks": 1, "start_range": 1.0, "seed": 0,
            "settings": {"macro": (0.1, 2)}, "progress": False,
        },
        {
            "landscape": BAD_LANDSCAPE, "num_walks": bad_whole(1),
            "start_range": bad_real(above=0), "seed": bad_whole(0),
            "settings": st.sampled_from([None, {}, 3, "micro", [(0.1, 2)], {"a": 0.1}, {"a": "ab"}])
            | st.builds(lambda share: {"a": (share, 2)}, bad_real(above=0, top=1.0))
            | st.builds(lambda points: {"a": (0.1, points)}, bad_whole(1)),
            "progress": st.sampled_from([0, 1, "yes", 1.0, []]),
        },
    ),
    "published_samplers": Case(lv.published_samplers, {}),
    "compare": Case(
        lv.compare,
        {
            "values_by_group": {"x": [1.0, 2.0], "y": [1.0, 3.0]}, "paired": True, "level": 0.9,
            "resamples": 5, "seed": 0,
        },
        {
            "values_by_group": st.sampled_from(
                [None, [1.0, 2.0], {}, {"x": [1.0]}, {"x": [1.0], "y": []},
                 {"x": [1.0], "y": ["a"]}, {"x": [np.nan], "y": [1.0]}, {"x": [[1.0]], "y": [1.0]}]
            ),
            "paired": BAD_FLAG, "level": BAD_SHARE, "resamples": bad_whole(1),
            "seed": bad_whole(0),
        },
    ),
    "effective_weights": Case(
        lv.effective_weights,
        {"landscape": landscape(), "weights": [0.5] * 9, "tolerance": 0.0},
        {"landscape": BAD_LANDSCAPE, **WEIGHTS, "tolerance": bad_real(minimum=0)},
    ),
    "find_valleys": Case(
        lv.find_valleys,
        {
            "walks": (np.ones((2, 3)), np.arange(6.0).reshape(2, 3)), "quantile": 0.5,
            "level": None, "confidence": 0.9, "resamples": 2, "seed": 0,
        },
        {
            "walks": st.sampled_from(
                [None, 3, "walks", [], np.ones((2, 3)), xr.Dataset(), sample() * np.nan,
                 sample().drop_vars("loss"), (np.ones((2, 3)), np.ones((3, 2))),
                 (np.ones((2, 3)), -np.ones((2, 3))), (np.ones((2, 3)), "norm"),
                 (np.ones((2, 3)), np.zeros((2, 3)))]
            ),
            "quantile": BAD_SHARE, "level": bad_real(minimum=0, optional=True) | st.just(0.5),
            "confidence": BAD_SHARE, "resamples": bad_whole(1), "seed": bad_whole(0),
        },
    ),
    "gradient_measures": Case(
        lv.gradient_measures,
        {"walks": [1.0, 2.0, 3.0], "max_step": 0.1, "bounds": 1.0, "num_weights": 2},
        {
            "walks": BAD_LOSS, "max_step": bad_real(above=0), "bounds": bad_real(above=0),
            "num_weights": bad_whole(1),
        },
    ),
    "hessian_rank": Case(
        lv.hessian_rank,
        {"landscape": landscape(), "weights": [0.5] * 9, "rtol": 1e-8},
        {"landscape": BAD_LANDSCAPE, **WEIGHTS, "rtol": RTOL},
    ),
    "neutrality": Case(
        lv.neutrality,
        {"loss": [1.0, 2.0, 3.0], "epsilon": 0.1},
        {"loss": BAD_LOSS, "epsilon": bad_real(minimum=0)},
    ),
    "rank_test": Case(
        lv.rank_test,
        {"a": [1.0, 2.0], "b": [1.0, 3.0], "paired": True},
        {"a": bad_array(2), "b": bad_array(2), "paired": BAD_FLAG},
    ),
    "ruggedness": Case(lv.ruggedness, {"loss": [1.0, 2.0, 3.0]}, {"loss": BAD_LOSS}),
    "stagnation": Case(lv.stagnation, {"loss": np.arange(11.0)}, {"loss": BAD_LOSS}),
}  # fmt: skip
