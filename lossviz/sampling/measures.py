"""What is measured at a sampled point: from (points, weight) to named variables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lossviz import _checks
from lossviz.curvature.inertia import CURVATURE_CLASSES, check_rtol, classify_checked
from lossviz.landscape.base import BaseLandscape

_Arrays = dict[str, np.ndarray]

#: Loss and gradient norm come from the walk itself: it needs both to take its next step.
WALKED = ("loss", "gradient_norm")


@dataclass(frozen=True)
class Variable:
    """How a measured variable is stored.

    Attributes:
        dims: dimensions after (walk, step).
        attrs: attributes, in the terms of the CF conventions where they have them.
    """

    dims: tuple[str, ...] = ()
    attrs: tuple[tuple[str, object], ...] = ()


_FLAGS = (
    ("long_name", "curvature class"),
    ("flag_values", np.arange(len(CURVATURE_CLASSES), dtype=np.int8)),
    ("flag_meanings", " ".join(CURVATURE_CLASSES)),
)


def _named(name: str) -> Variable:
    return Variable(attrs=(("long_name", name),))


VARIABLES = {
    "loss": _named("training loss"),
    "gradient_norm": _named("Euclidean norm of the loss gradient"),
    "accuracy": _named("training accuracy"),
    "test_loss": _named("test loss"),
    "test_accuracy": _named("test accuracy"),
    "saturation": _named("saturation of the hidden layer"),
    "curvature": Variable(attrs=_FLAGS),
    "positive": _named("number of positive Hessian eigenvalues"),
    "negative": _named("number of negative Hessian eigenvalues"),
    "zero": _named("number of Hessian eigenvalues that count as zero"),
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


def _weights(_: BaseLandscape, points: Tensor) -> Tensor:
    return points


_DIRECT: dict[str, Callable[[BaseLandscape, Tensor], Tensor]] = {
    "accuracy": _accuracy,
    "test_loss": _test_loss,
    "test_accuracy": _test_accuracy,
    "saturation": _saturation,
    "weights": _weights,
}
_BY_HESSIAN = ("curvature", "eigenvalues")

#: Names that a sampler's argument ``measures`` may contain.
MEASURES = (*WALKED, *_DIRECT, *_BY_HESSIAN)


@dataclass(frozen=True)
class Meter:
    """Measures points of one landscape.

    Attributes:
        landscape: the landscape that is walked.
        names: what to measure, of :data:`MEASURES`.
        rtol: tolerance of the curvature class.
        exact: the landscape in float64: the full definition of curvature is in that precision,
            whatever the walk's.
    """

    landscape: BaseLandscape
    names: tuple[str, ...]
    rtol: float
    exact: BaseLandscape

    @classmethod
    def of(cls, landscape: BaseLandscape, measures: Sequence[str], rtol: float) -> Meter:
        """Check what is asked for; raise ValueError if the landscape cannot give it."""
        names = _checks.some_of("measures", measures, MEASURES)
        if landscape.test is None and {"test_loss", "test_accuracy"} & set(names):
            raise ValueError("measures ask for the test part, and the landscape has none.")
        if "saturation" in names:
            landscape.saturation(landscape.initial(1, 0, 1.0))
        return cls(landscape, names, check_rtol(rtol), landscape.with_dtype(torch.float64))

    def read(self, points: Tensor, wanted: np.ndarray) -> _Arrays:
        """Measure everything but what the walk knows already.

        Args:
            points: shape (points, num_weights). All are evaluated together, so that rounding
                does not depend on which are wanted.
            wanted: positions of the points whose values are returned, ascending.

        Returns:
            Arrays by variable name, first axis as ``wanted``.
        """
        arrays: _Arrays = {}
        for name in self.names:
            if name in _DIRECT:
                arrays[name] = _DIRECT[name](self.landscape, points).numpy()[wanted]
        if set(_BY_HESSIAN) & set(self.names):
            arrays |= self._read_hessian(points, wanted)
        return arrays

    def _read_hessian(self, points: Tensor, wanted: np.ndarray) -> _Arrays:
        hessians = self.exact.hessian(points)
        if len(wanted) < len(points):
            hessians = hessians[torch.from_numpy(wanted)]
        curvature = classify_checked(hessians, self.rtol, wanted)
        arrays: _Arrays = {}
        if "curvature" in self.names:
            arrays["curvature"] = curvature.classes.numpy()
            for sign in ("positive", "negative", "zero"):
                arrays[sign] = getattr(curvature, sign).to(torch.int32).numpy()
        if "eigenvalues" in self.names:
            arrays["eigenvalues"] = curvature.eigenvalues.numpy()
        return arrays
