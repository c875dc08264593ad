"""Checks of planes, lines and trajectories, and how their variables are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import xarray as xr

from lossviz import _checks
from lossviz.plots._inputs import words

_NAMES = {
    "loss": "training loss",
    "test_loss": "test loss",
    "accuracy": "training accuracy",
    "test_accuracy": "test accuracy",
    "sharpness": "sharpness",
}


def datasets(what: str, got: object, *dims: str) -> dict[str, xr.Dataset]:
    """Return data sets by their labels; one that stands alone has the label ''.

    Each must have a coordinate of at least two finite, ascending numbers for each of ``dims``.
    """
    found = {"": got} if isinstance(got, xr.Dataset) else got
    empty = isinstance(found, Mapping) and not found
    if empty or not isinstance(found, Mapping):
        raise ValueError(
            f"{what} must be a data set or a mapping of labels to data sets; "
            f"got {type(got).__name__}{' without entries' if empty else ''}."
        )
    for label, data in found.items():
        if not isinstance(label, str) or not isinstance(data, xr.Dataset):
            raise TypeError(
                f"{what} must map labels to data sets; got {label!r}: {type(data).__name__}."
            )
        for dim in dims:
            _coordinate(_named(what, label), data, dim)
    return dict(found)


def one(what: str, got: object, *dims: str) -> xr.Dataset:
    """Return ``got`` if it is a single data set with these dimensions."""
    if not isinstance(got, xr.Dataset):
        raise TypeError(f"{what} must be a data set; got {type(got).__name__}.")
    return datasets(what, got, *dims)[""]


def _named(what: str, label: str) -> str:
    return f"{what}, {label}," if label else what


def _coordinate(what: str, data: xr.Dataset, dim: str) -> None:
    if dim not in data.dims or dim not in data.coords:
        raise ValueError(
            f"{what} must have the dimension {dim!r} with a coordinate; "
            f"got the dimensions {sorted(map(str, data.sizes))}."
        )
    place = _checks.array(f"{what} coordinate {dim!r}", data[dim].values, None)
    if len(place) < 2 or not (np.diff(place) > 0).all():
        raise ValueError(
            f"{what} must have at least two ascending values of {dim!r}; got {place.tolist()[:5]}."
        )


def has(what: str, found: Mapping[str, xr.Dataset], *variables: str) -> None:
    """Check that every data set has the variables."""
    for label, data in found.items():
        missing = [variable for variable in variables if variable not in data.data_vars]
        if missing:
            raise ValueError(
                f"{_named(what, label)} must have the variables {list(variables)}; "
                f"got {sorted(map(str, data.data_vars))}."
            )


def chosen(what: str, got: object, of: str, found: Mapping[str, xr.Dataset]) -> str:
    """Return the name of a variable that every data set has."""
    for label, data in found.items():
        _checks.one_of(f"{what} of {_named(of, label)}", got, map(str, data.data_vars))
    return got


def values(what: str, data: xr.Dataset, variable: str, *dims: str) -> np.ndarray:
    """Return a variable as float64 over ``dims``, in this order; it may have gaps."""
    array = data[variable]
    if set(array.dims) != set(dims) or array.dtype.kind not in "fiub":
        raise ValueError(
            f"{variable} of {what} must be numbers over {dims}; "
            f"got {array.dtype} over {array.dims}."
        )
    return array.transpose(*dims).values.astype(np.float64)


def some_finite(what: str, variable: str, arrays: Iterable[np.ndarray]) -> np.ndarray:
    """Return the finite numbers among arrays, at least one."""
    joined = np.concatenate([array.ravel() for array in arrays])
    finite = joined[np.isfinite(joined)]
    if not len(finite):
        raise ValueError(f"{what} must have finite values of {variable}; got none.")
    return finite


def names(what: str, got: object) -> list[str]:
    """Return names of variables; one alone may stand without a list."""
    return words(what, [got] if isinstance(got, str) else got)


def called(variable: str, data: xr.Dataset) -> str:
    """Return what a variable is called in words."""
    plain = _NAMES.get(variable, variable.replace("_", " "))
    return str(data[variable].attrs.get("long_name", plain)) if variable in data else plain


def is_share(variable: str) -> bool:
    """Say whether a variable lies in [0, 1] by its meaning."""
    return variable.endswith("accuracy")


def number(value: float) -> str:
    """Write a number to three digits.

    Example:
        >>> number(0.05), number(1234.6), number(0.0)
        ('0.05', '1,230', '0')
    """
    if 1000 <= abs(value) < 1e6:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value + 0.0:.3g}"


def capital(text: str) -> str:
    """Return text with a capital letter at its beginning."""
    return text[:1].upper() + text[1:]
