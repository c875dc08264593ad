"""Calls functions of the explorers' ES modules in Node, to compare them with Python's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

_CALL = Path(__file__).with_name("call.mjs")


def node() -> str:
    """Return the path of Node; without it the test is skipped, in CI it fails."""
    found = shutil.which("node")
    if found is None:
        reason = "Node is missing (Debian: apt-get install nodejs)"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def call(module: str, path: str, *calls: Sequence[Any]) -> list[Any]:
    """Return what a function of a module returns for each list of arguments."""
    asked = [{"module": module, "path": path, "args": list(args)} for args in calls]
    done = subprocess.run(
        [node(), str(_CALL)], input=json.dumps(asked), capture_output=True, text=True, check=False
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
