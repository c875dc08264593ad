"""Grids of points in a subspace: evaluated row by row, on the training and the test part."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.metadata import version

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float
from torch import Tensor

from lossviz.geometry._flat import cosine, norms
from lossviz.landscape._subspace import Subspace
from lossviz.landscape.base import BaseLandscape

# Points of a line that are evaluated, and saved, together.
_LINE_GROUP = 8

LONG_NAMES = {
    "loss": "training loss",
    "accuracy": "training accuracy",
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
}
NUMBERED = {"alpha": "first", "beta": "second"}


def steps(span: float, resolution: int) -> Float[np.ndarray, "resolution"]:
    """Return steps from -span to span, symmetric: an odd number has an exact 0 in the middle."""
    return span * (2 * np.arange(resolution) - (resolution - 1)) / (resolution - 1)


@cache
def _own_version() -> str:
    return version("lossviz")


@dataclass(frozen=True)
class Grid:
    """Points centre + alpha a (+ beta b) on a grid.

    Attributes:
        landscape: the landscape.
        centre: the point in the middle, (num_weights,).
        directions: one direction, or two, (directions, num_weights).
        span: the largest step.
        resolution: number of steps.
        span_rule: how the span was found.
    """

    landscape: BaseLandscape
    centre: Tensor
    directions: Tensor
    span: float
    resolution: int
    span_rule: str

    @cached_property
    def axes(self) -> dict[str, Float[np.ndarray, "resolution"]]:
        """The steps along each direction by the name of the axis."""
        names = list(NUMBERED)[: len(self.directions)]
        return dict.fromkeys(names, steps(self.span, self.resolution))

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of points along each axis."""
        return tuple(len(values) for values in self.axes.values())

    @cached_property
    def coordinates(self) -> Float[np.ndarray, "points directions"]:
        """All points' coordinates, the last one changing fastest."""
        return np.stack(np.meshgrid(*self.axes.values(), indexing="ij"), axis=-1).reshape(
            -1, len(self.axes)
        )

    @cached_property
    def groups(self) -> list[slice]:
        """Return which points are evaluated together: rows of a plane, stretches of a line.

        Always the same ones: a result that was interrupted has the bits of one that was not.
        """
        size = _LINE_GROUP if len(self.axes) == 1 else self.resolution
        count = len(self.coordinates)
        return [slice(a, min(a + size, count)) for a in range(0, count, size)]

    def empty(self) -> dict[str, np.ndarray]:
        """Return room for all that is known, by the names of variables."""
        parts = [("", self.landscape), ("test_", self.landscape.test)]
        names = [
            f"{prefix}{name}"
            for prefix, part in parts if part is not None
            for name in ("loss", *(["accuracy"] if part._knows_accuracy else []))
        ]  # fmt: skip
        kind = torch.empty(0, dtype=self.landscape.dtype).numpy().dtype
        return {name: np.full(len(self.coordinates), np.nan, kind) for name in names}

    def measure(self, wanted: list[slice]) -> Iterator[tuple[slice, dict[str, np.ndarray]]]:
        """Yield the values at groups of points, by the names of variables."""
        parts = parts_on(self.landscape, self.centre, self.directions)
        for group in wanted:
            at = torch.from_numpy(self.coordinates[group]).to(self.centre)
            found = {}
            for prefix, part in parts.items():
                loss, accuracy = part.measure(at)
                found[f"{prefix}loss"] = loss.cpu().numpy()
                if accuracy is not None:
                    found[f"{prefix}accuracy"] = accuracy.cpu().numpy()
            yield group, found

    def dataset(self, values: dict[str, np.ndarray]) -> xr.Dataset:
        """Return values at all points as a data set."""
        variables = {
            name: (tuple(self.axes), value.reshape(self.shape), {"long_name": LONG_NAMES[name]})
            for name, value in values.items()
        }
        coordinates = {
            name: (name, along, {"long_name": f"step along the {NUMBERED[name]} direction"})
            for name, along in self.axes.items()
        }
        return xr.Dataset(variables, coordinates, self.attributes)

    @cached_property
    def attributes(self) -> dict[str, object]:
        """What reproduces the grid: what is the same for the same grid, and the versions."""
        lengths = dict(zip(NUMBERED, norms(self.directions).tolist(), strict=False))
        between = {"cosine": cosine(*self.directions)} if len(self.directions) == 2 else {}
        return {
            **self.landscape.describe(),
            "num_weights": self.landscape.num_weights,
            "span": self.span,
            "span_rule": self.span_rule,
            "resolution": self.resolution,
            "centre_loss": float(self.landscape.loss(self.centre)),
            "centre_norm": float(norms(self.centre)),
            **{f"norm_{name}": length for name, length in lengths.items()},
            **between,
            "weights_sha256": self._fingerprint,
            "lossviz_version": _own_version(),
            "torch_version": str(torch.__version__),
        }

    @property
    def _fingerprint(self) -> str:
        """A hash of centre and directions."""
        frame = torch.cat([self.centre[None], self.directions]).to("cpu", torch.float64)
        return sha256(frame.numpy().tobytes()).hexdigest()


def parts_on(landscape: BaseLandscape, centre: Tensor, directions: Tensor) -> dict[str, Subspace]:
    """Return the training and, where there is one, the test part in a subspace, by prefix."""
    found = {"": landscape._on_subspace(centre, directions)}
    if landscape.test is not None:
        found["test_"] = landscape.test._on_subspace(centre, directions)
    return found
