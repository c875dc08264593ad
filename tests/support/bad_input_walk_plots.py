"""Bad input to the pictures of samplers and their walks."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

import geometry_data as data
import lossviz as lv
from bad_values import Case, bad_array, bad_real, bad_whole

BAD_TEXT = st.sampled_from(["", " ", None, 3, ["a"]])
SEVEN = [str(number) for number in range(7)]

CASES = {
    "plots.value_histograms": Case(
        lv.plots.value_histograms,
        {"samples": {"a": [0.1, 0.2]}, "label": "loss", "guide": 0.25, "num_bins": 5},
        {
            "samples": st.sampled_from(
                [{}, None, [0.1], {"a": []}, {"a": "ab"}, {"a": [np.nan]}, {3: [0.1]}, {"": [0.1]},
                 {"a": [1j]}, {"a": [[0.1, 0.2], [0.3]]}, {key: [0.1] for key in SEVEN}]
            ),
            "label": BAD_TEXT,
            "guide": bad_real(optional=True),
            "num_bins": bad_whole(1),
        },
    ),
    "plots.step_curves": Case(
        lv.plots.step_curves,
        {"steps": [1.0, 2.0], "panels": {"a": {"random": [[1.0, 2.0]]}}, "ylabel": "distance",
         "guides": {"blind": [1.0, 2.0]}},
        {
            "steps": bad_array(2, longer=False) | st.sampled_from([[0.0, 1.0], [-1.0, 1.0]]),
            "panels": st.sampled_from(
                [{}, None, 3, {"a": {}}, {"a": None}, {"a": {"b": [1.0, 2.0]}}, {"a": {"b": "ab"}},
                 {"a": {"b": [[1.0]]}}, {"a": {"b": [[0.0, 1.0]]}}, {"a": {"b": [[np.nan, 1.0]]}},
                 {"a": {key: [[1.0, 2.0]] for key in SEVEN}}]
            ),
            "ylabel": BAD_TEXT,
            "guides": st.sampled_from(
                [{}, 3, [1.0], {"a": [1.0]}, {"a": [0.0, 1.0]}, {"a": "ab"}, {"a": [np.nan, 1.0]},
                 {key: [1.0, 2.0] for key in "abcd"}]
            ),
        },
    ),
    "plots.trajectory_panels": Case(
        lv.plots.trajectory_panels,
        {"projected": {"a": data.projected()}, "what": "walks"},
        {
            "projected": st.sampled_from(
                [{}, None, 3, "ab", {"a": None}, {"a": data.plane()},
                 {"a": data.projected().drop_vars("beta")},
                 {"a": data.projected().drop_vars("explained_variance")},
                 {"a": data.projected() * np.nan}, dict.fromkeys(SEVEN, data.projected())]
            ),
            "what": BAD_TEXT,
        },
    ),
}  # fmt: skip
