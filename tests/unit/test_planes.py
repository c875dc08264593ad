"""Lines and planes: every cell is the loss at its point, and nothing else changes."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import xarray as xr
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

import lossviz as lv
from lossviz.geometry import _plane_file
from lossviz.landscape import _chain, _moving
from lossviz.landscape._chain import ChainOnSubspace
from lossviz.landscape._moving import OneByOne, Together
from lossviz.landscape._subspace import PointByPoint

DOUBLE = torch.float64


def data(samples=23, inputs=(6,), classes=3, seed=0):
    draw = np.random.default_rng(seed)
    x = torch.from_numpy(draw.normal(size=(samples, *inputs)))
    return x, torch.from_numpy(draw.integers(classes, size=samples))


def of(module, loss_fn=None, inputs=(6,), classes=3, **options):
    torch.manual_seed(0)
    x, t = data(inputs=inputs, classes=classes)
    test_x, test_t = data(9, inputs, classes, seed=1)
    options = {"test_inputs": test_x, "test_targets": test_t, "dtype": DOUBLE} | options
    return lv.Landscape.from_module(module, loss_fn or nn.CrossEntropyLoss(), x, t, **options)


def one_output(loss_fn):
    torch.manual_seed(0)
    (x, t), (test_x, test_t) = data(classes=2), data(9, classes=2, seed=1)
    part = {"test_inputs": test_x, "test_targets": test_t[:, None].double(), "dtype": DOUBLE}
    module = nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 1))
    return lv.Landscape.from_module(module, loss_fn, x, t[:, None].double(), **part)


def mlp(*more):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), *more, nn.Linear(5, 3))


def cnn():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(4, 3, 2), nn.Flatten(), nn.Linear(12, 3),
    )  # fmt: skip


def deep():
    return mlp(nn.ReLU(inplace=True), nn.Dropout(0.0), nn.Linear(5, 5, bias=False), nn.GELU())


def tied():
    module = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6), nn.Linear(6, 3))
    module[2].weight = module[0].weight
    return module


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.last = nn.LSTM(2, 3, batch_first=True), nn.Linear(3, 3)

    def forward(self, x):
        return self.last(self.lstm(x.unflatten(1, (3, 2)))[0][:, -1])


def with_hook():
    module = mlp(nn.Tanh())
    module[1].register_forward_hook(lambda _module, _inputs, outputs: 2 * outputs)
    return module


LANDSCAPES = {
    "closed": (lambda: lv.Landscape("iris", "tanh"), ChainOnSubspace),
    "closed, one output": (lambda: lv.Landscape("xor", "relu", "squared_error"), ChainOnSubspace),
    "closed, softmax": (
        lambda: lv.Landscape("iris", "elu", "softmax_cross_entropy"), ChainOnSubspace
    ),
    "chain": (lambda: of(mlp(nn.Tanh())), ChainOnSubspace),
    "chain, sigmoid": (lambda: of(mlp(nn.Sigmoid(), nn.Identity())), ChainOnSubspace),
    "chain, deep, last batch of two": (lambda: of(deep(), batch_size=7), ChainOnSubspace),
    "chain, one layer": (lambda: of(nn.Linear(6, 3)), ChainOnSubspace),
    "chain, flattened": (
        lambda: of(nn.Sequential(nn.Flatten(), nn.Linear(6, 3), nn.Softplus()), inputs=(2, 3)),
        ChainOnSubspace,
    ),
    "chain, another loss": (
        lambda: of(mlp(nn.ReLU()), nn.CrossEntropyLoss(label_smoothing=0.1)), ChainOnSubspace
    ),
    "chain, weighted classes": (
        lambda: of(mlp(nn.ReLU()), nn.CrossEntropyLoss(weight=torch.ones(3))), ChainOnSubspace
    ),
    "chain, ignored class": (
        lambda: of(mlp(nn.ReLU()), nn.CrossEntropyLoss(ignore_index=77)), ChainOnSubspace
    ),
    "chain, function": (lambda: of(mlp(nn.ReLU()), cross_entropy), ChainOnSubspace),
    "chain, logits": (lambda: one_output(nn.BCEWithLogitsLoss()), ChainOnSubspace),
    "chain, logits, function": (
        lambda: one_output(binary_cross_entropy_with_logits), ChainOnSubspace
    ),
    "chain, logits, weighted": (
        lambda: one_output(nn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0]))), ChainOnSubspace
    ),
    "chain, squared error": (lambda: one_output(nn.MSELoss()), ChainOnSubspace),
    "chain, two of tanh": (
        lambda: of(mlp(nn.Tanh(), nn.Linear(5, 4), nn.Tanh(), nn.Linear(4, 5), nn.Tanh())),
        ChainOnSubspace,
    ),
    "chain, tied": (lambda: of(tied()), ChainOnSubspace),
    "hook": (lambda: of(with_hook()), Together),
    "layer norm": (lambda: of(mlp(nn.LayerNorm(5))), Together),
    "recurrent": (lambda: of(Recurrent()), OneByOne),
    "batch norm, train": (lambda: of(cnn(), inputs=(2, 6, 6)), Together),
    "batch norm, batches": (lambda: of(cnn(), inputs=(2, 6, 6), batch_size=10), Together),
    "batch norm, eval": (lambda: of(cnn().eval(), inputs=(2, 6, 6)), Together),
    "double batches": (lambda: lv.Landscape("iris", "tanh")._on_batches(
        torch.arange(70).view(7, 10)), PointByPoint),
}  # fmt: skip


def centre_of(landscape):
    return getattr(landscape, "weights", landscape.initial(1, seed=0, start_range=1.0)[0])


def directions_of(landscape):
    return lv.random_directions(landscape, centre_of(landscape), 2, seed=0, by="filter")


def slow(landscape, resolution=7, span=0.7):
    """Every point by itself, from the public methods."""
    w, (a, b) = centre_of(landscape), directions_of(landscape)
    steps = np.linspace(-span, span, resolution)
    points = [[w + float(x) * a + float(y) * b for y in steps] for x in steps]
    points = torch.stack([torch.stack(row) for row in points])
    found = {"loss": landscape.loss(points), "accuracy": landscape.accuracy(points)}
    if landscape.test is not None:
        found["test_loss"] = landscape.test.loss(points)
        found["test_accuracy"] = landscape.test.accuracy(points)
    return found


def plane_of(landscape, resolution=7, span=0.7, **options):
    w, directions = centre_of(landscape), directions_of(landscape)
    return lv.loss_plane(landscape, w, *directions, span, resolution, progress=False, **options)


NAMES = [name for name in LANDSCAPES if name != "double batches"]


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_is_the_loss_at_its_point(name):
    landscape = LANDSCAPES[name][0]()
    plane = plane_of(landscape)
    expected = slow(landscape)
    assert set(plane.data_vars) == set(expected)
    for variable, values in expected.items():
        np.testing.assert_allclose(plane[variable], values, rtol=1e-10, atol=1e-14)
    assert plane["loss"].dims == ("alpha", "beta")
    assert plane["loss"].item(3, 3) == pytest.approx(float(landscape.loss(centre_of(landscape))))


@pytest.mark.parametrize("name", LANDSCAPES)
def test_the_fastest_way_is_taken(name):
    make, kind = LANDSCAPES[name]
    landscape = make()
    w = centre_of(landscape)
    assert type(landscape._on_subspace(w, torch.ones_like(w)[None])) is kind


@pytest.mark.parametrize("name", ["batch norm, train", "batch norm, eval", "layer norm", "hook"])
def test_large_modules_are_moved_one_point_after_another(name, monkeypatch):
    monkeypatch.setattr(_moving, "_SMALL", 0)
    monkeypatch.setattr(_moving, "_PIECE_ELEMENTS", 2000)
    landscape = LANDSCAPES[name][0]()
    subspace = landscape._on_subspace(landscape.weights, directions_of(landscape))
    assert type(subspace) is OneByOne
    pieces = len(subspace._batches[0][0])
    assert (pieces > 1) == (name == "batch norm, eval")
    plane, expected = plane_of(landscape), slow(landscape)
    for variable, values in expected.items():
        np.testing.assert_allclose(plane[variable], values, rtol=1e-10)


@pytest.mark.parametrize("name", ["closed", "chain, deep, last batch of two", "chain, tied"])
def test_tiles_and_chunks_do_not_matter(name, monkeypatch):
    landscape = LANDSCAPES[name][0]()
    expected = plane_of(landscape)
    monkeypatch.setattr(_chain, "_KEPT_ELEMENTS", 0)
    monkeypatch.setattr(_chain, "_TILE_ELEMENTS", 200)
    monkeypatch.setattr(_chain, "_OUTPUT_ELEMENTS", 100)
    xr.testing.assert_allclose(plane_of(landscape), expected, rtol=1e-12)


def test_single_precision_is_right_to_its_rounding():
    landscape = of(mlp(nn.Tanh()), dtype=torch.float32)
    plane, double = plane_of(landscape), of(mlp(nn.Tanh()))
    assert plane["loss"].dtype == np.float32
    w, (a, b) = landscape.weights.double(), directions_of(landscape).double()
    exact = lv.loss_plane(double, w, a, b, 0.7, 7)
    np.testing.assert_allclose(plane["loss"], exact["loss"], rtol=1e-6)


def test_a_line_is_the_middle_of_its_plane():
    landscape = LANDSCAPES["chain"][0]()
    w, (a, _) = centre_of(landscape), directions_of(landscape)
    line, plane = lv.loss_line(landscape, w, a, 0.7, 7), plane_of(landscape)
    for name in plane.data_vars:
        np.testing.assert_allclose(line[name], plane[name][:, 3], rtol=1e-12)
    assert line["loss"].dims == ("alpha",)


@pytest.mark.parametrize("resolution", [2, 5, 20, 51])
def test_steps_are_symmetric(resolution):
    landscape = LANDSCAPES["closed, one output"][0]()
    line = lv.loss_line(landscape, torch.ones(9), torch.ones(9), 0.3, resolution)
    alpha = line["alpha"].to_numpy()
    assert np.array_equal(alpha, -alpha[::-1])
    np.testing.assert_allclose(alpha, np.linspace(-0.3, 0.3, resolution), atol=1e-16)
    assert (resolution % 2 == 0) or alpha[resolution // 2] == 0


def test_accuracy_is_left_out_where_there_is_none():
    x, _ = data()
    module = mlp(nn.Tanh()).double()
    landscape = lv.Landscape.from_module(module, nn.MSELoss(), x, x[:, :3])
    assert list(plane_of(landscape).data_vars) == ["loss"]


@pytest.mark.parametrize("small", [True, False])
def test_equal_outputs_have_the_accuracy_of_the_first(small, monkeypatch):
    landscape = of(mlp(nn.ReLU()) if small else cnn(), inputs=(6,) if small else (2, 6, 6))
    monkeypatch.setattr(_moving, "_SMALL", 0)
    zeros = torch.zeros_like(landscape.weights)
    line = lv.loss_line(landscape, zeros, torch.ones_like(zeros), 1.0, 3)
    assert line["accuracy"].item(1) == pytest.approx(float(landscape.accuracy(zeros)))


def test_what_is_not_finite_stays_so():
    def log_loss(outputs, targets):
        return torch.log(1.5 - outputs[:, 0]).mean() + 0 * targets.sum()

    landscape = of(nn.Sequential(nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 3)), log_loss)
    with np.errstate(invalid="ignore"):
        plane = plane_of(landscape, span=20.0)
    losses = slow(landscape, span=20.0)["loss"].numpy()
    assert 0 < np.isnan(losses).sum() < losses.size
    np.testing.assert_allclose(plane["loss"], losses, rtol=1e-10)


# --- purity -------------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
def test_the_callers_module_is_left_alone_and_can_be_trained(training):
    module = cnn().train(training)
    module[0].weight.requires_grad_(False)
    before = copy.deepcopy(module.state_dict())
    x, t = data(inputs=(2, 6, 6))
    x = x.float()
    states = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    landscape = lv.Landscape.from_module(module, nn.CrossEntropyLoss(), x, t)
    plane_of(landscape)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])
    assert module.training == training
    assert [p.requires_grad for p in module.parameters()] == [False, *[True] * 7]
    assert all(p.grad is None for p in module.parameters())
    assert torch.equal(states[0], torch.get_rng_state())
    assert np.array_equal(states[1], np.random.get_state()[1])  # noqa: NPY002
    optimiser = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], lr=0.1)
    loss = nn.CrossEntropyLoss()(module(x), t)
    loss.backward()
    optimiser.step()
    assert nn.CrossEntropyLoss()(module(x), t).item() < loss.item()


def test_a_batch_norm_is_the_same_at_every_point_whatever_was_evaluated_before():
    landscape = LANDSCAPES["batch norm, batches"][0]()
    w, directions = landscape.weights, directions_of(landscape)
    subspace = landscape._on_subspace(w, directions)
    at = torch.tensor([[0.1, 0.2]], dtype=DOUBLE)
    first = subspace.measure(at)[0]
    subspace.measure(torch.rand(20, 2, dtype=DOUBLE))
    assert torch.equal(first, subspace.measure(at)[0])


# --- spans --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["closed", "chain", "batch norm, eval"])
def test_an_automatic_span_is_the_smallest_at_which_the_loss_has_risen(name):
    landscape = LANDSCAPES[name][0]()
    w, (a, b) = centre_of(landscape), directions_of(landscape)
    level = max(2 * float(landscape.loss(w)), float(landscape.loss(torch.zeros_like(w))))
    plane = lv.loss_plane(landscape, w, a, b, "auto", 5)
    span = plane.attrs["span"]

    def risen(far):
        ends = torch.stack([w + far * a, w - far * a, w + far * b, w - far * b])
        return int((landscape.loss(ends) >= level).sum()) >= 2

    assert risen(span)
    assert not any(risen(2.0**power) for power in range(-10, round(np.log2(span))))
    assert plane.attrs["span_rule"].startswith("smallest power of 2")
    assert plane["alpha"].to_numpy()[-1] == span


def test_a_loss_that_does_not_rise_has_no_automatic_span():
    landscape = lv.Landscape("xor", "tanh", "squared_error")
    with pytest.raises(ValueError, match="span must be a number here"):
        lv.loss_line(landscape, torch.zeros(9), torch.eye(9)[0], "auto", 5)


# --- files --------------------------------------------------------------------------------------


def interrupt_after(monkeypatch, rows):
    """Let only so many rows be measured."""
    measure, count = ChainOnSubspace.measure, [0]

    def interrupted(self, coordinates):
        count[0] += 1
        if count[0] > rows:
            raise KeyboardInterrupt
        return measure(self, coordinates)

    monkeypatch.setattr(ChainOnSubspace, "measure", interrupted)
    return count


def without_test():
    return of(mlp(nn.Tanh()), test_inputs=None, test_targets=None)


def test_an_interrupted_plane_is_gone_on_with(tmp_path, monkeypatch):
    landscape, path = without_test(), tmp_path / "plane.nc"
    whole = plane_of(landscape)
    checks = 1  # that the chain gives what the module gives
    interrupt_after(monkeypatch, checks + 3)
    with pytest.raises(KeyboardInterrupt):
        plane_of(landscape, path=path)
    monkeypatch.undo()
    kept = xr.load_dataset(path, engine="h5netcdf")
    assert kept["finished"].to_numpy().tolist() == [1, 1, 1, 0, 0, 0, 0]
    assert np.isnan(kept["loss"][3:]).all()
    count = interrupt_after(monkeypatch, 99)
    again = plane_of(landscape, path=path)
    assert count[0] == checks + 4
    xr.testing.assert_identical(again, whole)
    xr.testing.assert_identical(xr.load_dataset(path, engine="h5netcdf"), whole)
    assert [file.name for file in tmp_path.iterdir()] == ["plane.nc"]
    count[0] = 0
    xr.testing.assert_identical(plane_of(landscape, path=path), whole)
    assert count[0] <= checks


def test_an_interrupted_line_is_gone_on_with(tmp_path, monkeypatch):
    landscape, path = without_test(), tmp_path / "line.nc"
    w, (a, _) = centre_of(landscape), directions_of(landscape)
    whole = lv.loss_line(landscape, w, a, resolution=21)
    interrupt_after(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        lv.loss_line(landscape, w, a, resolution=21, path=path)
    monkeypatch.undo()
    xr.testing.assert_identical(lv.loss_line(landscape, w, a, resolution=21, path=path), whole)


def test_rows_are_written_while_others_are_computed(tmp_path, monkeypatch):
    monkeypatch.setattr(_plane_file, "_INTERVAL", -1.0)
    sizes = []
    write = _plane_file.write_whole
    monkeypatch.setattr(
        _plane_file,
        "write_whole",
        lambda path, content: sizes.append(len(write(path, content).name)),
    )
    plane_of(without_test(), path=tmp_path / "plane.nc")
    assert len(sizes) == 7


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"span": 0.8}, "span is 0.7"), ({"resolution": 5}, "resolution is 7"),
        ({"of": lambda: of(mlp(nn.ELU()), test_inputs=None, test_targets=None)}, "activation"),
        ({"of": lambda: of(mlp(nn.Tanh()))}, "test_loss"),
        ({"of": lambda: of(mlp(nn.Tanh()), inputs=(6,), batch_size=5, test_inputs=None,
                           test_targets=None)}, "module_batch_size"),
    ],
)  # fmt: skip
def test_the_file_of_another_plane_is_refused(change, says, tmp_path):
    path = tmp_path / "plane.nc"
    plane_of(without_test(), path=path)
    before = path.read_bytes()
    landscape = change.pop("of", without_test)()
    with pytest.raises(ValueError, match=rf"path must be a new file .* of another.*{says}"):
        plane_of(landscape, path=path, **change)
    assert path.read_bytes() == before


def test_other_data_are_noticed_by_the_loss_at_the_centre(tmp_path):
    path, module = tmp_path / "plane.nc", mlp(nn.Tanh()).double()
    for seed in (0, 1):
        x, t = data(seed=seed)
        landscape = lv.Landscape.from_module(module, nn.CrossEntropyLoss(), x, t)
        if seed == 0:
            plane_of(landscape, path=path)
    with pytest.raises(ValueError, match="differs in centre_loss"):
        plane_of(landscape, path=path)


def test_a_file_that_is_none_is_refused(tmp_path):
    path = tmp_path / "plane.nc"
    path.write_bytes(b"no NetCDF")
    with pytest.raises(ValueError, match="which cannot be read"):
        plane_of(without_test(), path=path)
    assert path.read_bytes() == b"no NetCDF"


def test_attributes_say_what_reproduces_a_plane():
    landscape = LANDSCAPES["closed"][0]()
    w, (a, b) = centre_of(landscape), directions_of(landscape)
    about = plane_of(landscape).attrs
    assert about["activation"] == "tanh"
    assert about["span_rule"] == "fixed"
    assert about["norm_alpha"] == pytest.approx(float(a.norm()))
    assert about["centre_norm"] == pytest.approx(float(w.norm()))
    assert about["cosine"] == pytest.approx(float(a @ b / a.norm() / b.norm()))
    assert about["centre_loss"] == pytest.approx(float(landscape.loss(w)))
    assert {"lossviz_version", "torch_version", "weights_sha256", "resolution"} <= about.keys()


def test_progress_is_shown_where_it_is_asked_for(capsys):
    landscape = without_test()
    w, (a, b) = centre_of(landscape), directions_of(landscape)
    lv.loss_plane(landscape, w, a, b, resolution=3, progress=False)
    assert capsys.readouterr().err == ""
    lv.loss_plane(landscape, w, a, b, resolution=3, progress=True)
    assert "9/9" in capsys.readouterr().err
