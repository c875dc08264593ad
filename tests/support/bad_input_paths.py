"""Bad input to the geometry floor's paths, trajectories and symmetries."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import strategies as st

import lossviz as lv
from bad_values import (
    BAD_LANDSCAPE,
    WEIGHTS,
    Case,
    bad_array,
    bad_name,
    bad_names,
    bad_real,
    bad_whole,
    landscape,
)

RELU = lv.Landscape("xor", "relu")
OPTIMISERS = ("gd", "sgd", "momentum", "adam", "sam")
ALPHA = np.linspace(0, 1, 3)
PATH = xr.Dataset({"loss": ("alpha", ALPHA)}, {"alpha": ALPHA})
RUN = xr.Dataset({"weights": (("walk", "step", "weight"), np.arange(12.0).reshape(1, 4, 3) ** 2)})

BAD_LAYER = bad_whole(0) | st.integers(min_value=1)
# From a part of a number: a batch of none, or of more than the four patterns.
BAD_BATCH = bad_whole(1, optional=True) | st.integers(min_value=5)
BAD_SHARE = bad_real(minimum=0, top=1.0).filter(lambda value: value != 1.0) | st.just(1.0)
ONE_POINT = bad_array(9) | st.just(np.zeros((2, 9)))
NO_SWITCH = st.sampled_from([None, 0, 1, "yes", 1.0, [True]])

BAD_PROGRESS = st.sampled_from([0, 1, "yes", 1.0, [True]])


def bad_numbers(*more):
    """What is no sequence of distinct numbers of two units."""
    return st.sampled_from([None, 3, "01", b"01", 1.5, {0, 1}, [0, 0], [0, 2], [-1, 0], [0.0, 1.0],
                            [True, False], ["0", "1"], [None, 1], *more])  # fmt: skip


MOVES = {"landscape": BAD_LANDSCAPE, **WEIGHTS, "layer": BAD_LAYER}
NET = {"landscape": landscape(), "weights": [0.5] * 9, "layer": 0}

CASES = {
    "permute_units": Case(
        lv.permute_units, {**NET, "order": [1, 0]}, {**MOVES, "order": bad_numbers([0], [])}
    ),
    "flip_signs": Case(lv.flip_signs, {**NET, "units": [1]}, {**MOVES, "units": bad_numbers()}),
    "rescale_units": Case(
        lv.rescale_units,
        {**NET, "landscape": RELU, "factors": [2.0, 3.0]},
        {
            **MOVES, "landscape": BAD_LANDSCAPE | st.just(landscape()),
            "factors": bad_array(2).filter(lambda value: not isinstance(value, float))
            | st.sampled_from([[1.0, 0.0], -1.0, [1.0, -2.0]]),
        },
    ),
    "rescale_to_sharpness": Case(
        lv.rescale_to_sharpness,
        {
            "landscape": RELU, "weights": [1.0, 1, 1, 1, 0.5, -0.5, 1, -2, 0], "sharpness": 100.0,
            "layer": 0, "tolerance": 1e-3,
        },
        {
            "landscape": BAD_LANDSCAPE | st.just(landscape()), "weights": ONE_POINT,
            "sharpness": bad_real(above=0) | st.sampled_from([1e-9, 1e200]), "layer": BAD_LAYER,
            "tolerance": bad_real(minimum=1e-9, top=1.0).filter(lambda value: value != 1.0)
            | st.just(1.0),
        },
    ),
    "orbit_size": Case(lv.orbit_size, {"landscape": landscape()}, {"landscape": BAD_LANDSCAPE}),
    "orbit": Case(
        lv.orbit,
        {"landscape": landscape(), "weights": [0.5] * 9},
        {"landscape": BAD_LANDSCAPE, "weights": ONE_POINT},
    ),
    "forced_zeros": Case(
        lv.forced_zeros,
        {"landscape": landscape(), "weights": [0.5] * 9, "tolerance": 1e-8},
        {"landscape": BAD_LANDSCAPE, "weights": ONE_POINT, "tolerance": bad_real(minimum=0)},
    ),
    "match_units": Case(
        lv.match_units,
        {
            "landscape": landscape(), "reference": [0.5] * 9, "weights": [0.5] * 9,
            "signs": False, "seed": 0,
        },
        {
            "landscape": BAD_LANDSCAPE, "reference": ONE_POINT, **WEIGHTS,
            "signs": NO_SWITCH, "seed": bad_whole(0),
        },
    ),
    "train": Case(
        lv.train,
        {
            "landscape": landscape(), "start": [0.5] * 9, "optimiser": "sgd",
            "learning_rate": 0.1, "num_steps": 2, "batch_size": 2, "seed": 0,
            "measures": ("loss",), "every": 1, "momentum": 0.9, "betas": (0.9, 0.99),
            "radius": 0.05, "progress": False,
        },
        {
            "landscape": BAD_LANDSCAPE, "start": bad_array(9) | st.just(np.zeros((0, 9))),
            "optimiser": bad_name(*OPTIMISERS) | st.just("gd"),
            "learning_rate": bad_real(above=0), "num_steps": bad_whole(1),
            "batch_size": BAD_BATCH, "seed": bad_whole(0), "measures": bad_names(bad_name(
                "loss", "gradient_norm", "accuracy", "test_loss", "test_accuracy", "saturation",
                "sharpness", "weights")),
            "every": bad_whole(1), "momentum": BAD_SHARE,
            "betas": st.sampled_from([None, 0.9, "ab", (0.9,), (0.9, 0.9, 0.9), (1.0, 0.5),
                                      (0.5, -0.1), (0.5, "a"), (float("nan"), 0.5)]),
            "radius": bad_real(above=0), "progress": BAD_PROGRESS,
        },
    ),
    "project_trajectory": Case(
        lv.project_trajectory,
        {"trajectories": RUN, "directions": np.eye(2, 3), "centre": np.zeros(3)},
        {
            "trajectories": st.sampled_from([
                None, 3, "run", [RUN], {}, {"a": 3}, {"a": xr.Dataset()}, xr.Dataset(),
                RUN.isel(walk=0), RUN * np.nan, RUN.isel(weight=[0]), RUN * 0,
                {"a": RUN, "b": RUN.isel(weight=[0, 1])},
            ]),
            "directions": bad_array(2, 3).filter(lambda value: value is not None)
            | st.sampled_from([np.ones((2, 3)), np.zeros((2, 3)), np.eye(3)]),
            "centre": bad_array(3).filter(lambda value: value is not None),
        },
    ),
    "interpolate": Case(
        lv.interpolate,
        {"landscape": landscape(), "start": [0.5] * 9, "end": [1.0] * 9, "resolution": 3},
        {
            "landscape": BAD_LANDSCAPE, "start": ONE_POINT, "end": ONE_POINT,
            "resolution": bad_whole(2),
        },
    ),
    "connect": Case(
        lv.connect,
        {
            "landscape": landscape(), "start": [0.5] * 9, "end": [1.0] * 9, "resolution": 3,
            "num_steps": 2, "optimiser": "sgd", "learning_rate": 0.1, "times": 2,
            "batch_size": 2, "seed": 0, "progress": False,
        },
        {
            "landscape": BAD_LANDSCAPE, "start": ONE_POINT, "end": ONE_POINT,
            "resolution": bad_whole(2), "num_steps": bad_whole(0),
            "optimiser": bad_name(*OPTIMISERS) | st.just("gd"),
            "learning_rate": bad_real(above=0), "times": bad_whole(1),
            "batch_size": BAD_BATCH, "seed": bad_whole(0), "progress": BAD_PROGRESS,
        },
    ),
    "barrier": Case(
        lv.barrier,
        {"path": PATH, "variable": "loss"},
        {
            "path": st.sampled_from([
                None, 3, "path", ALPHA, xr.Dataset(), PATH.rename(loss="x"), PATH.isel(alpha=[0]),
                PATH.isel(alpha=[0, 1]), PATH.isel(alpha=[2, 1, 0]), PATH.drop_vars("alpha"),
                PATH.expand_dims("walk"), PATH.rename(alpha="x"),
            ]),
            "variable": bad_name("loss", "test_loss"),
        },
    ),
}  # fmt: skip
