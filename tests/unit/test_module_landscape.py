"""Landscapes of any module, beside closed forms, slow twins and exact facts."""

from __future__ import annotations

import copy
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy, mse_loss
from torch.nn.utils import parameters_to_vector
from torch.nn.utils.parametrizations import spectral_norm, weight_norm
from torch.utils.data import DataLoader, TensorDataset

import lossviz as lv

NATIVE = {"tanh": nn.Tanh, "relu": nn.ReLU, "elu": nn.ELU, "sigmoid": nn.Sigmoid}
F64 = torch.float64


def seeded(make):
    """Make a module without touching the global random stream."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return make()


def numbers(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def classes(count, k, seed=1):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, k, count))


def perceptron(problem, activation):
    inputs, hidden, outputs = problem.layers
    return nn.Sequential(
        nn.Linear(inputs, hidden), NATIVE[activation](), nn.Linear(hidden, outputs)
    )


def deep():
    return nn.Sequential(
        nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 3)
    )  # fmt: skip


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 2, 2), nn.Tanh(),
        nn.Flatten(), nn.Linear(2, 3),
    )  # fmt: skip


def normalised():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 3))


class Tied(nn.Module):
    """One weight matrix at two places."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.last(torch.tanh(self.second(torch.tanh(self.first(x)))))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cells, self.last = nn.LSTM(3, 2, batch_first=True), nn.Linear(2, 3)

    def forward(self, x):
        return self.last(self.cells(x)[0][:, -1])


class Branching(nn.Module):
    """Control flow that depends on data, which vmap refuses."""

    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 3)

    def forward(self, x):
        z = self.first(x)
        return self.last(torch.tanh(z) if float(z.detach().sum()) > 0 else z**2)


class Numpy(Branching):
    """What torch.func cannot even differentiate."""

    def forward(self, x):
        z = self.first(x)
        return self.last(torch.tanh(z)) + torch.from_numpy(x.numpy()) * float(
            z.detach().numpy()[0, 0]
        )


class Counting(Branching):
    """A buffer that each pass writes into, and that the output depends on."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.ones(()))

    def forward(self, x):
        self.calls += 1
        return self.last(torch.tanh(self.first(x))) * self.calls


# Name: module, inputs, targets, loss; and whether gradients at many points are computed at once.
MODULES = {
    "deep": (deep, numbers(7, 3), classes(7, 3), cross_entropy, True),
    "cnn": (cnn, numbers(5, 1, 6, 6), classes(5, 3), cross_entropy, True),
    "batch norm": (lambda: normalised().eval(), numbers(7, 3), classes(7, 3), cross_entropy, True),
    "training batch norm": (normalised, numbers(7, 3), classes(7, 3), cross_entropy, True),
    "layer norm": (
        lambda: nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.SiLU(), nn.Linear(4, 1)),
        numbers(6, 3), numbers(6, 1, seed=2), mse_loss, True,
    ),
    "group norm": (
        lambda: nn.Sequential(nn.Linear(3, 4), nn.GroupNorm(2, 4), nn.SiLU(), nn.Linear(4, 1)),
        numbers(6, 3), numbers(6, 1, seed=2), mse_loss, True,
    ),
    "embedding": (
        lambda: nn.Sequential(nn.Embedding(5, 2), nn.Flatten(), nn.Linear(4, 3)),
        classes(8, 5).view(4, 2).repeat(2, 1), classes(8, 3), cross_entropy, True,
    ),
    "attention": (
        lambda: nn.TransformerEncoderLayer(4, 2, 6, dropout=0.3, batch_first=True).eval(),
        numbers(3, 2, 4), numbers(3, 2, 4, seed=2), mse_loss, True,
    ),
    "tied": (Tied, numbers(6, 3), classes(6, 3), cross_entropy, True),
    "recurrent": (Recurrent, numbers(5, 4, 3), classes(5, 3), cross_entropy, True),
    "counting": (Counting, numbers(6, 3), classes(6, 3), cross_entropy, True),
    "branching": (Branching, numbers(6, 3), classes(6, 3), cross_entropy, False),
    "numpy": (Numpy, numbers(6, 3), classes(6, 3), cross_entropy, False),
    "spectral norm": (
        lambda: nn.Sequential(spectral_norm(nn.Linear(3, 4)), nn.Tanh(), nn.Linear(4, 3)),
        numbers(6, 3), classes(6, 3), cross_entropy, False,
    ),
}  # fmt: skip
STATEFUL = ("training batch norm", "counting", "spectral norm")


def landscape_of(name, **options):
    make, x, t, loss_fn, _ = MODULES[name]
    return lv.Landscape.from_module(seeded(make).double(), loss_fn, x, t, **options)


def twin(name):
    """The loss as a plain function of flat weights that copies the module at every call."""
    make, x, t, loss_fn, _ = MODULES[name]
    module = seeded(make).double()
    shapes = {key: value.shape for key, value in module.named_parameters()}

    def loss(w):
        fresh = copy.deepcopy(module)
        parts = w.split([shape.numel() for shape in shapes.values()])
        weights = {key: v.view(s) for (key, s), v in zip(shapes.items(), parts, strict=True)}
        with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
            return loss_fn(functional_call(fresh, weights, (x,)), t)

    return loss


def around(landscape, n, seed=0):
    return landscape.weights + 0.3 * numbers(n, landscape.num_weights, seed=seed)


def close(found, expected, rtol=1e-10):
    assert found.shape == expected.shape
    error, size = (found - expected).abs().max(), expected.abs().max()
    assert error <= rtol * size, f"{error / size:.1e}"


# --- beside the closed form -------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 10.0])
@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_one_hidden_layer_is_the_closed_form(problem, activation, scale):
    closed = lv.Landscape(problem, activation)
    data = closed.problem
    landscape = lv.Landscape.from_module(
        perceptron(data, activation), lv.stable_cross_entropy, data.inputs, data.targets,
        test_inputs=data.test_inputs, test_targets=data.test_targets, dtype=F64,
    )  # fmt: skip
    w = closed.initial(6, 0, scale)
    assert torch.equal(landscape.initial(6, 0, scale), w)
    for name in ("loss", "gradient", "hessian"):
        close(getattr(landscape, name)(w), getattr(closed, name)(w), 1e-12)
    for found, expected in zip(landscape.hessian_blocks(w), closed.hessian_blocks(w), strict=True):
        close(found, expected, 1e-12)
    vectors = numbers(2, *w.shape)
    products = landscape.hessian_vector_product(w, vectors)
    close(products, closed.hessian_vector_product(w, vectors), 1e-12)
    close(landscape.test.loss(w), closed.test.loss(w), 1e-12)
    assert torch.equal(landscape.accuracy(w), closed.accuracy(w))
    assert torch.equal(landscape.test.accuracy(w), closed.test.accuracy(w))
    close(torch.sigmoid(landscape.outputs(w)), closed.outputs(w), 1e-12)


def test_softmax_classes_are_the_closed_form():
    closed = lv.Landscape("iris", "tanh", "softmax_cross_entropy")
    data = closed.problem
    module, labels = perceptron(data, "tanh"), data.targets.argmax(axis=1)
    w = closed.initial(4, 0, 1.0)
    for targets in (labels, torch.from_numpy(data.targets), labels.tolist()):
        landscape = lv.Landscape.from_module(module, cross_entropy, data.inputs, targets, dtype=F64)
        for name in ("loss", "gradient", "hessian", "accuracy"):
            close(getattr(landscape, name)(w), getattr(closed, name)(w), 1e-12)


# --- beside slow twins ------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODULES)
def test_derivatives_are_those_of_the_slow_twin(name):
    landscape, f = landscape_of(name), twin(name)
    assert landscape.vectorised is MODULES[name][-1]
    w = around(landscape, 2)
    gradient = torch.stack([torch.autograd.functional.jacobian(f, row) for row in w])
    hessian = torch.stack([torch.autograd.functional.hessian(f, row) for row in w])
    close(landscape.loss(w), torch.stack([f(row) for row in w]))
    close(landscape.gradient(w), gradient)
    close(landscape.hessian(w), hessian)
    assert torch.equal(landscape.hessian(w), landscape.hessian(w).mT)
    ends = np.cumsum([0] + [size for _, size in landscape.blocks])
    for block, (a, b) in zip(landscape.hessian_blocks(w), pairwise(ends), strict=True):
        assert float((block - hessian[:, a:b, a:b]).abs().max()) <= 1e-10 * hessian.abs().max()
    vectors = numbers(3, 2, landscape.num_weights, seed=4)
    products = torch.einsum("pij,kpj->kpi", hessian, vectors)
    close(landscape.hessian_vector_product(w, vectors), products)


@pytest.mark.parametrize("name", ["deep", "cnn", "layer norm", "recurrent"])
def test_gradients_and_hessians_are_slopes(name):
    landscape, h = landscape_of(name), 1e-5
    w = around(landscape, 1)[0]
    steps = h * torch.eye(landscape.num_weights, dtype=F64)
    slopes = (landscape.loss(w + steps) - landscape.loss(w - steps)) / (2 * h)
    bends = (landscape.gradient(w + steps) - landscape.gradient(w - steps)) / (2 * h)
    close(landscape.gradient(w), slopes, 1e-7)
    close(landscape.hessian(w), bends, 1e-6)


LAYERS = st.lists(st.sampled_from([1, 2, 3, 5]), min_size=2, max_size=5)


@settings(max_examples=25)
@given(LAYERS, st.sampled_from([nn.Tanh, nn.ReLU, nn.ELU, nn.SiLU, nn.Softplus]),
       st.integers(1, 9), st.integers(1, 9), st.integers(0, 999))  # fmt: skip
def test_random_perceptrons_match_autodiff(layers, activation, samples, batch_size, seed):
    parts = [part for a, b in pairwise(layers) for part in (nn.Linear(a, b), activation())]
    module = nn.Sequential(*parts[:-1]).double()
    x, t = numbers(samples, layers[0], seed=seed), numbers(samples, layers[-1], seed=seed + 1)
    landscape = lv.Landscape.from_module(module, mse_loss, x, t, batch_size=batch_size)
    w = numbers(landscape.num_weights, seed=seed + 2)

    def f(flat):
        for a, b in pairwise(layers):
            weight, bias, flat = flat[: a * b], flat[a * b : a * b + b], flat[a * b + b :]
            z = (f.h @ weight.view(b, a).T) + bias
            f.h = activation()(z) if len(flat) else z
        h, f.h = f.h, x
        return (h - t).square().mean()

    f.h = x
    close(landscape.loss(w), f(w), 1e-12)
    close(landscape.gradient(w), torch.autograd.functional.jacobian(f, w), 1e-11)
    close(landscape.hessian(w), torch.autograd.functional.hessian(f, w), 1e-11)


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,), (2, 0)])
@pytest.mark.parametrize("name", ["deep", "branching"])
def test_leading_axes_are_points(name, shape):
    landscape = landscape_of(name)
    m, w = landscape.num_weights, around(landscape, 6)
    w = w[: int(np.prod(shape))].view(*shape, landscape.num_weights)
    tails = {"loss": (), "gradient": (m,), "hessian": (m, m), "accuracy": (),
             "outputs": (len(MODULES[name][1]), 3)}  # fmt: skip
    for method, tail in tails.items():
        found = getattr(landscape, method)(w)
        assert found.shape == (*shape, *tail)
        assert not found.requires_grad
        for row, value in zip(w.reshape(-1, m), found.reshape(-1, *tail), strict=True):
            torch.testing.assert_close(getattr(landscape, method)(row), value)
    for several in ((), (2,), (0,), (3, 2)):
        v = numbers(*several, *w.shape)
        assert landscape.hessian_vector_product(w, v).shape == v.shape


# --- batches, chunks and precision ------------------------------------------------------------


@pytest.mark.parametrize("name", ["deep", "cnn", "embedding", "spectral norm"])
@pytest.mark.parametrize("batch_size", [1, 3, 4, 100])
def test_batches_change_nothing_beyond_rounding(name, batch_size):
    whole, batched = landscape_of(name), landscape_of(name, batch_size=batch_size)
    w = around(whole, 3)
    for method in ("loss", "gradient", "hessian", "accuracy", "outputs"):
        close(getattr(batched, method)(w), getattr(whole, method)(w), 1e-12)


def test_a_training_batch_norm_depends_on_its_batches():
    whole = landscape_of("training batch norm")
    batched = landscape_of("training batch norm", batch_size=4)
    w = whole.weights
    make, x, t, loss_fn, _ = MODULES["training batch norm"]
    module = seeded(make).double()
    expected = (4 * loss_fn(module(x[:4]), t[:4]) + 3 * loss_fn(module(x[4:]), t[4:])) / 7
    close(batched.loss(w), expected.detach(), 1e-12)
    assert abs(batched.loss(w) - whole.loss(w)) > 1e-3


@pytest.mark.parametrize("name", ["deep", "group norm", "numpy"])
def test_chunks_change_nothing_beyond_rounding(name, monkeypatch):
    landscape = landscape_of(name)
    w, methods = around(landscape, 5), ("loss", "gradient", "hessian", "outputs")
    whole = [getattr(landscape, method)(w) for method in methods]
    monkeypatch.setattr("lossviz.landscape._evaluation._CHUNK_ELEMENTS", 1)
    for method, expected in zip(methods, whole, strict=True):
        close(getattr(landscape, method)(w), expected, 1e-12)


def test_memory_is_bounded_by_the_batch():
    x, t = numbers(4000, 30), numbers(4000, 1)
    module = nn.Sequential(nn.Linear(30, 50), nn.Tanh(), nn.Linear(50, 1)).double()
    whole, batched = (
        lv.Landscape.from_module(module, mse_loss, x, t, batch_size=size)._at._per_point
        for size in (None, 40)
    )
    assert whole >= 4000 * 50
    assert batched <= 40 * (50 + 30 + 2) + 2 * 1601 + 100


@pytest.mark.parametrize("name", ["deep", "cnn", "embedding", "training batch norm"])
def test_float32_agrees_with_float64(name):
    landscape = landscape_of(name)
    single = landscape.with_dtype(torch.float32)
    assert (single.dtype, landscape.dtype) == (torch.float32, F64)
    w = around(landscape, 3).float()
    for method in ("loss", "gradient", "hessian"):
        found = getattr(single, method)(w)
        assert found.dtype == torch.float32
        close(found.double(), getattr(landscape, method)(w), 1e-4)


def test_the_way_back_from_float32_loses_nothing():
    landscape = landscape_of("cnn", test_inputs=numbers(2, 1, 6, 6), test_targets=[0, 2])
    again = landscape.with_dtype(torch.float32).with_dtype(F64)
    w = around(landscape, 2)
    assert torch.equal(again.weights, landscape.weights)
    assert torch.equal(again.loss(w), landscape.loss(w))
    assert torch.equal(again.test.loss(w), landscape.test.loss(w))
    assert landscape.with_dtype(F64) is landscape


def test_precision_is_that_of_the_parameters_unless_given():
    module, x, t = deep(), numbers(4, 3), classes(4, 3)
    assert lv.Landscape.from_module(module, cross_entropy, x, t).dtype == torch.float32
    assert lv.Landscape.from_module(module, cross_entropy, x, t, dtype=F64).dtype == F64
    mixed = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 3, dtype=F64))
    with pytest.raises(ValueError, match="dtype must be given where"):
        lv.Landscape.from_module(mixed, cross_entropy, x, t)
    assert lv.Landscape.from_module(mixed, cross_entropy, x, t, dtype=F64).dtype == F64


def test_a_loss_that_is_a_module_follows_the_precision():
    loss_fn = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2, 3]))
    landscape = lv.Landscape.from_module(
        deep(), loss_fn, numbers(6, 3), classes(6, 3), dtype=F64
    )  # fmt: skip
    assert landscape.loss(landscape.weights).dtype == F64
    assert loss_fn.weight.dtype == torch.float32


# --- what counts as a weight ------------------------------------------------------------------


@pytest.mark.parametrize("name", MODULES)
def test_weights_are_those_of_parameters_to_vector(name):
    landscape, (make, *_) = landscape_of(name), MODULES[name]
    flat = parameters_to_vector(seeded(make).double().parameters()).detach()
    assert torch.equal(landscape.weights, flat)
    assert sum(size for _, size in landscape.blocks) == landscape.num_weights == len(flat)


def test_tied_weights_count_once():
    landscape = landscape_of("tied")
    assert [name for name, _ in landscape.blocks] == [
        "first.weight", "first.bias", "second.bias", "last.weight", "last.bias",
    ]  # fmt: skip
    assert landscape.num_weights == 9 + 3 + 3 + 9 + 3


def test_frozen_parameters_are_weights_too():
    module = seeded(deep).double()
    free = lv.Landscape.from_module(module, cross_entropy, numbers(7, 3), classes(7, 3))
    module[0].requires_grad_(False)
    frozen = lv.Landscape.from_module(module, cross_entropy, numbers(7, 3), classes(7, 3))
    assert torch.equal(frozen.gradient(free.weights), free.gradient(free.weights))
    assert not module[0].weight.requires_grad


def test_integers_stay_integers():
    landscape = landscape_of("embedding")
    outputs = landscape.outputs(landscape.weights)
    make, x, *_ = MODULES["embedding"]
    close(outputs, seeded(make).double()(x).detach(), 1e-14)
    unused = landscape.blocks[0][1]
    hit = torch.zeros(5, dtype=torch.bool)
    hit[x.flatten()] = True
    rows = landscape.gradient(landscape.weights)[:unused].view(5, 2).abs().sum(dim=1)
    assert torch.equal(rows > 0, hit)


# --- purity -----------------------------------------------------------------------------------


def state_of(module):
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    modes = {name: part.training for name, part in module.named_modules()}
    return {name: value.detach().clone() for name, value in tensors.items()}, modes


@pytest.mark.parametrize("dtype", [None, torch.float32])
@pytest.mark.parametrize("name", MODULES)
def test_the_callers_module_and_the_world_stay_as_they_were(name, dtype):
    make, x, t, loss_fn, _ = MODULES[name]
    module = seeded(make).double()
    slopes = torch.ones_like(next(module.parameters()))
    next(module.parameters()).grad = slopes
    (tensors, modes), kept = state_of(module), (x.clone(), t.clone())
    random = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    world = torch.get_num_threads(), torch.is_grad_enabled(), torch.get_default_dtype()
    fast = torch.backends.mha.get_fastpath_enabled(), torch.backends.cuda.flash_sdp_enabled()
    landscape = lv.Landscape.from_module(module, loss_fn, x, t, dtype=dtype)
    w = landscape.weights.clone().requires_grad_()
    for method in ("loss", "gradient", "hessian", "outputs"):
        getattr(landscape, method)(w)
    after, modes_after = state_of(module)
    assert modes == modes_after
    assert tensors.keys() == after.keys()
    for key, before in tensors.items():
        assert before.dtype == after[key].dtype
        assert torch.equal(before, after[key]), key
    assert next(module.parameters()).grad is slopes
    assert torch.equal(slopes, torch.ones_like(slopes))
    assert torch.equal(torch.get_rng_state(), random[0])
    np.testing.assert_array_equal(np.random.get_state()[1], random[1])  # noqa: NPY002
    assert world == (torch.get_num_threads(), torch.is_grad_enabled(), torch.get_default_dtype())
    assert fast == (
        torch.backends.mha.get_fastpath_enabled(), torch.backends.cuda.flash_sdp_enabled()
    )  # fmt: skip
    assert torch.equal(x, kept[0])
    assert torch.equal(t, kept[1])
    assert w.grad is None


@pytest.mark.parametrize("name", STATEFUL)
def test_results_do_not_depend_on_earlier_calls(name):
    landscape = landscape_of(name)
    w = around(landscape, 3)
    methods = ("loss", "gradient", "hessian", "outputs")
    first = [getattr(landscape, method)(w) for method in methods]
    for method, before in reversed(list(zip(methods, first, strict=True))):
        assert torch.equal(getattr(landscape, method)(w), before)
    close(landscape.loss(w.flip(0)).flip(0), first[0], 1e-14)


def test_later_changes_of_module_and_data_do_not_reach_the_landscape():
    module, x = seeded(deep).double(), numbers(7, 3)
    landscape = lv.Landscape.from_module(module, cross_entropy, x, classes(7, 3))
    w = around(landscape, 2)
    before = landscape.loss(w)
    x[:] = 9
    module[1] = nn.ReLU()
    nn.init.zeros_(module[0].weight)
    assert torch.equal(landscape.loss(w), before)
    close(landscape.with_dtype(torch.float32).loss(w).double(), before, 1e-5)


# --- accuracy ---------------------------------------------------------------------------------


def test_one_logit_is_right_on_its_side_of_zero():
    x = torch.tensor([[-2.0], [-1], [0], [1], [2]])
    for t in ([0, 0, 0, 1, 1], [0.0, 0, 0, 1, 1], [[0.0], [0], [0], [1], [1]]):
        targets = torch.tensor(t)
        landscape = lv.Landscape.from_module(
            nn.Linear(1, 1), lambda o, t: (o.flatten() - t.flatten()).square().mean(), x, targets,
            batch_size=2,
        )  # fmt: skip
        found = landscape.accuracy([[1.0, 0.0], [-1.0, 0.0], [1.0, 1.5], [1.0, -1.0]])
        assert found.tolist() == pytest.approx([1.0, 0.2, 0.6, 0.8])


@pytest.mark.parametrize("batch_size", [None, 1, 4])
def test_a_rule_of_ones_own_counts_by_samples_or_by_batches(batch_size):
    x, t = numbers(7, 3), numbers(7, 3, seed=3)
    module = seeded(deep).double()
    expected = ((module(x) - t).abs().sum(dim=1) < 2).double().mean()
    assert 0 < expected < 1

    def per_sample(outputs, targets):
        return (outputs - targets).abs().sum(dim=1) < 2

    for rule in (per_sample, lambda o, t: per_sample(o, t).double().mean()):
        landscape = lv.Landscape.from_module(
            module, mse_loss, x, t, accuracy=rule, batch_size=batch_size
        )  # fmt: skip
        close(landscape.accuracy(landscape.weights), expected)


@pytest.mark.parametrize("targets", [numbers(7, 3), torch.ones(7, 3)])
def test_targets_that_say_no_class_have_no_accuracy(targets):
    landscape = lv.Landscape.from_module(deep().double(), mse_loss, numbers(7, 3), targets)
    with pytest.raises(ValueError, match="accuracy needs targets that are 0 or 1 for one output"):
        landscape.accuracy(landscape.weights)


# --- refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", [nn.Dropout(0.5), nn.AlphaDropout(0.1), nn.RReLU()])
def test_random_modules_are_refused_in_train_mode_alone(layer):
    module = nn.Sequential(nn.Linear(3, 2), layer, nn.Linear(2, 1))
    data = numbers(5, 3), numbers(5, 1)
    with pytest.raises(ValueError, match=r"module must not be random.*call module.eval\(\)"):
        lv.Landscape.from_module(module, mse_loss, *data)
    lv.Landscape.from_module(module.eval(), mse_loss, *data)


def test_dropout_that_drops_nothing_is_taken():
    module = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.0), nn.Linear(2, 1))
    lv.Landscape.from_module(module, mse_loss, numbers(5, 3), numbers(5, 1))


def test_a_weighted_loss_is_refused_over_batches_alone():
    loss_fn = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 5.0, 9.0]))
    data = numbers(7, 3), classes(7, 3)
    lv.Landscape.from_module(deep(), loss_fn, *data, batch_size=7)
    with pytest.raises(ValueError, match=r"batch_size must be None for a loss_fn"):
        lv.Landscape.from_module(deep(), loss_fn, *data, batch_size=2)


def test_a_sum_is_refused_also_where_it_is_zero():
    module, x = nn.Linear(2, 1).double(), numbers(3, 2)
    with pytest.raises(ValueError, match="loss_fn must be the mean over the batch"):
        lv.Landscape.from_module(module, nn.MSELoss(reduction="sum"), x, module(x).detach())


def refused_hessian(module, says):
    """Check that gradients are right, and the Hessian refused in these words."""
    x, t = numbers(5, 3), numbers(5, 1)
    landscape = lv.Landscape.from_module(module, mse_loss, x, t)
    mse_loss(module(x), t).backward()
    expected = torch.cat([p.grad.flatten() for p in module.parameters()])
    close(landscape.gradient(landscape.weights), expected)
    v = torch.ones_like(expected)
    for method, more in (("hessian", ()), ("hessian_blocks", ()), ("hessian_vector_product", (v,))):
        with pytest.raises(ValueError, match=says):
            getattr(landscape, method)(landscape.weights, *more)


def test_second_derivatives_that_torch_has_wrong_are_refused():
    module = nn.Sequential(weight_norm(nn.Linear(3, 4)), nn.Tanh(), nn.Linear(4, 1)).double()
    refused_hessian(module, "whose second derivatives torch has right, and so symmetric")


class Once(torch.autograd.Function):
    """A square that can be differentiated once: then torch goes on with zeros."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, slope):
        return 2 * slope * ctx.saved_tensors[0]


class Squares(nn.Module):
    def forward(self, x):
        return Once.apply(x)


def test_modules_that_can_be_differentiated_once_have_gradients_alone():
    refused_hessian(
        seeded(lambda: nn.Sequential(nn.Linear(3, 1), Squares())).double(),
        "hessian needs a module and a loss_fn with second derivatives, and torch has none",
    )
    refused_hessian(
        seeded(lambda: nn.Sequential(nn.Linear(3, 2), Squares(), nn.Linear(2, 1))).double(),
        "hessian needs a module and a loss_fn whose second derivatives torch has right",
    )


@pytest.mark.parametrize("method", ["hidden_outputs", "saturation"])
def test_hidden_units_are_known_in_closed_form_alone(method):
    landscape = landscape_of("deep")
    with pytest.raises(ValueError, match=f"{method} needs Landscape's closed form"):
        getattr(landscape, method)(landscape.weights)


@pytest.mark.parametrize("bad", ["text", None, np.zeros(3), np.full(47, np.nan), [[1.0], [2, 3]]])
def test_bad_weights_are_refused(bad):
    landscape = landscape_of("deep")
    methods = ("loss", "gradient", "loss_and_gradient", "hessian", "hessian_blocks", "accuracy",
               "outputs")  # fmt: skip
    for method in methods:
        with pytest.raises((ValueError, TypeError), match="weights must"):
            getattr(landscape, method)(bad)
    with pytest.raises((ValueError, TypeError), match="vectors must"):
        landscape.hessian_vector_product(landscape.weights, bad)
    for dtype in (None, "float32", torch.float16):
        with pytest.raises(ValueError, match="dtype must be"):
            landscape.with_dtype(dtype)


def test_the_test_part_comes_whole_and_is_named_in_errors():
    make, x, t, loss_fn, _ = MODULES["deep"]
    for half in ({"test_inputs": x}, {"test_targets": t}):
        with pytest.raises(ValueError, match=r"test_(inputs|targets) must be given"):
            lv.Landscape.from_module(make(), loss_fn, x, t, **half)
    with pytest.raises(ValueError, match="test_inputs must be what the module takes"):
        lv.Landscape.from_module(make(), loss_fn, x, t, test_inputs=x[:, :2], test_targets=t)
    with pytest.raises(ValueError, match="test_targets must have one entry for each of the 7"):
        lv.Landscape.from_module(make(), loss_fn, x, t, test_inputs=x, test_targets=t[:3])
    assert landscape_of("deep").test is None


# --- description and walks --------------------------------------------------------------------


def test_the_description_identifies_the_module():
    landscape = landscape_of("cnn", batch_size=2)
    closed = lv.Landscape("xor", "tanh").describe()
    about = landscape.describe()
    assert closed.keys() <= about.keys()
    assert all(isinstance(value, str) for value in about.values())
    assert about["problem"] == "Sequential"
    assert about["layers"] == "2x1x3x3 2 2x2x2x2 2 3x2 3"
    assert about["activation"] == "relu+tanh"
    assert about["loss_function"] == "cross_entropy"
    assert about["precision"] == "float64"
    assert "num_weights=47" in repr(landscape)


@pytest.mark.parametrize("name", ["deep", "cnn", "training batch norm", "branching"])
def test_walks_measure_any_module(name):
    _, x, t, *_ = MODULES[name]
    landscape = landscape_of(name, test_inputs=x[:4], test_targets=t[:4])
    measures = ("loss", "gradient_norm", "accuracy", "test_loss", "curvature", "weights")
    walks = lv.progressive_gradient_walk(landscape, 2, 3, 0.1, 1.0, 0, measures=measures)
    assert dict(walks.sizes) == {"walk": 2, "step": 3, "weight": landscape.num_weights}
    w = torch.from_numpy(walks.weights.values)
    loss, gradient = landscape.loss_and_gradient(w)
    close(torch.from_numpy(walks.loss.values), loss)
    close(torch.from_numpy(walks.gradient_norm.values), gradient.norm(dim=-1))
    close(torch.from_numpy(walks.test_loss.values), landscape.test.loss(w))
    close(torch.from_numpy(walks.accuracy.values), landscape.accuracy(w))
    inertia = lv.classify_curvature(landscape.hessian(w))
    np.testing.assert_array_equal(walks.curvature, inertia.classes)
    assert walks.attrs["problem"] == landscape.describe()["problem"]


def test_a_walk_on_the_module_is_the_walk_on_the_closed_form():
    closed = lv.Landscape("xor", "tanh")
    data = closed.problem
    landscape = lv.Landscape.from_module(
        perceptron(data, "tanh"), lv.stable_cross_entropy, data.inputs, data.targets, dtype=F64
    )
    settings_ = (3, 40, 0.1, 1.0, 7)
    ours, theirs = (lv.progressive_gradient_walk(of, *settings_) for of in (landscape, closed))
    np.testing.assert_allclose(ours.loss, theirs.loss, rtol=1e-12)
    np.testing.assert_array_equal(ours.curvature, theirs.curvature)


# The branching module looks at the whole batch, which must not be cut.
@pytest.mark.parametrize(("name", "batch_size"), [("cnn", None), ("cnn", 2), ("branching", None)])
def test_points_may_have_batches_of_their_own(name, batch_size):
    make, x, t, loss_fn, _ = MODULES[name]
    landscape = landscape_of(name, batch_size=batch_size)
    samples = torch.tensor([[0, 3, 1], [4, 2, 0], [1, 4, 3]])
    view, w = landscape._on_batches(samples), around(landscape, 3)
    for method in ("loss", "gradient", "hessian", "accuracy", "outputs"):
        found = getattr(view, method)(w)
        for chosen, row, value in zip(samples, w, found, strict=True):
            alone = lv.Landscape.from_module(seeded(make).double(), loss_fn, x[chosen], t[chosen])
            close(value, getattr(alone, method)(row), 1e-12)
    assert landscape.num_samples == len(x)
    v = numbers(2, *w.shape)
    close(view.hessian_vector_product(w, v), torch.einsum("pij,kpj->kpi", view.hessian(w), v))


def test_walks_on_batches_are_those_on_the_closed_form():
    closed = lv.Landscape("iris", "tanh")
    data = closed.problem
    landscape = lv.Landscape.from_module(
        perceptron(data, "tanh"), lv.stable_cross_entropy, data.inputs, data.targets, dtype=F64
    )
    ours, theirs = (
        lv.progressive_gradient_walk(
            of, 2, 3, 0.1, 1.0, 7, batch_size=20,
            measures=("loss", "gradient_norm", "accuracy", "curvature_blockwise"),
        )
        for of in (landscape, closed)
    )  # fmt: skip
    for name in ("loss", "gradient_norm", "accuracy"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-10)
    assert ours.curvature_blockwise.shape == (2, 3)


# --- the stable cross-entropy -----------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("target", [0, 1])
@pytest.mark.parametrize("z", [0.0, 0.5, -3, 16, -18, 39, -41, 60, -90, 300, -300, 700, -700])
def test_cross_entropy_keeps_its_digits_to_the_second_derivative(z, target, dtype):
    t = torch.tensor(target)
    u = z if target == 0 else -z  # the loss is softplus(u)
    low = np.exp(-abs(u))
    share = low / (1 + low)  # of the less likely class
    slope = (share if u < 0 else 1 - share) * (1 if target == 0 else -1)
    exact = [max(u, 0.0) + np.log1p(low), slope, low / (1 + low) ** 2]

    def f(logit):
        return lv.stable_cross_entropy(logit, t)

    at = torch.tensor(z, dtype=dtype)
    derivatives = f(at), torch.func.grad(f)(at), torch.func.grad(torch.func.grad(f))(at)
    rtol, least = (1e-14, 1e-306) if dtype == F64 else (1e-6, 1e-36)
    for found, expected in zip(derivatives, exact, strict=True):
        assert float(found) == pytest.approx(expected, rel=rtol, abs=least)


def test_cross_entropy_is_torchs_where_that_keeps_its_digits():
    z, t = 3 * numbers(5, 4), torch.from_numpy(np.random.default_rng(0).uniform(size=(5, 4)))
    usual = nn.functional.binary_cross_entropy_with_logits
    close(lv.stable_cross_entropy(z, t), usual(z, t), 1e-14)
    close(torch.func.grad(lv.stable_cross_entropy)(z, t), torch.func.grad(usual)(z, t), 1e-13)
    bends = [
        torch.autograd.functional.hessian(lambda z, f=f: f(z, t), z)
        for f in (lv.stable_cross_entropy, usual)
    ]
    close(*bends, 1e-13)
    assert torch.autograd.gradgradcheck(lambda z: lv.stable_cross_entropy(z, t), z.requires_grad_())


# --- the stable softmax cross-entropy ---------------------------------------------------------


@pytest.mark.parametrize("as_classes", [True, False])
def test_softmax_cross_entropy_is_torchs_where_that_keeps_its_digits(as_classes):
    z, t = 3 * numbers(6, 4), torch.tensor([0, 3, 1, 2, 2, 0])
    targets = t if as_classes else torch.from_numpy(np.random.default_rng(0).dirichlet([1] * 4, 6))
    usual = nn.functional.cross_entropy
    close(lv.stable_softmax_cross_entropy(z, targets), usual(z, targets), 1e-14)
    gradients = [torch.func.grad(f)(z, targets) for f in (lv.stable_softmax_cross_entropy, usual)]
    close(*gradients, 1e-13)
    bends = [
        torch.autograd.functional.hessian(lambda z, f=f: f(z, targets), z)
        for f in (lv.stable_softmax_cross_entropy, usual)
    ]
    close(*bends, 1e-13)
    assert torch.autograd.gradgradcheck(
        lambda z: lv.stable_softmax_cross_entropy(z, targets), z.requires_grad_()
    )


@pytest.mark.parametrize(("dtype", "high"), [(torch.float32, 20.0), (F64, 45.0), (F64, 300.0)])
def test_softmax_cross_entropy_keeps_its_digits_where_torchs_slope_is_zero(dtype, high):
    z, t = torch.tensor([[high, 0.0, 1.0]], dtype=dtype), torch.tensor([0])
    low, other = np.exp(-high), np.exp(1 - high)
    found = torch.func.grad(lv.stable_softmax_cross_entropy)(z, t)[0]
    assert torch.func.grad(nn.functional.cross_entropy)(z, t)[0, 0] == 0
    rtol = 1e-13 if dtype == F64 else 1e-5
    np.testing.assert_allclose(found, [-low - other, low, other], rtol=rtol)
    np.testing.assert_allclose(lv.stable_softmax_cross_entropy(z, t), low + other, rtol=rtol)


def test_modules_with_the_stable_softmax_are_the_closed_form_far_out():
    closed = lv.Landscape("iris", "tanh", "softmax_cross_entropy")
    data = closed.problem
    landscape = lv.Landscape.from_module(
        perceptron(data, "tanh"), lv.stable_softmax_cross_entropy, data.inputs,
        data.targets.argmax(axis=1), dtype=F64,
    )  # fmt: skip
    w = closed.initial(5, 0, 30.0)
    for method in ("loss", "gradient", "hessian"):
        ours, theirs = getattr(landscape, method)(w), getattr(closed, method)(w)
        scale = theirs.abs().amax(dim=tuple(range(1, theirs.ndim)), keepdim=True)
        assert float(((ours - theirs).abs() / scale).max()) < 1e-12


# --- what used to go wrong --------------------------------------------------------------------


def test_losses_that_vmap_refuses_are_evaluated_point_by_point():
    x, labels = numbers(9, 2), torch.tensor([0, 1, 2] * 3, dtype=torch.uint8)
    module = nn.Linear(2, 3).double()

    def loss(outputs, t):
        value = nn.functional.cross_entropy(outputs, t)
        return value if float(value.detach()) > 5 else 1.0 * value

    bytes_ = lv.Landscape.from_module(module, nn.functional.cross_entropy, x, labels)
    looks = lv.Landscape.from_module(module, loss, x, labels.long())
    w = bytes_.initial(3, 0, 1.0)
    expected = [nn.functional.cross_entropy(x @ p[:6].view(3, 2).T + p[6:], labels) for p in w]
    for landscape in (bytes_, looks):
        close(landscape.loss(w), torch.stack(expected), 1e-13)
        close(landscape.loss_and_gradient(w)[0], torch.stack(expected), 1e-13)


@pytest.mark.parametrize("turned", [False, True])
def test_outputs_and_targets_that_would_be_broadcast_are_refused(turned):
    module = nn.Sequential(nn.Linear(2, 1), nn.Flatten(0)) if turned else nn.Linear(2, 1)
    targets = numbers(5, 1) if turned else numbers(5)
    with pytest.raises(ValueError, match=r"targets must have the shape of the outputs, \(5,"):
        lv.Landscape.from_module(
            module, lambda o, t: (o - t).square().mean(), numbers(5, 2), targets, dtype=F64
        )


@pytest.mark.parametrize(
    ("last", "loss_fn", "expected"),
    [
        (nn.Sigmoid(), nn.functional.mse_loss, 0.5),
        (nn.Sigmoid(), nn.BCELoss(), 0.5),
        (nn.Hardsigmoid(), nn.functional.binary_cross_entropy, 0.5),
        (nn.Identity(), nn.BCEWithLogitsLoss(), 0.5),
    ],
)
def test_accuracy_knows_probabilities_from_logits(last, loss_fn, expected):
    module = nn.Sequential(nn.Linear(1, 1), last)
    x = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    landscape = lv.Landscape.from_module(module, loss_fn, x, torch.tensor([[0.0], [1], [1], [0]]))
    assert float(landscape.accuracy(torch.tensor([1.0, 0.0]))) == expected
    assert float(landscape.accuracy(torch.tensor([1.0, -9.0]))) == 0.5


def test_numpys_generator_is_left_alone_even_by_a_module_that_uses_it():
    class Noisy(nn.Linear):
        def forward(self, x):
            return super().forward(x) + float(np.random.normal())  # noqa: NPY002 - on purpose

    before = np.random.get_state()[1].copy(), np.random.get_state()[2]  # noqa: NPY002
    with pytest.raises(ValueError, match="module must not be random"):
        lv.Landscape.from_module(Noisy(2, 1), nn.MSELoss(), numbers(4, 2).float(), numbers(4, 1))
    after = np.random.get_state()  # noqa: NPY002
    np.testing.assert_array_equal(before[0], after[1])
    assert before[1] == after[2]


def test_blocks_of_modules_that_are_evaluated_one_by_one_are_not_filled_up():
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(64, 2)).double()
    x, t = numbers(300, 1, 6, 6), torch.arange(300) % 2
    landscape = lv.Landscape.from_module(module, nn.functional.cross_entropy, x, t)
    assert landscape._group_size == 1
    small = lv.Landscape.from_module(nn.Linear(1, 1), nn.MSELoss(), [[0.5], [1.0]], [[0.0], [1.0]])
    assert small._group_size == 64


# --- loaders ----------------------------------------------------------------------------------


def loader_of(samples, **options):
    draws = torch.Generator().manual_seed(0)
    x = torch.randn(samples, 2, generator=draws, dtype=torch.float64)
    data = TensorDataset(x, (x[:, :1] > 0).double())
    return DataLoader(data, **options), data.tensors


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_loader_is_its_samples(shuffle):
    loader, data = loader_of(7, batch_size=3, shuffle=shuffle)
    module = nn.Linear(2, 1, dtype=torch.float64)
    by_loader, by_tensors = (
        lv.Landscape.from_module(module, nn.BCEWithLogitsLoss(), *given, batch_size=4)
        for given in ((loader,), data)
    )
    torch.testing.assert_close(by_loader.loss(module_point := by_loader.weights),
                               by_tensors.loss(module_point))  # fmt: skip
    tested = lv.Landscape.from_module(module, nn.BCEWithLogitsLoss(), *data, test_inputs=loader)
    torch.testing.assert_close(tested.test.loss(module_point), by_tensors.loss(module_point))


def test_a_loader_leaves_random_numbers_alone():
    own = torch.Generator().manual_seed(3)
    loader, _ = loader_of(7, batch_size=3, shuffle=True, generator=own)
    module = nn.Linear(2, 1).double()
    before = torch.get_rng_state(), own.get_state()
    lv.Landscape.from_module(module, nn.BCEWithLogitsLoss(), loader)
    assert all(map(torch.equal, before, (torch.get_rng_state(), own.get_state())))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (TensorDataset(torch.zeros(0, 2), torch.zeros(0, 1)), "at least one batch; got an empty"),
        (torch.zeros(5, 2), "pairs of tensors, inputs and targets; got a batch that is a Tensor"),
        ([(torch.zeros(2), "yes")] * 3, "pairs of tensors"),
    ],
)
def test_loaders_without_pairs_are_refused(data, said):
    module = nn.Linear(2, 1)
    with pytest.raises(ValueError, match=said):
        lv.Landscape.from_module(module, nn.BCEWithLogitsLoss(), DataLoader(data, batch_size=2))


def test_targets_belong_to_inputs():
    module, (loader, (x, t)) = nn.Linear(2, 1, dtype=torch.float64), loader_of(4)
    with pytest.raises(TypeError, match="targets must be left out"):
        lv.Landscape.from_module(module, nn.BCEWithLogitsLoss(), loader, t)
    with pytest.raises(TypeError, match="targets must be given"):
        lv.Landscape.from_module(module, nn.BCEWithLogitsLoss(), x)
