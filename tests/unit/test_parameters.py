"""What the parts of flat weights are called, for closed forms and for modules."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import lossviz as lv


def landscape_of(module, inputs, outputs=2):
    targets = torch.arange(len(inputs)) % outputs
    return lv.Landscape.from_module(module, nn.CrossEntropyLoss(), inputs, targets)


def norms():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.GroupNorm(2, 4),
        nn.InstanceNorm2d(4, affine=True),
        nn.Flatten(), nn.LayerNorm(16), nn.RMSNorm(16), nn.PReLU(), nn.Linear(16, 2),
    )  # fmt: skip


def test_the_closed_form_and_its_module_agree():
    closed = lv.Landscape("iris")
    module = nn.Sequential(nn.Linear(4, 4), nn.ELU(), nn.Linear(4, 3))
    same = landscape_of(module, torch.rand(5, 4), 3)
    assert [(p.shape, p.kind) for p in closed.parameters] == [
        (p.shape, p.kind) for p in same.parameters
    ]
    assert [p.kind for p in closed.parameters] == ["weight", "bias", "weight", "bias"]


def test_parameters_of_norms_are_told_apart():
    found = landscape_of(norms().eval(), torch.rand(6, 1, 4, 4)).parameters
    assert [p.kind for p in found] == ["weight", "bias", *["norm"] * 9, "bias", "weight", "bias"]


@pytest.mark.parametrize("module", [norms().eval(), nn.Sequential(nn.Flatten(), nn.Linear(16, 2))])
def test_they_cover_all_weights_in_order(module):
    landscape = landscape_of(module, torch.rand(6, 1, 4, 4))
    assert landscape.blocks == tuple((p.name, p.size) for p in landscape.parameters)
    parts = landscape.weights.split([p.size for p in landscape.parameters])
    held = dict(module.named_parameters())
    for part, parameter in zip(parts, landscape.parameters, strict=True):
        assert torch.equal(part.view(parameter.shape), held[parameter.name])


def test_tied_parameters_come_once():
    module = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
    module[2].weight = module[0].weight
    found = landscape_of(module, torch.rand(4, 3), 3).parameters
    assert [p.name for p in found] == ["0.weight", "0.bias", "2.bias"]
