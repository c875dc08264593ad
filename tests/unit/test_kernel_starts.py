"""Kernels of the notebook tests are started again where one never answers."""

import pytest

from kernel_starts import _again


def test_a_start_that_fails_once_is_repeated():
    calls = []

    def start(**kwargs):
        calls.append(kwargs)
        if len(calls) == 1:
            raise RuntimeError("Kernel didn't respond in 60 seconds")
        return "kernel"

    assert _again(start)(kernel_name="python3") == "kernel"
    assert calls == [{"kernel_name": "python3"}] * 2


def test_a_start_that_always_fails_is_an_error():
    def start():
        raise RuntimeError("no kernel")

    with pytest.raises(RuntimeError, match="no kernel"):
        _again(start)()
