"""Measure how the cost of a point grows with the network and the samples, beside two floors.

The product floor is the time of the matrix products that a Hessian needs, alone; the LAPACK floor
that of the eigenvalue routine alone. First a million points of XOR are classified. The last part
takes networks too large for a Hessian: steps of
a walk with batches of 100 samples, and extreme eigenvalues by Lanczos, with the peak of memory.

    taskset -c 0 python benchmarks/growth.py
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

import torch
from plain import random_problem

import lossviz as lv

#: Layers and training samples: XOR, Iris, more and more of each, Heart, digits.
SIZES = [
    ((2, 2, 1), 4),
    ((4, 4, 3), 120),
    ((4, 4, 3), 1200),
    ((8, 8, 1), 736),
    ((16, 10, 1), 736),
    ((32, 10, 1), 184),
    ((32, 10, 1), 736),
    ((32, 10, 1), 2944),
    ((64, 10, 10), 1438),
]
MNIST = ((784, 10, 10), 8000)


def best(function: Callable[[], object], repeats: int) -> float:
    """Return the shortest time of a call in microseconds; the first warms up."""
    function()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times) * 1e6


def product_floor(layers: tuple[int, ...], samples: int, points: int, repeats: int) -> float:
    """Return the microseconds per point of a Hessian's matrix products alone."""
    inputs, hidden, outputs = layers
    features, pairs = inputs + 1, hidden * (hidden + 1) // 2
    gram = torch.randn(samples, features * (features + 1) // 2, dtype=torch.float64)
    rows = torch.randn(points * pairs, samples, dtype=torch.float64)
    left = torch.randn(points, outputs * hidden, samples, dtype=torch.float64)
    right = torch.randn(points, samples, (hidden + 1) * features, dtype=torch.float64)
    last = torch.randn(points, outputs * (hidden + 1), samples, dtype=torch.float64)
    h = torch.randn(points, samples, hidden + 1, dtype=torch.float64)

    def products() -> None:
        torch.mm(rows, gram)
        torch.bmm(left, right)
        torch.bmm(last, h)

    return best(products, repeats) / points


def row(layers: tuple[int, ...], samples: int, repeats: int) -> list[str]:
    """Return one line of the table, in microseconds per point."""
    landscape = lv.Landscape(random_problem(layers, samples), "tanh")
    m = landscape.num_weights
    points = max(2, min(2000, 10**6 // m**2))
    w = landscape.initial(points, 0, 1.0)
    hessians = landscape.hessian(w)
    gradient = best(lambda: landscape.loss_and_gradient(w), repeats) / points
    assembly = best(lambda: landscape.hessian(w), repeats) / points
    floor = product_floor(layers, samples, points, repeats)
    classes = best(lambda: lv.classify_curvature(hessians), repeats) / points
    values = best(lambda: lv.classify_curvature(hessians, eigenvalues=True), repeats) / points
    lapack = best(lambda: torch.linalg.eigvalsh(hessians), repeats) / points
    return [
        "-".join(map(str, layers)), f"{m}", f"{samples}", f"{gradient:,.2f}",
        f"{assembly:,.1f} ({assembly / floor:.1f})", f"{floor:,.1f}", f"{classes:,.1f}",
        f"{values:,.1f} ({values / lapack:.1f})", f"{lapack:,.1f}",
    ]  # fmt: skip


def print_growth(repeats: int) -> None:
    """Print the table."""
    print("Microseconds per point; in brackets, times the floor beside it.\n")
    heads = (
        "layers", "weights", "samples", "loss and gradient", "Hessian", "its products alone",
        "inertia", "eigenvalues", "LAPACK alone",
    )  # fmt: skip
    print(f"| {' | '.join(heads)} |")
    print("|---" * len(heads) + "|")
    for layers, samples in SIZES:
        print(f"| {' | '.join(row(layers, samples, repeats))} |", flush=True)


def print_million() -> None:
    """Print what the classes of a million points of XOR cost."""
    landscape, start = lv.Landscape("xor", "tanh"), peak()
    points = landscape.initial(10**6, 0, 1.0)
    lv.full_curvature(landscape, points[:1000])  # compiles
    begin = time.perf_counter()
    lv.full_curvature(landscape, points)
    print(
        f"XOR: a million points classified in {time.perf_counter() - begin:.1f} s; "
        f"memory rose from {start:.0f} to {peak():.0f} MB."
    )


def print_large() -> None:
    """Print what a network of MNIST's size costs."""
    layers, samples = MNIST
    start = peak()
    landscape = lv.Landscape(random_problem(layers, samples), "tanh", dtype=torch.float32)
    steps = 1000
    begin = time.perf_counter()
    lv.progressive_gradient_walk(
        landscape, 1, steps, 0.02, 1.0, 0, measures=("loss", "gradient_norm", "accuracy"),
        batch_size=100,
    )  # fmt: skip
    walk = time.perf_counter() - begin
    point = landscape.initial(1, 0, 1.0)
    begin = time.perf_counter()
    found = lv.extreme_curvature(landscape, point)
    lanczos = time.perf_counter() - begin
    print(
        f"\n{'-'.join(map(str, layers))}, {landscape.num_weights:,} weights, {samples:,} samples: "
        f"a walk of {steps} steps with batches of 100 takes {walk:.2f} s, "
        f"the class and the extreme eigenvalues of one point (proof: {found.proofs[0]}) "
        f"{lanczos:.1f} s; memory rose from {start:.0f} to {peak():.0f} MB."
    )


def peak() -> float:
    """Return the largest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Read the options and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="the best of so many (default: 5)")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1; got {options.repeats}")
    torch.set_num_threads(1)
    print_million()
    print_large()
    print_growth(options.repeats)


if __name__ == "__main__":
    main()
