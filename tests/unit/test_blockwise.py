"""Curvature by one Hessian block per weight matrix and bias vector."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import lossviz as lv
from lossviz.curvature.blockwise import classify_blocks
from prescribed import Prescribed

LOSSES = ("cross_entropy", "squared_error")
CONVEX, SADDLE, SINGULAR, CONCAVE, UNDETERMINED = range(5)


def softplus(z):
    # torch's own is linear above 20.
    return z.clamp(min=0) + torch.log1p(torch.exp(-z.abs()))


NATIVE = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "elu": torch.nn.functional.elu,
    "sigmoid": torch.sigmoid,
    "leaky_relu": torch.nn.functional.leaky_relu,
    "selu": torch.nn.functional.selu,
    "gelu": torch.nn.functional.gelu,
    "silu": torch.nn.functional.silu,
    "softplus": softplus,
    "mish": lambda z: z * torch.tanh(softplus(z)),
    "hard_tanh": torch.nn.functional.hardtanh,
    "lecun_tanh": lambda z: 1.7159 * torch.tanh(2 * z / 3),
    "sine": torch.sin,
    "identity": lambda z: z,
}
KNOWN = [name for name in lv.activation_names() if name in NATIVE]
STRAIGHT = [name for name in ("relu", "leaky_relu", "hard_tanh", "identity") if name in KNOWN]


def test_the_twins_cover_the_activations_of_the_study():
    assert {"tanh", "relu", "elu", "sigmoid"} <= set(KNOWN)


# --- a slow twin by automatic differentiation -------------------------------------------------


def split(landscape, w):
    inputs, hidden, outputs = landscape.problem.layers
    w1, b1, w2, b2 = w.split([size for _, size in landscape.blocks])
    return w1.view(hidden, inputs), b1, w2.view(outputs, hidden), b2


def loss_of_tensors(landscape):
    """Return the loss as a torch function of the four parameter tensors."""
    x = torch.from_numpy(landscape.problem.inputs)
    sign = 2 * torch.from_numpy(landscape.problem.targets) - 1
    f = NATIVE[landscape.activation.name]

    def loss(w1, b1, w2, b2):
        z = f(x @ w1.T + b1) @ w2.T + b2
        # Through exp(-|z|): autograd of the usual stable forms loses digits at small losses.
        u = -sign * z
        decay = torch.exp(-u.abs())
        if landscape.loss_name == "cross_entropy":
            return (u.clamp(min=0) + torch.log1p(decay)).mean()
        return ((torch.exp(u.clamp(max=0)) / (1 + decay)) ** 2).mean()

    return loss


def twin_at(landscape, w):
    """Blocks at one point, one parameter tensor at a time, as the authors' program takes them."""
    loss, tensors = loss_of_tensors(landscape), split(landscape, w)
    blocks = []
    for i, tensor in enumerate(tensors):

        def alone(part, i=i):
            return loss(*tensors[:i], part, *tensors[i + 1 :])

        block = torch.autograd.functional.hessian(alone, tensor)
        blocks.append(block.reshape(tensor.numel(), tensor.numel()))
    return blocks


def twins(landscape, points):
    """The same for many points at once."""
    loss = loss_of_tensors(landscape)

    def at(w):
        tensors = split(landscape, w)
        blocks = []
        for i, tensor in enumerate(tensors):
            # Reverse over reverse: torch's forward mode warns about its own internals.
            block = torch.func.jacrev(torch.func.grad(loss, argnums=i), argnums=i)(*tensors)
            blocks.append(block.reshape(tensor.numel(), tensor.numel()))
        return tuple(blocks)

    return torch.func.vmap(at)(points)


def walked(landscape, walks, steps, start_range):
    """Points of short descents: signs of the gradient, as the progressive gradient walk takes."""
    points = [landscape.initial(walks, 1, start_range)]
    for _ in range(steps - 1):
        points.append(points[-1] - 0.1 * start_range * torch.sign(landscape.gradient(points[-1])))
    return torch.cat(points)


def sampled(landscape, random, walks, steps):
    """Random and walked points, small and large, that float32 holds exactly."""
    parts = [
        part
        for b in (1.0, 10.0)
        for part in (landscape.initial(random, 0, b), walked(landscape, walks, steps, b))
    ]
    return torch.cat(parts).float().double()


def slow_class(spectra, rtol):
    """The definition, one eigenvalue at a time."""
    positive = negative = zero = 0
    for spectrum in spectra:
        floor = rtol * max(abs(value) for value in spectrum)
        zero += sum(abs(value) <= floor for value in spectrum)
        positive += sum(value > floor for value in spectrum)
        negative += sum(value < -floor for value in spectrum)
    if zero:
        return SINGULAR
    if positive and negative:
        return SADDLE
    return CONVEX if positive else CONCAVE


def check_against(landscape, points, blocks):
    """Compare eigenvalues with those of other blocks, and classes where no rounding decides."""
    found = lv.blockwise_curvature(landscape, points, "float64", rtol=1e-7)
    single = lv.blockwise_curvature(landscape, points)
    spectra = [np.linalg.eigvalsh(block.numpy()) for block in blocks]
    sizes = [np.abs(spectrum).max(axis=1, keepdims=True) for spectrum in spectra]
    size = np.concatenate(
        [np.broadcast_to(s, v.shape) for s, v in zip(sizes, spectra, strict=True)], 1
    )
    expected = np.concatenate(spectra, axis=1)
    whole = size.max(axis=1, keepdims=True)
    # Automatic differentiation of 1 - tanh^2 leaves rounding of 1 where the true value is smaller.
    assert np.all(np.abs(found.eigenvalues.numpy() - expected) <= 1e-8 * whole + 1e-14)
    error = np.abs(single.eigenvalues.numpy() - expected)
    known = single.classes.numpy() != UNDETERMINED
    assert np.all(error[known] <= 2e-4 * whole[known])
    ratio = np.abs(expected) / np.maximum(size, 1e-300)
    clear = np.all((ratio > 1e-5) | (ratio < 1e-9), axis=1) & (
        size.min(axis=1) > 1e-3 * whole[:, 0]
    )
    sure = np.all(np.abs(expected) > 3e-4 * whole, axis=1)
    for i in np.flatnonzero(clear):
        wanted = slow_class([spectrum[i] for spectrum in spectra], 1e-7)
        assert int(found.classes[i]) == wanted
        if sure[i]:
            assert int(single.classes[i]) == wanted
    return int(clear.sum()), int((clear & sure).sum())


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", KNOWN)
def test_thousands_of_xor_points_equal_automatic_differentiation(name, loss):
    landscape = lv.Landscape("xor", name, loss)
    points = sampled(landscape, 600, 30, 20)
    clear, sure = check_against(landscape, points, twins(landscape, points))
    assert len(points) == 2400
    assert clear > 1000
    assert sure > 500 or name in STRAIGHT  # whose blocks have eigenvalues that are exactly 0


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", ["tanh", "relu", "elu"])
def test_iris_points_equal_automatic_differentiation(name, loss):
    landscape = lv.Landscape("iris", name, loss)
    points = sampled(landscape, 10, 2, 5)
    check_against(landscape, points, twins(landscape, points))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_the_batched_twin_is_the_plain_one(problem, activation, loss):
    landscape = lv.Landscape(problem, activation, loss)
    points = landscape.initial(3, 0, 1.0)
    for i, blocks in enumerate(zip(*twins(landscape, points), strict=True)):
        for block, plain in zip(blocks, twin_at(landscape, points[i]), strict=True):
            torch.testing.assert_close(block, plain, rtol=1e-9, atol=1e-12)


# --- the definition ---------------------------------------------------------------------------

values = st.sampled_from([-2.0, -1.0, 0.0, 1.0, 3.0])


@given(st.lists(st.lists(values, min_size=1, max_size=4), min_size=1, max_size=4))
def test_hand_made_blocks_are_classified_by_definition(spectra):
    blocks = [torch.diag(torch.tensor(spectrum))[None] for spectrum in spectra]
    found = classify_blocks(blocks)
    if not any(map(any, spectra)):
        assert found.names == ["undetermined"]
        return
    assert int(found.classes) == slow_class(spectra, 0.0)
    for name, sign in (("positive", 1), ("negative", -1), ("zero", 0)):
        counts = [sum(np.sign(value) == sign for value in spectrum) for spectrum in spectra]
        assert getattr(found, f"{name}_by_block")[0].tolist() == counts
        assert int(getattr(found, name)) == sum(counts)
    assert found.eigenvalues[0].tolist() == [v for spectrum in spectra for v in sorted(spectrum)]


@pytest.mark.parametrize(
    ("weights", "name", "by_block"),
    [
        ([1.0, 2, 3, 4, 5], "convex", [[2, 0, 0], [3, 0, 0]]),
        ([-1.0, -2, -3, -4, -5], "concave", [[0, 2, 0], [0, 3, 0]]),
        ([1.0, 2, -3, -4, -5], "saddle", [[2, 0, 0], [0, 3, 0]]),
        ([0.0, 0, -3, 4, 5], "singular", [[0, 0, 2], [2, 1, 0]]),
        ([0.0, 0, 0, 0, 0], "undetermined", [[0, 0, 0], [0, 0, 0]]),
    ],
)
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_class_occurs(weights, name, by_block, precision):
    found = lv.blockwise_curvature(Prescribed(2, 3), weights, precision)
    signs = ("positive_by_block", "negative_by_block", "zero_by_block")
    assert found.names == name
    assert torch.stack([getattr(found, sign) for sign in signs], dim=1).tolist() == by_block


def test_classes_that_occur_on_xor():
    landscape = lv.Landscape("xor", "relu")
    found = lv.blockwise_curvature(landscape, sampled(landscape, 500, 20, 20))
    assert {CONVEX, SADDLE, SINGULAR} <= set(found.classes.tolist())


@pytest.mark.parametrize(("rtol", "name"), [(0.0, "convex"), (1e-3, "singular")])
def test_zero_is_relative_to_the_largest_of_its_own_block(rtol, name):
    # 1e-4 is a tenth of its own block's largest, and small beside the other block.
    landscape = Prescribed(2, 2)
    assert lv.blockwise_curvature(landscape, [1e-4, 1e-3, 1, 2], rtol=rtol).names == "convex"
    assert lv.blockwise_curvature(landscape, [1e-4, 1, 1, 2], rtol=rtol).names == name


def test_a_block_of_zeros_is_singular_and_not_undetermined():
    landscape = lv.Landscape("xor", "relu")
    dead = [-1.0, -1, -1, -1, -1, -1, 1, 1, 0.5]
    found = lv.blockwise_curvature(landscape, dead)
    assert found.names == "singular"
    assert found.zero_by_block.tolist() == [4, 2, 2, 0]
    assert found.positive_by_block.tolist() == [0, 0, 0, 1]


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_point_is_undetermined_where_no_digits_are_left(precision):
    limits = np.finfo(precision)
    limit = float(limits.tiny) / float(limits.eps)
    names = [
        lv.blockwise_curvature(Prescribed(1, 2, rotated=False), row, precision).names
        for row in (
            [0.5 * limit, 0.5 * limit, 0.1 * limit],
            [2 * limit, 0.1 * limit, -0.1 * limit],  # one block is large enough
        )
    ]
    assert names == ["undetermined", "saddle"]


def test_a_point_with_an_entry_that_is_not_finite_is_undetermined():
    landscape = Prescribed(2, 3, scale=1e30, rotated=False)
    found = lv.blockwise_curvature(landscape, [[1e20, 1, 1, 1, 1], [1, 1, 1, 1, 1]])
    assert found.names == ["undetermined", "convex"]
    assert torch.isnan(found.eigenvalues[0]).all()
    counts = (found.positive, found.negative, found.zero, found.zero_by_block.sum(-1))
    assert [int(count[0]) for count in counts] == [0] * 4
    assert lv.blockwise_curvature(landscape, [1e20, 1, 1, 1, 1], "float64").names == "convex"


# --- the eigensolver --------------------------------------------------------------------------


@pytest.mark.parametrize("low", [-45, -38, -30, -3, 20])
@pytest.mark.parametrize("width", [2, 17, 40])
@pytest.mark.parametrize("size", [4, 8, 30])
def test_float32_blocks_of_any_scale_are_solved(size, low, width):
    rng = np.random.default_rng(0)
    high = min(low + width, 37)
    entries = rng.choice([-1, 1], (200, size, size)) * 10 ** rng.uniform(
        low, high, (200, size, size)
    )
    entries = (entries * (rng.random(entries.shape) < 0.7)).astype(np.float32)
    blocks = np.tril(entries) + np.tril(entries, -1).transpose(0, 2, 1)
    found = classify_blocks([torch.from_numpy(blocks)])
    expected = np.linalg.eigvalsh(blocks.astype(np.float64))
    known = found.classes.numpy() != UNDETERMINED
    assert (np.abs(blocks).max(axis=(1, 2)) >= 1e-31)[known].all()
    assert known.all() or low < -30
    error = np.abs(found.eigenvalues.numpy() - expected).max(axis=1)
    assert np.all(error[known] <= 5e-6 * np.abs(expected).max(axis=1)[known])


def test_tiny_blocks_keep_their_signs():
    small = torch.tensor([[2.0, 1.0], [1.0, -2.0]]) * 2.0**-120
    found = classify_blocks([small[None], torch.ones(1, 1, 1)])
    assert (found.names, int(found.negative)) == (["saddle"], 1)
    expected = [-math.sqrt(5) * 2.0**-120, math.sqrt(5) * 2.0**-120, 1.0]
    np.testing.assert_allclose(found.eigenvalues[0], expected, rtol=1e-6)


# --- facts about ReLU networks ----------------------------------------------------------------


@pytest.mark.parametrize("problem", ["xor", "iris"])
@pytest.mark.parametrize("name", STRAIGHT)
def test_cross_entropy_blocks_of_piecewise_linear_networks_have_no_negative_eigenvalue(
    name, problem
):
    landscape = lv.Landscape(problem, name)
    points = sampled(landscape, 400, 20, 10)
    found = lv.blockwise_curvature(landscape, points, "float64")
    size = [block.abs().amax(dim=(-2, -1)) for block in landscape.hessian_blocks(points)]
    for part, largest in zip(
        found.eigenvalues.split([size for _, size in landscape.blocks], -1), size, strict=True
    ):
        assert bool((part[:, 0] >= -1e-13 * part.shape[1] * largest).all())
    exact = lv.blockwise_curvature(landscape, points, "float64", rtol=1e-12)
    assert int(exact.negative.sum()) == 0
    diagonal = landscape.hessian(points).diagonal(dim1=-2, dim2=-1)
    assert bool((diagonal >= 0).all())


def test_blockwise_saddles_of_relu_networks_are_rounding():
    landscape = lv.Landscape("xor", "relu")
    points = landscape.initial(2000, 0, 1.0)
    single = lv.blockwise_curvature(landscape, points)
    double = lv.blockwise_curvature(landscape, points, "float64")
    saddles = single.classes == SADDLE
    assert int(saddles.sum()) > 200
    lowest = [
        found.eigenvalues[saddles].amin(-1) / found.eigenvalues[saddles].amax(-1)
        for found in (single, double)
    ]
    assert -1e-6 < float(lowest[0].min()) < -1e-9
    assert float(lowest[1].min()) > -1e-15


def test_squared_error_blocks_of_relu_networks_are_indefinite_somewhere():
    # One pattern decides: outputs near 1 where 0 is wanted curve the squared error downwards.
    landscape = lv.Landscape("xor", "relu", "squared_error")
    found = lv.blockwise_curvature(landscape, [0.0] * 6 + [1.0, 1.0, 3.0], "float64", rtol=1e-12)
    output = 1 / (1 + math.exp(-3))
    slope = output * (1 - output)
    # The mean over both targets of 2 (o'^2 + (o - t) o''), with o'' = o' (1 - 2 o).
    bend = 2 * (slope**2 + (output - 0.5) * slope * (1 - 2 * output))
    assert bend < 0
    assert float(found.eigenvalues[-1]) == pytest.approx(bend, rel=1e-12, abs=0)
    assert found.negative_by_block[-1] == 1


@pytest.mark.parametrize("name", ["tanh", "elu"])
def test_curved_activations_have_real_blockwise_saddles(name):
    landscape = lv.Landscape("xor", name)
    found = lv.blockwise_curvature(landscape, landscape.initial(500, 0, 1.0), "float64", rtol=1e-6)
    assert int((found.classes == SADDLE).sum()) > 250


# --- shapes, company, purity ------------------------------------------------------------------


@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_a_result_does_not_depend_on_which_others_are_asked_for(problem, activation):
    landscape = lv.Landscape(problem, activation)
    points = landscape.initial(150, 0, 3.0)
    whole = lv.blockwise_curvature(landscape, points)
    order = torch.from_numpy(np.random.default_rng(0).permutation(150))
    for rows in (order, order[:7], order[:1], torch.arange(64, 130)):
        part = lv.blockwise_curvature(landscape, points[rows])
        for name in ("classes", "positive", "negative", "zero", "zero_by_block", "eigenvalues"):
            assert torch.equal(getattr(part, name), getattr(whole, name)[rows]), name


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,), (2, 0)])
def test_leading_axes_are_points(shape):
    landscape = lv.Landscape("xor", "tanh")
    points = landscape.initial(6, 0, 1.0)[: math.prod(shape)].reshape(*shape, 9)
    found = lv.blockwise_curvature(landscape, points)
    assert found.classes.shape == found.positive.shape == found.zero.shape == shape
    assert found.negative_by_block.shape == (*shape, 4)
    assert found.eigenvalues.shape == (*shape, 9)
    assert (found.classes.dtype, found.eigenvalues.dtype) == (torch.int8, torch.float64)


def test_the_landscape_s_own_precision_does_not_matter():
    landscape = lv.Landscape("xor", "elu")
    points = landscape.initial(100, 0, 2.0)
    one, other = (
        lv.blockwise_curvature(landscape.with_dtype(dtype), points)
        for dtype in (torch.float32, torch.float64)
    )
    assert torch.equal(one.eigenvalues, other.eigenvalues)


def test_hidden_units_can_be_permuted():
    landscape = lv.Landscape("iris", "tanh")
    points = landscape.initial(20, 0, 1.0)
    w1, b1, w2, b2 = points.split([size for _, size in landscape.blocks], dim=-1)
    order = [2, 0, 3, 1]
    moved = torch.cat(
        [w1.view(-1, 4, 4)[:, order].flatten(1), b1[:, order],
         w2.view(-1, 3, 4)[:, :, order].flatten(1), b2], dim=1
    )  # fmt: skip
    found, other = (lv.blockwise_curvature(landscape, w, "float64") for w in (points, moved))
    np.testing.assert_allclose(other.eigenvalues, found.eigenvalues, rtol=0, atol=1e-14)
    assert torch.equal(found.classes, other.classes)
