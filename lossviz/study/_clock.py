"""How much of a run is left, from how long each problem's chunks have taken so far."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from tqdm import tqdm

from lossviz.study.grid import Chunk

# Seconds per point of a problem of which nothing has been computed yet.
_UNKNOWN = 1e-4


class Clock:
    """Tells the time left; each problem has a speed of its own.

    Args:
        chunks: what is to be computed.
    """

    def __init__(self, chunks: Iterable[Chunk]) -> None:
        self._left: Counter[str] = Counter()
        for chunk in chunks:
            self._left[chunk.cell.part.name] += chunk.num_points
        self._points: Counter[str] = Counter()
        self._seconds: Counter[str] = Counter()
        self._start = time.monotonic()

    def note(self, chunk: Chunk, seconds: float) -> None:
        """Note that a chunk is finished, and how long a worker took for it."""
        name = chunk.cell.part.name
        self._left[name] -= chunk.num_points
        self._points[name] += chunk.num_points
        self._seconds[name] += seconds

    @property
    def work_done(self) -> float:
        """Seconds of work that were noted, of all workers together."""
        return sum(self._seconds.values())

    @property
    def work_left(self) -> float:
        """Seconds of work that are left, of all workers together."""
        return sum(points * self._per_point(name) for name, points in self._left.items())

    @property
    def seconds_left(self) -> float:
        """Time left at the speed of this run so far."""
        passed = time.monotonic() - self._start
        return self.work_left * passed / self.work_done if self.work_done else float("inf")

    def _per_point(self, name: str) -> float:
        return self._seconds[name] / self._points[name] if self._points[name] else _UNKNOWN


@contextmanager
def bar(name: str, progress: bool | None) -> Iterator[tqdm]:
    """Show a progress bar with the time left; None shows one in a terminal only."""
    with tqdm(
        desc=name,
        total=1.0,
        bar_format="{desc}: {percentage:3.0f} %|{bar}| {elapsed} gone{postfix}",
        disable=None if progress is None else not progress,
    ) as shown:
        yield shown


def advance(shown: tqdm, clock: Clock) -> None:
    """Bring a bar up to date."""
    shown.n = clock.work_done / ((clock.work_done + clock.work_left) or 1.0)
    shown.set_postfix_str(f"{tqdm.format_interval(clock.seconds_left)} left")


def counted(things: Sequence, name: str, progress: bool | None) -> tqdm:
    """Return a bar that yields things one by one; it is shown as :func:`bar` is."""
    return tqdm(things, name, disable=None if progress is None else not progress, leave=False)
