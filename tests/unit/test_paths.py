"""Ways between two models, and matching before."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn

import lossviz as lv
from lossviz import _streams


def trained(landscape, count=2, steps=400, rate=0.05):
    starts = landscape.initial(count, 0, 1.0)
    runs = lv.train(landscape, starts, "adam", rate, steps, every=steps - 1)
    return torch.from_numpy(runs.weights[:, -1].values)


@pytest.fixture(scope="module")
def iris():
    landscape = lv.Landscape("iris", "tanh")
    return landscape, *trained(landscape)


def network(*parts):
    torch.manual_seed(0)
    module = nn.Sequential(*(part() for part in parts)).double()
    x, t = torch.randn(8, 6).double(), torch.randint(0, 3, (8,))
    return lv.Landscape.from_module(module, nn.CrossEntropyLoss(), x, t)


def deep():
    return network(
        lambda: nn.Linear(6, 7), nn.Tanh, lambda: nn.Linear(7, 8), nn.Tanh, lambda: nn.Linear(8, 5),
        nn.Tanh, lambda: nn.Linear(5, 3),
    )  # fmt: skip


def convolutional():
    return network(
        lambda: nn.Unflatten(1, (1, 6)), lambda: nn.Conv1d(1, 5, 2), nn.ReLU,
        lambda: nn.Conv1d(5, 4, 2), nn.ReLU, nn.Flatten, lambda: nn.Linear(16, 3),
    )  # fmt: skip


# --- straight -----------------------------------------------------------------------------------


def test_the_line_is_point_by_point(iris):
    landscape, start, end = iris
    line = lv.interpolate(landscape, start, end, 7)
    for alpha, loss, accuracy, test_loss, test_accuracy in zip(
        np.linspace(0, 1, 7), line.loss, line.accuracy, line.test_loss, line.test_accuracy,
        strict=True,
    ):  # fmt: skip
        w = (1 - alpha) * start + alpha * end
        assert float(loss) == pytest.approx(float(landscape.loss(w)), rel=1e-12)
        assert float(accuracy) == float(landscape.accuracy(w))
        assert float(test_loss) == pytest.approx(float(landscape.test.loss(w)), rel=1e-12)
        assert float(test_accuracy) == float(landscape.test.accuracy(w))
    assert line.attrs["distance"] == pytest.approx(float((end - start).norm()))


def test_only_what_is_known_is_given():
    module = nn.Linear(2, 1)
    landscape = lv.Landscape.from_module(module, nn.MSELoss(), torch.rand(5, 2), torch.rand(5, 1))
    line = lv.interpolate(landscape, landscape.weights, 2 * landscape.weights)
    assert set(line.data_vars) == {"loss"}


# --- barriers -----------------------------------------------------------------------------------


def path(loss, **more):
    alpha = np.linspace(0, 1, len(loss))
    return xr.Dataset({"loss": ("alpha", np.asarray(loss, float))} | more, {"alpha": alpha})


@pytest.mark.parametrize(
    ("loss", "height"),
    [
        ([1, 1, 1], 0),
        ([0, 1, 2], 0),  # on the chord
        ([2, 0, 2], 0),  # below
        ([0, 3, 2], 2),
        ([1, 0, 4, 0, 1], 3),
        ([0, np.nan, 0], np.nan),
        ([np.nan, 0, 0], np.nan),
        ([0, np.inf, 0], np.inf),
    ],
)
def test_a_barrier_is_the_rise_above_the_chord(loss, height):
    np.testing.assert_equal(lv.barrier(path(loss)), height)


def test_a_barrier_of_the_test_loss():
    both = path([0, 0, 0], test_loss=("alpha", [0.0, 2, 1]))
    assert lv.barrier(both, "test_loss") == 1.5


def test_a_convex_loss_has_none():
    module = nn.Linear(2, 1).double()
    x, t = torch.rand(9, 2).double(), torch.rand(9, 1).double()
    landscape = lv.Landscape.from_module(module, nn.MSELoss(), x, t)
    for start, end in landscape.initial(10, 0, 3.0).reshape(5, 2, 3):
        assert lv.barrier(lv.interpolate(landscape, start, end)) == 0


# --- matching -----------------------------------------------------------------------------------


def test_a_permuted_copy_has_a_wall_before_and_none_after(iris):
    landscape, model, _ = iris
    copy = lv.permute_units(landscape, model, [1, 2, 3, 0])
    wall = lv.barrier(lv.interpolate(landscape, model, copy))
    assert wall > 0.1
    matched = lv.match_units(landscape, model, copy)
    assert torch.equal(matched, model)
    assert lv.barrier(lv.interpolate(landscape, model, matched)) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("signs", [False, True])
def test_one_layer_is_matched_as_well_as_can_be(signs):
    """The slow twin: all 4! orders, with all 2^4 signs."""
    landscape = lv.Landscape("iris", "tanh")
    points = landscape.initial(6, 0, 1.0)
    matched = lv.match_units(landscape, points[0], points[1:], signs)
    torch.testing.assert_close(landscape.outputs(matched), landscape.outputs(points[1:]))
    turns = [
        units for n in range(5 if signs else 1) for units in itertools.combinations(range(4), n)
    ]
    for found, point in zip(matched, points[1:], strict=True):
        distances = [
            (lv.flip_signs(landscape, lv.permute_units(landscape, point, order), units) - points[0])
            .norm()
            for order in itertools.permutations(range(4))
            for units in turns
        ]  # fmt: skip
        assert float((found - points[0]).norm()) == pytest.approx(float(min(distances)))


@pytest.mark.parametrize("landscape", [deep(), convolutional()])
def test_all_layers_of_a_copy_are_found(landscape):
    point = landscape.weights
    copy, rng = point, np.random.default_rng(0)
    for number, units in enumerate([7, 8, 5] if len(point) > 130 else [5, 4]):
        copy = lv.permute_units(landscape, copy, rng.permutation(units), number)
    assert not torch.equal(copy, point)
    assert torch.equal(lv.match_units(landscape, point, copy), point)


def test_signs_of_a_deep_copy_are_found():
    landscape = deep()
    copy = lv.flip_signs(landscape, landscape.weights, [0, 3], 1)
    copy = lv.flip_signs(landscape, lv.permute_units(landscape, copy, [3, 1, 0, 4, 2], 2), [1], 2)
    assert torch.equal(lv.match_units(landscape, landscape.weights, copy, signs=True),
                       landscape.weights)  # fmt: skip


def test_matching_never_leads_away():
    landscape = deep()
    points = landscape.initial(8, 1, 1.0)
    for seed in (0, 1):
        matched = lv.match_units(landscape, points[0], points, seed=seed)
        torch.testing.assert_close(landscape.outputs(matched), landscape.outputs(points))
        before, after = ((w - points[0]).norm(dim=-1) for w in (points, matched))
        assert bool((after <= before + 1e-12).all())
        assert bool((after < before - 0.1).any())
        again = lv.match_units(landscape, points[0], matched, seed=seed)
        torch.testing.assert_close(again, matched, rtol=0, atol=0)


def test_matching_lowers_the_barrier_between_two_models(iris):
    landscape, start, end = iris
    matched = lv.match_units(landscape, start, end, signs=True)
    assert lv.barrier(lv.interpolate(landscape, start, matched)) <= lv.barrier(
        lv.interpolate(landscape, start, end)
    )


def test_an_activation_that_is_not_odd_cannot_be_turned():
    landscape = lv.Landscape("iris", "sigmoid")
    with pytest.raises(ValueError, match="signs must be False"):
        lv.match_units(landscape, np.zeros(35), np.zeros(35), signs=True)


# --- curves -------------------------------------------------------------------------------------


def test_a_curve_goes_around_the_wall(iris):
    landscape, start, end = iris
    wall = lv.barrier(lv.interpolate(landscape, start, end))
    curve = lv.connect(landscape, start, end)
    assert wall > 0.1
    assert lv.barrier(curve) < 0.1 * wall
    history = curve.curve_loss.values
    assert history[-50:].mean() < 0.5 * history[:10].mean()


def test_points_lie_on_the_curve_through_both_models(iris):
    landscape, start, end = iris
    curve = lv.connect(landscape, start, end, 11, 20)
    np.testing.assert_array_equal(curve.weights[0], start)
    np.testing.assert_array_equal(curve.weights[-1], end)
    middle = 0.25 * start + 0.5 * torch.from_numpy(curve.control.values) + 0.25 * end
    np.testing.assert_allclose(curve.weights[5], middle, rtol=1e-12)
    np.testing.assert_allclose(curve.loss, landscape.loss(curve.weights.values), rtol=1e-12)
    assert curve.accuracy.shape == curve.test_accuracy.shape == (11,)


def test_without_steps_it_is_the_straight_line(iris):
    landscape, start, end = iris
    curve, line = (
        lv.connect(landscape, start, end, 9, 0),
        lv.interpolate(landscape, start, end, 9),
    )
    np.testing.assert_allclose(curve.loss, line.loss, rtol=1e-10)
    assert curve.sizes["step"] == 0


def test_the_first_step_is_down_the_mean_loss_of_its_times(iris):
    """The slow twin: autograd through the curve, at the times that the stream draws."""
    _, start, end = iris
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 3)).double()
    problem = lv.load_problem("iris")
    x, t = (torch.from_numpy(np.asarray(part)) for part in (problem.inputs, problem.targets))
    landscape = lv.Landscape.from_module(module, nn.MSELoss(), x, t)
    curve = lv.connect(landscape, start, end, 3, 1, "gd", 0.5, times=5, seed=4)
    times = (np.arange(5) + _streams.stream(4, 0, _streams.TIME).random(5)) / 5
    control = ((start + end) / 2).requires_grad_()
    losses = []
    for time in times:
        w = (1 - time) ** 2 * start + 2 * time * (1 - time) * control + time**2 * end
        parts = dict(zip(("0.weight", "0.bias", "2.weight", "2.bias"), w.split([16, 4, 12, 3]),
                         strict=True))  # fmt: skip
        parts["0.weight"], parts["2.weight"] = (
            parts["0.weight"].view(4, 4), parts["2.weight"].view(3, 4),
        )  # fmt: skip
        losses.append(nn.functional.mse_loss(torch.func.functional_call(module, parts, x), t))
    mean = torch.stack(losses).mean()
    mean.backward()
    assert float(curve.curve_loss[0]) == pytest.approx(mean.item())
    np.testing.assert_allclose(curve.control, (control - 0.5 * control.grad).detach(), rtol=1e-10)


@pytest.mark.parametrize("batch_size", [None, 20])
def test_a_curve_depends_on_the_seed_alone(iris, batch_size):
    landscape, start, end = iris
    one, two, other = (
        lv.connect(landscape, start, end, 5, 10, batch_size=batch_size, seed=seed).control.values
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 1e-6


def test_a_curve_that_leaves_the_range_of_numbers_is_refused():
    module = nn.Linear(2, 1).double()
    x, t = torch.rand(9, 2).double(), torch.rand(9, 1).double()
    landscape = lv.Landscape.from_module(module, nn.MSELoss(), x, t)
    start, end = landscape.initial(2, 0, 1.0)
    with pytest.raises(ValueError, match="learning_rate must keep"):
        lv.connect(landscape, start, end, 3, 400, "gd", 1e6)


def test_the_models_landscape_is_left_alone(iris):
    _, start, end = iris
    module = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 3)).double()
    before = [p.clone() for p in module.parameters()]
    x, t = torch.rand(9, 4).double(), torch.randint(0, 3, (9,))
    landscape = lv.Landscape.from_module(module, nn.CrossEntropyLoss(), x, t)
    state, kept = torch.get_rng_state(), (start.clone(), end.clone())
    lv.connect(landscape, start, end, 5, 5, batch_size=3)
    lv.interpolate(landscape, start, end)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(a, b) for a, b in zip(kept, (start, end), strict=True))
    assert all(torch.equal(p, q) for p, q in zip(module.parameters(), before, strict=True))
    assert all(p.grad is None for p in module.parameters())
