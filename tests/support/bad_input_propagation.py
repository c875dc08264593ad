"""Bad input to the public names about signals in deep random networks."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import strategies as st

import lossviz as lv
from bad_values import BAD_ACTIVATION, Case, bad_name, bad_real, bad_whole

_NO_MAPPING = st.sampled_from([{}, None, 3, [1.0, 2.0], "ab"])
_NO_SIZES = st.sampled_from(
    [0.0, -1.0, [1.0, 0.0], [1.0, -2.0], np.nan, [np.inf], "wide", None, [[1.0], [1.0, 2.0]], 1j]
)
_BAD_SWITCH = st.sampled_from([None, 0, 1, "yes", [True]])

RAN = lv.measure_signals("tanh", 3, 4, keep_outputs=True)
THEORY = {"variance": [1.0, 0.5, 0.2], "gradient": [0.2, 0.5, 1.0]}
WITHOUT = RAN.drop_vars(["variance", "outputs"])
SPOILT = RAN.copy(deep=True)
SPOILT.variance[0, 1] = SPOILT.outputs[0, 0, 0, 0] = np.nan

CASES = {
    "gaussian_moments": Case(
        lv.gaussian_moments,
        {"activation": "tanh", "spread": 1.0},
        {"activation": BAD_ACTIVATION, "spread": _NO_SIZES},
    ),
    "initial_gain": Case(
        lv.initial_gain,
        {"activation": "tanh", "direction": "forward", "spread": 1.0},
        {
            "activation": BAD_ACTIVATION, "direction": bad_name("forward", "backward"),
            "spread": bad_real(above=0),
        },
    ),
    "signal_propagation": Case(
        lv.signal_propagation,
        {"activation": "tanh", "depth": 2, "gain": 1.0, "bias": 0.0, "input_square": 1.0},
        {
            "activation": BAD_ACTIVATION, "depth": bad_whole(1), "gain": _NO_SIZES,
            "bias": bad_real(minimum=0), "input_square": bad_real(above=0),
        },
    ),
    "measure_signals": Case(
        lv.measure_signals,
        {
            "activation": "tanh", "depth": 2, "width": 2, "gain": 1.0, "bias": 0.0,
            "num_networks": 1, "num_samples": 2, "seed": 0, "keep_outputs": False,
        },
        {
            "activation": BAD_ACTIVATION, "depth": bad_whole(1), "width": bad_whole(1),
            "gain": bad_real(above=0), "bias": bad_real(minimum=0), "num_networks": bad_whole(1),
            "num_samples": bad_whole(1), "seed": bad_whole(0), "keep_outputs": _BAD_SWITCH,
        },
    ),
    "plots.signal_curves": Case(
        lv.plots.signal_curves,
        {"measured": {"tanh": RAN}, "expected": {"tanh": THEORY}},
        {
            "measured": _NO_MAPPING | st.sampled_from(
                [{"tahn": RAN}, {"tanh": None}, {"tanh": xr.Dataset()}, {"tanh": WITHOUT},
                 {"tanh": SPOILT}, {"relu": RAN}]),
            "expected": _NO_MAPPING | st.sampled_from(
                [{"tanh": None}, {"relu": THEORY}, {"tanh": {"variance": [1.0, 0.5, 0.2]}},
                 {"tanh": THEORY | {"gradient": [1.0, 0.5]}},
                 {"tanh": THEORY | {"gradient": [1.0, 0.5, 0.0]}},
                 {"tanh": THEORY | {"gradient": [1.0, 0.5, np.nan]}}]),
        },
    ),
    "plots.layer_histograms": Case(
        lv.plots.layer_histograms,
        {"samples": {"gain 1": RAN}, "num_bins": 5},
        {
            "samples": _NO_MAPPING | st.sampled_from(
                [{"gain 1": None}, {"gain 1": xr.Dataset()}, {"gain 1": WITHOUT},
                 {"gain 1": SPOILT}]),
            "num_bins": bad_whole(1),
        },
    ),
    "plots.propagation_map": Case(
        lv.plots.propagation_map,
        {
            "gains": [1.0, 2.0], "gradients": {"relu": [[1.0, 0.5], [1.0, 2.0]]},
            "recommended": {"relu": 1.4},
        },
        {
            "gains": st.sampled_from([None, "wide", [], [1.0], [1.0, 2.0, 3.0], [1.0, 0.0],
                                      [1.0, np.nan], 1.0, [1j, 2.0]]),
            "gradients": _NO_MAPPING | st.sampled_from(
                [{"rleu": [[1.0, 0.5], [1.0, 2.0]]}, {"relu": [1.0, 2.0]},
                 {"relu": [[1.0, 0.5], [1.0, 0.0]]}, {"relu": [[1.0, np.nan], [1.0, 2.0]]},
                 {"relu": None}, {"tanh": [[1.0, 0.5], [1.0, 2.0]]}]),
            "recommended": _NO_MAPPING | st.sampled_from(
                [{"tanh": 1.0}, {"relu": 0.0}, {"relu": None}, {"relu": np.inf}]),
        },
    ),
}  # fmt: skip
