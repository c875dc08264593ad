"""Zero eigenvalues that must be there, beside the numerical rank of whole Hessians."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import lossviz as lv

LOSSES = ("cross_entropy", "squared_error", "softmax_cross_entropy")


def zeros(landscape, point, rtol=1e-9):
    """The number of eigenvalues that are zero, from the whole Hessian."""
    spectrum = torch.linalg.eigvalsh(landscape.hessian(point)).abs()
    return int((spectrum <= rtol * spectrum.max()).sum())


def taught(activation, samples, sizes=(3, 4, 2), seed=0):
    """A network at the weights of its own teacher: zero residual, and so a critical point."""
    torch.manual_seed(seed)
    inputs, hidden, outputs = sizes
    module = nn.Sequential(nn.Linear(inputs, hidden), activation, nn.Linear(hidden, outputs))
    module = module.double()
    x = torch.randn(samples, inputs).double()
    return lv.Landscape.from_module(module, nn.MSELoss(), x, module(x).detach())


@pytest.mark.parametrize("name", ["tanh", "relu", "leaky_relu", "hard_tanh", "elu"])
@pytest.mark.parametrize(
    ("problem", "loss"),
    [*(("iris", loss) for loss in LOSSES), *(("xor", one) for one in LOSSES[:2])],
)
def test_no_more_zeros_are_forced_than_there_are(problem, name, loss):
    landscape = lv.Landscape(problem, name, loss)
    for point in landscape.initial(10, 1, 1.0):
        found = lv.forced_zeros(landscape, point)
        assert landscape.structural_zeros <= found.total <= zeros(landscape, point, rtol=1e-8)
        assert found.total == sum(found.by_cause.values())
        assert len(found.reasons) == sum(count > 0 for count in found.by_cause.values())


@pytest.mark.parametrize("name", ["tanh", "elu", "sigmoid", "softplus"])
def test_softmax_adds_exactly_h_plus_1(name):
    landscape = lv.Landscape("iris", name, "softmax_cross_entropy")
    for point in landscape.initial(5, 0, 1.0):
        found = lv.forced_zeros(landscape, point)
        assert found.softmax_shift == found.total == 4 + 1 == zeros(landscape, point)


@pytest.mark.parametrize("loss", LOSSES[:2])
@pytest.mark.parametrize("name", ["relu", "hard_tanh"])
def test_flat_units_explain_all_zeros_on_digits(name, loss):
    landscape = lv.Landscape("digits", name, loss)
    point = landscape.initial(1, 1, 1.0)[0]
    found = lv.forced_zeros(landscape, point)
    assert found.dependent_inputs == 10 * 3
    assert found.flat_units > 0
    assert found.total == zeros(landscape, point)


def test_a_dead_unit_counts_with_all_its_weights():
    landscape = lv.Landscape("iris", "relu", "softmax_cross_entropy")
    point = landscape.initial(1, 0, 1.0)[0]
    point[16] = -100.0  # the first unit's bias
    found = lv.forced_zeros(landscape, point)
    # 5 incoming and 3 outgoing weights, one direction of which is the softmax's already.
    assert (found.softmax_shift, found.dead_units) == (5, 7)
    assert found.total == zeros(landscape, point)


def test_the_rank_of_xor_is_at_most_8_with_relu():
    landscape = lv.Landscape("xor", "relu")
    for point in landscape.initial(50, 2, 1.0):
        found = lv.forced_zeros(landscape, point)
        assert 1 <= found.total <= zeros(landscape, point)


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.LeakyReLU(0.1)])
def test_scale_moves_freely_at_critical_points_only(activation):
    landscape = taught(activation, samples=60)
    found = lv.forced_zeros(landscape, landscape.weights)
    assert found.rescaling == 4 == found.total == zeros(landscape, landscape.weights)
    beside = landscape.weights + 0.01
    assert lv.forced_zeros(landscape, beside).total == 0 == zeros(landscape, beside)


def test_a_unit_that_is_dead_has_no_scale_to_move():
    landscape = taught(nn.ReLU(), samples=60)
    point = landscape.weights.clone()
    point[12] = -100.0  # the first unit's bias
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).double()
    nn.utils.vector_to_parameters(point, module.parameters())
    x = torch.randn(60, 3).double()
    landscape = lv.Landscape.from_module(module, nn.MSELoss(), x, module(x).detach())
    found = lv.forced_zeros(landscape, point)
    assert (found.dead_units, found.rescaling) == (4 + 2, 3)
    assert found.total == zeros(landscape, point)


@pytest.mark.parametrize("activation", [nn.Tanh(), nn.ReLU(), nn.ELU()])
@pytest.mark.parametrize("samples", [2, 3, 5])
def test_without_residual_the_rank_is_at_most_samples_times_outputs(activation, samples):
    landscape = taught(activation, samples)
    found = lv.forced_zeros(landscape, landscape.weights)
    assert landscape.num_weights == 26
    assert found.total >= 26 - samples * 2
    assert found.total <= zeros(landscape, landscape.weights)
    if isinstance(activation, nn.Tanh):
        assert found.total == zeros(landscape, landscape.weights) == 26 - samples * 2
        assert lv.forced_zeros(landscape, landscape.weights + 0.1).zero_residual == 0


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "cross_entropy"])
def test_a_module_has_the_zeros_of_the_closed_form(loss):
    closed = lv.Landscape("digits", "relu", loss)
    problem = closed.problem
    loss_fn = {
        "softmax_cross_entropy": nn.CrossEntropyLoss(), "cross_entropy": nn.BCEWithLogitsLoss(),
    }[loss]  # fmt: skip
    module = nn.Sequential(nn.Linear(64, 10), nn.ReLU(), nn.Linear(10, 10)).double()
    x, t = (torch.from_numpy(np.asarray(part)) for part in (problem.inputs, problem.targets))
    opened = lv.Landscape.from_module(module, loss_fn, x, t)
    point = closed.initial(1, 0, 1.0)[0]
    assert lv.forced_zeros(opened, point) == lv.forced_zeros(closed, point)


def test_two_hidden_layers():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 3)
    ).double()
    x, t = torch.randn(40, 2, 2).double(), torch.randint(0, 3, (40,))
    x[:, 1, 1] = x[:, 0, 0]  # dependent inputs
    landscape = lv.Landscape.from_module(module, nn.CrossEntropyLoss(), x, t)
    point = landscape.weights.clone()
    point[12:15] = point[27:31] = 1.0  # biases: every unit is active on some samples
    point[27] = -100.0  # but the first of the second hidden layer
    found = lv.forced_zeros(landscape, point)
    assert (found.dependent_inputs, found.softmax_shift) == (3, 5)
    assert found.dead_units == 4 + 3 - 1
    assert found.total <= zeros(landscape, point)


def test_convolutions_are_refused():
    module = nn.Sequential(nn.Conv1d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4, 1))
    landscape = lv.Landscape.from_module(
        module, nn.MSELoss(), torch.rand(5, 1, 4), torch.rand(5, 1)
    )
    with pytest.raises(ValueError, match="Linear layers only"):
        lv.forced_zeros(landscape, landscape.weights)


def test_reasons_are_sentences():
    found = lv.forced_zeros(lv.Landscape("iris", "tanh", "softmax_cross_entropy"), np.zeros(35))
    assert found.reasons[0] == (
        "5 of 35 eigenvalues are zero because softmax does not see what is added to all outputs "
        "alike."
    )
