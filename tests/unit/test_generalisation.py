"""The test loss at each walk's smallest training loss."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import lossviz as lv


def walks(**more):
    loss = np.array([[0.5, 0.2, 0.3], [0.4, 0.1, 0.1], [0.3, 0.6, 0.9]])
    variables = {"loss": loss, "test_loss": 10 + np.arange(9.0).reshape(3, 3)} | more
    data = {name: (("walk", "step"), values) for name, values in variables.items()}
    return xr.Dataset(data, coords={"walk": [4, 5, 6]}, attrs={"activation": "elu"})


def test_the_first_smallest_training_loss_of_each_walk_decides():
    found = lv.generalisation(walks(accuracy=np.eye(3)))
    assert found.step.values.tolist() == [1, 1, 0]
    assert found.loss.values.tolist() == [0.2, 0.1, 0.3]
    assert found.test_loss.values.tolist() == [11, 14, 16]
    assert found.accuracy.values.tolist() == [0, 1, 0]
    np.testing.assert_allclose(found.gap, [10.8, 13.9, 15.7])
    assert (found.walk.values.tolist(), found.attrs) == ([4, 5, 6], {"activation": "elu"})


def test_the_order_of_dimensions_does_not_matter():
    xr.testing.assert_identical(
        lv.generalisation(walks().transpose("step", "walk")), lv.generalisation(walks())
    )


def test_walks_of_iris_generalise_as_measured():
    measures = ("loss", "test_loss", "test_accuracy", "weights")
    landscape = lv.Landscape("iris", "tanh")
    sampled = lv.progressive_gradient_walk(landscape, 4, 60, 0.2, 1.0, 0, measures=measures)
    found = lv.generalisation(sampled)
    for walk in range(4):
        point = sampled.weights.values[walk, int(found.step[walk])]
        assert float(found.test_loss[walk]) == pytest.approx(float(landscape.test.loss(point)))
        assert float(found.test_accuracy[walk]) == float(landscape.test.accuracy(point))
