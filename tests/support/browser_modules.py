"""Calls functions of the explorers' ES modules in Node, to compare them with Python's."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from missing import program

_CALL = Path(__file__).with_name("call.mjs")


def node() -> str:
    """Return the path of Node; without it the test is skipped, in CI it fails."""
    return program("nodejs", "node")


def call(module: str, path: str, *calls: Sequence[Any]) -> list[Any]:
    """Return what a function of a module returns for each list of arguments."""
    return call_each([(module, path, arguments) for arguments in calls])


def call_each(asked: Sequence[tuple[str, str, Sequence[Any]]]) -> list[Any]:
    """Return what several functions return, each by module, path and arguments, in one process."""
    text = json.dumps([{"module": m, "path": p, "args": list(args)} for m, p, args in asked])
    done = subprocess.run(
        [node(), str(_CALL)], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_same(got: Any, wanted: Any, where: str = "result") -> None:
    """Check that a page's result is Python's: words exactly, numbers to 1e-5."""
    if isinstance(wanted, Mapping):
        missing = set(wanted) - set(got)
        assert not missing, f"{where} lacks {missing}"
        for name, value in wanted.items():
            assert_same(got[name], value, f"{where}.{name}")
    elif isinstance(wanted, str) or wanted is None:
        assert got == wanted, where
    elif isinstance(wanted, list | tuple) and not _numbers(wanted):
        assert len(got) == len(wanted), where
        for i, value in enumerate(wanted):
            assert_same(got[i], value, f"{where}[{i}]")
    else:
        np.testing.assert_allclose(
            np.asarray(got, dtype=float), np.asarray(wanted, dtype=float), rtol=1e-5, atol=1e-5,
            err_msg=where,
        )  # fmt: skip


def _numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float | np.number) for value in values)
