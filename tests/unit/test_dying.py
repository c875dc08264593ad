"""Dead units and networks, linear regions, balanced weights: closed forms and slow twins."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

import lossviz as lv
from lossviz.analysis import dying


def rectifiers(*widths, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        *(part for a, b in pairwise(widths) for part in (nn.Linear(a, b).double(), nn.ReLU()))
    )


# --- states of units --------------------------------------------------------------------------


def test_states_agree_with_loops_over_units():
    rng = np.random.default_rng(0)
    outputs = np.maximum(rng.standard_normal((3, 7, 9)) + rng.uniform(-3, 3, (3, 1, 9)), 0)
    found = lv.unit_states(outputs, threshold=0.3)
    for point, each in enumerate(outputs):
        means = [np.mean([abs(h) for h in unit]) for unit in each.T]
        for k, unit in enumerate(each.T):
            score = means[k] / np.mean(means)
            assert float(found.score[point, k]) == pytest.approx(score)
            assert bool(found.dead[point, k]) == (max(unit) == 0)
            assert bool(found.always_on[point, k]) == (min(unit) > 0)
            assert bool(found.dormant[point, k]) == (score <= 0.3)
    assert found.dead.any()
    assert found.always_on.any()
    np.testing.assert_allclose(found.dead.double().mean(-1), lv.dead_units(outputs))
    np.testing.assert_allclose(found.sparsity, lv.get_activation("relu").saturation(outputs))


def test_scores_do_not_depend_on_scale_and_average_to_one():
    outputs = np.random.default_rng(1).uniform(0, 1, (5, 4))
    plain = lv.unit_states(outputs)
    for scale in (1e-300, 1e300, 4.0):
        np.testing.assert_allclose(lv.unit_states(scale * outputs).score, plain.score)
    assert float(plain.score.mean()) == pytest.approx(1)
    silent = lv.unit_states(np.zeros((5, 4)))
    assert bool(silent.dead.all())
    assert bool(silent.dormant.all())
    assert float(silent.score.max()) == 0


# --- networks that are dead from the start ------------------------------------------------------


def test_probability_of_dead_networks_in_closed_form():
    assert lv.dead_probability(2, 10) == pytest.approx(0.944, abs=5e-4)
    for width in (1, 2, 5, 20):
        for depth in (1, 3, 40):
            plain = 1 - (1 - 2.0**-width) ** depth
            assert lv.dead_probability(width, depth) == pytest.approx(plain, rel=1e-9)
    assert lv.dead_probability(100, 10) == pytest.approx(10 * 2.0**-100)
    assert lv.dead_probability(1, 5000) == 1
    assert lv.dead_probability(5000, 3) == 0


@pytest.mark.parametrize(("width", "inputs"), [(1, 1), (2, 1), (3, 4)])
def test_drawn_networks_are_dead_as_often_as_the_closed_form_says(width, inputs):
    points = np.random.default_rng(0).standard_normal((3, inputs))
    found = lv.draw_dead_networks(points, width, 12, 4000)
    for depth in (1, 4, 12):
        count = int(found.dead_first.sel(layer=depth).sum())
        interval = lv.share_interval(count, 4000, 0.9999)
        assert interval.low <= lv.dead_probability(width, depth) <= interval.high
    assert (found.dead_all <= found.dead_first).all()
    assert (found.dead_first.astype(int).diff("layer") >= 0).all()


def test_one_layer_is_never_dead_at_both_signs_and_two_of_one_unit_are_half_the_time():
    found = lv.draw_dead_networks([[1.0], [-1.0]], 1, 2, 4000)
    assert not found.dead_all.sel(layer=1).any()
    interval = lv.share_interval(int(found.dead_all.sel(layer=2).sum()), 4000, 0.9999)
    assert interval.low <= 0.5 <= interval.high


@pytest.mark.parametrize("bias", [0.0, -0.4, 0.3])
def test_drawing_agrees_with_networks_that_are_run_one_by_one(bias):
    points = np.array([[0.5, -1.0], [2.0, 0.3], [-1.0, 0.1]])
    found = lv.draw_dead_networks(points, 2, 5, 60, bias, seed=3)
    layers = dying._weights(3, 0, (5, 2, 2))
    for network in range(60):
        first = every = False
        signals = list(points)
        for layer, weights in enumerate(layers, start=1):
            signals = [
                [max(0.0, float(h @ weights[network][:, k]) + bias) for k in range(2)]
                for h in map(np.array, signals)
            ]
            first = first or max(signals[0]) == 0
            every = every or max(map(max, signals)) == 0
            assert bool(found.dead_first[network, layer - 1]) == first
            assert bool(found.dead_all[network, layer - 1]) == every


def test_the_first_networks_do_not_depend_on_how_many_follow():
    few, many = (lv.draw_dead_networks([[1.0]], 2, 3, n) for n in (7, 600))
    np.testing.assert_array_equal(few.dead_first, many.dead_first[:7])


# --- linear regions -----------------------------------------------------------------------------


def test_regions_of_one_layer_are_counted_by_lines_and_crossings():
    # Lines through the square that cross each other within it, far enough apart for the grid.
    angles = np.pi * np.arange(5) / 5 + 0.1
    layer = nn.Linear(2, 5).double()
    layer.weight.data = torch.tensor(np.column_stack([np.cos(angles), np.sin(angles)]))
    layer.bias.data = torch.tensor([0.3, -0.2, 0.25, 0.4, -0.35], dtype=torch.float64)
    found = lv.linear_regions(nn.Sequential(layer, nn.ReLU()), 4.0, 801)
    assert found.attrs["regions"] == 1 + 5 + 10
    assert found.attrs["dead"] == [0]


def test_regions_agree_with_patterns_by_hooks_and_are_linear():
    network = rectifiers(2, 5, 4, 3, seed=2)
    found = lv.linear_regions(network, 2.0, 41)
    side = np.linspace(-2, 2, 41)
    grid = torch.tensor([[x, y] for y in side for x in side])
    seen = []
    hooks = [
        part.register_forward_pre_hook(lambda _, got: seen.append(got[0] > 0))
        for part in network
        if isinstance(part, nn.ReLU)
    ]
    network(grid)
    for hook in hooks:
        hook.remove()
    patterns = [tuple(row) for row in torch.cat(seen, dim=1).int().tolist()]
    numbers = {}
    regions = [numbers.setdefault(pattern, len(numbers)) for pattern in patterns]
    np.testing.assert_array_equal(found.region.values.ravel(), regions)
    for layer, on in enumerate(seen):
        active = found.active[layer].values.ravel()
        np.testing.assert_array_equal(active, on.sum(dim=1).numpy())
        assert found.attrs["dead"][layer] == int((~on.any(dim=0)).sum())
    largest = np.bincount(regions).argmax()
    inside = grid[torch.tensor(np.array(regions) == largest)]
    design = torch.cat([inside, torch.ones(len(inside), 1, dtype=torch.float64)], dim=1)
    outputs = network(inside).detach()
    fit = design @ torch.linalg.lstsq(design, outputs).solution
    torch.testing.assert_close(fit, outputs)


def test_the_network_is_left_as_it_was():
    network = nn.Sequential(nn.Linear(2, 3), nn.ReLU(inplace=True), nn.Linear(3, 2), nn.LeakyReLU())
    before = {name: each.clone() for name, each in network.state_dict().items()}
    drawn = torch.get_rng_state()
    lv.linear_regions(network, 1.0, 5)
    assert torch.equal(drawn, torch.get_rng_state())
    for name, each in network.state_dict().items():
        assert torch.equal(before[name], each)


@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(nn.Linear(3, 2), nn.ReLU()),
        nn.Sequential(nn.Linear(2, 2)),
        nn.Sequential(nn.Linear(2, 2), nn.Tanh()),
        nn.Sequential(),
    ],
)
def test_networks_that_do_not_fit_are_refused(network):
    with pytest.raises(ValueError, match="network must have"):
        lv.linear_regions(network)


# --- balanced weights ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_sums_are_equal_at_any_point_and_as_loops_have_them(name):
    iris = lv.Landscape("iris", name)
    points = iris.initial(6, seed=1, start_range=2.0)
    found = lv.unit_balance(iris, points)
    torch.testing.assert_close(found.incoming, found.outgoing)
    point, slope = points[2], iris.gradient(points[2])
    for unit in range(4):
        into = [*range(4 * unit, 4 * unit + 4), 16 + unit]
        out = [20 + 4 * k + unit for k in range(3)]
        sums = [sum(float(point[i] * slope[i]) for i in places) for places in (into, out)]
        assert float(found.incoming[2, unit]) == pytest.approx(sums[0])
        assert float(found.outgoing[2, unit]) == pytest.approx(sums[1])
        length = sum(float(point[i]) ** 2 for i in into) - sum(float(point[i]) ** 2 for i in out)
        assert float(found.difference[2, unit]) == pytest.approx(length)


def test_both_layers_of_a_deep_module_are_balanced():
    data = lv.load_problem("iris")
    network = nn.Sequential(
        nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3), nn.LeakyReLU(0.1), nn.Linear(3, 3)
    )
    deep = lv.Landscape.from_module(
        network, lv.stable_softmax_cross_entropy, data.inputs, data.targets, dtype=torch.float64
    )
    point = deep.initial(1, seed=0, start_range=1.0)
    for layer, units in enumerate((5, 3)):
        found = lv.unit_balance(deep, point, layer)
        assert found.incoming.shape == (1, units)
        torch.testing.assert_close(found.incoming, found.outgoing)


def test_one_step_changes_the_difference_by_its_square():
    iris = lv.Landscape("iris", "relu")
    point = iris.initial(1, seed=3, start_range=1.0)[0]
    slope = iris.gradient(point)
    before, after = (lv.unit_balance(iris, w).difference for w in (point, point - 0.5 * slope))
    # The difference of the gradient's own squares, by the same places.
    squares = lv.unit_balance(iris, slope).difference
    torch.testing.assert_close(after - before, 0.25 * squares)


def test_a_smooth_activation_is_refused():
    with pytest.raises(ValueError, match="homogeneous"):
        lv.unit_balance(lv.Landscape("xor", "tanh"), range(9))
