"""Permuted, turned and rescaled units: other weights, the same function."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import lossviz as lv
from lossviz.landscape._dense_layers import hidden_layers

NAMES = lv.activation_names()
ODD = ("tanh", "hard_tanh", "lecun_tanh", "sine", "identity")
HOMOGENEOUS = ("relu", "leaky_relu", "identity")


def same_outputs(landscape, one, other, rtol=1e-10):
    torch.testing.assert_close(
        landscape.outputs(one), landscape.outputs(other), rtol=rtol, atol=1e-12
    )


def deep(*middle, seed=0, outputs=3, bias=True):
    """A landscape of layers 4, 5, ... and these outputs, with these modules between."""
    torch.manual_seed(seed)
    sizes = [*range(4, 5 + len(middle)), outputs]
    parts = []
    for low, high, part in itertools.zip_longest(sizes, sizes[1:], middle):
        parts += [nn.Linear(low, high, bias=bias)] if high else []
        parts += [part] if part else []
    x, t = torch.randn(9, 4), torch.randint(0, outputs, (9,))
    module = nn.Sequential(*parts).double()
    return lv.Landscape.from_module(module, nn.CrossEntropyLoss(), x.double(), t)


def convolutional(pool=nn.AvgPool2d):
    torch.manual_seed(1)
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.Tanh(), pool(2), nn.Conv2d(4, 5, 3), nn.ReLU(),
        nn.Flatten(), nn.Linear(20, 6), nn.Sigmoid(), nn.Linear(6, 3),
    ).double()  # fmt: skip
    x, t = torch.randn(7, 1, 8, 8).double(), torch.randint(0, 3, (7,))
    return lv.Landscape.from_module(module, nn.CrossEntropyLoss(), x, t)


# --- one hidden layer ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_moves_leave_the_outputs(name):
    landscape = lv.Landscape("iris", name)
    points = landscape.initial(3, 0, 1.0)
    same_outputs(landscape, points, lv.permute_units(landscape, points, [2, 0, 1, 3]))
    if name in (*ODD, "sigmoid"):
        turned = lv.flip_signs(landscape, points, [3, 1])
        assert float((turned - points).abs().max()) > 0.1
        same_outputs(landscape, points, turned)
    else:
        with pytest.raises(ValueError, match="odd activation"):
            lv.flip_signs(landscape, points, [0])
    if name in HOMOGENEOUS:
        same_outputs(landscape, points, lv.rescale_units(landscape, points, [2.0, 0.1, 3, 1]))
    else:
        with pytest.raises(ValueError, match="positive homogeneous"):
            lv.rescale_units(landscape, points, 2.0)


def test_a_move_is_what_it_is_by_hand():
    """The slow twin: matrices, row by row."""
    landscape, order = lv.Landscape("iris", "relu"), [3, 1, 0, 2]
    point = landscape.initial(1, 0, 1.0)[0]
    w1, b1, w2, b2 = point.split([16, 4, 12, 3])
    w1, w2, scale = w1.view(4, 4), w2.view(3, 4), torch.tensor([2.0, 3, 4, 5])
    moved = lv.permute_units(landscape, point, order)
    by_hand = [
        torch.stack([w1[unit] for unit in order]).flatten(), b1[order],
        torch.stack([w2[:, unit] for unit in order], dim=1).flatten(), b2,
    ]  # fmt: skip
    assert torch.equal(moved, torch.cat(by_hand))
    scaled = lv.rescale_units(landscape, point, scale)
    by_hand = [(torch.diag(scale).double() @ w1).flatten(), scale * b1, (w2 / scale).flatten(), b2]
    torch.testing.assert_close(scaled, torch.cat(by_hand).double(), rtol=1e-15, atol=0)


@settings(max_examples=30)
@given(st.permutations(range(4)), st.permutations(range(4)))
def test_orders_compose(one, other):
    landscape = lv.Landscape("iris", "elu")
    point = torch.arange(35.0).double()
    twice = lv.permute_units(landscape, lv.permute_units(landscape, point, one), other)
    assert torch.equal(twice, lv.permute_units(landscape, point, [one[unit] for unit in other]))
    back = lv.permute_units(landscape, twice, np.argsort([one[unit] for unit in other]))
    assert torch.equal(back, point)


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_turning_twice_changes_nothing(name):
    landscape = lv.Landscape("iris", name)
    point = landscape.initial(1, 0, 1.0)[0]
    twice = lv.flip_signs(landscape, lv.flip_signs(landscape, point, [0, 2]), [0, 2])
    torch.testing.assert_close(twice, point, rtol=1e-14, atol=1e-15)


# --- orbits -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "size"), [("tanh", 8), ("sigmoid", 8), ("relu", 2), ("elu", 2)])
def test_xor_has_2_to_the_h_times_h_factorial_copies(name, size):
    landscape = lv.Landscape("xor", name)
    point = landscape.initial(1, 0, 1.0)[0]
    copies = lv.orbit(landscape, point)
    assert lv.orbit_size(landscape) == len(copies) == size
    assert len({tuple(row) for row in copies.tolist()}) == size
    assert torch.equal(copies[0], point)
    torch.testing.assert_close(
        landscape.loss(copies), landscape.loss(point).expand(size), rtol=1e-13, atol=0
    )


def test_units_that_are_alike_have_fewer_copies():
    landscape = lv.Landscape("xor", "tanh")
    alike = [1.0, 2, 1, 2, 3, 3, 4, 4, 5]
    assert len({tuple(row) for row in lv.orbit(landscape, alike).tolist()}) == 4


def test_an_orbit_of_two_hidden_layers():
    landscape = deep(nn.Tanh(), nn.ReLU())
    assert lv.orbit_size(landscape) == 120 * 32 * 720
    small = lv.Landscape.from_module(
        nn.Sequential(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)),
        nn.MSELoss(), torch.rand(4, 1), torch.rand(4, 1), dtype=torch.float64,
    )  # fmt: skip
    copies = lv.orbit(small, small.weights)
    assert len({tuple(row) for row in copies.tolist()}) == lv.orbit_size(small) == 8 * 6
    torch.testing.assert_close(
        small.outputs(copies), small.outputs(copies[:1]).expand(48, 4, 1), rtol=0, atol=1e-14
    )


def test_an_orbit_that_is_too_large_is_refused():
    landscape = lv.Landscape("digits", "tanh")
    with pytest.raises(ValueError, match="at most"):
        lv.orbit(landscape, torch.zeros(760))


# --- deeper networks and convolutions -----------------------------------------------------------


@pytest.mark.parametrize(
    "landscape", [deep(nn.Tanh(), nn.ReLU()), convolutional(), convolutional(nn.MaxPool2d)]
)
def test_moves_in_every_layer_leave_the_outputs(landscape):
    point = landscape.weights
    for number, layer in enumerate(hidden_layers(landscape)):
        order = np.random.default_rng(number).permutation(layer.units)
        moved = lv.permute_units(landscape, point, order, number)
        assert not torch.equal(moved, point)
        same_outputs(landscape, moved, point)
        if layer.centre is not None:
            same_outputs(landscape, lv.flip_signs(landscape, point, [0, 2], number), point)
        if layer.homogeneous:
            same_outputs(landscape, lv.rescale_units(landscape, point, 3.0, number), point)


def test_a_pool_of_maxima_and_a_border_bar_turning():
    with pytest.raises(ValueError, match="pooling"):
        lv.flip_signs(convolutional(nn.MaxPool2d), convolutional().weights, [0])
    without = deep(nn.Sigmoid(), bias=False)  # nothing above takes up f(0) = 1/2
    with pytest.raises(ValueError, match="no biases"):
        lv.flip_signs(without, without.weights, [0])


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x):
        return self.layer(x)


SHARED = nn.Linear(4, 4)


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (Own(), "got a Own"),
        (nn.Linear(4, 3), "without hidden units"),
        (nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)), "got a BatchNorm1d"),
        (nn.Sequential(nn.Linear(4, 5), nn.PReLU(), nn.Linear(5, 3)), "got a PReLU"),
        (nn.Sequential(nn.Linear(4, 5), nn.Softmax(1), nn.Linear(5, 3)), "got Softmax"),
        (nn.Sequential(SHARED, nn.Tanh(), SHARED, nn.Tanh(), nn.Linear(4, 3)), "share weights"),
        (nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Conv1d(2, 2, 1, groups=2), nn.ReLU(),
                       nn.Flatten(), nn.Linear(4, 3)), "groups=2"),
        (nn.Sequential(nn.Unflatten(1, (2, 2)), nn.Conv1d(2, 2, 1), nn.ReLU(), nn.Linear(2, 2),
                       nn.Flatten(), nn.Linear(4, 3)), "got a Linear of 2 inputs"),
    ],
)  # fmt: skip
def test_networks_of_unknown_structure_are_refused(module, says):
    landscape = lv.Landscape.from_module(
        module.eval(), nn.CrossEntropyLoss(), torch.rand(6, 4), torch.tensor([0, 1, 2, 0, 1, 2])
    )
    for call in (lv.orbit_size, lambda it: lv.match_units(it, it.weights, it.weights)):
        with pytest.raises(ValueError, match=f"(?s)landscape must be.*{says}"):
            call(landscape)


# --- Dinh's rescaling ---------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["cross_entropy", "squared_error"])
def test_the_hessian_is_rescaled_on_both_sides(loss):
    landscape = lv.Landscape("iris", "relu", loss)
    point = landscape.initial(1, 0, 1.0)[0]
    scales = torch.tensor([0.5, 2.0, 3.0, 4.0]).double()
    t = torch.cat(
        [scales.repeat_interleave(4), scales, (1 / scales).repeat(3), torch.ones(3)]
    ).double()
    moved = landscape.hessian(lv.rescale_units(landscape, point, scales))
    expected = landscape.hessian(point) / t[:, None] / t
    torch.testing.assert_close(moved, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("factor", [0.8, 1.0, 3.0, 1e4])
@pytest.mark.parametrize("landscape", [lv.Landscape("iris", "relu"), deep(nn.ReLU(), nn.Tanh())])
def test_a_function_can_be_as_sharp_as_one_likes(landscape, factor):
    # Far from the flattest scale, so that there is room on both sides.
    point = lv.rescale_units(landscape, landscape.initial(1, 3, 1.0)[0], 3.0)
    before = float(torch.linalg.eigvalsh(landscape.hessian(point))[-1])
    moved = lv.rescale_to_sharpness(landscape, point, factor * before, tolerance=1e-4)
    after = float(torch.linalg.eigvalsh(landscape.hessian(moved))[-1])
    assert after == pytest.approx(factor * before, rel=1e-4)
    same_outputs(landscape, moved, point)


def test_no_scale_is_flatter_than_the_flattest():
    landscape = lv.Landscape("iris", "relu")
    point = landscape.initial(1, 0, 1.0)[0]
    with pytest.raises(ValueError, match=r"sharpness must be at least") as caught:
        lv.rescale_to_sharpness(landscape, point, 1e-6)
    said = float(str(caught.value).split("at least ")[1].split(",")[0])
    scales = np.geomspace(0.05, 20, 400)
    points = torch.stack([lv.rescale_units(landscape, point, a) for a in scales])
    sharpness = torch.linalg.eigvalsh(landscape.hessian(points))[:, -1]
    assert said == pytest.approx(float(sharpness.min()), rel=1e-3)
