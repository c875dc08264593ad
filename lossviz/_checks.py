"""Checks of what callers pass in: each error says what was asked, what was got, what is allowed."""

from __future__ import annotations

import difflib
import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor


def one_of(what: str, got: Any, allowed: Iterable[str]) -> str:
    """Return ``got`` if it is one of the allowed names; name the nearest match otherwise."""
    names = list(allowed)
    if not isinstance(got, str):
        raise TypeError(f"{what} must be one of {names}; got {got!r} ({type(got).__name__}).")
    if got in names:
        return got
    near = difflib.get_close_matches(got.lower(), names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{what} must be one of {names}; got {got!r}.{hint}")


def some_of(what: str, got: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """Return the names as a tuple without repeats; every one must be allowed."""
    if isinstance(got, str) or not isinstance(got, Iterable):
        raise TypeError(f"{what} must be a sequence of names; got {got!r}.")
    return tuple(dict.fromkeys(one_of(f"each of {what}", name, allowed) for name in got))


def whole(what: str, got: Any, minimum: int) -> int:
    """Return ``got`` as an int of at least ``minimum`` (booleans and 2.0 are refused)."""
    if isinstance(got, bool) or not isinstance(got, numbers.Integral):
        raise TypeError(f"{what} must be an integer; got {got!r} ({type(got).__name__}).")
    if got < minimum:
        raise ValueError(f"{what} must be at least {minimum}; got {got}.")
    return int(got)


def real(what: str, got: Any, *, above: float | None = None, minimum: float | None = None) -> float:
    """Return ``got`` as a finite float, greater than ``above`` or at least ``minimum``."""
    if isinstance(got, bool) or not isinstance(got, numbers.Real):
        raise TypeError(f"{what} must be a number; got {got!r} ({type(got).__name__}).")
    value = float(got)
    if not math.isfinite(value):
        raise ValueError(f"{what} must be finite; got {value}.")
    if above is not None and not value > above:
        raise ValueError(f"{what} must be greater than {above}; got {value}.")
    if minimum is not None and value < minimum:
        raise ValueError(f"{what} must be at least {minimum}; got {value}.")
    return value


def switch(what: str, got: Any) -> bool:
    """Return ``got`` if it is True or False."""
    if not isinstance(got, bool):
        raise TypeError(f"{what} must be True or False; got {got!r} ({type(got).__name__}).")
    return got


def tensor(what: str, got: Any, dtype: torch.dtype | None = None) -> Tensor:
    """Return ``got`` (tensor, array, nested list, number) as a floating-point tensor.

    Without a dtype, integers and lists become float64 and floating-point input keeps its own.
    """
    value = dense(what, got) if isinstance(got, Tensor) else _from_array(what, got)
    if value.is_complex():
        raise TypeError(f"{what} must be real; got a complex tensor.")
    if dtype is None:
        dtype = value.dtype if value.is_floating_point() else torch.float64
    return value.to(dtype)


def dense(what: str, got: Tensor) -> Tensor:
    """Return ``got`` if it is a dense tensor."""
    if got.layout != torch.strided:
        raise TypeError(f"{what} must be a dense tensor; got one of layout {got.layout}.")
    return got


def unmasked(what: str, got: Any) -> Any:
    """Return ``got``; refuse masked values, whose data would be used as if they were not."""
    if np.ma.is_masked(got):
        masked = np.argwhere(np.ma.getmaskarray(got))
        raise ValueError(
            f"{what} must have no masked values; got {len(masked)}, the first at index "
            f"{tuple(masked[0].tolist())}."
        )
    return got


def _from_array(what: str, got: Any) -> Tensor:
    unmasked(what, got)
    try:
        array = np.asarray(got)
    except ValueError as error:
        raise ValueError(f"{what} must be a rectangular array of numbers; {error}.") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{what} must be an array of real numbers; got {type(got).__name__} "
            f"with elements of type {array.dtype}."
        )
    # torch has neither a long double nor another order of bytes. A copy, as it can share neither
    # read-only memory nor negative strides.
    kind = np.float64 if array.dtype.char == "g" else array.dtype.newbyteorder("=")
    with np.errstate(over="ignore"):  # what float64 cannot hold becomes infinite
        return torch.from_numpy(np.array(array, dtype=kind))


def array(what: str, got: Any, *lengths: int | None) -> np.ndarray:
    """Return ``got`` as a finite float64 numpy array of this shape; None stands for any length."""
    value = tensor(what, got, torch.float64).detach().cpu()
    if not _fits(value.shape, lengths):
        raise ValueError(
            f"{what} must have shape ({_in_words(lengths)}); got {tuple(value.shape)}."
        )
    return all_finite(what, value).numpy()


def float_dtype(what: str, got: Any) -> torch.dtype:
    """Return ``got`` if it is torch.float32 or torch.float64."""
    if not isinstance(got, torch.dtype) or got not in (torch.float32, torch.float64):
        raise ValueError(f"{what} must be torch.float32 or torch.float64; got {got!r}.")
    return got


def device(what: str, got: Any) -> torch.device:
    """Return a device that torch can use; None is the CPU."""
    if got is None:
        return torch.device("cpu")
    if not isinstance(got, str | torch.device):
        raise TypeError(f"{what} must be a torch device or its name; got {got!r}.")
    try:
        return torch.empty(0, device=got).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{what} must be one that torch can use; got {got!r}: {reason}") from None


def shape_ends(what: str, value: Tensor, *lengths: int | None) -> Tensor:
    """Check the last axes of ``value``; None stands for any length of at least one."""
    if not _fits(value.shape[-len(lengths) :], lengths):
        raise ValueError(
            f"{what} must have shape (..., {_in_words(lengths)}); got {tuple(value.shape)}."
        )
    return value


def _fits(shape: Sequence[int], lengths: Sequence[int | None]) -> bool:
    """Say whether a shape has these lengths; None stands for any of at least one."""
    return len(shape) == len(lengths) and all(
        size > 0 if length is None else size == length
        for size, length in zip(shape, lengths, strict=True)
    )


def _in_words(lengths: Sequence[int | None]) -> str:
    return ", ".join("any" if length is None else str(length) for length in lengths)


def all_finite(what: str, value: Tensor) -> Tensor:
    """Check that every entry is finite; otherwise say how many are not."""
    bad = int((~torch.isfinite(value)).sum())
    if bad:
        raise ValueError(f"{what} must be finite; got {bad} of {value.numel()} NaN or infinite.")
    return value


def walk_numbers(got: Sequence[int] | None, count: int) -> tuple[int, ...]:
    """Return the numbers of the walks: 0..count-1, or those given, which must be distinct."""
    if got is None:
        return tuple(range(count))
    if isinstance(got, str) or not isinstance(got, Iterable):
        raise TypeError(f"walk_numbers must be a sequence of integers; got {got!r}.")
    numbers_ = tuple(whole("each of walk_numbers", number, 0) for number in got)
    if len(numbers_) != count:
        raise ValueError(
            f"walk_numbers must name num_walks = {count} walks; got {len(numbers_)} numbers."
        )
    if len(set(numbers_)) != count:
        raise ValueError(f"walk_numbers must be distinct; got {numbers_}.")
    return numbers_
