"""The built site on a server of its own, and visits to its pages."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"

DESKTOP = {"width": 1280, "height": 900}

# MathJax replaces the formulae when its scripts and fonts are there.
_SETTLE = """async () => {
  if (window.MathJax?.startup) await MathJax.startup.promise;
  await document.fonts.ready;
}"""


class _Handler(SimpleHTTPRequestHandler):
    """Serves files as hosts of static sites do: 404.html stands for every missing page."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Stay silent: the tests say what went wrong."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory, "404.html")
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        content = page.read_bytes()
        self.send_response(404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on a free port of this machine; yields the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


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
