"""Checks of what the plotting functions are given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import xarray as xr

from lossviz import _checks
from lossviz.activations import Activation, get_activation


def samples(walks: Iterable[xr.Dataset], *variables: str, what: str = "walks") -> list[xr.Dataset]:
    """Return data sets as a list; each must have the variables and an activation."""
    usable = isinstance(walks, Iterable) and not isinstance(walks, str | Mapping | xr.Dataset)
    found = list(walks) if usable else []
    if not found or not all(isinstance(sample, xr.Dataset) for sample in found):
        raise ValueError(
            f"{what} must be at least one data set, in a sequence; "
            f"got {type(walks).__name__}" + (f" of {len(found)}." if usable else ".")
        )
    for sample in found:
        missing = [name for name in variables if name not in sample]
        if missing:
            raise ValueError(
                f"{what} must have the variables {list(variables)}; {missing} missing from one "
                f"with {sorted(map(str, sample.data_vars))}."
            )
        if "activation" not in sample.attrs:
            raise ValueError(
                f"{what} must name their activation in the attribute 'activation'; "
                f"got the attributes {sorted(map(str, sample.attrs))}."
            )
    return found


def mapping(what: str, got: object) -> dict:
    """Return ``got`` as a dictionary with at least one entry."""
    if not isinstance(got, Mapping) or not got:
        raise ValueError(f"{what} must be a mapping with at least one entry; got {got!r}.")
    return dict(got)


def text(what: str, got: object) -> str:
    """Return ``got`` if it is text that is not empty."""
    if not isinstance(got, str) or not got.strip():
        raise TypeError(f"{what} must be text; got {got!r} ({type(got).__name__}).")
    return got


def words(what: str, got: object) -> list[str]:
    """Return distinct labels as a list, at least one."""
    if isinstance(got, str | Mapping) or not isinstance(got, Iterable):
        raise TypeError(f"{what} must be a sequence of labels; got {got!r}.")
    found = [text(f"each of {what}", each) for each in got]
    if not found or len(set(found)) < len(found):
        raise ValueError(f"{what} must be one label or more, all distinct; got {found}.")
    return found


def line(what: str, values: object, length: int | None = None) -> np.ndarray:
    """Return values as a finite one-dimensional array, of the length if one is given."""
    return _checks.array(what, values, length)


def positive_line(what: str, values: object) -> np.ndarray:
    """Return values as a one-dimensional array of positive numbers."""
    array = line(what, values)
    if array.min() <= 0:
        raise ValueError(f"{what} must be positive; got values down to {array.min():g}.")
    return array


def levels(values: Sequence[float]) -> np.ndarray:
    """Return levels as a one-dimensional array, which may be empty."""
    empty = isinstance(values, Sequence) and not isinstance(values, str) and len(values) == 0
    return np.empty(0) if empty else line("levels", values)


def quantile(value: object) -> float:
    """Return the quantile at which axes end, in (0, 1]."""
    value = _checks.real("quantile", value, above=0)
    if value > 1:
        raise ValueError(f"quantile must be at most 1; got {value}.")
    return value


def activations(names: Iterable[str | Activation]) -> list[Activation]:
    """Return the activations of at least one name."""
    if isinstance(names, str | Activation) or not isinstance(names, Iterable):
        raise TypeError(f"names must be a sequence of activations; got {names!r}.")
    zoo = [get_activation(name) for name in names]
    if not zoo:
        raise ValueError("names must have at least one activation; got none.")
    return zoo
