"""How training runs, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import torch
from torch import Tensor

from lossviz import _streams
from lossviz.curvature.spectra import top_eigenvalues
from lossviz.geometry import _plane_grid
from lossviz.geometry._optimisers import Rule
from lossviz.landscape.base import BaseLandscape
from lossviz.landscape.module import ModuleLandscape

# Points whose sharpness is found together hold about this many numbers.
_TOGETHER = 2**20
# Networks of no more weights are trained in blocks.
_FEW = 100
# How well sharpness is known, relative to itself.
_TOLERANCE = 1e-3

LONG_NAMES = _plane_grid.LONG_NAMES | {
    "gradient_norm": "Euclidean norm of the loss gradient",
    "saturation": "saturation of the hidden layer",
    "sharpness": "largest Hessian eigenvalue",
    "weights": "weights and biases",
}
#: Names that the argument ``measures`` of :func:`train` may contain.
MEASURES = tuple(LONG_NAMES)


@dataclass(frozen=True)
class Schedule:
    """How long to train, in what batches, and when to record.

    Attributes:
        steps: points per walk.
        every: record every so many steps.
        batch_size: samples per step, or None for all.
        seed: seed of the batches.
    """

    steps: int
    every: int
    batch_size: int | None
    seed: int

    @property
    def recorded(self) -> np.ndarray:
        """The steps that are recorded."""
        return np.arange(0, self.steps, self.every)

    def describe(self, landscape: BaseLandscape) -> dict[str, object]:
        """Return what reproduces the training, for the attributes of a data set."""
        batch = {} if self.batch_size is None else {"batch_size": self.batch_size}
        return batch | {
            "num_steps": self.steps,
            "every": self.every,
            "seed": self.seed,
            "block_size": block_size(landscape),
            "lossviz_version": version("lossviz"),
            "torch_version": str(torch.__version__),
        }

    def landscapes(self, whole: BaseLandscape, walks: Sequence[int]) -> Iterator[BaseLandscape]:
        """Yield the landscape of each step: the whole one, or those of the walks' batches."""
        if self.batch_size is None:
            while True:
                yield whole
        for chosen in _streams.batches(self.seed, walks, whole.num_samples, self.batch_size):
            yield whole._on_batches(torch.from_numpy(chosen))


def block_size(landscape: BaseLandscape) -> int:
    """Return how many walks are trained together.

    Always so many, filled up, as a product's rounding depends on its size. Calls cost more than
    the numbers of small networks; larger ones would gain nothing, and pay for what fills up.
    """
    return landscape._block_size if landscape.num_weights <= _FEW else 1


def recorded(
    landscape: BaseLandscape, starts: Tensor, rule: Rule, schedule: Schedule, names: Sequence[str],
    note: Callable[[int], object],
) -> dict[str, np.ndarray]:  # fmt: skip
    """Return arrays of shape (walks, recorded steps, ...) by name; note what is done."""
    size, parts = block_size(landscape), []
    for first in range(0, len(starts), size):
        block = starts[first : first + size]
        # Rows beyond the starts fill the block, on which a product's rounding depends.
        full = torch.cat([block, block[-1:].expand(size - len(block), -1)])
        walks = range(first, first + size)
        moments = []
        for moment in _moments(landscape, full, rule, schedule, walks, len(block)):
            moments.append(_measured(landscape, names, *moment, len(block)))
            note(len(block))
        arrays = {name: np.stack([m[name] for m in moments], axis=1) for name in moments[0]}
        if "sharpness" in names:
            arrays["sharpness"] = _sharpness(landscape, arrays["weights"])
        parts.append({name: arrays[name] for name in names})
    return {name: np.concatenate([part[name] for part in parts]) for name in names}


def _moments(
    landscape: BaseLandscape,
    points: Tensor,
    rule: Rule,
    schedule: Schedule,
    walks: range,
    count: int,
) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield points, losses and gradients of all samples, at each step that is recorded."""
    memory, batched = None, schedule.batch_size is not None
    fewer = count if _one_by_one(landscape, batched=batched) else len(points)
    steps = zip(range(schedule.steps), schedule.landscapes(landscape, walks[:fewer]), strict=False)
    for step, at in steps:
        loss, gradient = _evaluated(at, points, fewer)
        if step % schedule.every == 0:
            both = (loss, gradient)
            if batched:
                both = landscape._unchecked_loss_and_gradient(points)
            yield points, *both

        def slope(points: Tensor, at: BaseLandscape = at) -> Tensor:
            return _evaluated(at, points, fewer)[1]

        points, memory = rule.step(points, gradient, slope, memory)


def _one_by_one(landscape: BaseLandscape, *, batched: bool) -> bool:
    """Say whether points are evaluated one after another, so that company means nothing."""
    return isinstance(landscape, ModuleLandscape) and (batched or not landscape.vectorised)


def _evaluated(landscape: BaseLandscape, points: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Return losses and gradients of the first points; those of the last one fill up the rest."""
    loss, gradient = landscape._unchecked_loss_and_gradient(points[:count])
    rest = len(points) - count
    if rest:
        loss = torch.cat([loss, loss[-1:].expand(rest)])
        gradient = torch.cat([gradient, gradient[-1:].expand(rest, -1)])
    return loss, gradient


# --- measuring ----------------------------------------------------------------------------------


def _measured(
    landscape: BaseLandscape, names: Sequence[str], points: Tensor, loss: Tensor, gradient: Tensor,
    count: int,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Measure the first ``count`` points of a block; all of them are evaluated."""
    test = landscape.test
    found: dict[str, Callable[[], Tensor]] = {
        "loss": lambda: loss,
        # In float64: a float32 norm of components below 1e-20 is 0.
        "gradient_norm": lambda: torch.linalg.vector_norm(gradient, dim=-1, dtype=torch.float64),
        "accuracy": lambda: _where_finite(landscape.accuracy, points),
        "test_loss": lambda: _where_finite(test.loss, points),
        "test_accuracy": lambda: _where_finite(test.accuracy, points),
        "saturation": lambda: _where_finite(landscape.saturation, points),
        "weights": lambda: points,
    }
    wanted = {*names, *(["weights"] if "sharpness" in names else [])} - {"sharpness"}
    return {name: found[name]()[:count].cpu().numpy().copy() for name in wanted}


def _where_finite(measure: Callable[[Tensor], Tensor], points: Tensor) -> Tensor:
    """Measure points; what has left the range of numbers gives NaN."""
    finite = torch.isfinite(points).all(dim=-1)
    values = measure(torch.where(finite[:, None], points, 0.0))
    return torch.where(finite, values, torch.nan)


def _sharpness(landscape: BaseLandscape, weights: np.ndarray) -> np.ndarray:
    """Return largest eigenvalues, (walks, steps), of weights (walks, steps, weight)."""
    exact = landscape.with_dtype(torch.float64)
    points = torch.from_numpy(weights).flatten(0, 1).to(landscape.device, torch.float64)

    def largest(rows: Tensor) -> Tensor:
        return top_eigenvalues(exact, rows, tolerance=_TOLERANCE).eigenvalues[:, 0]

    parts = points.split(max(1, _TOGETHER // points.shape[1]))
    values = torch.cat([_where_finite(largest, part) for part in parts])
    return values.view(weights.shape[:2]).cpu().numpy()
