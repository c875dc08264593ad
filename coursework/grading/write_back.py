"""Bring what a function changed in its arguments back to the arguments that it was called with."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def written_back(old: Any, new: Any) -> Any:
    """Change arrays, tensors, lists, dictionaries and sets in place, until they hold new contents.

    Args:
        old: What a function was called with.
        new: A copy of it, as the function left it.

    Returns:
        The old object where it could be kept, else the new one.

    Example:
        >>> rows = [[1, 2], [3]]
        >>> first = rows[0]
        >>> written_back(rows, [[1, 5], [3]]) is rows, first
        (True, [1, 5])
    """
    if type(old) is not type(new):  # a function comes back as something that stands for it
        return old if callable(old) else new
    if isinstance(old, np.ndarray):
        return _array(old, new)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(old, torch.Tensor):
        return _tensor(old, new)
    if isinstance(old, tuple):
        return tuple(_each(old, new))
    if isinstance(old, list):
        old[:] = _each(old, new)
        return old
    if isinstance(old, dict):
        changed = {k: written_back(old[k], v) if k in old else v for k, v in new.items()}
        old.clear()
        old.update(changed)
        return old
    if isinstance(old, set):
        old.clear()
        old.update(new)
        return old
    return new if isinstance(old, (int, float, complex, str, bytes)) else old


def _each(old: Any, new: Any) -> list[Any]:
    both = [written_back(a, b) for a, b in zip(old, new, strict=False)]
    return [*both, *new[len(both) :]]


def _array(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    if old.shape != new.shape or old.dtype != new.dtype:
        return new
    if old.flags.writeable and old.tobytes() != new.tobytes():
        old[...] = new
    return old


def _tensor(old: Any, new: Any) -> Any:
    import torch

    if old.shape != new.shape or old.dtype != new.dtype:
        return new
    with torch.no_grad():
        if old.numel() and not torch.equal(old, new):
            old.copy_(new)
    return old
