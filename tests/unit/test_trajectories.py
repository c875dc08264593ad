"""Training, recorded: beside torch's own optimisers and the definitions."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

import lossviz as lv
from lossviz import _streams

ALL = (
    "loss", "gradient_norm", "accuracy", "test_loss", "test_accuracy", "saturation", "sharpness",
    "weights",
)  # fmt: skip


def small(dtype=torch.float64, hidden=5):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, hidden), nn.Tanh(), nn.Linear(hidden, 2)).to(dtype)
    x, t = torch.randn(20, 3).to(dtype), torch.randint(0, 2, (20,))
    landscape = lv.Landscape.from_module(module, nn.CrossEntropyLoss(), x, t)
    return module, x, t, landscape


class Branching(nn.Module):
    """A module whose points cannot be computed at once, as it looks at its numbers."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x):
        z = self.layer(x)
        return 2 * z if z.sum().item() > 1e9 else z


def one_by_one():
    x = torch.linspace(-1, 1, 30).view(10, 3).double()
    landscape = lv.Landscape.from_module(Branching().double(), nn.MSELoss(), x, x[:, :2])
    assert not landscape.vectorised
    return landscape


def quadratic(samples=30):
    """Linear regression: a quadratic loss, with its largest curvature."""
    torch.manual_seed(1)
    module = nn.Linear(3, 1).double()
    x = torch.randn(samples, 3).double()
    landscape = lv.Landscape.from_module(module, nn.MSELoss(), x, x[:, :1] - 2 * x[:, 1:2])
    top = float(torch.linalg.eigvalsh(landscape.hessian(landscape.weights))[-1])
    return landscape, top


# --- beside torch's optimisers ------------------------------------------------------------------

TORCHS = {
    "gd": lambda p: torch.optim.SGD(p, 0.3),
    "sgd": lambda p: torch.optim.SGD(p, 0.3),
    "momentum": lambda p: torch.optim.SGD(p, 0.3, momentum=0.8),
    "adam": lambda p: torch.optim.Adam(p, 0.3, betas=(0.8, 0.95)),
}


@pytest.mark.parametrize("name", TORCHS)
def test_the_steps_are_those_of_torch(name):
    module, x, t, landscape = small()
    found = lv.train(landscape, landscape.weights, name, 0.3, 40, momentum=0.8, betas=(0.8, 0.95))
    own = copy.deepcopy(module)
    optimiser, expected = TORCHS[name](own.parameters()), []
    for _ in range(40):
        expected.append(nn.utils.parameters_to_vector(own.parameters()).detach().clone())
        optimiser.zero_grad()
        nn.functional.cross_entropy(own(x), t).backward()
        optimiser.step()
    np.testing.assert_allclose(found.weights[0], torch.stack(expected), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name", [name for name in TORCHS if name != "gd"])
def test_batches_are_those_of_the_stream(name):
    module, x, t, landscape = small()
    starts = torch.stack([landscape.weights, 0.5 * landscape.weights])
    found = lv.train(
        landscape, starts, name, 0.3, 15, batch_size=6, seed=3, momentum=0.8, betas=(0.8, 0.95)
    )
    for walk, start in enumerate(starts):
        own, stream = copy.deepcopy(module), _streams.stream(3, walk, _streams.BATCH)
        nn.utils.vector_to_parameters(start.clone(), own.parameters())
        optimiser = TORCHS[name](own.parameters())
        for step in range(15):
            weights = nn.utils.parameters_to_vector(own.parameters()).detach()
            np.testing.assert_allclose(found.weights[walk, step], weights, rtol=1e-9, atol=1e-11)
            # What is recorded is of all samples, not of the batch.
            whole = float(landscape.loss(weights))
            assert float(found.loss[walk, step]) == pytest.approx(whole, rel=1e-9)
            chosen = stream.choice(20, 6, replace=False)
            optimiser.zero_grad()
            nn.functional.cross_entropy(own(x[chosen]), t[chosen]).backward()
            optimiser.step()


def test_sharpness_aware_steps_are_by_definition():
    _, _, _, landscape = small()
    found = lv.train(landscape, landscape.weights, "sam", 0.3, 20, radius=0.1)
    w = landscape.weights.clone()
    for step in range(20):
        np.testing.assert_allclose(found.weights[0, step], w, rtol=1e-10, atol=1e-12)
        gradient = landscape.gradient(w)
        w = w - 0.3 * landscape.gradient(w + 0.1 * gradient / gradient.norm())


def test_sharpness_aware_steps_stay_where_the_gradient_is_zero():
    landscape, _ = quadratic()
    best = torch.tensor([1.0, -2, 0, 0]).double()
    found = lv.train(landscape, best, "sam", 0.3, 3, radius=0.1)
    np.testing.assert_array_equal(found.weights[0], np.tile(best, (3, 1)))


# --- what is recorded ---------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_measures_are_those_of_the_landscape(dtype):
    landscape = lv.Landscape("iris", "tanh", dtype=dtype)
    starts = landscape.initial(6, 0, 1.0).reshape(2, 3, 35)
    found = lv.train(landscape, starts, "momentum", 0.2, 30, measures=ALL, every=4)
    assert dict(found.sizes) == {"walk": 6, "step": 8, "weight": 35}
    assert found.step.values.tolist() == [0, 4, 8, 12, 16, 20, 24, 28]
    points = torch.from_numpy(found.weights.values)
    assert points.dtype == dtype
    torch.testing.assert_close(points[:, 0], starts.flatten(0, 1), rtol=0, atol=0)
    rtol = 1e-10 if dtype == torch.float64 else 1e-4
    expected = {
        "loss": landscape.loss(points),
        "gradient_norm": landscape.gradient(points).norm(dim=-1),
        "accuracy": landscape.accuracy(points),
        "test_loss": landscape.test.loss(points),
        "test_accuracy": landscape.test.accuracy(points),
        "saturation": landscape.saturation(points),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=rtol, atol=1e-6, err_msg=name)
    exact = landscape.with_dtype(torch.float64).hessian(points.double())
    np.testing.assert_allclose(found.sharpness, torch.linalg.eigvalsh(exact)[..., -1], rtol=2e-3)


def test_every_and_the_number_of_steps_only_choose():
    landscape = lv.Landscape("xor", "tanh")
    start = landscape.initial(2, 0, 1.0)
    whole = lv.train(landscape, start, "adam", 0.1, 50)
    some = lv.train(landscape, start, "adam", 0.1, 23, every=5)
    np.testing.assert_array_equal(some.weights, whole.weights[:, :23:5])
    np.testing.assert_array_equal(some.step, whole.step[:23:5])


@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("problem", ["xor", "iris", "module", "branching"])
def test_a_walk_is_the_same_whoever_comes_behind(problem, batch_size):
    made = {"module": lambda: small()[3], "branching": one_by_one}
    landscape = made.get(problem, lambda: lv.Landscape(problem, "tanh"))()
    start = landscape.initial(100, 0, 1.0)
    settings = ("adam", 0.1, 6, batch_size)
    many = lv.train(landscape, start, *settings)
    for count in (1, 7):
        few = lv.train(landscape, start[:count], *settings)
        for name in ("weights", "loss", "gradient_norm"):
            np.testing.assert_array_equal(few[name], many[name][:count])


def test_the_seed_draws_the_batches():
    landscape = lv.Landscape("iris", "tanh")
    start = landscape.initial(1, 0, 1.0)
    one, two, other = (
        lv.train(landscape, start, "sgd", 0.1, 5, 10, seed).weights.values for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 1e-4


def test_nothing_of_the_callers_changes():
    module, _, _, landscape = small(torch.float32)
    before = [p.clone() for p in module.parameters()]
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    start = landscape.weights.clone()
    lv.train(landscape, start, "sam", 0.1, 5, batch_size=3, measures=("loss", "sharpness"))
    assert torch.equal(start, landscape.weights)
    assert all(torch.equal(p, q) for p, q in zip(module.parameters(), before, strict=True))
    assert all(p.requires_grad and p.grad is None for p in module.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads


def test_attributes_say_how():
    landscape = lv.Landscape("iris", "tanh")
    found = lv.train(landscape, np.zeros(35), "momentum", 0.5, 3, 10, momentum=0.8)
    expected = {
        "problem": "iris", "optimiser": "momentum", "learning_rate": 0.5, "momentum": 0.8,
        "stability_limit": 7.2, "batch_size": 10, "num_steps": 3, "every": 1, "seed": 0,
    }  # fmt: skip
    assert {name: found.attrs[name] for name in expected} == pytest.approx(expected)
    assert "stability_limit" not in lv.train(landscape, np.zeros(35), "adam", 0.5, 1).attrs


def test_what_the_landscape_does_not_have_is_refused():
    _, _, _, landscape = small()
    for name in ("test_loss", "test_accuracy", "saturation"):
        with pytest.raises(ValueError, match=r"measures must leave out|saturation needs"):
            lv.train(landscape, landscape.weights, measures=[name])
    landscape, _ = quadratic()
    with pytest.raises(ValueError, match="accuracy needs"):
        lv.train(landscape, landscape.weights, measures=["accuracy"])


# --- the edge of stability ----------------------------------------------------------------------


@pytest.mark.parametrize(("name", "limit"), [("gd", 2.0), ("momentum", 3.8)])
def test_the_limit_is_where_a_quadratic_becomes_unstable(name, limit):
    landscape, top = quadratic()
    for share, stable in ((0.98, True), (1.02, False)):
        rate = share * limit / top
        found = lv.train(
            landscape, landscape.weights, name, rate, 1000, measures=("loss", "sharpness"),
            every=999,
        )  # fmt: skip
        assert found.attrs["stability_limit"] == pytest.approx(top / share)
        assert (float(found.loss[0, -1]) < float(found.loss[0, 0])) == stable
        np.testing.assert_allclose(found.sharpness, top, rtol=1e-3)


def test_gradient_descent_comes_to_the_edge_of_stability():
    """Cohen et al. 2021: the sharpness rises to about 2 / learning rate and stays."""
    landscape = lv.Landscape("iris", "tanh")
    start = landscape.initial(1, 0, 1.0)
    found = lv.train(landscape, start, "gd", 3.0, 3001, measures=("loss", "sharpness"), every=300)
    ratio = (found.sharpness / found.attrs["stability_limit"]).values[0]
    assert ratio[0] < 0.7
    assert np.all((ratio[5:] > 0.95) & (ratio[5:] < 1.15)), ratio
    assert float(found.loss[0, -1]) < 0.1 * float(found.loss[0, 0])
    # With smaller steps, it rises beyond that.
    slow = lv.train(landscape, start, "gd", 0.5, 8001, measures=("sharpness",), every=8000)
    assert float(slow.sharpness[0, -1]) > 1.1 * found.attrs["stability_limit"]


def test_what_leaves_the_range_of_numbers_is_nan():
    landscape, top = quadratic()
    starts = torch.stack([landscape.weights, torch.tensor([1.0, -2, 0, 0]).double()])
    found = lv.train(
        landscape, starts, "gd", 100 / top, 600, measures=("loss", "sharpness", "weights")
    )
    assert np.isnan(found.loss.values[0, -1])
    assert np.isnan(found.sharpness.values[0, -1])
    # The walk at the minimum stays there.
    np.testing.assert_allclose(found.weights[1], np.tile(starts[1], (600, 1)), atol=1e-12)
    np.testing.assert_allclose(found.sharpness[1], top, rtol=1e-3)
