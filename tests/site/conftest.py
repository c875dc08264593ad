"""The built site on a server of its own, and visits to its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from site_server import serving
from small_book import Book, small_book

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"

DESKTOP = {"width": 1280, "height": 900}

# MathJax replaces the formulae when its scripts and fonts are there.
_SETTLE = """async () => {
  if (window.MathJax?.startup) await MathJax.startup.promise;
  await document.fonts.ready;
}"""


@pytest.fixture
def book(tmp_path: Path) -> Book:
    """A small book of the test's own, to be built."""
    return small_book(tmp_path)


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The address at which the built site is served."""
    if not (SITE / "index.html").is_file():
        pytest.fail("the site is not built; run `make book`")
    with serving(SITE) as url:
        yield url


@dataclass
class Visit:
    """A page in the browser, and what went on while it was loaded."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def visit(browser: Browser, address: str) -> Callable[..., Iterator[Visit]]:
    """A function that opens a path of the site in a fresh browser profile."""

    @contextmanager
    def opened(path: str, **options: object) -> Iterator[Visit]:
        context = browser.new_context(**({"viewport": DESKTOP} | options))
        page = context.new_page()
        seen = Visit(page)
        _listen(seen)
        page.goto(f"{address}/{path}", wait_until="load")
        page.evaluate(_SETTLE)
        page.wait_for_load_state("networkidle")
        yield seen
        context.close()

    return opened


def _listen(seen: Visit) -> None:
    def console(message: object) -> None:
        if message.type in ("error", "warning"):
            seen.console.append(f"{message.type}: {message.text}")

    def response(answer: object) -> None:
        if answer.status >= 400:
            seen.failed.append(f"{answer.status} {answer.url}")

    seen.page.on("console", console)
    seen.page.on("pageerror", lambda error: seen.console.append(f"exception: {error}"))
    seen.page.on("request", lambda request: seen.requests.append(request.url))
    seen.page.on("requestfailed", lambda request: seen.failed.append(f"failed {request.url}"))
    seen.page.on("response", response)
