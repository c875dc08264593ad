"""What a test does where a program of the machine is missing."""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest


def program(package: str, *names: str) -> str:
    """Return the path of the first of these programs; without one tests skip, but fail in CI."""
    found = next(filter(None, map(shutil.which, names)), None)
    return found or _give_up(
        f"none of {', '.join(names)} is installed (Debian: apt-get install {package})"
    )


def chromium() -> str:
    """Return the path of Chromium; without one tests skip, but fail in CI."""
    return program("chromium", "chromium", "chromium-browser", "google-chrome")


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
