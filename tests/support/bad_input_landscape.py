"""Bad input to the landscape floor's public names."""

from __future__ import annotations

import torch
from hypothesis import strategies as st

import lossviz as lv
from bad_values import NAMES, WEIGHTS, Case, bad_name, bad_real, bad_whole, landscape

BAD_PROBLEM = st.sampled_from([None, 5, "xro", "", b"xor", [], ("xor",)])

CASES = {
    "Landscape": Case(
        lv.Landscape,
        {"problem": "xor", "activation": "tanh", "loss": "cross_entropy", "dtype": torch.float64},
        {
            "problem": BAD_PROBLEM, "activation": bad_name(*NAMES),
            "loss": bad_name("cross_entropy", "squared_error"),
            "dtype": st.sampled_from([None, "float64", float, torch.float16, torch.int64, 64, []]),
        },
    ),
    "Landscape.initial": Case(
        lambda n, seed, start_range: landscape().initial(n, seed, start_range),
        {"n": 2, "seed": 0, "start_range": 1.0},
        {"n": bad_whole(1), "seed": bad_whole(0), "start_range": bad_real(above=0)},
    ),
    "Landscape.with_dtype": Case(
        lambda dtype: landscape().with_dtype(dtype),
        {"dtype": torch.float32},
        {"dtype": st.sampled_from([None, "float32", float, torch.float16, torch.int64, 32])},
    ),
    "Landscape.describe": Case(lambda: landscape().describe(), {}),
    **{
        f"Landscape.{name}": Case(getattr(landscape(), name), {"weights": [0.5] * 9}, WEIGHTS)
        for name in ("loss", "gradient", "loss_and_gradient", "hessian", "accuracy", "outputs",
                     "hidden_outputs", "saturation")
    },
}  # fmt: skip
