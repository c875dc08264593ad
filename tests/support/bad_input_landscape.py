"""Bad input to the landscape floor's public names."""

from __future__ import annotations

import torch
from hypothesis import strategies as st
from torch import nn

import lossviz as lv
from bad_values import (
    BAD_ACTIVATION,
    WEIGHTS,
    Case,
    bad_array,
    bad_name,
    bad_real,
    bad_whole,
    landscape,
)

BAD_PROBLEM = st.sampled_from([None, 5, "xro", "", b"xor", [], ("xor",)])
BAD_DEVICE = st.sampled_from([3, "gpu", "", ["cpu"], "cuda:99", object(), torch.float64])
BAD_DTYPE = st.sampled_from(["float64", float, torch.float16, torch.int64, 64, []])


def half_of(module):
    return module.to(torch.bfloat16)


def not_finite(module):
    with torch.no_grad():
        module.weight[0, 0] = torch.nan
    return module


BAD_MODULE = st.sampled_from([
    None, 3, "module", nn.Linear, lambda x: x, torch.zeros(3), nn.Tanh(), nn.LazyLinear(1),
    half_of(nn.Linear(2, 1)), not_finite(nn.Linear(2, 1)), nn.Linear(3, 1),
    nn.Sequential(nn.Linear(2, 1), nn.Dropout(0.5)), nn.Linear(2, 1, device="meta"),
    nn.Linear(2, 1, dtype=torch.complex64), nn.RNN(2, 1),
    nn.Sequential(nn.Linear(2, 4), nn.Flatten(0)),
])  # fmt: skip
BAD_LOSS = st.sampled_from([
    None, 3, "mse", torch.zeros(()), nn.MSELoss(reduction="sum"), nn.MSELoss(reduction="none"),
    lambda outputs: outputs.mean(), lambda outputs, _: outputs.detach().mean().item(),
    lambda outputs, targets: (outputs.detach() - targets).mean(),
    lambda outputs, _: outputs.mean() * torch.inf,
    lambda *_: torch.tensor(1.0), lambda outputs, _: outputs.argmax(),
    lambda outputs, targets: (outputs - targets).square().mean()[None],
])  # fmt: skip
BAD_RULE = st.sampled_from([
    3, "accuracy", torch.zeros(4), lambda outputs, targets: outputs == targets,
    lambda outputs, _: outputs[:, 0] * 0 + 2, lambda *_: "many",
    lambda outputs, _: outputs[:, 0] * torch.nan,
])  # fmt: skip


def perceptron():
    module = nn.Linear(2, 1).double()
    nn.init.constant_(module.weight, 0.5)
    return module


def from_module_case():
    x, t = [[0.0, 0], [0, 1], [1, 0], [1, 1]], [[0.0], [1], [1], [0]]
    good = {
        "module": perceptron(), "loss_fn": lv.stable_cross_entropy, "inputs": x, "targets": t,
        "test_inputs": x, "test_targets": t, "accuracy": None, "batch_size": 3, "dtype": None,
        "device": None,
    }  # fmt: skip
    no_data = st.just(None)
    bad = {
        "module": BAD_MODULE, "loss_fn": BAD_LOSS, "accuracy": BAD_RULE,
        "inputs": bad_array(4, 2), "targets": bad_array(4, 1),
        "test_inputs": bad_array(4, 2) | no_data, "test_targets": bad_array(4, 1) | no_data,
        "batch_size": bad_whole(1, optional=True), "dtype": BAD_DTYPE, "device": BAD_DEVICE,
    }  # fmt: skip
    return Case(lv.Landscape.from_module, good, bad)


CASES = {
    "Landscape": Case(
        lv.Landscape,
        {"problem": "xor", "activation": "tanh", "loss": "cross_entropy", "dtype": torch.float64,
         "device": None},
        {
            "problem": BAD_PROBLEM, "activation": BAD_ACTIVATION,
            "loss": bad_name("cross_entropy", "squared_error"),
            "dtype": BAD_DTYPE | st.just(None), "device": BAD_DEVICE,
        },
    ),
    "Landscape.from_module": from_module_case(),
    "stable_cross_entropy": Case(
        lv.stable_cross_entropy,
        {"outputs": torch.zeros(3), "targets": torch.ones(3)},
        {
            "outputs": st.sampled_from([None, 0.5, [0.0] * 3, torch.zeros(4), torch.zeros(0),
                                        torch.zeros(3, dtype=torch.int64), torch.zeros(3) * 1j]),
            "targets": st.sampled_from([None, 1, [1.0] * 3, torch.ones(2), torch.ones(3, 1),
                                        torch.full((3,), 2.0), torch.full((3,), torch.nan),
                                        torch.ones(3) * 1j]),
        },
    ),
    "stable_softmax_cross_entropy": Case(
        lv.stable_softmax_cross_entropy,
        {"outputs": torch.zeros(2, 3), "targets": torch.tensor([0, 2])},
        {
            "outputs": st.sampled_from([None, [[0.0] * 3] * 2, torch.zeros(3), torch.zeros(0, 3),
                                        torch.zeros(2, 1), torch.zeros(2, 3).long(),
                                        torch.zeros(2, 3) * 1j]),
            "targets": st.sampled_from([None, 1, [0, 1], torch.tensor([0]), torch.tensor([0.0, 1]),
                                        torch.tensor([0, 3]), torch.tensor([0, -1]),
                                        -torch.ones(2, 3), torch.full((2, 3), torch.nan),
                                        torch.ones(2, 2), torch.ones(2, 3) * 1j]),
        },
    ),
    "Landscape.hessian_vector_product": Case(
        landscape().hessian_vector_product,
        {"weights": [0.5] * 9, "vectors": [1.0] * 9},
        WEIGHTS | {"vectors": bad_array(9)},
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
                     "hidden_outputs", "saturation", "hessian_blocks")
    },
}  # fmt: skip
