"""Measure how many points per second a walk samples, beside a naive loop over points.

A point counts as sampled when its loss, its gradient norm and all eigenvalues of its Hessian are
known. Both ways are timed in turns, in one process on one thread, after they were seen to agree.
The last part times the whole study of XOR, and its floor: the eigenvalue routine alone.

    taskset -c 0 python benchmarks/points_per_second.py
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

import lossviz as lv

ACTIVATIONS = ("tanh", "relu", "elu")
MEASURES = ("loss", "gradient_norm", "curvature")
NAIVE_POINTS = {"xor": 40, "iris": 15}
FUNCTIONS = {"tanh": torch.tanh, "relu": torch.relu, "elu": torch.nn.functional.elu}

# The study's settings: start range, share of the range 2b per step, number of points.
SETTINGS = [(b, share, steps) for b in (1.0, 10.0) for share, steps in ((0.01, 1000), (0.1, 100))]


@dataclass(frozen=True)
class Rates:
    """Points per second, one number per repeat."""

    fast: list[float]
    naive: list[float]

    @property
    def ratio(self) -> float:
        """Median of the fast rates over the median of the naive ones."""
        return statistics.median(self.fast) / statistics.median(self.naive)


def plain_loss(landscape: lv.Landscape) -> Callable[[Tensor], Tensor]:
    """Return the loss as one would write it down: a function of one flat vector."""
    inputs, hidden, outputs = landscape.problem.layers
    sizes = [hidden * inputs, hidden, outputs * hidden, outputs]
    x = torch.from_numpy(landscape.problem.inputs)
    t = torch.from_numpy(landscape.problem.targets)
    act = FUNCTIONS[landscape.activation.name]

    def loss(w: Tensor) -> Tensor:
        w1, b1, w2, b2 = w.split(sizes)
        z = act(x @ w1.view(hidden, inputs).T + b1) @ w2.view(outputs, hidden).T + b2
        return binary_cross_entropy_with_logits(z, t)

    return loss


def naive(landscape: lv.Landscape, points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return losses, gradient norms and Hessian eigenvalues, one point at a time."""
    function = plain_loss(landscape)
    found = []
    for w in points:
        gradient = torch.autograd.functional.jacobian(function, w)
        hessian = torch.autograd.functional.hessian(function, w)
        found.append((function(w), gradient.norm(), torch.linalg.eigvalsh(hessian)))
    losses, norms, values = zip(*found, strict=True)
    return torch.stack(losses), torch.stack(norms), torch.stack(values)


def walk(landscape: lv.Landscape, walks: int, steps: int, measures: tuple[str, ...]) -> object:
    """Sample progressive gradient walks with the settings b = 1, s = 0.02."""
    return lv.progressive_gradient_walk(
        landscape, walks, steps, 0.02, 1.0, seed=0, measures=measures
    )


def check(landscape: lv.Landscape, count: int) -> Tensor:
    """Return points of a walk, after both ways were seen to agree there."""
    sample = walk(landscape, 1, count, (*MEASURES, "eigenvalues", "weights"))
    points = torch.from_numpy(sample.weights.values[0])
    losses, norms, values = (part.numpy() for part in naive(landscape, points))
    np.testing.assert_allclose(sample.loss.values[0], losses, rtol=1e-10)
    np.testing.assert_allclose(sample.gradient_norm.values[0], norms, rtol=1e-8)
    atol = 1e-10 * np.abs(values).max()
    np.testing.assert_allclose(sample.eigenvalues.values[0], values, rtol=0, atol=atol)
    return points


def seconds(function: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(landscape: lv.Landscape, steps: int, repeats: int) -> Rates:
    """Time both ways in turns; the first turn warms up and is dropped."""
    points = check(landscape, NAIVE_POINTS[landscape.problem.name])
    walks = 10 * landscape.num_weights
    rates = Rates([], [])
    for _ in range(repeats + 1):
        fast = seconds(lambda: walk(landscape, walks, steps, MEASURES))
        rates.fast.append(walks * steps / fast)
        rates.naive.append(len(points) / seconds(lambda: naive(landscape, points)))
    return Rates(rates.fast[1:], rates.naive[1:])


def study(name: str) -> int:
    """Sample XOR with one activation in the four settings; return the number of points."""
    landscape, points = lv.Landscape("xor", name), 0
    for b, share, steps in SETTINGS:
        sample = lv.progressive_gradient_walk(
            landscape, 90, steps, share * 2 * b, b, seed=0, measures=MEASURES
        )
        points += sample.curvature.size
    return points


def eigenvalue_floor(name: str, points: int) -> float:
    """Return the seconds that the eigenvalue routine alone takes for as many Hessians."""
    landscape, batch = lv.Landscape("xor", name), 5000
    hessians = landscape.hessian(landscape.initial(batch, 0, 1.0))
    torch.linalg.eigvalsh(hessians)
    best = min(seconds(lambda: torch.linalg.eigvalsh(hessians)) for _ in range(3))
    return best * points / batch


def spread(rates: list[float]) -> str:
    """Write a median with its range."""
    return f"{statistics.median(rates):,.0f} ({min(rates):,.0f} to {max(rates):,.0f})"


def print_comparison(repeats: int) -> None:
    """Print the table of points per second."""
    print("| problem | activation | lossviz, points/s | naive loop, points/s | ratio |")
    print("|---|---|---|---|---|")
    for problem, steps in (("xor", 1000), ("iris", 100)):
        for name in ACTIVATIONS:
            rates = compare(lv.Landscape(problem, name), steps, repeats)
            columns = (problem, name, spread(rates.fast), spread(rates.naive))
            print(f"| {' | '.join(columns)} | {rates.ratio:,.0f} |", flush=True)


def print_study() -> None:
    """Print how long the whole study of XOR takes, and how much of it is the eigenvalues."""
    total = floor = points = 0.0
    for name in ACTIVATIONS:
        start = time.perf_counter()
        count = study(name)
        total += time.perf_counter() - start
        points += count
        floor += eigenvalue_floor(name, count)
    print(
        f"\nXOR, the whole study: {points:,.0f} points in {total:.1f} s; the eigenvalue routine "
        f"alone takes {floor:.1f} s ({100 * floor / total:.0f} %)."
    )


def main() -> None:
    """Read the options and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5, help="turns of each way (default: 5)")
    parser.add_argument("--no-study", action="store_true", help="leave out the study of XOR")
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error(f"--repeats must be at least 1; got {options.repeats}")
    torch.set_num_threads(1)
    print_comparison(options.repeats)
    if not options.no_study:
        print_study()


if __name__ == "__main__":
    main()
