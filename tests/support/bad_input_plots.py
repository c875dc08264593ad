"""Bad input to the plots floor's public names."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import strategies as st

import lossviz as lv
from bad_values import (
    BAD_ACTIVATION,
    BAD_LANDSCAPE,
    BAD_WALKS,
    Case,
    bad_array,
    bad_name,
    bad_names,
    bad_real,
    sample,
)

CASES = {
    "plots.mark": Case(lv.plots.mark, {"name": "tanh"}, {
        "name": st.sampled_from([None, 3, ["tanh"], {}, b"tanh"]),
    }),
    "plots.activation_curves": Case(
        lv.plots.activation_curves,
        {"names": ["tanh"], "span": 4.0},
        {
            "names": bad_names(BAD_ACTIVATION) | st.sampled_from([[], "tanh", ()]),
            "span": bad_real(above=0),
        },
    ),
    "plots.saturation_curves": Case(
        lv.plots.saturation_curves,
        {"scales": [1.0, 2.0], "saturation": {"tanh": [0.1, 0.2]}},
        {
            "scales": bad_array(2, longer=False) | st.sampled_from([[0.0, 1.0], [-1.0, 1.0]]),
            "saturation": st.sampled_from(
                [{}, None, [0.1, 0.2], {"tanhh": [0.1, 0.2]}, {"tanh": [0.1]}, {"tanh": "ab"},
                 {"tanh": [0.1, np.nan]}, {"tanh": [[0.1, 0.2]]}]
            ),
        },
    ),
    "plots.unit_sums": Case(
        lv.plots.unit_sums,
        {"x": [0.0, 1.0], "contributions": {"tanh": [[0.1, 0.2]]}, "target": [0.0, 1.0]},
        {
            "x": bad_array(2, longer=False), "target": bad_array(2),
            "contributions": st.sampled_from(
                [{}, None, [[0.1, 0.2]], {"tanhh": [[0.1, 0.2]]}, {"tanh": [0.1, 0.2]},
                 {"tanh": [[0.1]]}, {"tanh": "ab"}, {"tanh": [[0.1, np.nan]]},
                 {"tanh": [[0.1, 0.2], [0.3]]}, {"tanh": [[1j, 0.2]]}]
            ),
        },
    ),
    "plots.loss_gradient_cloud": Case(
        lv.plots.loss_gradient_cloud,
        {"walks": [sample()], "levels": [0.5], "quantile": 0.9},
        {
            "walks": BAD_WALKS | st.sampled_from(
                [[sample().drop_vars("curvature")], sample(), [sample().drop_attrs()]]
            ),
            "levels": st.sampled_from([0.5, "ab", ["a"], [np.nan], [None]]),
            "quantile": bad_real(above=0, top=1.0).filter(lambda value: value != 1.0),
        },
    ),
    "plots.coloured_cloud": Case(
        lv.plots.coloured_cloud,
        {"walks": [sample()], "variable": "positive", "label": "share", "quantile": 0.9,
         "log": False},
        {
            "walks": BAD_WALKS | st.sampled_from(
                [[sample().drop_vars("positive")], sample(), [sample().drop_attrs()]]
            ),
            "variable": bad_name() | st.sampled_from([3, None, ["loss"]]),
            "label": st.sampled_from(["", None, 3, ["a"]]),
            "quantile": bad_real(above=0, top=1.0).filter(lambda value: value != 1.0),
            "log": st.sampled_from([None, 1, "yes"]),
        },
    ),
    "plots.agreement": Case(lv.plots.agreement, {"rows": {"gain": (2, 2.1, 1.9, 2.3)}}, {
        "rows": st.sampled_from(
            [None, {}, [1, 2], {3: (2, 2.1, 1.9, 2.3)}, {"a": (2, 2.1, 1.9)}, {"a": "four"},
             {"a": (0, 2.1, 1.9, 2.3)}, {"a": (2, 1.8, 1.9, 2.3)}, {"a": (2, 2.4, 1.9, 2.3)},
             {"a": (2, np.nan, 1.9, 2.3)}, {"a": (2, 2.1, 1.9, np.inf)}, {"a": None}]
        ),
    }),
    "plots.estimate_rows": Case(
        lv.plots.estimate_rows,
        {"panels": {"a": {"b": {"tanh": (0.5, 0.4, 0.6)}}}, "label": "share", "log": False},
        {
            "panels": st.sampled_from(
                [{}, None, 3, {"a": {}}, {"a": None}, {"a": {"b": {}}}, {"a": {"b": 1.0}},
                 {"a": {"b": {"tanhh": (0.5, 0.4, 0.6)}}}, {"a": {"b": {"tanh": 0.5}}},
                 {"a": {"b": {"tanh": (0.5, 0.6, 0.4)}}}, {"a": {"b": {"tanh": (0.5, 0.4)}}},
                 {"a": {"b": {"tanh": (np.nan, 0.4, 0.6)}}},
                 {"a": {"b": {"tanh": (0.5, 0.4, 0.6)}}, "c": {"d": {"tanh": (0.5, 0.4, 0.6)}}}]
            ),
            "label": st.sampled_from(["", None, 3, ["a"]]),
            "log": st.sampled_from([None, 1, "yes"]),
        },
    ),
    "plots.outcome_grid": Case(
        lv.plots.outcome_grid,
        {"outcomes": {"a": {"b": "holds"}}, "columns": ["b", "c"]},
        {
            "outcomes": st.sampled_from(
                [{}, None, 3, {"a": {}}, {"a": None}, {"a": {"b": "maybe"}}, {"a": {"d": "holds"}},
                 {"a": {"b": None}}]
            ),
            "columns": st.sampled_from([[], "b", None, 3, ["b", "b"], ["b", 3], [""]]),
        },
    ),
    "plots.sweep_curves": Case(
        lv.plots.sweep_curves,
        {"values": [0.1, 1.0], "panels": {"a": {"tanh": [1.0, 2.0]}}, "xlabel": "step",
         "ylabel": "loss", "log": True},
        {
            "values": bad_array(2, longer=False) | st.sampled_from([[0.0, 1.0], [-1.0, 1.0]]),
            "panels": st.sampled_from(
                [{}, None, 3, {"a": {}}, {"a": None}, {"a": {"tanhh": [1.0, 2.0]}},
                 {"a": {"tanh": [1.0]}}, {"a": {"tanh": [0.0, 1.0]}}, {"a": {"tanh": "ab"}},
                 {"a": {"tanh": [np.nan, 1.0]}}]
            ),
            "xlabel": st.sampled_from(["", None, 3, ["a"]]),
            "ylabel": st.sampled_from(["", None, 3, ["a"]]),
            "log": st.sampled_from([None, 1, "yes"]),
        },
    ),
    "plots.curvature_shares": Case(
        lv.plots.curvature_shares,
        {"walks": {"tanh": sample()}},
        {"walks": st.sampled_from(
            [{}, None, 3, "walks", [sample()], {"a": None}, {"a": xr.Dataset()},
             {"a": sample().drop_vars("positive")}]
        )},
    ),
    "plots.tolerance_curves": Case(
        lv.plots.tolerance_curves,
        {"rtols": [1e-8, 1e-6], "shares": {"b = 1": {"tanh": [0.1, 0.2]}}},
        {
            "rtols": bad_array(2, longer=False) | st.sampled_from([[0.0, 1.0], [-1.0, 1.0]]),
            "shares": st.sampled_from(
                [{}, None, [1], {"b": {}}, {"b": None}, {"b": {"tanhh": [0.1, 0.2]}},
                 {"b": {"tanh": [0.1]}}, {"b": {"tanh": [0.1, np.nan]}}, {"b": {"tanh": "ab"}}]
            ),
        },
    ),
    "plots.folded_plane": Case(
        lv.plots.folded_plane,
        {"landscape": lv.Landscape("xor", "relu"), "weights": [1, 1, 1, 1, 0, -1, 1, -2, -0.5]},
        {
            "landscape": BAD_LANDSCAPE | st.just(lv.Landscape("iris", "relu")),
            "weights": bad_array(9) | st.just(np.zeros((1, 9))),
        },
    ),
    "plots.walk_curves": Case(
        lv.plots.walk_curves,
        {"walks": [sample()], "variable": "loss", "levels": [0.5]},
        {
            "walks": BAD_WALKS | st.sampled_from([sample(), [sample().drop_attrs()]]),
            "variable": bad_name(*sample().data_vars),
            "levels": st.sampled_from([0.5, "ab", ["a"], [np.nan], [None]]),
        },
    ),
}  # fmt: skip
