"""Settings and samples that the unit tests share."""

from __future__ import annotations

import pytest
import torch
from hypothesis import HealthCheck, settings

import lossviz as lv
from lossviz.activations import registry
from lossviz.problems import find_file, problem_files

# The same examples on every run and machine: a failure can be repeated.
settings.register_profile(
    "lossviz",
    database=None,
    deadline=None,
    derandomize=True,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("lossviz")

ACTIVATIONS = ("tanh", "relu", "elu", "sigmoid")


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _zoo_alone(monkeypatch):
    """No test sees what another one, or a doctest, has registered."""
    monkeypatch.setattr(registry, "_REGISTERED", {})


@pytest.fixture(params=ACTIVATIONS)
def activation(request):
    return request.param


@pytest.fixture(scope="session")
def walks():
    """Short XOR walks of every activation, with all that pictures need."""
    measures = ("loss", "gradient_norm", "curvature", "saturation")
    return {
        name: lv.progressive_gradient_walk(
            lv.Landscape("xor", name), 20, 60, 0.2, 1.0, seed=3, measures=measures
        )
        for name in ACTIVATIONS
    }


@pytest.fixture
def needs_data():
    """A function that loads a problem made of files, or skips where these are nowhere on disk."""

    def load(name, seed=0):
        missing = [file.name for file in problem_files(name) if find_file(file) is None]
        if missing:
            pytest.skip(f"{', '.join(missing)}: in no folder that LOSSVIZ_DATA names, nor cached")
        return lv.load_problem(name, seed)

    return load
