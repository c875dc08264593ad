"""The closed forms of loss, gradient and Hessian, beside slow twins and exact facts."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import logsigmoid

import lossviz as lv

LOSSES = ("cross_entropy", "squared_error")
PROBLEMS = ("xor", "xor-bipolar", "iris")
NATIVE = {
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
    "elu": torch.nn.ELU,
    "sigmoid": torch.nn.Sigmoid,
}


def network(landscape):
    inputs, hidden, outputs = landscape.problem.layers
    layers = (
        torch.nn.Linear(inputs, hidden),
        NATIVE[landscape.activation.name](),
        torch.nn.Linear(hidden, outputs),
    )
    return torch.nn.Sequential(*layers).double()


def twin(landscape):
    """Return the loss as a plain torch function of one flat vector of weights."""
    inputs, hidden, outputs = landscape.problem.layers
    x = torch.from_numpy(landscape.problem.inputs)
    sign = 2 * torch.from_numpy(landscape.problem.targets) - 1
    act = NATIVE[landscape.activation.name]()

    def loss(w):
        w1, b1, w2, b2 = w.split([hidden * inputs, hidden, outputs * hidden, outputs])
        z = act(x @ w1.view(hidden, inputs).T + b1) @ w2.view(outputs, hidden).T + b2
        if landscape.loss_name == "cross_entropy":
            return -logsigmoid(sign * z).mean()
        # The share of the wrong class, through exp(-|z|): autograd of a sigmoid loses digits.
        u = -sign * z
        return ((torch.exp(u.clamp(max=0)) / (1 + torch.exp(-u.abs()))) ** 2).mean()

    return loss


def points(landscape, n, scale, seed=0):
    return landscape.initial(n, seed, scale)


def close(found, expected, rtol):
    """Compare with a tolerance relative to the largest entry of each point."""
    dims = tuple(range(1, expected.ndim))
    error = (found - expected).abs().amax(dim=dims)
    size = expected.abs().amax(dim=dims)
    worst = float((error / size.clamp(min=1e-300)).max())
    assert worst <= rtol, f"relative error {worst:.2e} exceeds {rtol:.0e}"


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_closed_forms_equal_torch_func(problem, activation, loss, scale):
    landscape = lv.Landscape(problem, activation, loss)
    w = points(landscape, 6, scale)
    f = twin(landscape)
    close(landscape.loss(w)[:, None], torch.vmap(f)(w)[:, None], 1e-10)
    close(landscape.gradient(w), torch.vmap(torch.func.grad(f))(w), 1e-9)
    # Reverse over reverse: torch's forward mode warns about its own internals.
    hessian = torch.func.jacrev(torch.func.grad(f))
    close(landscape.hessian(w), torch.vmap(hessian)(w), 1e-8)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_closed_forms_equal_finite_differences(problem, activation, loss):
    landscape, h = lv.Landscape(problem, activation, loss), 1e-5
    w = points(landscape, 4, 1.0, seed=1)
    steps = h * torch.eye(landscape.num_weights, dtype=torch.float64)
    ahead, behind = w[:, None] + steps, w[:, None] - steps
    gradient = (landscape.loss(ahead) - landscape.loss(behind)) / (2 * h)
    hessian = (landscape.gradient(ahead) - landscape.gradient(behind)) / (2 * h)
    close(landscape.gradient(w), gradient, 1e-7)
    close(landscape.hessian(w), hessian, 1e-7)


@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_flat_order_is_that_of_sequential(problem, activation):
    landscape = lv.Landscape(problem, activation)
    net = network(landscape)
    flat = points(landscape, 1, 1.0)[0]
    torch.nn.utils.vector_to_parameters(flat, net.parameters())
    outputs = torch.sigmoid(net(torch.from_numpy(landscape.problem.inputs)))
    targets = torch.from_numpy(landscape.problem.targets)
    loss = torch.nn.functional.binary_cross_entropy(outputs, targets)
    loss.backward()
    slopes = torch.nn.utils.parameters_to_vector([p.grad for p in net.parameters()])
    torch.testing.assert_close(landscape.outputs(flat), outputs.detach())
    torch.testing.assert_close(landscape.loss(flat), loss.detach())
    torch.testing.assert_close(landscape.gradient(flat), slopes)


@pytest.mark.parametrize("shape", [(), (1,), (5,), (2, 3), (0,), (2, 0), (1, 2, 2)])
@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_leading_axes_are_points(problem, shape):
    landscape = lv.Landscape(problem, "elu")
    m, samples = landscape.num_weights, len(landscape.problem.inputs)
    hidden, outputs = landscape.problem.layers[1:]
    flat = points(landscape, max(1, math.prod(shape)), 1.0)[: math.prod(shape)]
    w = flat.reshape(*shape, m)
    tails = {
        "loss": (), "gradient": (m,), "hessian": (m, m), "accuracy": (), "saturation": (),
        "hidden_outputs": (samples, hidden), "outputs": (samples, outputs),
    }  # fmt: skip
    for name, tail in tails.items():
        found = getattr(landscape, name)(w)
        assert found.shape == (*shape, *tail), name
        expected = [getattr(landscape, name)(row) for row in flat]
        if expected:
            torch.testing.assert_close(found.reshape(-1, *tail), torch.stack(expected))


def test_loss_and_gradient_come_from_one_pass():
    landscape = lv.Landscape("iris", "tanh")
    w = points(landscape, 3, 1.0)
    loss, gradient = landscape.loss_and_gradient(w)
    torch.testing.assert_close(loss, landscape.loss(w))
    torch.testing.assert_close(gradient, landscape.gradient(w), rtol=0, atol=0)


def test_lists_arrays_and_tensors_mean_the_same():
    landscape = lv.Landscape("xor", "tanh")
    w = points(landscape, 2, 1.0)
    for form in (w.tolist(), w.numpy(), w.numpy()[::-1][::-1], w.float().double() * 0 + w):
        torch.testing.assert_close(landscape.loss(form), landscape.loss(w), rtol=0, atol=0)


def test_hessian_is_exactly_symmetric(activation):
    for problem in PROBLEMS:
        landscape = lv.Landscape(problem, activation)
        hessian = landscape.hessian(points(landscape, 20, 3.0))
        assert torch.equal(hessian, hessian.mT)


# --- accuracy, saturation and the test part ---------------------------------------------------


def test_accuracy_counts_samples():
    landscape = lv.Landscape("iris", "tanh")
    w = points(landscape, 5, 2.0)
    outputs, targets = landscape.outputs(w).numpy(), landscape.problem.targets
    expected = (outputs.argmax(axis=-1) == targets.argmax(axis=-1)).mean(axis=-1)
    np.testing.assert_allclose(landscape.accuracy(w), expected)
    xor = lv.Landscape("xor", "tanh")
    w = points(xor, 50, 5.0)
    right = (xor.outputs(w).numpy()[..., 0] > 0.5) == (xor.problem.targets[:, 0] == 1)
    np.testing.assert_allclose(xor.accuracy(w), right.mean(axis=-1))


def test_a_known_network_solves_xor():
    # h = (x1 + x2)+ and (x1 + x2 - 1)+: h1 - 2 h2 is exclusive or.
    w = [1, 1, 1, 1, 0, -1, 20, -40, -10]
    landscape = lv.Landscape("xor", "relu")
    assert float(landscape.accuracy(w)) == 1
    assert float(landscape.loss(w)) == pytest.approx(math.log1p(math.exp(-10)))
    assert landscape.hidden_outputs(w).tolist() == [[0, 0], [1, 0], [1, 0], [2, 1]]


def test_the_test_landscape_measures_the_test_part():
    landscape = lv.Landscape("iris", "elu", "squared_error")
    swapped = replace(
        landscape.problem,
        inputs=landscape.problem.test_inputs,
        targets=landscape.problem.test_targets,
    )
    w = points(landscape, 3, 1.0)
    expected = twin(lv.Landscape(swapped, "elu", "squared_error"))
    torch.testing.assert_close(landscape.test.loss(w), torch.vmap(expected)(w))
    assert landscape.test.problem.inputs.shape == (30, 4)


def test_saturation_is_the_measure_of_the_hidden_outputs(activation):
    landscape = lv.Landscape("iris", activation)
    w = points(landscape, 3, 4.0)
    expected = lv.get_activation(activation).saturation(landscape.hidden_outputs(w))
    torch.testing.assert_close(landscape.saturation(w), expected)


# --- stable residuals -------------------------------------------------------------------------


def one_sided(target, dtype, loss="cross_entropy"):
    """XOR's inputs with one target for all: the output's bias alone decides every logit."""
    problem = lv.load_problem("xor")
    problem = replace(problem, targets=np.full((4, 1), float(target)))
    return lv.Landscape(problem, "tanh", loss, dtype)


def only_bias(logit):
    return torch.tensor([0.0] * 8 + [logit], dtype=torch.float64)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("target", [0, 1])
@pytest.mark.parametrize("size", [20, 25, 50, 300, 700])
def test_residuals_keep_their_digits_where_the_answer_is_right(size, target, dtype):
    landscape = one_sided(target, dtype)
    sign = 2 * target - 1
    w = only_bias(sign * size)
    # The best that the precision can say: 0 where the number is below its range.
    small = 1 / (1 + math.exp(size))
    exact = torch.tensor(
        [math.log1p(math.exp(-size)), -sign * small, small * (1 - small)], dtype=torch.float64
    )
    loss, slope, bend = exact.to(dtype).tolist()
    rtol = 1e-14 if dtype == torch.float64 else 1e-6
    assert float(landscape.loss(w)) == pytest.approx(loss, rel=rtol, abs=0)
    assert float(landscape.gradient(w)[8]) == pytest.approx(slope, rel=rtol, abs=0)
    assert float(landscape.hessian(w)[8, 8]) == pytest.approx(bend, rel=rtol, abs=0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", [20, 25, 50, 300, 700])
def test_residuals_keep_their_digits_where_the_answer_is_wrong(size, dtype):
    landscape = one_sided(1, dtype)
    w = only_bias(-size)
    decay = math.exp(-size)
    exact = [size + math.log1p(decay), -1 / (1 + decay), decay / (1 + decay) ** 2]
    loss, slope, bend = torch.tensor(exact, dtype=torch.float64).to(dtype).tolist()
    rtol = 1e-15 if dtype == torch.float64 else 1e-6
    assert float(landscape.loss(w)) == pytest.approx(loss, rel=rtol, abs=0)
    assert float(landscape.gradient(w)[8]) == pytest.approx(slope, rel=rtol, abs=0)
    assert float(landscape.hessian(w)[8, 8]) == pytest.approx(bend, rel=10 * rtol, abs=0)


@pytest.mark.parametrize("size", [20, 50, 300])
def test_squared_errors_keep_their_digits(size):
    landscape, small = one_sided(1, torch.float64, "squared_error"), math.exp(-size)
    right, wrong = only_bias(size), only_bias(-size)
    assert float(landscape.loss(right)) == pytest.approx(small**2, rel=5e-8, abs=0)
    assert float(landscape.gradient(right)[8]) == pytest.approx(-2 * small**2, rel=5e-8, abs=0)
    assert float(landscape.hessian(right)[8, 8]) == pytest.approx(4 * small**2, rel=5e-8, abs=0)
    assert float(landscape.gradient(wrong)[8]) == pytest.approx(-2 * small, rel=5e-8, abs=0)
    assert float(landscape.hessian(wrong)[8, 8]) == pytest.approx(-2 * small, rel=5e-8, abs=0)


# --- facts about ReLU networks ----------------------------------------------------------------


def blocks(landscape, hessian):
    inputs, hidden, outputs = landscape.problem.layers
    ends = np.cumsum([0, hidden * inputs, hidden, outputs * hidden, outputs])
    return [hessian[..., a:b, a:b] for a, b in pairwise(ends)]


@pytest.mark.parametrize("scale", [1.0, 10.0])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_relu_blocks_are_positive_semidefinite_with_cross_entropy(problem, scale):
    landscape = lv.Landscape(problem, "relu")
    hessian = landscape.hessian(points(landscape, 200, scale))
    assert bool((hessian.diagonal(dim1=-2, dim2=-1) >= 0).all())
    for block in blocks(landscape, hessian):
        values = torch.linalg.eigvalsh(block)
        assert bool((values[:, 0] >= -1e-13 * values[:, -1]).all())


def test_relu_blocks_are_indefinite_somewhere_with_squared_error():
    landscape = lv.Landscape("xor", "relu", "squared_error")
    hessian = landscape.hessian(points(landscape, 200, 3.0))
    assert bool((hessian.diagonal(dim1=-2, dim2=-1) < -1e-6).any())


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("problem", ["xor", "xor-bipolar"])
def test_relu_hessians_of_xor_have_rank_8_at_most(problem, loss):
    landscape = lv.Landscape(problem, "relu", loss)
    hessian = landscape.hessian(points(landscape, 500, 2.0))
    size = torch.linalg.eigvalsh(hessian).abs()
    ranks = (size > 1e-12 * size.amax(dim=-1, keepdim=True)).sum(-1)
    assert int(ranks.max()) <= 8
    if loss == "cross_entropy":
        assert int(ranks.max()) >= 6  # the bound is not met by flatness alone


# --- symmetries -------------------------------------------------------------------------------


def check_symmetry(landscape, transform):
    """L(T w) = L(w), so the gradient there is T^-T g and the Hessian T^-T H T^-1."""
    w = points(landscape, 5, 2.0)
    back = torch.linalg.inv(transform)
    moved = w @ transform.T
    torch.testing.assert_close(landscape.loss(moved), landscape.loss(w), rtol=1e-12, atol=0)
    close(landscape.gradient(moved), landscape.gradient(w) @ back, 1e-11)
    close(landscape.hessian(moved), back.T @ landscape.hessian(w) @ back, 1e-11)


def per_unit(landscape, matrix, outgoing):
    """The map of flat weights that mixes hidden units, with its counterpart on outgoing weights."""
    inputs, _, outputs = landscape.problem.layers
    eye = torch.eye(inputs, dtype=torch.float64)
    parts = (
        torch.kron(matrix, eye),
        matrix,
        torch.kron(torch.eye(outputs, dtype=torch.float64), outgoing),
        torch.eye(outputs, dtype=torch.float64),
    )
    return torch.block_diag(*parts)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_hidden_units_can_be_permuted(problem, activation, loss):
    landscape = lv.Landscape(problem, activation, loss)
    order = torch.roll(torch.eye(landscape.problem.layers[1], dtype=torch.float64), 1, dims=0)
    check_symmetry(landscape, per_unit(landscape, order, order))


@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_tanh_units_can_be_negated(problem):
    landscape = lv.Landscape(problem, "tanh")
    signs = torch.ones(landscape.problem.layers[1], dtype=torch.float64)
    signs[0] = -1
    check_symmetry(landscape, per_unit(landscape, torch.diag(signs), torch.diag(signs)))


@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_relu_units_can_be_rescaled(problem):
    landscape = lv.Landscape(problem, "relu")
    factors = torch.linspace(0.5, 3, landscape.problem.layers[1], dtype=torch.float64)
    check_symmetry(landscape, per_unit(landscape, torch.diag(factors), torch.diag(1 / factors)))


# --- purity and precision ---------------------------------------------------------------------


def test_methods_leave_everything_as_it_was():
    landscape = lv.Landscape("iris", "elu")
    w = points(landscape, 3, 1.0).requires_grad_()
    before = w.detach().clone()
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    threads, grad_mode = torch.get_num_threads(), torch.is_grad_enabled()
    names = ("loss", "gradient", "hessian", "accuracy", "hidden_outputs", "outputs", "saturation")
    results = [getattr(landscape, name)(w) for name in names]
    landscape.initial(3, 0, 1.0)
    assert not any(result.requires_grad for result in results)
    assert torch.equal(w, before)
    assert w.grad is None
    assert torch.equal(torch.get_rng_state(), states[0])
    np.testing.assert_array_equal(np.random.get_state()[1], states[1])  # noqa: NPY002
    assert (torch.get_num_threads(), torch.is_grad_enabled()) == (threads, grad_mode)


def test_the_problem_is_not_shared_with_the_landscape():
    problem = lv.load_problem("xor")
    landscape = lv.Landscape(problem, "tanh")
    w = points(landscape, 1, 1.0)
    before = landscape.loss(w)
    problem.inputs[:] = 9.0
    assert torch.equal(landscape.loss(w), before)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_float32_agrees_with_float64(problem, activation, loss):
    landscape = lv.Landscape(problem, activation, loss)
    single = landscape.with_dtype(torch.float32)
    # Points that float32 holds exactly.
    w = points(landscape, 10, 1.0).float()
    for name in ("loss", "gradient", "hessian"):
        found = getattr(single, name)(w)
        assert found.dtype == torch.float32
        expected = getattr(landscape, name)(w)
        close(found.double().unsqueeze(-1), expected.unsqueeze(-1), 5e-6)


def test_a_landscape_in_its_own_precision_is_itself():
    landscape = lv.Landscape("xor", "tanh")
    assert landscape.with_dtype(torch.float64) is landscape


@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_chunks_change_nothing_beyond_rounding(problem, monkeypatch):
    landscape = lv.Landscape(problem, "tanh")
    w = points(landscape, 40, 1.0)
    names = ("loss", "gradient", "hessian", "outputs")
    whole = [getattr(landscape, name)(w) for name in names]
    monkeypatch.setattr("lossviz.landscape._closed_form._CHUNK_ELEMENTS", 1)
    for name, expected in zip(names, whole, strict=True):
        torch.testing.assert_close(getattr(landscape, name)(w), expected, rtol=1e-12, atol=1e-14)


def test_initial_points_depend_on_seed_and_number_only():
    xor = lv.Landscape("xor", "tanh")
    many, few = xor.initial(10, 4, 2.0), xor.initial(3, 4, 2.0)
    assert torch.equal(many[:3], few)
    assert torch.equal(lv.Landscape("xor-bipolar", "relu").initial(3, 4, 2.0), few)
    assert not torch.equal(xor.initial(3, 5, 2.0), few)
    assert torch.equal(xor.with_dtype(torch.float32).initial(3, 4, 2.0), few.float())
    assert bool((many.abs() <= 2).all())


# --- any small network ------------------------------------------------------------------------


def by_hand(landscape, w):
    """The loss as one would write it, with torch's own functions, at one flat point."""
    data, f = landscape.problem, landscape.activation.function
    inputs, hidden, outputs = data.layers
    w1, b1, w2, b2 = w.split([hidden * inputs, hidden, outputs * hidden, outputs])
    h = f(torch.from_numpy(data.inputs) @ w1.view(hidden, inputs).T + b1)
    z = h @ w2.view(outputs, hidden).T + b2
    t = torch.from_numpy(data.targets)
    if landscape.loss_name == "softmax_cross_entropy":
        return torch.nn.functional.cross_entropy(z, t)
    if landscape.loss_name == "cross_entropy":
        return torch.nn.functional.binary_cross_entropy_with_logits(z, t)
    return torch.nn.functional.mse_loss(torch.sigmoid(z), t)


def near(found, expected, tolerance=1e-11):
    """Compare with a tolerance that the naive way keeps: its small losses have lost digits."""
    size = 1 + expected.abs().max()
    assert float((found - expected).abs().max() / size) < tolerance


@st.composite
def small_landscapes(draw):
    inputs, hidden, outputs, samples = (draw(st.integers(1, 4)) for _ in range(4))
    losses = ["cross_entropy", "squared_error", *(["softmax_cross_entropy"] if outputs > 1 else [])]
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    x = rng.normal(size=(samples, inputs)) * draw(st.sampled_from([0.1, 1.0, 5.0]))
    t = np.eye(outputs)[rng.integers(outputs, size=samples)]
    if draw(st.booleans()):
        t = rng.dirichlet(np.ones(outputs), samples)
    problem = lv.Problem("small", (inputs, hidden, outputs), x, t, x, t)
    name = draw(st.sampled_from([n for n in lv.activation_names() if n != "hard_tanh"]))
    return lv.Landscape(problem, name, draw(st.sampled_from(losses)))


@settings(max_examples=150)
@given(small_landscapes(), st.integers(1, 5), st.integers(0, 10**6))
def test_any_small_landscape_is_what_autograd_says_whatever_the_batch(landscape, count, seed):
    points = landscape.initial(count, seed, 1.5)
    loss, gradient = landscape.loss_and_gradient(points)
    hessians, v = landscape.hessian(points), landscape.initial(count, seed + 1, 1.0)
    products = landscape.hessian_vector_product(points, v)
    for i, w in enumerate(points):
        bend = torch.autograd.functional.hessian(lambda x: by_hand(landscape, x), w)
        slope = torch.autograd.functional.jacobian(lambda x: by_hand(landscape, x), w)
        alone = landscape.loss_and_gradient(w)
        near(loss[i], by_hand(landscape, w))
        near(gradient[i], slope)
        near(hessians[i], bend)
        near(products[i], bend @ v[i])
        near(alone[0], loss[i])
        near(alone[1], gradient[i])
        near(landscape.hessian(w), hessians[i])
    values = np.linalg.eigvalsh(hessians.numpy())
    scale = np.abs(values).max(axis=1, keepdims=True)
    clear = ((np.abs(values) < 0.99e-8 * scale) | (np.abs(values) > 1.01e-8 * scale)).all(axis=1)
    found, wanted = lv.full_curvature(landscape, points), lv.classify_eigenvalues(values)
    assert (found.classes[clear] == wanted.classes[clear]).all()
    assert (found.zero[clear] == wanted.zero[clear]).all()
