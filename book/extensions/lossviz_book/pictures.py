"""Tells browsers how large a page's pictures are, and lets those further down wait.

Only pictures in files: those within an explorer's output are what print shows in its place.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

_PICTURE = re.compile(
    r'<img (?P<given>[^>]*?src="(?P<source>[^"]*/_images/[^"]+)"[^>]*?)\s*/?>'
)
_PNG = b"\x89PNG\r\n\x1a\n"


def connect(app: Sphinx) -> None:
    """Mend the pictures of every page before it is written."""
    app.connect("html-page-context", _mend_pictures, priority=900)


def _mend_pictures(
    app: Sphinx,
    _page: str,
    _template: str,
    context: dict[str, Any],
    _doctree: object,
) -> None:
    if "body" not in context:
        return
    files = {
        name: Path(app.srcdir, source)
        for source, name in app.builder.images.items()
    }

    def size(name: str) -> tuple[int, int] | None:
        return png_size(files[name]) if name in files else None

    context["body"] = describe(context["body"], size)


def png_size(path: Path) -> tuple[int, int] | None:
    """Return a PNG file's width and height in pixels; None for another kind of file."""
    with path.open("rb") as file:
        head = file.read(24)
    if not head.startswith(_PNG):
        return None
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def describe(body: str, size: Callable[[str], tuple[int, int] | None]) -> str:
    """Give each picture of a page its size and its turn; the first is loaded at once.

    Args:
        body: the page's own part as HTML.
        size: of a picture's file name; width and height in pixels, or None.

    Example:
        >>> describe('<img alt="A line" src="../_images/a.png" />', lambda name: (640, 480))
        '<img alt="A line" src="../_images/a.png" decoding="async" width="640" height="480" />'
    """
    met = 0

    def mended(match: re.Match[str]) -> str:
        nonlocal met
        met += 1
        given = match["given"]
        added = ' decoding="async"'
        if met > 1 and "loading=" not in given:
            added += ' loading="lazy"'
        known = size(match["source"].rsplit("/", 1)[-1])
        if known and not re.search(
            r"\b(?:width|height|style)\b", _outside_alt(given)
        ):
            added += f' width="{known[0]}" height="{known[1]}"'
        return f"<img {given}{added} />"

    return _PICTURE.sub(mended, body)


def _outside_alt(attributes: str) -> str:
    """Return the attributes without the description, whose words could be anything."""
    return re.sub(r'alt="[^"]*"', "", attributes)
