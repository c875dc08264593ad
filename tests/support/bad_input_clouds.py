"""Bad input to the public names about clouds that are known beforehand."""

from __future__ import annotations

import numpy as np
import xarray as xr
from hypothesis import strategies as st

import lossviz as lv
from bad_input_landscape import BAD_DTYPE
from bad_values import Case, bad_array, bad_real, sample

_NO_MAPPING = st.sampled_from([{}, 3, [1.0, 2.0], "ab"])
_BAD_SWITCH = st.sampled_from([None, 0, 1, "yes", [True]])
_MASK = np.array([[True, False, True], [False, False, True]])
_SPOILT = sample().assign(loss=sample().loss * np.nan)


def given(values):
    """Leave out None, which stands for the default."""
    return values.filter(lambda value: value is not None)


CASES = {
    "quadratic_landscape": Case(
        lv.quadratic_landscape,
        {
            "eigenvalues": [0.5, 0.5], "centres": [[0.0, 1.0]], "heights": [0.0],
            "dtype": lv.Landscape("xor").dtype,
        },
        {
            "eigenvalues": bad_array(2) | st.sampled_from([np.ones((2, 2)), np.ones((1, 1, 2))]),
            "centres": given(bad_array(1, 2)) | st.sampled_from([np.ones(2), np.ones((1, 3))]),
            "heights": given(bad_array(1)) | st.sampled_from([np.ones((1, 1))]),
            "dtype": BAD_DTYPE | st.none(),
        },
    ),
    "plots.cloud_panels": Case(
        lv.plots.cloud_panels,
        {
            "walks": {"a": sample()}, "eigenvalues": {"a": [1.0, 2.0]}, "levels": {"a": [0.5]},
            "groups": {"a": {"low": _MASK}}, "quantile": 0.9, "log": False,
        },
        {
            "walks": _NO_MAPPING | st.sampled_from(
                [None, {"a": None}, {"a": xr.Dataset()}, {"a": sample().drop_vars("loss")},
                 {"a": _SPOILT}, {1: sample()}, {"": sample()}, {"a": sample().isel(walk=0)}]),
            "eigenvalues": _NO_MAPPING | st.sampled_from(
                [{"b": [1.0]}, {"a": [0.0, 0.0]}, {"a": []}, {"a": [np.nan]}, {"a": None},
                 {"a": [[1.0]]}]),
            "levels": _NO_MAPPING | st.sampled_from(
                [{"b": [1.0]}, {"a": "high"}, {"a": [np.inf]}, {"a": 3}]),
            "groups": _NO_MAPPING | st.sampled_from(
                [{"b": {"low": _MASK}}, {"a": {"low": _MASK.astype(int)}}, {"a": {"low": _MASK[0]}},
                 {"a": None}, {"a": {"": _MASK}}, {"a": {f"{n}": _MASK for n in range(5)}}]),
            "quantile": bad_real(above=0, top=1.0).filter(lambda value: value != 1.0),
            "log": _BAD_SWITCH,
        },
    ),
}  # fmt: skip
