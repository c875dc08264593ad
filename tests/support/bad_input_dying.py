"""Bad input to the public names about dying units and linear regions."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import strategies as st
from torch import nn

import lossviz as lv
from bad_values import BAD_LANDSCAPE, WEIGHTS, Case, bad_array, bad_real, bad_whole

_NETWORK = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
_BAD_NETWORK = st.sampled_from(
    [None, 3, "relu", nn.Linear(2, 2), nn.ReLU(), nn.Sequential(), nn.Sequential(nn.Linear(2, 2)),
     nn.Sequential(nn.Linear(3, 2), nn.ReLU()), nn.Sequential(nn.Linear(2, 2), nn.Tanh())]
)  # fmt: skip
_NO_MAPPING = st.sampled_from([{}, None, 3, [1.0, 2.0], "ab"])
_NO_TEXT = st.sampled_from([None, 3, "", "  ", b"x", ["x"]])
_ROWS = [(0.2, 0.1, 0.3), (0.4, 0.3, 0.5)]

CASES = {
    "unit_states": Case(
        lv.unit_states,
        {"outputs": np.ones((3, 2)), "threshold": 0.1},
        {"outputs": bad_array(3, 2, longer=False), "threshold": bad_real(minimum=0)},
    ),
    "dead_probability": Case(
        lv.dead_probability,
        {"width": 2, "depth": 3},
        {"width": bad_whole(1), "depth": bad_whole(1)},
    ),
    "draw_dead_networks": Case(
        lv.draw_dead_networks,
        {"inputs": [[1.0]], "width": 2, "depth": 2, "num_networks": 3, "bias": 0.0, "seed": 0},
        {
            "inputs": bad_array(2, 2, longer=False), "width": bad_whole(1), "depth": bad_whole(1),
            "num_networks": bad_whole(1), "bias": bad_real(), "seed": bad_whole(0),
        },
    ),
    "unit_balance": Case(
        lv.unit_balance,
        {"landscape": lv.Landscape("xor", "relu"), "weights": range(9), "layer": 0},
        {"landscape": BAD_LANDSCAPE, **WEIGHTS, "layer": bad_whole(0) | st.just(1)},
    ),
    "linear_regions": Case(
        lv.linear_regions,
        {"network": _NETWORK, "span": 1.0, "resolution": 5},
        {"network": _BAD_NETWORK, "span": bad_real(above=0), "resolution": bad_whole(2)},
    ),
    "plots.region_map": Case(
        lv.plots.region_map,
        {"maps": {"one": lv.linear_regions(_NETWORK, 1.0, 5)}},
        {"maps": _NO_MAPPING | st.sampled_from([{"one": None}, {"one": xr.Dataset()}])},
    ),
    "plots.interval_curves": Case(
        lv.plots.interval_curves,
        {
            "values": [1.0, 2.0], "measured": {"a": _ROWS}, "xlabel": "x", "ylabel": "y",
            "expected": {"a": [0.2, 0.4]}, "log": True,
        },
        {
            "values": bad_array(2) | st.just([0.0, 1.0]),
            "measured": _NO_MAPPING | st.sampled_from(
                [{"a": None}, {"a": _ROWS[:1]}, {"a": [(0.2, 0.3, 0.4)] * 2}, {"b": _ROWS},
                 {"a": [(0.2, 0.1, np.nan)] * 2}, {"a": [0.1, 0.2]},
                 dict.fromkeys("abcdefg", _ROWS)]),
            "xlabel": _NO_TEXT,
            "ylabel": _NO_TEXT,
            "expected": st.sampled_from(
                [{}, 3, "ab", {"b": [0.2, 0.4]}, {"a": [0.2]}, {"a": [0.2, np.inf]}, {"a": None}]),
            "log": st.sampled_from([None, 0, 1, "yes"]),
        },
    ),
}  # fmt: skip
