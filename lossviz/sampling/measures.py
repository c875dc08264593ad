"""What is measured at sampled points: from chunks of walks to named variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lossviz import _checks
from lossviz.curvature._classes import CURVATURE_CLASSES, INERTIA_PROOFS
from lossviz.curvature.blockwise import blockwise_curvature
from lossviz.curvature.full import class_by_structure
from lossviz.curvature.inertia import Curvature, check_rtol, classify_entries, joined
from lossviz.landscape.base import BaseLandscape
from lossviz.sampling._engine import Chunk

_Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Variable:
    """How a measured variable is stored.

    Attributes:
        dims: dimensions after (walk, step).
        attrs: attributes, in the terms of the CF conventions where they have them.
    """

    dims: tuple[str, ...] = ()
    attrs: tuple[tuple[str, object], ...] = ()


def _named(name: str) -> Variable:
    return Variable(attrs=(("long_name", name),))


def _flags(name: str, meanings: Sequence[str]) -> Variable:
    values = np.arange(len(meanings), dtype=np.int8)
    attrs = (("long_name", name), ("flag_values", values), ("flag_meanings", " ".join(meanings)))
    return Variable(attrs=attrs)


VARIABLES = {
    "loss": _named("training loss"),
    "gradient_norm": _named("Euclidean norm of the loss gradient"),
    "accuracy": _named("training accuracy"),
    "test_loss": _named("test loss"),
    "test_accuracy": _named("test accuracy"),
    "saturation": _named("saturation of the hidden layer"),
    "curvature": _flags("curvature class", CURVATURE_CLASSES),
    "proof": _flags("what the curvature class rests on", INERTIA_PROOFS),
    "positive": _named("number of positive Hessian eigenvalues"),
    "negative": _named("number of negative Hessian eigenvalues"),
    "zero": _named("number of Hessian eigenvalues that count as zero"),
    "curvature_blockwise": _flags("curvature class by blocks", CURVATURE_CLASSES),
    "positive_blockwise": _named("number of positive eigenvalues of the Hessian's blocks"),
    "negative_blockwise": _named("number of negative eigenvalues of the Hessian's blocks"),
    "zero_blockwise": _named("number of eigenvalues of the Hessian's blocks that are exactly 0"),
    "eigenvalues": Variable(("eigenvalue",), (("long_name", "Hessian eigenvalues, ascending"),)),
    "weights": Variable(("weight",), (("long_name", "weights and biases"),)),
}


def _accuracy(landscape: BaseLandscape, points: Tensor) -> Tensor:
    return landscape.accuracy(points)


def _test_loss(landscape: BaseLandscape, points: Tensor) -> Tensor:
    return landscape.test.loss(points)


def _test_accuracy(landscape: BaseLandscape, points: Tensor) -> Tensor:
    return landscape.test.accuracy(points)


def _saturation(landscape: BaseLandscape, points: Tensor) -> Tensor:
    return landscape.saturation(points)


def _refuse_too_large(exact: BaseLandscape, batch_size: int | None) -> None:
    some = exact if batch_size is None else exact._on_samples(torch.arange(batch_size))
    needed = 8 * some._hessian_numbers
    if needed > _MOST_BYTES:
        raise ValueError(
            "measures must leave out curvature, proof and eigenvalues where a Hessian needs more "
            f"than {_MOST_BYTES / 2**30:g} GiB; got {exact.num_weights} weights, which need "
            f"{needed / 2**30:.1f}. curvature_class, or a small batch_size, is allowed; "
            "extreme_curvature forms no Hessian."
        )


# A point's Hessian, and what it is made of, must fit in so many bytes.
_MOST_BYTES = 2**31

_WALKED = ("loss", "gradient_norm")
_DIRECT: dict[str, Callable[[BaseLandscape, Tensor], Tensor]] = {
    "accuracy": _accuracy,
    "test_loss": _test_loss,
    "test_accuracy": _test_accuracy,
    "saturation": _saturation,
}
_OF_THE_BATCH = ("accuracy", "saturation")
_SIGNS = ("positive", "negative", "zero")
_BY_HESSIAN = ("curvature", "curvature_class", "proof", "eigenvalues")

#: Names that a sampler's argument ``measures`` may contain.
MEASURES = (*_WALKED, *_DIRECT, *_BY_HESSIAN, "curvature_blockwise", "weights")


@dataclass(frozen=True)
class Meter:
    """Measures points of one landscape.

    Attributes:
        landscape: the landscape that is walked.
        names: what to measure, of :data:`MEASURES`.
        rtol: tolerance of the curvature class.
        null: ``"count"`` or ``"project"``: what is done with directions that are known to be flat.
        exact: the landscape in float64: the full definition of curvature is in that precision,
            whatever the walk's.
    """

    landscape: BaseLandscape
    names: tuple[str, ...]
    rtol: float
    null: str
    exact: BaseLandscape

    @classmethod
    def of(
        cls, landscape: BaseLandscape, measures: Sequence[str], rtol: float, null: str,
        batch_size: int | None = None,
    ) -> Meter:  # fmt: skip
        """Check what is asked for; raise ValueError if the landscape cannot give it."""
        names = _checks.some_of("measures", measures, MEASURES)
        if landscape.test is None and {"test_loss", "test_accuracy"} & set(names):
            raise ValueError(
                "measures must leave out test_loss and test_accuracy where the landscape has no "
                f"test part; got {names}."
            )
        if "saturation" in names:
            landscape.saturation(landscape.initial(1, 0, 1.0))
        null = _checks.one_of("null_directions", null, ("count", "project"))
        exact = landscape.with_dtype(torch.float64)
        if {"curvature", "proof", "eigenvalues"} & set(names):
            _refuse_too_large(exact, batch_size)
        return cls(landscape, names, check_rtol(rtol), null, exact)

    @property
    def wants_gradient(self) -> bool:
        """Whether loss or gradient are measured, and must be known where no step needs them."""
        return bool(set(_WALKED) & set(self.names))

    def read(self, chunk: Chunk, rows: np.ndarray) -> _Arrays:
        """Measure a chunk.

        Args:
            chunk: the block's walks over some steps. All of them are evaluated where rounding
                depends on the company.
            rows: which walks of the block are wanted, ascending.

        Returns:
            Arrays by variable name, first axes (walks wanted, steps).
        """
        arrays: _Arrays = {}
        if "loss" in self.names:
            arrays["loss"] = chunk.loss[:, rows].T.cpu().numpy()
        if "gradient_norm" in self.names:
            # In float64: a float32 norm of components below 1e-20 is 0.
            norm = torch.linalg.vector_norm(chunk.gradient, dim=-1, dtype=torch.float64)
            arrays["gradient_norm"] = norm[:, rows].T.cpu().numpy()
        if "weights" in self.names:
            arrays["weights"] = chunk.points[:, rows].transpose(0, 1).cpu().numpy()
        flat = self._read_direct(chunk) | self._read_curvature(chunk, rows)
        return arrays | {name: _by_walk(values, chunk, rows) for name, values in flat.items()}

    def _read_direct(self, chunk: Chunk) -> _Arrays:
        points, arrays = chunk.points.flatten(0, 1), {}
        for name in (name for name in self.names if name in _DIRECT):
            landscape = self.landscape
            if chunk.batches is not None and name in _OF_THE_BATCH:
                landscape = landscape._on_batches(chunk.batches)
            arrays[name] = _DIRECT[name](landscape, points).cpu().numpy()
        return arrays

    def _read_curvature(self, chunk: Chunk, rows: np.ndarray) -> _Arrays:
        arrays: _Arrays = {}
        if set(_BY_HESSIAN) & set(self.names):
            curvature = self._curvature_of(chunk, rows)
            arrays = {"curvature": curvature.classes.numpy(), "proof": curvature.proof.numpy()}
            arrays |= {n: getattr(curvature, n).to(torch.int32).numpy() for n in _SIGNS}
            if curvature.eigenvalues is not None:
                arrays["eigenvalues"] = curvature.eigenvalues.numpy()
            wanted = {"curvature", *_SIGNS} if "curvature" in self.names else set()
            wanted |= {"curvature"} if "curvature_class" in self.names else set()
            wanted |= set(self.names) & {"proof", "eigenvalues"}
            arrays = {name: values for name, values in arrays.items() if name in wanted}
        if "curvature_blockwise" in self.names:
            curvature = self._blockwise(chunk, rows)
            arrays["curvature_blockwise"] = curvature.classes.numpy()
            for name in _SIGNS:
                counts = getattr(curvature, name)
                arrays[f"{name}_blockwise"] = counts.to(torch.int32).numpy()
        return arrays

    def _curvature_of(self, chunk: Chunk, rows: np.ndarray) -> Curvature:
        if chunk.batches is None:
            return self._curvature(self.exact, chunk, rows)
        # A batch has null directions of its own, so each point has its own landscape.
        parts = [
            self._curvature(
                self.exact._on_samples(batch), Chunk(point[None, None], None, None), [0]
            )
            for point, batch in _pairs(chunk, rows)
        ]
        return joined(parts, (len(parts),))

    def _blockwise(self, chunk: Chunk, rows: np.ndarray) -> Curvature:
        if chunk.batches is None:
            return blockwise_curvature(self.landscape, chunk.points.flatten(0, 1))
        parts = [
            blockwise_curvature(self.landscape._on_samples(batch), point[None])
            for point, batch in _pairs(chunk, rows)
        ]
        return joined(parts, (len(parts),))

    def _curvature(self, exact: BaseLandscape, chunk: Chunk, rows: np.ndarray) -> Curvature:
        eigenvalues, project = "eigenvalues" in self.names, self.null == "project"
        counts = eigenvalues or "curvature" in self.names
        steps, walks = chunk.points.shape[:2]
        wanted = torch.arange(steps * walks).view(steps, walks)[:, rows].flatten()
        points = chunk.points.flatten(0, 1).to(torch.float64)
        if not counts and not project and exact.structural_zeros:
            return class_by_structure(exact, points, wanted, self.rtol)
        passes = chunk.passes if self.landscape.dtype == torch.float64 else None
        entries, place = exact._hessian_entries(points, wanted, passes)
        zeros = 0 if project else exact.num_weights - len(place)
        return classify_entries(
            entries.cpu(), place.cpu(), self.rtol, eigenvalues=eigenvalues, zeros=zeros
        )


def _pairs(chunk: Chunk, rows: np.ndarray) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the points of a step that are wanted, and the samples of each one's batch."""
    yield from zip(chunk.points[0, rows], chunk.batches[rows], strict=True)


def _by_walk(values: np.ndarray, chunk: Chunk, rows: np.ndarray) -> np.ndarray:
    """Bring values over points, all of the block or the wanted ones, to (walks, steps, ...)."""
    steps, walks = chunk.points.shape[:2]
    if len(values) == steps * walks:
        values = values.reshape(steps, walks, *values.shape[1:])[:, rows]
    else:
        values = values.reshape(steps, len(rows), *values.shape[1:])
    return values.swapaxes(0, 1)
