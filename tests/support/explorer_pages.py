"""Pages from a file with one explorer on each, in a headless Chromium of their own."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Page, sync_playwright

import lossviz as lv
from missing import program

_T = TypeVar("_T")

_FLAGS = ["--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>An explorer</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{}</html>"""

_READY = ".lv-status:not(:empty)"


def visited(
    explorer: lv.explorers.Explorer,
    act: Callable[[Page], _T],
    fragment: str = "",
    **options: object,
) -> _T:
    """Open an explorer's page, do something with it, and return what that returns.

    It happens in a thread, so that another test's browser may be open in this one. A message in
    the page's console, or a request for anything but the page, fails.
    """
    executable = program("chromium", "chromium", "chromium-browser", "google-chrome")
    html = explorer._repr_mimebundle_()[0]["text/html"]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1) as thread:
        path = Path(folder, "page.html")
        path.write_text(_PAGE.format(html), encoding="utf-8")
        address = f"{path.as_uri()}{fragment}"
        return thread.submit(_visit, executable, address, act, options).result()


def _visit(executable: str, address: str, act: Callable[[Page], _T], options: dict) -> _T:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_FLAGS)
        page = browser.new_context(
            **({"viewport": {"width": 1280, "height": 1400}} | options)
        ).new_page()
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: told.append(request.url))
        page.goto(address)
        page.wait_for_selector(_READY if options.get("java_script_enabled", True) else "img")
        found = act(page)
        browser.close()
    foreign = [
        each for each in told if each != address.split("#")[0] and not each.startswith("data:")
    ]
    assert foreign == []
    return found


def status(page: Page) -> str:
    """Return what the explorer says now."""
    return page.locator(".lv-status").inner_text()


def picture(page: Page, name: int = 0) -> str:
    """Return the pixels of a panel as a data address."""
    return page.locator("canvas").nth(name).evaluate("canvas => canvas.toDataURL()")
