"""Measure planes of the loss beside other libraries: the same models and data, in turns.

    python benchmarks/peers.py _build/peers
    OMP_NUM_THREADS=1 python benchmarks/planes.py --peers _build/peers

Times are of the processor, one thread each; tables give the least of the repeats. Then it checks
what a plane must be, for lossviz and for the others.
"""

from __future__ import annotations

import argparse
import copy
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import xarray as xr
from peers import Process
from plane_models import MODELS, Model, made
from torch import Tensor, nn
from torch.nn.utils import vector_to_parameters

import lossviz as lv

PEERS = ("loss-landscapes", "landscaper")


class Others:
    """The peers, in a process with the Python of their own environment; none without one.

    Attributes:
        names: the peers' names.
    """

    def __init__(self, folder: Path | None) -> None:
        self.names = () if folder is None else PEERS
        if folder is not None:
            self.ask = Process(folder, "plane_peers.py").ask


def landscape_of(model: Model, **options: object) -> lv.Landscape:
    """Return the landscape of a model."""
    module, loss_fn, x, t = model
    return lv.Landscape.from_module(module, loss_fn, x, t, **options)


def plane_of(model: Model, resolution: int, span: float = 0.5) -> xr.Dataset:
    """Return lossviz's plane along two random directions, all steps included."""
    landscape = landscape_of(model)
    a, b = lv.random_directions(landscape, landscape.weights, 2, seed=1, by="filter")
    return lv.loss_plane(landscape, landscape.weights, a, b, span, resolution, progress=False)


def seconds(name: str, resolution: int) -> float:
    """Return the processor time of one plane, from the module to the data set."""
    plane_of(made(name), 3)
    model = made(name)
    start = time.process_time()
    plane_of(model, resolution)
    return time.process_time() - start


def timed(others: Others, name: str, resolution: int, repeats: int) -> dict[str, float]:
    """Return the least seconds of lossviz and of each peer, measured in turns."""
    found: dict[str, list[float]] = {"lossviz": [], **{peer: [] for peer in others.names}}
    for _ in range(repeats):
        found["lossviz"].append(seconds(name, resolution))
        for peer in others.names:
            found[peer].append(others.ask("time", peer, name, resolution))
    return {who: min(values) for who, values in found.items()}


def table_of_times(others: Others, names: list[str], resolution: int, repeats: int) -> None:
    """Print seconds, and in brackets how many times lossviz's they are."""
    _header(f"{resolution} x {resolution}", others)
    for name in names:
        found = timed(others, name, resolution, repeats)
        own = found.pop("lossviz")
        cells = [f"{value:.2f} ({value / own:.1f})" for value in found.values()]
        print(f"| {' | '.join([name, f'{own:.2f}', *cells])} |", flush=True)


def _header(corner: str, others: Others) -> None:
    names = [corner, "lossviz", *others.names]
    print(f"| {' | '.join(names)} |\n{'|---' * len(names)}|")


# --- what a plane must be -----------------------------------------------------------------------


def checks() -> dict[str, bool]:
    """Return which checks lossviz passes: the peers', and some that only it can take."""
    model = made("32-10-1 tanh")
    landscape = landscape_of(model)
    start = landscape.weights
    before = copy.deepcopy(model.module.state_dict())
    a, b = lv.random_directions(landscape, start, 2, seed=1, by="filter")
    plane = lv.loss_plane(landscape, start, a, b, 0.5, 11, progress=False)
    exact = [[loss_at(model, start + x * a + y * b) for y in plane.beta.values]
             for x in plane.alpha.values]  # fmt: skip
    own = model.loss_fn(model.module(model.inputs), model.targets).item()
    unchanged = model.module.state_dict()
    return {
        "rows aligned": bool(np.allclose(plane["loss"], exact, rtol=1e-5)),
        "centre cell at the model": abs(plane["loss"].item(5, 5) - own) < 1e-6,
        "directions of both signs": 0.4 < float((a[a != 0] > 0).double().mean()) < 0.6,
        "directions orthogonal to 0.2": abs(plane.attrs["cosine"]) < 0.2,
        "each filter in proportion to the model's": in_proportion(landscape, a),
        "model unchanged": all(torch.equal(unchanged[key], before[key]) for key in before),
        "model still trainable": all(p.requires_grad for p in model.module.parameters()),
        "batch norm's averages unchanged": keeps_averages(),
        "NaN stays NaN": keeps_nan(),
        "largest loss as computed": abs(float(plane["loss"].max()) - np.max(exact)) < 1e-5,
        "biases may be zero": takes_zeros(),
        "last small batch weighted": weighs_the_last_batch(model, start, a, b),
        "test part in the same call": has_test_part(model),
        "orthogonal exactly, with the filters' norms": orthogonal(landscape, a, b),
        "interrupted and gone on with": goes_on(model, a, b),
    }


def loss_at(model: Model, w: Tensor) -> float:
    """Return the loss with weights w, by the module itself."""
    module = copy.deepcopy(model.module)
    vector_to_parameters(w, module.parameters())
    with torch.no_grad():
        return float(model.loss_fn(module(model.inputs), model.targets))


def in_proportion(landscape: lv.Landscape, d: Tensor) -> bool:
    """Say whether the rows of all weights of a direction have the norms of the model's."""
    same, sizes = [], [p.size for p in landscape.parameters]
    rows = zip(landscape.parameters, landscape.weights.split(sizes), d.split(sizes), strict=True)
    for part, w, along in rows:
        if part.kind == "weight":
            norms = [v.view(part.shape).flatten(1).norm(dim=1) for v in (w, along)]
            same.append(torch.allclose(*norms, rtol=1e-5))
    return all(same)


def keeps_averages() -> bool:
    """Say whether a batch norm in train mode has the running averages that it had."""
    model = made("cnn 32x32, batch norm")
    model.module.train()
    before = copy.deepcopy(dict(model.module.named_buffers()))
    plane_of(model._replace(inputs=model.inputs[:20], targets=model.targets[:20]), 3)
    return all(torch.equal(v, before[name]) for name, v in model.module.named_buffers())


def keeps_nan() -> bool:
    """Say whether cells whose loss is NaN are NaN in the result, and no others."""
    module, x = nn.Linear(1, 1, bias=False), torch.ones(4, 1)
    with torch.no_grad():
        module.weight.fill_(1.0)

    def log_loss(outputs: Tensor, targets: Tensor) -> Tensor:
        return (torch.log(outputs) + 0 * targets).mean()

    landscape = landscape_of(Model(module, log_loss, x, x))
    line = lv.loss_line(landscape, landscape.weights, [1.0], 2.0, 5, progress=False)
    return np.isnan(line["loss"].values).tolist() == [True, False, False, False, False]


def takes_zeros() -> bool:
    """Say whether a model whose biases begin as zeros has a plane."""
    model = made("32-10-1 tanh")
    nn.init.zeros_(model.module[0].bias)
    return bool(np.isfinite(plane_of(model, 3)["loss"]).all())


def weighs_the_last_batch(model: Model, w: Tensor, a: Tensor, b: Tensor) -> bool:
    """Say whether batches of 100 of 736 samples give what all samples give."""
    planes = [
        lv.loss_plane(landscape_of(model, batch_size=size), w, a, b, 0.5, 5, progress=False)["loss"]
        for size in (None, 100)
    ]
    return bool(np.allclose(*planes, rtol=1e-5))


def has_test_part(model: Model) -> bool:
    """Say whether a plane has the losses of the test part."""
    part = {"test_inputs": model.inputs[:50], "test_targets": model.targets[:50]}
    landscape = landscape_of(model, **part)
    d = lv.random_directions(landscape, landscape.weights, 1, seed=1, by="filter")[0]
    line = lv.loss_line(landscape, landscape.weights, d, resolution=3, progress=False)
    own = model.loss_fn(model.module(part["test_inputs"]), part["test_targets"])
    return abs(line["test_loss"].item(1) - own.item()) < 1e-6


def orthogonal(landscape: lv.Landscape, a: Tensor, b: Tensor) -> bool:
    """Say whether directions can be made orthogonal with their filters' norms."""
    first, second = lv.orthogonalise(landscape, torch.stack([a, b]))
    cosine = first.double() @ second.double() / first.norm() / second.norm()
    return abs(float(cosine)) < 1e-6 and in_proportion(landscape, second)


class Stopping:
    """A loss that is interrupted, as by a user, at one of its calls."""

    def __init__(self, loss_fn: Callable[[Tensor, Tensor], Tensor]) -> None:
        self._loss_fn, self.calls, self.last = loss_fn, 0, None

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the loss."""
        self.calls += 1
        if self.calls == self.last:
            raise KeyboardInterrupt
        return self._loss_fn(outputs, targets)


def goes_on(model: Model, a: Tensor, b: Tensor) -> bool:
    """Say whether a plane that was interrupted is finished to the same bits, not computed anew."""
    loss = Stopping(model.loss_fn)
    landscape = landscape_of(model._replace(loss_fn=loss))
    given = landscape, landscape.weights, a, b, 0.5, 11

    def calls_of(path: Path | None, last: int | None = None) -> tuple[xr.Dataset, int]:
        loss.calls, loss.last = 0, last
        return lv.loss_plane(*given, path=path, progress=False), loss.calls

    whole, calls = calls_of(None)
    with tempfile.TemporaryDirectory() as folder:
        path, stopped = Path(folder) / "plane.nc", False
        try:
            calls_of(path, calls - 4)
        except KeyboardInterrupt:
            stopped = True
        again, fewer = calls_of(path)
    return stopped and again.identical(whole) and fewer < calls


def table_of_checks(others: Others) -> bool:
    """Print who passes which check; return whether lossviz passes all."""
    own = checks()
    theirs = {peer: others.ask("check", peer) for peer in others.names}
    _header("check", others)
    for name, passed in own.items():
        cells = [theirs[peer].get(name) for peer in others.names]
        words = [{True: "yes", False: "no", None: "-"}[cell] for cell in (passed, *cells)]
        print(f"| {name} | {' | '.join(words)} |")
    return all(own.values())


def main() -> None:
    """Measure and check."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=Path, help="what peers.py has made; else lossviz alone")
    parser.add_argument("--models", nargs="*", default=list(MODELS), choices=list(MODELS))
    parser.add_argument("--resolution", type=int, default=51)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    for name in ("resolution", "repeats"):
        if getattr(given, name) < 1:
            parser.error(f"--{name} must be at least 1; got {getattr(given, name)}")
    if given.peers is not None and not (given.peers / "bin" / "python").exists():
        parser.error(f"--peers must be an environment made by peers.py; got {given.peers}")
    torch.set_num_threads(1)
    others = Others(given.peers)
    versions = [f"lossviz {version('lossviz')}, torch {torch.__version__}"]
    asked = [*others.names, *(["torch"] if others.names else [])]
    versions += [f"{name} {others.ask('version', name)}" for name in asked]
    print(f"{', '.join(versions)}\n")
    table_of_times(others, given.models, given.resolution, given.repeats)
    print()
    if not table_of_checks(others):
        raise SystemExit("lossviz fails a check")


if __name__ == "__main__":
    main()
