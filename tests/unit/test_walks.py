"""Progressive gradient walks: a slow twin, statistics, and what must not change a walk."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr
from scipy import stats
from torch.nn.functional import elu, logsigmoid

import lossviz as lv
from lossviz.problems import find_file, problem_files

BLOCK = lv.Landscape("xor", "tanh")._block_size

ALL = (
    "loss", "gradient_norm", "accuracy", "test_loss", "test_accuracy", "saturation", "curvature",
    "eigenvalues", "weights",
)  # fmt: skip


def walk(problem="xor", name="tanh", dtype=torch.float64, num_walks=8, num_steps=30, **kwargs):
    landscape = lv.Landscape(problem, name, dtype=dtype)
    settings = {"max_step": 0.2, "start_range": 1.0, "seed": 5, "measures": ALL} | kwargs
    return lv.progressive_gradient_walk(landscape, num_walks, num_steps, **settings)


def same_bits(first: xr.Dataset, second: xr.Dataset):
    """Every variable that both have is the same to the last bit."""
    shared = set(first.data_vars) & set(second.data_vars)
    assert shared
    differ = [n for n in shared if first[n].values.tobytes() != second[n].values.tobytes()]
    assert differ == []


# --- the slow twin ----------------------------------------------------------------------------


def slow_gradient(landscape, x):
    """Autograd of the loss written through logsigmoid, at one point."""
    inputs, hidden, outputs = landscape.problem.layers
    f = {"elu": elu}.get(landscape.activation.name) or getattr(torch, landscape.activation.name)
    w = torch.from_numpy(x).requires_grad_()
    w1, b1, w2, b2 = w.split([hidden * inputs, hidden, outputs * hidden, outputs])
    data = torch.from_numpy(landscape.problem.inputs)
    z = f(data @ w1.view(hidden, inputs).T + b1) @ w2.view(outputs, hidden).T + b2
    loss = -logsigmoid((2 * torch.from_numpy(landscape.problem.targets) - 1) * z).mean()
    return torch.autograd.grad(loss, w)[0].numpy()


def slow_walk(landscape, number, num_steps, max_step, start_range, seed, zero, bounds):
    """One walk as METHOD and docstring define it, one weight at a time."""
    draws = [
        np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number, purpose)))
        for purpose in range(3)
    ]
    m = landscape.num_weights
    x = start_range * (2 * draws[0].random(m) - 1)
    visited = [x]
    for _ in range(num_steps - 1):
        gradient, unit, coin = slow_gradient(landscape, x), draws[1].random(m), draws[2].random(m)
        x = x.copy()
        for j in range(m):
            up = {"increase": 1, "stay": 0, "random": -1 if coin[j] < 0.5 else 1}[zero]
            sign = up if gradient[j] == 0 else -np.sign(gradient[j])
            step = sign * unit[j] * max_step
            x[j] += -step if bounds is not None and abs(x[j] + step) > bounds else step
        visited.append(x)
    return np.array(visited)


@pytest.mark.parametrize("bounds", [None, 1.0])
@pytest.mark.parametrize("zero", ["increase", "stay", "random"])
@pytest.mark.parametrize(("problem", "steps"), [("xor", 40), ("iris", 15)])
def test_walks_equal_their_slow_twin(problem, steps, activation, zero, bounds):
    landscape = lv.Landscape(problem, activation)
    numbers = (0, 3, 40)
    fast = lv.progressive_gradient_walk(
        landscape, 3, steps, 0.3, 1.0, 11, zero, bounds, ("weights",), walk_numbers=numbers
    )
    for row, number in enumerate(numbers):
        expected = slow_walk(landscape, number, steps, 0.3, 1.0, 11, zero, bounds)
        np.testing.assert_allclose(fast.weights[row], expected, rtol=0, atol=1e-12)


# --- statistics -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def long_walks():
    found = {}
    for name in ("tanh", "relu"):
        landscape = lv.Landscape("xor", name)
        found[name] = lv.progressive_gradient_walk(
            landscape, 100, 100, 0.5, 2.0, 0, measures=("weights",)
        )
    return found


def test_step_lengths_are_uniform_up_to_max_step(long_walks):
    lengths = np.abs(np.diff(long_walks["tanh"].weights, axis=1)).ravel()
    assert lengths.max() <= 0.5 + 1e-12
    assert abs(lengths.mean() - 0.25) < 4.5 * 0.5 / np.sqrt(12 * lengths.size)
    assert stats.kstest(lengths, stats.uniform(0, 0.5).cdf).pvalue > 1e-4


def test_starts_are_uniform_in_the_start_range(long_walks):
    starts = lv.Landscape("iris", "tanh").initial(300, 1, 3.0).numpy().ravel()
    assert np.abs(starts).max() <= 3
    assert stats.kstest(starts, stats.uniform(-3, 6).cdf).pvalue > 1e-4
    landscape = lv.Landscape("xor", "tanh")
    np.testing.assert_array_equal(long_walks["tanh"].weights[:, 0], landscape.initial(100, 0, 2.0))


def test_starts_and_steps_are_not_correlated(long_walks):
    weights = long_walks["tanh"].weights.values
    lengths = np.abs(np.diff(weights, axis=1))
    samples = np.stack([weights[:, 0].ravel(), lengths[:, 0].ravel(), lengths[:, 1].ravel()])
    assert np.abs(np.corrcoef(samples) - np.eye(3)).max() < 4.5 / np.sqrt(samples.shape[1])


def test_walks_differ_from_each_other_and_by_seed():
    first, other = walk(measures=("weights",)), walk(measures=("weights",), seed=6)
    starts = np.concatenate([first.weights[:, 0], other.weights[:, 0]])
    assert len(np.unique(starts)) == starts.size


def test_every_weight_moves_against_its_gradient(long_walks):
    for name, walks in long_walks.items():
        weights = walks.weights.values
        gradient = lv.Landscape("xor", name).gradient(weights[:, :-1]).numpy()
        clear = np.abs(gradient) > 1e-12
        assert (np.sign(np.diff(weights, axis=1)) == -np.sign(gradient))[clear].all()


@pytest.mark.parametrize(("zero", "drift"), [("increase", 1), ("stay", 0), ("random", None)])
def test_dead_weights_obey_the_zero_gradient_rule(zero, drift):
    landscape = lv.Landscape("xor", "relu")
    walks = lv.progressive_gradient_walk(
        landscape, 60, 60, 0.4, 10.0, 2, zero_gradient=zero, measures=("weights",)
    )
    weights = walks.weights.values
    steps = np.diff(weights, axis=1)
    dead = landscape.gradient(weights[:, :-1]).numpy() == 0
    found = steps[dead]
    assert len(found) > 1000
    bound = 4.5 * 0.4 / np.sqrt(len(found))
    if drift is None:
        assert abs(found.mean()) < bound
        assert abs(np.abs(found).mean() - 0.2) < bound
    else:
        assert (np.sign(found) == drift).all()
        assert abs(found.mean() - drift * 0.2) < bound  # + s/2 a step
    assert (np.diff(weights, axis=1)[~dead] != 0).all()


def test_bounded_walks_flip_steps_and_stay_inside():
    landscape = lv.Landscape("xor", "elu")
    settings = {"max_step": 0.9, "start_range": 1.0, "seed": 4, "measures": ("weights",)}
    free = lv.progressive_gradient_walk(landscape, 30, 50, **settings)
    bounded = lv.progressive_gradient_walk(landscape, 30, 50, **settings, bounds=1.0)
    assert np.abs(free.weights).max() > 1
    assert np.abs(bounded.weights).max() <= 1
    steps = np.diff(bounded.weights, axis=1)
    # Neither clipped nor mirrored: lengths are those of the free walk.
    np.testing.assert_allclose(np.abs(steps), np.abs(np.diff(free.weights, axis=1)), atol=1e-12)
    before = bounded.weights.values[:, :-1]
    downhill = -np.sign(landscape.gradient(before).numpy())
    flipped = np.sign(steps) == -downhill
    assert flipped.any()
    crosses = np.abs(before + downhill * np.abs(steps)) > 1
    np.testing.assert_array_equal(flipped, crosses)


# --- what must not change a walk --------------------------------------------------------------

KINDS = [
    (problem, dtype) for problem in ("xor", "iris") for dtype in (torch.float64, torch.float32)
] + [("heart", torch.float32)]
# Walks of two blocks, their borders included.
NUMBERS = [*range(7), *range(BLOCK - 3, BLOCK + 4)]
# One walk of Heart is as dear as a hundred of XOR; its blocks have ten walks.
FEW = [0, 3, 8, 9, 10]


def numbers_of(problem):
    return FEW if problem == "heart" else NUMBERS


def again(whole, numbers=None, **kwargs):
    problem, dtype, _ = whole
    numbers = numbers_of(problem) if numbers is None else numbers
    few = {"num_steps": 6} if problem == "heart" else {}
    return walk(problem, "elu", dtype, len(numbers), walk_numbers=numbers, **few | kwargs)


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: f"{kind[0]}-{kind[1]}")
def whole(request):
    if any(find_file(file) is None for file in problem_files(request.param[0])):
        pytest.skip(f"the files of {request.param[0]} are nowhere on this machine")
    return *request.param, again((*request.param, None))


@pytest.mark.parametrize("batch", [1, 7])
def test_batches_change_no_bit(whole, batch):
    everything = numbers_of(whole[0])
    for numbers in (everything[i : i + batch] for i in range(0, len(everything), batch)):
        part = again(whole, numbers)
        assert part.walk.values.tolist() == numbers
        same_bits(part, whole[2].sel(walk=numbers))


def test_order_changes_no_bit(whole):
    numbers = np.random.default_rng(0).permutation(numbers_of(whole[0])).tolist()
    same_bits(again(whole, numbers), whole[2].sel(walk=numbers))


def test_all_walks_hold_the_same_bits_as_a_few(whole):
    numbers = numbers_of(whole[0])
    everything = again(whole, range(max(numbers) + 1))
    same_bits(everything.sel(walk=numbers), whole[2])


@pytest.mark.parametrize("steps", [1, 5, 29])
def test_shorter_walks_are_prefixes_to_the_bit(whole, steps):
    steps = min(steps, whole[2].sizes["step"])
    same_bits(again(whole, num_steps=steps), whole[2].isel(step=slice(steps)))


def test_prefixes_hold_beyond_one_chunk_of_steps():
    long = walk(num_steps=150, num_walks=3)
    same_bits(walk(num_steps=70, num_walks=3), long.isel(step=slice(70)))


def test_measures_asked_for_change_no_bit(whole):
    for measures in (("loss",), ("weights", "loss"), ("curvature",), ("eigenvalues", "saturation")):
        same_bits(again(whole, measures=measures), whole[2])


def test_threads_change_no_bit(whole):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        threaded = again(whole)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)
    same_bits(threaded, whole[2])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_activations_share_starts_and_step_lengths(dtype):
    found = [
        walk(name=name, dtype=dtype, measures=("weights",)).weights.values
        for name in lv.activation_names()
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(other[:, 0], found[0][:, 0])
        lengths = np.abs(np.diff(other, axis=1)), np.abs(np.diff(found[0], axis=1))
        np.testing.assert_allclose(*lengths, atol=1e-12 if dtype == torch.float64 else 1e-5)
    assert not np.allclose(found[1], found[0])


# --- the caller's world -----------------------------------------------------------------------


def states():
    legacy = np.random.get_state()  # noqa: NPY002 - the legacy state is what is tested
    return torch.get_rng_state().tolist(), legacy[1].tolist(), legacy[2]


def test_generators_and_threads_are_left_alone():
    before, threads = states(), torch.get_num_threads()
    walk(zero_gradient="random")
    assert states() == before
    assert torch.get_num_threads() == threads
    assert torch.is_grad_enabled()


def test_generators_and_threads_are_restored_after_an_error():
    def fail(_):
        assert torch.get_num_threads() == 1
        raise RuntimeError("stop")

    own = lv.Activation("own", "own", "", "", fail, torch.ones_like, torch.zeros_like)
    before, threads = states(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        with pytest.raises(RuntimeError, match="stop"):
            lv.progressive_gradient_walk(lv.Landscape("xor", own), 2, 3, 0.1, 1.0, 0)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert states() == before
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("settings", [{"max_step": 1.7e308}, {"start_range": 1e200}])
@pytest.mark.parametrize("zero", ["increase", "stay", "random"])
def test_walks_that_leave_the_range_of_numbers_are_refused(zero, settings):
    with pytest.raises(ValueError, match="finite"):
        walk(name="relu", measures=("loss",), zero_gradient=zero, **settings)


# --- the data set -----------------------------------------------------------------------------


def test_variables_have_their_dimensions_and_types():
    walks = walk(num_walks=3, num_steps=4)
    expected = {
        **dict.fromkeys(["loss", "accuracy", "test_loss", "test_accuracy", "saturation"], "f8"),
        "gradient_norm": "f8", "curvature": "i1", "positive": "i4", "negative": "i4", "zero": "i4",
    }  # fmt: skip
    for name, kind in expected.items():
        assert (walks[name].dims, walks[name].dtype) == (("walk", "step"), np.dtype(kind)), name
    assert walks.eigenvalues.dims == ("walk", "step", "eigenvalue")
    assert walks.weights.dims == ("walk", "step", "weight")
    assert set(walks.data_vars) == {*expected, "eigenvalues", "weights"}
    assert walks.walk.values.tolist() == [0, 1, 2]


def test_flags_follow_the_cf_conventions():
    curvature = walk(num_walks=1, num_steps=1).curvature
    assert curvature.attrs["flag_meanings"].split() == list(lv.CURVATURE_CLASSES)
    assert curvature.attrs["flag_values"].dtype == np.int8 == curvature.dtype
    assert curvature.attrs["flag_values"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("bounds", [None, 2.0])
def test_attributes_say_how_to_repeat_the_walks(bounds):
    attrs = walk("iris", "elu", torch.float32, 2, 3, bounds=bounds, rtol=1e-6).attrs
    wanted = {
        "problem": "iris", "layers": "4-4-3", "split_seed": "0", "activation": "elu",
        "loss_function": "cross_entropy", "precision": "float32", "seed": 5, "start_range": 1.0,
        "max_step": 0.2, "zero_gradient": "increase", "rtol": 1e-6, "bounds": bounds or "none",
        "sampler": "progressive_gradient_walk", "torch_version": torch.__version__,
    }  # fmt: skip
    assert {name: attrs[name] for name in wanted} == wanted
    assert {"block_size", "lossviz_version"} <= set(attrs)


def test_data_sets_survive_a_file(tmp_path):
    walks = walk(num_walks=2, num_steps=3)
    walks.to_netcdf(tmp_path / "walks.nc", engine="scipy")
    with xr.open_dataset(tmp_path / "walks.nc", engine="scipy") as read:
        for name in walks.data_vars:
            np.testing.assert_array_equal(read[name], walks[name])
            assert read[name].attrs.keys() == walks[name].attrs.keys()
        assert {k: read.attrs[k] for k in walks.attrs} == walks.attrs


# --- the measures -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_measures_are_those_of_the_landscape(problem, dtype, activation):
    walks = walk(problem, activation, dtype, 3, 10)
    landscape = lv.Landscape(problem, activation, dtype=dtype)
    weights = torch.from_numpy(walks.weights.values)
    assert weights.dtype == dtype
    rtol = 1e-12 if dtype == torch.float64 else 1e-5
    expected = {
        "loss": landscape.loss(weights), "test_loss": landscape.test.loss(weights),
        "gradient_norm": landscape.gradient(weights).double().norm(dim=-1),
        "saturation": landscape.saturation(weights),
    }  # fmt: skip
    for name, values in expected.items():
        np.testing.assert_allclose(walks[name], values, rtol=rtol, err_msg=name)
    np.testing.assert_array_equal(walks.accuracy, landscape.accuracy(weights))
    np.testing.assert_array_equal(walks.test_accuracy, landscape.test.accuracy(weights))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("problem", ["xor", "iris"])
def test_curvature_is_that_of_the_hessian_in_float64(problem, dtype):
    walks = walk(problem, "tanh", dtype, 3, 10)
    exact = lv.Landscape(problem, "tanh")
    curvature = lv.classify_curvature(exact.hessian(walks.weights.values), eigenvalues=True)
    np.testing.assert_array_equal(walks.curvature.values, curvature.classes.numpy())
    for sign in ("positive", "negative", "zero"):
        np.testing.assert_array_equal(walks[sign].values, getattr(curvature, sign).numpy())
    assert walks.eigenvalues.dtype == np.float64
    expected = curvature.eigenvalues.numpy()
    atol = 1e-12 * np.abs(expected).max()
    np.testing.assert_allclose(walks.eigenvalues.values, expected, rtol=0, atol=atol)


def test_the_tolerance_reaches_the_curvature_class():
    loose, strict = walk(rtol=0.5), walk(rtol=0.0)
    assert (loose.curvature == 2).mean() > (strict.curvature == 2).mean()
    np.testing.assert_array_equal(loose.weights, strict.weights)


def test_gradient_norms_of_float32_walks_do_not_underflow():
    walks = walk("xor", "relu", torch.float32, 60, 60, start_range=30.0, max_step=3.0)
    gradient = lv.Landscape("xor", "relu", dtype=torch.float32).gradient(walks.weights.values)
    largest = gradient.abs().amax(dim=-1).numpy()
    assert ((largest > 0) & (largest < 1e-23)).any()
    assert ((walks.gradient_norm.values > 0) == (largest > 0)).all()
