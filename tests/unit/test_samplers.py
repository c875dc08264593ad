"""The comparison of samplers: its moments beside a slow twin, and the table of the 2018 paper."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import lossviz as lv

SETTINGS = {"micro": (0.01, 7), "coarse": (0.25, 3)}


def walks_of(sampler, landscape, share, steps):
    functions = {
        "random walk": (lv.random_walk, None),
        "progressive random walk": (lv.progressive_random_walk, None),
        "bounded progressive gradient walk": (lv.progressive_gradient_walk, 2.0),
        "progressive gradient walk": (lv.progressive_gradient_walk, None),
    }
    walk, bounds = functions[sampler]
    return walk(
        landscape, 95, steps, share * 4, 2.0, 3, bounds=bounds, measures=("loss", "weights")
    )


def test_moments_are_those_of_all_samples():
    landscape = lv.Landscape("xor", "elu", loss="squared_error")
    found = lv.compare_samplers(landscape, 95, 2.0, 3, SETTINGS)
    assert dict(found.sizes) == {"sampler": 4, "setting": 2, "walk": 95}
    for sampler in lv.SAMPLERS:
        for name, (share, steps) in SETTINGS.items():
            walks = walks_of(sampler, landscape, share, steps)
            here = found.sel(sampler=sampler, setting=name)
            assert float(here.loss) == pytest.approx(float(walks.loss.values.mean()), rel=1e-12)
            assert float(here.loss_sd) == pytest.approx(float(walks.loss.values.std()), rel=1e-10)
            assert float(here.weight_sd) == pytest.approx(walks.weights.values.std(), rel=1e-10)
            np.testing.assert_allclose(here.walk_loss, walks.loss.mean("step"), rtol=1e-12)


def test_attributes_say_how_to_reproduce_it():
    landscape = lv.Landscape("xor", "elu", dtype=torch.float32)
    attrs = lv.compare_samplers(landscape, 2, 2.0, 3, SETTINGS).attrs
    expected = {"activation": "elu", "precision": "float32", "start_range": 2.0, "seed": 3}
    assert attrs.items() >= expected.items()


def plain_xor(dtype):
    """Sigmoid hidden units, squared error, and the arithmetic that one gets without care."""
    xor = lv.load_problem("xor")
    module = nn.Sequential(nn.Linear(2, 2), nn.Sigmoid(), nn.Linear(2, 1), nn.Sigmoid())
    loss = nn.functional.mse_loss
    return lv.Landscape.from_module(module, loss, xor.inputs, xor.targets, dtype=dtype)


@pytest.mark.long
@pytest.mark.slow
def test_the_table_of_the_2018_paper_is_reproduced():
    published = lv.published_samplers()
    found = lv.compare_samplers(plain_xor(torch.float32), 200)
    print(found.drop_vars("walk_loss").to_dataframe().round(3))  # noqa: T201 - the table itself
    known = published.loss.notnull()
    assert int(known.sum()) == 7
    assert float(abs(found.loss - published.loss).where(known).max()) < 0.02
    spread = published.weight_sd
    known = spread.notnull()
    assert int(known.sum()) == 4
    assert float(abs(found.weight_sd / spread - 1).where(known).max()) < 0.05


@pytest.mark.slow
def test_the_spread_of_unbounded_walks_depends_on_the_arithmetic():
    careful = lv.Landscape("xor", "sigmoid", loss="squared_error", dtype=torch.float32)
    setting = {"micro": (0.01, 1000)}
    spread = lv.compare_samplers(careful, 200, settings=setting).weight_sd
    got = float(spread.sel(sampler="progressive gradient walk", setting="micro"))
    assert got == pytest.approx(41, rel=0.05)
