"""Measure how many points per second are sampled, beside what one would write without lossviz.

The naive loop takes, per point, the jacobian, the hessian and all eigenvalues. The vectorised way
takes many points at once through ``torch.func.vmap(hessian)``. All ways are timed in turns, in one
process on one thread, after they were seen to agree; the floor is the eigenvalue routine alone.

    taskset -c 0 python benchmarks/points_per_second.py
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from plain import naive, random_problem, vectorised
from torch import Tensor

import lossviz as lv

ACTIVATIONS = ("tanh", "relu", "elu")
WALKED = ("loss", "gradient_norm")

#: A network of MNIST's size, 784-10-10, on a hundred samples: one batch.
LARGE = "mnist-sized"

#: What is measured along the walks, by the head of its column.
WAYS = {
    "walk": WALKED,
    "walk + class": (*WALKED, "curvature_class"),
    "walk + class and inertia": (*WALKED, "curvature"),
    "walk + eigenvalues": (*WALKED, "curvature", "eigenvalues"),
}

# The study's settings: start range, share of the range 2b per step, number of points.
SETTINGS = [(b, share, steps) for b in (1.0, 10.0) for share, steps in ((0.01, 1000), (0.1, 100))]


@dataclass(frozen=True)
class Size:
    """How much of a problem is timed: walks and steps, points of the slow ways."""

    walks: int
    steps: int
    naive: int
    vectorised: int


SIZES = {
    "xor": Size(90, 1000, 40, 1000),
    "iris": Size(350, 100, 15, 50),
    "heart": Size(20, 10, 2, 2),
    LARGE: Size(1, 5, 1, 1),
}


@dataclass
class Rates:
    """Points per second, one number per repeat, by way."""

    seen: dict[str, list[float]] = field(default_factory=dict)

    def note(self, way: str, points: int, function: Callable[[], object]) -> None:
        """Time one call."""
        start = time.perf_counter()
        function()
        self.seen.setdefault(way, []).append(points / (time.perf_counter() - start))

    def median(self, way: str) -> float:
        """Return the median rate, the first of several calls left out: it warms up."""
        return statistics.median(self.seen[way][1:] or self.seen[way])


def landscape_of(problem: str, activation: str) -> lv.Landscape:
    """Return the landscape that is timed."""
    data = random_problem((784, 10, 10), 100) if problem == LARGE else problem
    return lv.Landscape(data, activation)


def walk(landscape: lv.Landscape, walks: int, steps: int, measures: tuple[str, ...]) -> object:
    """Sample progressive gradient walks with the settings b = 1, s = 0.02."""
    return lv.progressive_gradient_walk(
        landscape, walks, steps, 0.02, 1.0, seed=0, measures=measures
    )


def check(landscape: lv.Landscape, size: Size) -> Tensor:
    """Return points of a walk, after all ways were seen to agree on some of them."""
    measures = (*WAYS["walk + eigenvalues"], "weights")
    sample = walk(landscape, 1, max(size.naive, size.vectorised), measures)
    points = torch.from_numpy(sample.weights.values[0])
    for way in (naive, vectorised):
        losses, norms, values = (part.numpy() for part in way(landscape, points[: size.naive]))
        head = sample.isel(walk=0, step=slice(size.naive))
        np.testing.assert_allclose(head.loss.values, losses, rtol=1e-10)
        np.testing.assert_allclose(head.gradient_norm.values, norms, rtol=1e-8)
        atol = 1e-10 * np.abs(values).max()
        np.testing.assert_allclose(head.eigenvalues.values, values, rtol=0, atol=atol)
    return points


def compare(landscape: lv.Landscape, size: Size, repeats: int) -> Rates:
    """Time all ways in turns."""
    points = check(landscape, size)
    hessians = landscape.hessian(points[: size.vectorised])
    rates = Rates()
    # At MNIST's size a naive point takes a minute: nothing needs to be warmed up.
    for _ in range(repeats + 1 if landscape.num_weights < 1000 else 1):
        rates.note("naive", size.naive, lambda: naive(landscape, points[: size.naive]))
        batch = points[: size.vectorised]
        rates.note("vmap", len(batch), lambda: vectorised(landscape, batch))  # noqa: B023
        rates.note("LAPACK", len(batch), lambda: torch.linalg.eigvalsh(hessians))
        rates.note("Hessian", len(batch), lambda: landscape.hessian(batch))  # noqa: B023
        for way, measures in WAYS.items():
            count = size.walks * size.steps
            rates.note(way, count, lambda: walk(landscape, size.walks, size.steps, measures))  # noqa: B023
    return rates


def number(rate: float) -> str:
    """Return a rate in words: whole, or with two digits where it is small."""
    return f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"


def print_comparison(problems: list[str], repeats: int) -> None:
    """Print points per second, and ratios to the naive loop in brackets."""
    ways = ["Hessian", *WAYS]
    print("Points per second, and in brackets the ratio to the naive loop.\n")
    print(f"| problem | activation | naive | vmap | LAPACK alone | {' | '.join(ways)} |")
    print("|---" * (5 + len(ways)) + "|")
    for problem in problems:
        for name in ACTIVATIONS if problem != LARGE else ACTIVATIONS[:1]:
            rates = compare(landscape_of(problem, name), SIZES[problem], repeats)
            slow = rates.median("naive")
            cells = [problem, name, number(slow)]
            for way in ("vmap", "LAPACK", *ways):
                fast = rates.median(way)
                cells.append(f"{number(fast)} ({fast / slow:,.0f})")
            print(f"| {' | '.join(cells)} |", flush=True)


def print_study() -> None:
    """Print how long the whole study of XOR takes, and a million points of it."""
    total = points = 0.0
    for name in ACTIVATIONS:
        landscape = lv.Landscape("xor", name)
        start = time.perf_counter()
        for b, share, steps in SETTINGS:
            sample = lv.progressive_gradient_walk(
                landscape, 90, steps, share * 2 * b, b, seed=0, measures=WAYS["walk + eigenvalues"]
            )
            points += sample.curvature.size
        total += time.perf_counter() - start
    print(
        f"\nXOR, the whole study with all eigenvalues: {points:,.0f} points in {total:.1f} s, "
        f"{total / points * 1e6:.1f} s per million points."
    )


def main() -> None:
    """Read the options and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="turns of each way (default: 5)")
    parser.add_argument("--problems", nargs="+", choices=SIZES, default=list(SIZES)[:3])
    parser.add_argument("--no-study", action="store_true", help="leave out the study of XOR")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1; got {options.repeats}")
    try:
        for problem in options.problems:
            landscape_of(problem, ACTIVATIONS[0])
    except lv.DataError as error:
        parser.error(str(error))
    torch.set_num_threads(1)
    print_comparison(options.problems, options.repeats)
    if not options.no_study:
        print_study()


if __name__ == "__main__":
    main()
