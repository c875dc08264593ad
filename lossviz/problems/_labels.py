"""Tables of numbers and class labels, as a reader gives them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from lossviz import _checks


def table(what: str, got: Any, columns: int | None = None) -> np.ndarray:
    """Return a finite float64 table; say where the first value is that is not finite."""
    values = _checks.tensor(what, got).detach().cpu().double().numpy()
    wanted = "any" if columns is None else str(columns)
    if values.ndim != 2 or values.size == 0 or (columns is not None and values.shape[1] != columns):
        raise ValueError(f"{what} must have shape (samples, {wanted}); got {values.shape}.")
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        row, column = bad[0]
        raise ValueError(
            f"{what} must be finite; got {len(bad)} values that are not, the first in row {row}, "
            f"column {column}: {values[row, column]}."
        )
    return values


def targets_and_classes(
    what: str, got: Any, samples: int, known: tuple[int, tuple | None] | None
) -> tuple[np.ndarray, tuple | None]:
    """Return targets (samples, outputs) and the classes; ``known`` are those of training."""
    array = _labels_or_numbers(what, got)
    classes = known[1] if known else None
    if array.ndim == 1 and (known is None or classes is not None):
        _length(what, array, samples)
        return _one_hot(what, array, classes)
    values = table(what, got, known[0] if known else None)
    if classes is not None:
        raise ValueError(f"{what} must be labels, as targets are; got shape {values.shape}.")
    _length(what, values, samples)
    if values.min() < 0 or values.max() > 1:
        raise ValueError(
            f"{what} must lie in [0, 1]; got values from {values.min():g} to {values.max():g}."
        )
    return values, None


def _labels_or_numbers(what: str, got: Any) -> np.ndarray:
    """Return an array; refuse labels of several kinds, which numpy would turn into one."""
    if isinstance(got, torch.Tensor):
        values = _checks.dense(what, got).detach().cpu()
        # numpy has no bfloat16; float32 holds its every value.
        return (values.float() if values.dtype == torch.bfloat16 else values).numpy()
    array = _array(what, got)
    if array.ndim != 1 or not (isinstance(got, list | tuple) or array.dtype == object):
        return array
    elements = list(got)
    kinds = [_kind(element) for element in elements]
    other = next((row for row, kind in enumerate(kinds) if kind != kinds[0]), None)
    if other is not None:
        raise TypeError(
            f"{what} must be of one kind; got {kinds[0]} in row 0 and {kinds[other]} in row "
            f"{other}: {elements[other]!r}."
        )
    return np.array(elements)


def _array(what: str, got: Any) -> np.ndarray:
    _checks.unmasked(what, got)
    try:
        array = np.asarray(got)
    except ValueError as error:
        raise ValueError(f"{what} must be labels or a table of numbers; got {error}.") from error
    if array.ndim == 0:
        # A number, but also a set, a generator, or a string of digits.
        raise TypeError(
            f"{what} must be a list or an array of labels, or a table of numbers; "
            f"got a value of type {type(got).__name__}."
        )
    return array


def _kind(element: Any) -> str:
    kinds = {(bool, np.bool_): "bool", (int, np.integer): "int", str: "str"}
    found = (word for types, word in kinds.items() if isinstance(element, types))
    return next(found, type(element).__name__)


def _length(what: str, array: np.ndarray, samples: int) -> None:
    if len(array) != samples:
        raise ValueError(
            f"{what} must have one row for each of {samples} samples; got {len(array)}."
        )


def _one_hot(what: str, labels: np.ndarray, classes: tuple | None) -> tuple[np.ndarray, tuple]:
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        row = int(np.argmin(np.isfinite(labels)))
        raise ValueError(f"{what} must be finite; got {labels[row]} in row {row}.")
    if labels.dtype.kind not in "iubU":
        raise TypeError(
            f"{what} must be labels (integers, strings or bools) or have two axes; "
            f"got elements of type {labels.dtype}."
        )
    if classes is None:
        classes = tuple(np.unique(labels).tolist())
        if len(classes) < 2:
            raise ValueError(f"{what} must have two classes or more; got {list(classes)}.")
    unknown = sorted(set(labels.tolist()) - set(classes))
    if unknown:
        raise ValueError(f"{what} must be among the classes {list(classes)}; got {unknown}.")
    place = np.searchsorted(np.array(classes), labels)
    if len(classes) == 2:
        return place[:, None].astype(np.float64), classes
    return np.eye(len(classes))[place], classes
