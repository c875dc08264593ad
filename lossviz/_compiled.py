"""Machine code for the innermost loops, where many small steps would drown in calls."""

from __future__ import annotations

from collections.abc import Callable

import numba

#: A product and a sum may be one instruction; nothing else is reordered.
CONTRACT = frozenset({"contract"})

#: Sums may also be taken in several parts, as vector instructions need it.
REASSOCIATE = frozenset({"contract", "reassoc"})


def compiled(fastmath: frozenset[str]) -> Callable[[Callable], Callable]:
    """Compile a function with numba when it is first called, and keep the code on disk."""
    options = {"fastmath": set(fastmath), "error_model": "numpy"}

    def decorate(function: Callable) -> Callable:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # no folder that may be written to: compiled anew in each process
            return numba.njit(**options)(function)

    return decorate
