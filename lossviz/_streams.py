"""Random streams: every draw depends on a seed, a walk's number and a purpose, on nothing else.

Uniform numbers are drawn in float64 and cast afterwards, so that both precisions and every
activation see the same walk starts and step lengths (common random numbers).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

START, STEP, COIN, DIRECTION, BATCH, NORMAL, TIME, ORDER = range(8)


def stream(seed: int, walk: int, purpose: int) -> np.random.Generator:
    """Return the generator of one walk for one purpose (START, STEP, COIN, ...)."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(walk, purpose)))


def starts(seed: int, walks: Sequence[int], num_weights: int, start_range: float) -> np.ndarray:
    """Return the starts of the walks, uniform in [-start_range, start_range]^num_weights."""
    unit = np.stack([stream(seed, walk, START).random(num_weights) for walk in walks])
    return start_range * (2 * unit - 1)


def directions(seed: int, walks: Sequence[int], num_weights: int) -> np.ndarray:
    """Return a direction of travel, -1 or 1, for each weight of each walk."""
    unit = np.stack([stream(seed, walk, DIRECTION).random(num_weights) for walk in walks])
    return np.where(unit < 0.5, -1.0, 1.0)


def batches(
    seed: int, walks: Sequence[int], num_samples: int, batch_size: int
) -> Iterator[np.ndarray]:
    """Yield, step by step, the samples of each walk's batch: (walks, batch_size), none twice."""
    streams = [stream(seed, walk, BATCH) for walk in walks]
    while True:
        yield np.stack([one.choice(num_samples, batch_size, replace=False) for one in streams])


def normals(seed: int, rows: Sequence[int], num_weights: int) -> np.ndarray:
    """Return standard normal vectors, one for each row, shape (rows, num_weights)."""
    return np.stack([stream(seed, row, NORMAL).standard_normal(num_weights) for row in rows])
