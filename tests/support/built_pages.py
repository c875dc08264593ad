"""The built site, and the pages in it that a reader sees."""

from __future__ import annotations

from pathlib import Path

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"


def pages() -> list[str]:
    """Return the places of all pages below the site's root, in order.

    The root's own page sends the reader on at once, so it is none.
    """
    return sorted(
        path.relative_to(SITE).as_posix()
        for path in SITE.rglob("*.html")
        if not {"_static", "_sources"} & set(path.relative_to(SITE).parts)
        and path != SITE / "index.html"
    )
