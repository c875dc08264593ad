"""A plugin for nbval: kernels start one at a time, and again where one never answers.

A kernel's ports are looked for, released and then bound by the kernel. Another process can take one
in between, and the kernel waits for ever; this has been seen with two test processes.
"""

import fcntl
import logging
import tempfile
from pathlib import Path

from nbval import kernel

_TRIES = 3
_LOCK = Path(tempfile.gettempdir()) / "lossviz-kernel-start.lock"


def pytest_configure() -> None:
    kernel.start_new_kernel = _again(kernel.start_new_kernel)


def _again(start):
    def start_in_turn(*args, **kwargs):
        with _LOCK.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for _ in range(_TRIES - 1):
                try:
                    return start(*args, **kwargs)
                except RuntimeError as error:
                    logging.getLogger(__name__).warning("a kernel is started again: %s", error)
            return start(*args, **kwargs)

    return start_in_turn
