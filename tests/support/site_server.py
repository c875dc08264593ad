"""Serves the built site on this machine as hosts of static sites do."""

from __future__ import annotations

import gzip
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

_TEXT = {".css", ".html", ".js", ".json", ".svg", ".txt", ".xml"}


class _Handler(SimpleHTTPRequestHandler):
    """Sends text compressed to who accepts it, and 404.html for whatever is missing.

    With a prefix the site stands in a folder of its host, and nothing outside the folder exists.
    """

    protocol_version = "HTTP/1.1"

    def __init__(self, *args: object, prefix: str, **options: object) -> None:
        self._prefix = prefix
        super().__init__(*args, **options)

    def log_message(self, *_: object) -> None:
        """Stay silent: the tests say what went wrong."""

    def translate_path(self, path: str) -> str:
        if not path.startswith(self._prefix):
            return str(Path(self.directory, "outside the site's folder"))
        return super().translate_path("/" + path.removeprefix(self._prefix))

    def send_head(self) -> BinaryIO | None:
        file = Path(self.translate_path(urlsplit(self.path).path))
        if file.is_dir() and urlsplit(self.path).path.endswith("/"):
            file = file / "index.html"
        if file.suffix not in _TEXT or not file.is_file():
            return super().send_head()  # folders, pictures, and what is missing
        return self._send(200, file)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        page = Path(self.directory, "404.html")
        if code != 404 or not page.is_file():
            super().send_error(code, message, explain)
            return
        self.wfile.write(self._send(code, page).getvalue())

    def _send(self, code: int, file: Path) -> io.BytesIO:
        """Send the head of an answer; returns its body."""
        content = file.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", f"{self.guess_type(str(file))}; charset=utf-8")
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            content = gzip.compress(content, 6, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        return io.BytesIO(content)


@contextmanager
def serving(folder: Path, prefix: str = "/") -> Iterator[str]:
    """Serve a folder on a free port of this machine; yields the address of the prefix."""
    handler = partial(_Handler, directory=str(folder), prefix=prefix)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}".rstrip("/")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
