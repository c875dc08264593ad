"""Data that come in batches, from a loader, as one tensor each."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader


def gathered(what: str, inputs: Any, targets: Any) -> tuple[Any, Any]:
    """Return inputs and targets; where ``inputs`` is a loader of both, its batches joined.

    The caller's random numbers stay as they were, though a loader that shuffles draws some.

    Args:
        what: what the inputs are called in errors.
        inputs: data, or a ``torch.utils.data.DataLoader``.
        targets: data; None beside a loader.
    """
    if not isinstance(inputs, DataLoader):
        return inputs, targets
    if targets is not None:
        raise TypeError(
            f"targets must be left out where {what} is a DataLoader, which has its own; "
            f"got {type(targets).__name__}."
        )
    own = inputs.generator
    state = None if own is None else own.get_state()
    with torch.random.fork_rng(devices=[]):
        batches = [_pair(what, batch) for batch in inputs]
    if own is not None:
        own.set_state(state)
    if not batches:
        raise ValueError(f"{what} must be a DataLoader with at least one batch; got an empty one.")
    x, t = zip(*batches, strict=True)
    try:
        return torch.cat(x), torch.cat(t)
    except RuntimeError as error:
        raise ValueError(f"{what} must have batches of samples of one shape; {error}") from error


def _pair(what: str, batch: Any) -> tuple[Tensor, Tensor]:
    fits = isinstance(batch, (list, tuple)) and len(batch) == 2
    if not (fits and all(isinstance(part, Tensor) and part.ndim for part in batch)):
        got = type(batch).__name__ + (f" of {len(batch)}" if hasattr(batch, "__len__") else "")
        raise ValueError(
            f"{what} must be a DataLoader whose batches are pairs of tensors, inputs and targets; "
            f"got a batch that is a {got}."
        )
    return batch[0], batch[1]
