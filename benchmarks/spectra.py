"""Measure top eigenvalues, traces and densities of a 784-100-10 network, beside other libraries.

    python benchmarks/peers.py _build/peers
    OMP_NUM_THREADS=1 python benchmarks/spectra.py --peers _build/peers

The same network, data and precision (float32) for all, one thread each, in turns. Times are of the
processor, from the module and the data to the eigenvalues; tables give the least of the repeats.
Errors are relative to the largest eigenvalue, against a solution of lossviz in float64 with
residuals below 1e-9. Without ``--peers`` lossviz is measured alone.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
from peers import Process
from plain import random_problem
from torch import Tensor, nn

import lossviz as lv

LAYERS, SAMPLES, COUNT, TOLERANCE = (784, 100, 10), 2000, 5, 1e-3

#: Tolerances that pyhessian is given in turn, until it meets the one that is asked for.
TIGHTER = (1e-3, 1e-4, 1e-5, 1e-6)


@dataclass(frozen=True)
class Point:
    """A network with its data, in float32, at some weights."""

    name: str
    problem: lv.Problem
    weights: Tensor

    def module(self) -> nn.Module:
        """Return the network as a module."""
        inputs, hidden, outputs = LAYERS
        module = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
        nn.utils.vector_to_parameters(self.weights.clone(), module.parameters())
        return module

    def closed_form(self) -> lv.Landscape:
        """Return the landscape by its closed forms."""
        return lv.Landscape(self.problem, "relu", "softmax_cross_entropy", torch.float32)

    def any_module(self) -> lv.Landscape:
        """Return the landscape by automatic differentiation."""
        data = torch.as_tensor(self.problem.inputs).float(), self.classes()
        return lv.Landscape.from_module(self.module(), nn.CrossEntropyLoss(), *data)

    def classes(self) -> Tensor:
        """Return the samples' classes."""
        return torch.as_tensor(self.problem.targets).argmax(dim=1)

    def save(self, folder: str) -> str:
        """Write what the peers need."""
        path = str(Path(folder) / f"{self.name}.npz")
        inputs = np.asarray(self.problem.inputs, dtype=np.float32)
        np.savez(
            path, inputs=inputs, classes=self.classes().numpy(), weights=self.weights.numpy(),
            hidden=LAYERS[1], outputs=LAYERS[2],
        )  # fmt: skip
        return path


@dataclass
class Way:
    """What was seen of one way to the eigenvalues."""

    seconds: list[float] = field(default_factory=list)
    products: int = 0
    values: list[float] = field(default_factory=list)


def points(steps: int) -> list[Point]:
    """Return the network at its start, and trained for some steps of Adam."""
    problem = random_problem(LAYERS, SAMPLES)
    torch.manual_seed(0)
    inputs, hidden, outputs = LAYERS
    module = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))
    start = nn.utils.parameters_to_vector(module.parameters()).detach().clone()
    landscape = Point("start", problem, start).closed_form()
    trained = start.clone().requires_grad_()
    optimiser = torch.optim.Adam([trained], lr=1e-3)
    for _ in range(steps):
        trained.grad = landscape.gradient(trained)
        optimiser.step()
    return [Point("start", problem, start), Point("trained", problem, trained.detach())]


def own(make: Callable[[], lv.Landscape], weights: Tensor, **options: object) -> tuple:
    """Return seconds, products and eigenvalues of lossviz."""
    start = time.process_time()
    found = lv.top_eigenvalues(make(), weights, COUNT, tolerance=TOLERANCE, **options)
    if not found.converged.all():
        raise RuntimeError("lossviz did not converge")
    return time.process_time() - start, int(found.iterations), found.eigenvalues.tolist()


def ways(point: Point, others: Process | None, file: str) -> dict[str, Callable[[], tuple]]:
    """Return what is timed, by name."""
    found = {
        "lossviz": lambda: own(point.closed_form, point.weights),
        "lossviz, and for copies": lambda: own(point.closed_form, point.weights, copies=True),
        "lossviz, any module": lambda: own(point.any_module, point.weights),
        "lossviz, float64": lambda: own(point.closed_form, point.weights, precision="float64"),
    }
    if others is not None:
        found["curvlinops + eigsh"] = lambda: others.ask("curvlinops + eigsh", file, TOLERANCE)
        for tolerance in TIGHTER:
            found[f"pyhessian, {tolerance:g}"] = lambda tight=tolerance: others.ask(
                "pyhessian", file, tight
            )
    return found


def measured(point: Point, others: Process | None, repeats: int) -> dict[str, Way]:
    """Time all ways in turns."""
    seen: dict[str, Way] = {}
    with tempfile.TemporaryDirectory() as folder:
        table = ways(point, others, point.save(folder))
        for _ in range(repeats + 1):  # the first turn warms up
            for name, run in table.items():
                seconds, products, values = run()
                way = seen.setdefault(name, Way())
                way.seconds.append(seconds)
                way.products, way.values = products, values
    return seen


def print_eigenvalues(point: Point, others: Process | None, repeats: int) -> None:
    """Print seconds, products and errors of the top eigenvalues."""
    exact = lv.top_eigenvalues(point.closed_form(), point.weights, COUNT, tolerance=1e-9)
    top = exact.eigenvalues.numpy()
    print(f"\nTop {COUNT} eigenvalues at the {point.name}: {', '.join(f'{v:.4f}' for v in top)}\n")
    print("| way | seconds | times lossviz's | products | largest error | met |")
    print("|---|---|---|---|---|---|")
    seen = measured(point, others, repeats)
    base = min(next(iter(seen.values())).seconds[1:])
    for name, way in seen.items():
        error = float(np.abs(np.array(way.values) - top).max() / top[-1])
        least = min(way.seconds[1:])
        met = "yes" if error <= TOLERANCE else "no"
        print(
            f"| {name} | {least:.3f} | {least / base:.1f} | {way.products} | {error:.1e} | {met} |"
        )


def print_traces(point: Point) -> None:
    """Print the seconds and errors of traces, and a density."""
    landscape = point.closed_form()
    exact = lv.trace(landscape, point.weights)
    print(f"\nTrace at the {point.name}: {float(exact.value):.6f}, by its closed form.\n")
    print("| way | seconds | products | error | standard error |\n|---|---|---|---|---|")
    for method in ("exact", "hutch++", "hutchinson"):
        start = time.process_time()
        found = lv.trace(landscape, point.weights, method, precision="float32")
        seconds = time.process_time() - start
        error, claimed = float(found.value - exact.value), float(found.standard_error)
        print(f"| {method} | {seconds:.3f} | {found.num_products} | {error:.1e} | {claimed:.1e} |")
    start = time.process_time()
    density = lv.spectral_density(landscape, point.weights, precision="float32")
    seconds = time.process_time() - start
    width = float(density.eigenvalue[1] - density.eigenvalue[0])
    print(
        f"\nDensity by {density.num_probes} probes of {density.num_steps} steps: {seconds:.1f} s; "
        f"it integrates to {float(density.density.sum()) * width:.9f}."
    )


def main() -> None:
    """Read the options and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="turns of each way (default: 5)")
    parser.add_argument("--steps", type=int, default=200, help="of training (default: 200)")
    parser.add_argument("--peers", type=Path, help="folder of the peers' environment")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1; got {options.repeats}")
    torch.set_num_threads(1)
    others = None if options.peers is None else Process(options.peers, "spectra_peers.py")
    told = {} if others is None else others.ask("versions")
    told = {"lossviz": version("lossviz"), "torch here": torch.__version__, **told}
    print(", ".join(f"{name} {number}" for name, number in told.items()))
    for point in points(options.steps):
        print_eigenvalues(point, others, options.repeats)
        print_traces(point)


if __name__ == "__main__":
    main()
