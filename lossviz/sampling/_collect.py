"""From checked settings to a data set: the part that all samplers share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from lossviz import _checks, _progress
from lossviz._threads import one_thread
from lossviz.landscape.base import BaseLandscape
from lossviz.sampling._engine import Plan, usable, visit
from lossviz.sampling._rules import GradientRule, PathRule
from lossviz.sampling.measures import VARIABLES, Meter


@dataclass(frozen=True)
class Settings:
    """What all samplers take besides their rule, as callers passed it.

    Attributes:
        landscape: what to walk on.
        num_walks: number of walks.
        num_steps: points per walk.
        start_range: b, the half-width of the starts' range.
        seed: the seed.
        measures: what to measure.
        rtol: tolerance of the curvature class.
        null_directions: what is done with directions that are known to be flat.
        batch_size: samples per step, or None.
        walk_numbers: the walks' numbers, or None.
        progress: whether to show a bar, or None.
    """

    landscape: BaseLandscape
    num_walks: int
    num_steps: int
    start_range: float
    seed: int
    measures: Sequence[str]
    rtol: float
    null_directions: str
    batch_size: int | None
    walk_numbers: Sequence[int] | None
    progress: bool | None

    def collect(self, rule: GradientRule | PathRule) -> xr.Dataset:
        """Check everything, walk, and return what was measured."""
        if not isinstance(self.landscape, BaseLandscape):
            raise TypeError(f"landscape must be a Landscape; got {type(self.landscape).__name__}.")
        plan = Plan(
            steps=_checks.whole("num_steps", self.num_steps, 1),
            start_range=_checks.real("start_range", self.start_range, above=0),
            seed=_checks.whole("seed", self.seed, 0),
            batch_size=self._batch_size(),
        )
        meter = Meter.of(
            self.landscape, self.measures, self.rtol, self.null_directions, plan.batch_size
        )
        count = _checks.whole("num_walks", self.num_walks, 1)
        walks = _checks.walk_numbers(self.walk_numbers, count)
        _progress.checked(self.progress)
        with one_thread(), torch.no_grad():
            arrays = _sample(meter, rule, plan, walks, self.progress)
        variables = {
            name: (("walk", "step", *VARIABLES[name].dims), values, dict(VARIABLES[name].attrs))
            for name, values in arrays.items()
        }
        attrs = self.landscape.describe() | plan.describe(self.landscape) | rule.describe()
        attrs |= {"rtol": meter.rtol, "null_directions": meter.null}
        return xr.Dataset(variables, coords={"walk": np.array(walks)}, attrs=attrs)

    def _batch_size(self) -> int | None:
        if self.batch_size is None:
            return None
        size = _checks.whole("batch_size", self.batch_size, 1)
        if size > self.landscape.num_samples:
            raise ValueError(
                f"batch_size must be at most {self.landscape.num_samples}, the number of training "
                f"samples; got {size}."
            )
        return size


def _sample(
    meter: Meter, rule: GradientRule | PathRule, plan: Plan, walks: tuple[int, ...],
    progress: bool | None,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Return arrays of shape (walks, steps, ...) by variable name."""
    arrays: dict[str, np.ndarray] = {}
    size = meter.landscape._block_size
    with _progress.bar(len(walks) * plan.steps, progress) as bar:
        for group in sorted({walk // size for walk in walks}):
            members = sorted((walk, i) for i, walk in enumerate(walks) if walk // size == group)
            rows = np.array([walk % size for walk, _ in members])  # ascending
            places = np.array([i for _, i in members])
            start = 0
            for chunk in visit(meter.landscape, rule, plan, group, meter.wants_gradient):
                stop = min(start + len(chunk.points), plan.steps)
                chunk = usable(chunk, rows, stop - start)
                for name, values in meter.read(chunk, rows).items():
                    if name not in arrays:
                        shape = (len(walks), plan.steps, *values.shape[2:])
                        arrays[name] = np.empty(shape, values.dtype)
                    arrays[name][places, start:stop] = values[:, : stop - start]
                bar.update(len(rows) * (stop - start))
                start = stop
    return arrays
