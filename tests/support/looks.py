"""What an explorer looks like in a browser, to be compared."""

from __future__ import annotations

import hashlib
from time import monotonic, sleep

from playwright.sync_api import Locator, Page, expect

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


def changes_and_comes_back(page: Page, tabs: int, control: str) -> None:
    """Move one slider by keyboard alone: picture and words change, and Reset brings them back.

    Args:
        page: shows one explorer, and the focus is before it.
        tabs: how often Tab is pressed to come to the control.
        control: its name.
    """
    root = page.locator(".lv-explorer")
    before, told = picture(root), root.locator(".lv-status").inner_text()
    for _ in range(tabs):
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == control
    page.keyboard.press("ArrowRight")
    expect(root.locator(".lv-status")).not_to_have_text(told)
    assert picture(root) != before
    while page.evaluate("document.activeElement.innerText") != "Reset":
        page.keyboard.press("Tab")
        assert root.evaluate("root => root.contains(document.activeElement)")
    page.keyboard.press("Enter")
    expect(root.locator(".lv-status")).to_have_text(told)
    assert picture(root) == before
