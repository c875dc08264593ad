"""One thread where rounding must not depend on their number, and the caller's number after it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from threadpoolctl import ThreadpoolController


@cache
def _controller() -> ThreadpoolController:
    """Look for numpy's libraries once: it takes milliseconds."""
    return ThreadpoolController()


@contextmanager
def one_thread() -> Iterator[None]:
    """Run the block with one thread, of torch and of numpy's linear algebra.

    Matrix products round differently when their work is shared out among threads, and small
    ones are slower for it.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)
