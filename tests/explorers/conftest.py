"""Pages from files that hold explorers, in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

import lossviz as lv

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Explorers</title>
<meta name="viewport" content="width=device-width, initial-scale=1">{}</html>"""

_READY = ".lv-status:not(:empty)"


@pytest.fixture
def page_of(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """A function that opens a page with explorers on it, in a fresh browser profile.

    It takes explorers, the link's fragment, and options of the browser's context. A message in the
    console, an exception, or a request for anything but the page fails the test at its end.
    """
    told: list[str] = []
    contexts = []

    def opened(*explorers: lv.explorers.Explorer, fragment: str = "", **options: object) -> Page:
        outputs = [each._repr_mimebundle_()[0]["text/html"] for each in explorers]
        path = tmp_path / f"page-{len(contexts)}.html"
        path.write_text(_PAGE.format("\n".join(outputs)), encoding="utf-8")
        contexts.append(
            browser.new_context(**({"viewport": {"width": 1280, "height": 1400}} | options))
        )
        page = contexts[-1].new_page()
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(f"exception: {error}"))
        page.on("request", lambda request: told.append(request.url))
        page.goto(f"{path.as_uri()}{fragment}")
        page.wait_for_selector(_READY if options.get("java_script_enabled", True) else "img")
        return page

    yield opened
    for context in contexts:
        context.close()
    known = (tmp_path.as_uri(), "data:")
    assert [each for each in told if not each.startswith(known)] == []
