"""How much memory a process and its descendants take, what they share counted once."""

from __future__ import annotations

import contextlib
import threading
from types import TracebackType

import psutil

INTERVAL = 0.1  # seconds between two looks


def tree_memory(pid: int) -> int:
    """Return the bytes of a process and its descendants: the sum of proportional set sizes."""
    return sum(map(_proportional, _tree(pid)))


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _proportional(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except (psutil.NoSuchProcess, psutil.ZombieProcess):  # it ended while we looked
        return 0


class Watch(threading.Thread):
    """Looks at a tree's memory again and again; kills the descendants where it is too much.

    Attributes:
        peak: the most bytes that were seen.
        over: set when they were more than the limit.
    """

    def __init__(self, pid: int, limit: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0
        self.over = threading.Event()
        self._pid = pid
        self._limit = limit
        self._enough = threading.Event()

    def run(self) -> None:
        """Look until it is enough, or too much."""
        while not self._enough.wait(INTERVAL):
            self.peak = max(self.peak, tree_memory(self._pid))
            if self.peak > self._limit:
                self.over.set()
                for process in _tree(self._pid)[1:]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        process.kill()
                return

    def __enter__(self) -> Watch:
        self.start()
        return self

    def __exit__(
        self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._enough.set()
        self.join()
