"""The page's random streams and walks are the package's own, bit by bit."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import lossviz as lv
from browser_modules import call
from lossviz._streams import stream

SAMPLERS = {
    "random": lv.random_walk,
    "progressive": lv.progressive_random_walk,
    "increase": lv.progressive_gradient_walk,
    "stay": partial(lv.progressive_gradient_walk, zero_gradient="stay"),
    "random_sign": partial(lv.progressive_gradient_walk, zero_gradient="random"),
}
SETTINGS = [(0.1, 2.0), (1.0, 1.0), (1.0, 10.0), (10.0, 2.0), (10.0, 10.0)]
WALKS, STEPS = 4, 100


@pytest.mark.parametrize("seed", [0, 1, 99, 2**32 - 1, 2**32, 2**53 - 1])
def test_streams_are_those_of_numpy(seed):
    keys = [(walk, purpose) for walk in (0, 1, 11, 1000) for purpose in range(4)]
    got = call("random", "take", *([seed, *key, 2000] for key in keys))
    for key, numbers in zip(keys, got, strict=True):
        np.testing.assert_array_equal(numbers, stream(seed, *key).random(2000), str(key))


@pytest.mark.parametrize("activation", lv.activation_names())
def test_walks_are_those_of_the_package(activation):
    landscape = lv.Landscape("xor", activation)
    asked, wanted = [], []
    for seed, (b, share) in enumerate(SETTINGS):
        step = share / 100 * 2 * b
        settings = {"activation": activation, "startRange": b, "maxStep": step, "steps": STEPS}
        for name, sampler in SAMPLERS.items():
            walks = sampler(landscape, WALKS, STEPS, step, b, seed, measures=["weights"])
            asked += [[name, seed, walk, settings] for walk in range(WALKS)]
            wanted += list(walks.weights.values)
    got = call("samplers", "pointsOf", *asked)
    for arguments, points, weights in zip(asked, got, wanted, strict=True):
        np.testing.assert_array_equal(points, weights, str(arguments))
