"""What an explorer looks like in a browser, to be compared."""

from __future__ import annotations

import hashlib
from time import monotonic, sleep

from playwright.sync_api import Locator

_PIXELS = "root => [...root.querySelectorAll('canvas')].map(each => each.toDataURL()).join(' ')"


def picture(root: Locator) -> str:
    """Return a hash of all that an explorer's canvases show."""
    return hashlib.sha256(root.evaluate(_PIXELS).encode()).hexdigest()


def shows(root: Locator, wanted: str, patience: float = 5.0) -> bool:
    """Return whether an explorer comes to show this picture, within some seconds."""
    until = monotonic() + patience
    while monotonic() < until:
        if picture(root) == wanted:
            return True
        sleep(0.05)
    return False
