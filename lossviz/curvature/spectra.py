r"""Extreme Hessian eigenvalues by Lanczos' method, without the Hessian.

Lanczos' method (Lanczos 1950; Golub and Van Loan 2013, chapter 10) needs products of the Hessian
with vectors only, so it reaches networks whose Hessians do not fit into memory. It finds the ends
of the spectrum first.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from functools import partial

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from lossviz import _checks
from lossviz.curvature._inputs import in_precision
from lossviz.curvature._krylov import ProductsAt
from lossviz.curvature._lanczos import Look, Ritz, Task, lanczos
from lossviz.landscape.base import BaseLandscape

ENDS = ("largest", "smallest", "both", "magnitude")


@dataclass(frozen=True)
class TopEigenvalues:
    r"""Some eigenvalues of a batch of Hessians, with how well they are known.

    Attributes:
        eigenvalues: ascending, float64, shape (..., k), or (..., 2k) for both ends; NaN where the
            Hessian is not finite.
        residuals: :math:`\|H v - \theta v\|` for each eigenvalue and its unit vector, rounding
            included, of their shape: some exact eigenvalue lies no further than this from it.
        converged: whether the residual is at most ``tolerance`` times the largest absolute
            eigenvalue seen, of the same shape.
        iterations: products that were taken with each Hessian in all runs, shape (...).
        vectors: unit eigenvectors up to sign, shape (..., k, num_weights), in the precision that
            was asked for; None where they were not asked for.
        tolerance: what was asked for.
    """

    eigenvalues: Float[Tensor, "*points k"]
    residuals: Float[Tensor, "*points k"]
    converged: Bool[Tensor, "*points k"]
    iterations: Int[Tensor, "*points"]
    vectors: Float[Tensor, "*points k weight"] | None
    tolerance: float


def top_eigenvalues(
    landscape: BaseLandscape,
    weights: Float[Tensor, "*points weight"],
    k: int = 1,
    which: str = "largest",
    tolerance: float = 1e-6,
    max_iterations: int = 300,
    seed: int = 0,
    return_vectors: bool = False,
    precision: str = "float64",
    progress: bool = False,
    copies: bool = True,
) -> TopEigenvalues:
    r"""Return eigenvalues from the ends of the Hessian's spectrum, without forming the Hessian.

    Lanczos' method with full reorthogonalisation, all points in lockstep. It stops at a point
    when every wanted pair :math:`(\theta, v)` has
    :math:`\|H v - \theta v\| \le \mathrm{tolerance} \cdot \max |\theta|`, or after
    ``max_iterations``: then ``converged`` says which are not there yet.

    A residual proves that an eigenvalue is near, not that none was passed over. From one start
    the method finds only one of several equal eigenvalues. So where k > 1, it is run again in
    what is orthogonal to the vectors found, for at least as many products, until that gives
    nothing better by more than the tolerance; eigenvalues that differ by less may still be taken
    for each other. Without ``copies`` that second run is left out, and half of the time with it.
    A tolerance of 0, with ``max_iterations`` of ``num_weights`` or more, goes through the whole
    space instead.

    Args:
        landscape: the landscape; it is evaluated in ``precision``, whatever its own is.
        weights: points, shape (..., num_weights), finite.
        k: how many eigenvalues, 1 <= k <= num_weights, or <= num_weights / 2 for both ends.
        which: ``"largest"`` or ``"smallest"`` by value, ``"both"``: k of each end, or
            ``"magnitude"``: the largest by absolute value.
        tolerance: relative tolerance, 0 <= tolerance < 1.
        max_iterations: greatest number of products with a Hessian in one run, at least the
            number of wanted eigenvalues. As many vectors of length num_weights are held per point.
        seed: seed of the start, the same vector at every point; at least 0.
        return_vectors: whether to return eigenvectors.
        precision: ``"float64"`` or ``"float32"``.
        progress: whether to write progress to standard error.
        copies: whether to look for further copies of equal eigenvalues, by a second run.

    Returns:
        Eigenvalues, residuals and whether they converged.

    Raises:
        ValueError: for weights of another shape or not finite, an unknown name, or a number out
            of its range.
        TypeError: if ``landscape`` is no landscape, or a number or a truth value is none.

    Example:
        >>> from lossviz import Landscape
        >>> landscape = Landscape("iris", "tanh")
        >>> point = landscape.initial(1, seed=0, start_range=1.0)[0]
        >>> top = top_eigenvalues(landscape, point, k=2, which="both")
        >>> top.converged.all(), top.eigenvalues.shape
        (tensor(True), torch.Size([4]))
        >>> import torch
        >>> exact = torch.linalg.eigvalsh(landscape.hessian(point))
        >>> torch.allclose(top.eigenvalues, exact[[0, 1, -2, -1]], atol=1e-9)
        True
    """
    evaluated = in_precision(landscape, precision)
    points = evaluated._points(weights)
    which = _checks.one_of("which", which, ENDS)
    needed = _needed(k, which, evaluated.num_weights)
    below = check_tolerance(tolerance)
    # Equal eigenvalues ask for a second run, or where there is no room for it, the whole space.
    again = _checks.switch("copies", copies) and k > 1 and 2 * needed <= evaluated.num_weights
    task = pairs(
        k, which, below if k == 1 or again or not copies else 0.0,
        _checks.whole("max_iterations", max_iterations, needed), _checks.whole("seed", seed, 0),
    )  # fmt: skip
    keep = _truth("return_vectors", return_vectors)
    ritz = run(evaluated._products_at, points, task, progress)
    if again:
        ritz = _with_equals(evaluated, points, task, progress, ritz, below)
    shape = (*points.shape[:-1], needed)
    return TopEigenvalues(
        ritz.values.reshape(shape),
        ritz.residuals.reshape(shape),
        (ritz.residuals <= below * ritz.largest[:, None]).reshape(shape),
        ritz.iterations.reshape(shape[:-1]),
        ritz.vectors.reshape(*shape, evaluated.num_weights) if keep else None,
        below,
    )


def pairs(k: int, which: str, tolerance: float, max_iterations: int, seed: int) -> Task:
    """Return the task of finding k eigenvalues at an end, or at both; nothing is checked."""
    return Task(
        choose=partial(_choose, which=which, k=k),
        enough=partial(_small_residuals, tolerance=tolerance),
        needed=(1 + (which == "both")) * k,
        max_iterations=max_iterations,
        seed=(seed, 0),
    )


def run(
    products_at: ProductsAt,
    points: Float[Tensor, "*points weight"],
    task: Task,
    progress: bool,
    locked: Float[Tensor, "rows locked weight"] | None = None,
) -> Ritz:
    """Do a task for the operators at points of any leading axes, one row of results for each."""
    flat = points.reshape(-1, points.shape[-1])
    loud = _truth("progress", progress)

    def report(before: int, finished: int, iterations: int) -> None:
        if loud:
            text = f"Lanczos: {before + finished} of {len(flat)} points, {iterations} iterations"
            sys.stderr.write(f"\r{text}" + "\n" * (before + finished >= len(flat)))

    return lanczos(products_at, flat, task, report, locked)


def _with_equals(
    landscape: BaseLandscape,
    points: Tensor,
    task: Task,
    progress: bool,
    ritz: Ritz,
    tolerance: float,
) -> Ritz:
    """Look again beside what was found, where the first run did not go through the whole space."""
    flat = points.reshape(-1, landscape.num_weights)
    rows = torch.nonzero(ritz.iterations < landscape.num_weights).flatten()
    while len(rows):
        # The same start would have no part of the equal eigenvectors that it missed.
        task = replace(task, seed=(task.seed[0], task.seed[1] + 1))
        found = Ritz(*(part[rows] for part in ritz))
        slack = tolerance * found.largest[:, None]
        beaten = partial(_nothing_better, found=found, task=task)
        check = replace(task, enough=beaten)
        best = _best(
            found, run(landscape._products_at, flat[rows], check, progress, found.vectors), task
        )
        better = ((best.values - found.values).abs() > slack).any(dim=1)
        ritz.iterations[rows] = best.iterations
        rows = rows[better]
        for whole, part in zip(ritz, best, strict=True):
            whole[rows] = part[better]
    return ritz


def _nothing_better(look: Look, found: Ritz, task: Task) -> Tensor:
    """Say where a second run has shown that the first passed over nothing, or has converged.

    Its start is as random as the first's was, so as many products show a copy at least as well.
    """
    values = torch.cat([found.values[look.rows], look.values * look.scale], dim=1)
    ascending, order = values.sort(dim=1)
    chosen = order.gather(1, task.choose(ascending, ascending))
    first = chosen < look.values.shape[1]
    nothing = first.all(dim=1) & (found.iterations[look.rows] <= look.size)
    return nothing | task.enough(look)


def _best(one: Ritz, other: Ritz, task: Task) -> Ritz:
    """Return the wanted pairs out of both."""
    values, order = torch.cat([one.values, other.values], dim=1).sort(dim=1)
    order = order.gather(1, task.choose(values, values))
    values, residuals = (
        torch.cat(both, dim=1).gather(1, order)
        for both in ((one.values, other.values), (one.residuals, other.residuals))
    )
    vectors = torch.cat([one.vectors, other.vectors], dim=1)
    vectors = vectors.gather(1, order[..., None].expand(-1, -1, vectors.shape[2]))
    largest = torch.maximum(one.largest, other.largest)
    return Ritz(values, residuals, vectors, largest, one.iterations + other.iterations)


def check_tolerance(tolerance: float) -> float:
    """Return the tolerance as a float if 0 <= tolerance < 1; raise ValueError otherwise."""
    value = _checks.real("tolerance", tolerance, minimum=0)
    if value >= 1:
        raise ValueError(f"tolerance must be below 1; got {value}.")
    return value


def _truth(what: str, got: bool) -> bool:
    if not isinstance(got, bool):
        raise TypeError(f"{what} must be True or False; got {got!r}.")
    return got


def _needed(k: int, which: str, num_weights: int) -> int:
    """Return how many eigenvalues are wanted; raise ValueError if there are not as many."""
    needed = (1 + (which == "both")) * _checks.whole("k", k, 1)
    if needed > num_weights:
        raise ValueError(f"k must leave room for {needed} of {num_weights} eigenvalues; got {k}.")
    return needed


def _choose(values: Tensor, _: Tensor, which: str, k: int) -> Tensor:
    """Return positions of wanted values among ascending ones, ascending."""
    count, size = values.shape
    ends = {"largest": [0, k], "smallest": [k, 0], "both": [k, k]}
    if which == "magnitude":
        return values.abs().topk(k, dim=1).indices.sort(dim=1).values
    low, high = ends[which]
    places = torch.arange(size, device=values.device)
    return torch.cat([places[:low], places[size - high :]]).expand(count, -1)


def _small_residuals(look: Look, tolerance: float) -> Tensor:
    # Half is left for rounding, and for the residuals of vectors that were set aside. Not even a
    # residual of 0 is below a tolerance of 0, which asks for the whole space.
    return (look.residuals < 0.5 * tolerance * look.largest[:, None]).all(dim=1)
