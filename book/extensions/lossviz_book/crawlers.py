"""Writes robots.txt and, where the site's address is known, sitemap.xml."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

from sphinx.application import Sphinx


def connect(app: Sphinx) -> None:
    """Write both files when the pages are there."""
    app.connect("build-finished", _write)


def robots(base: str) -> str:
    """Return what robots.txt says: all may be read, and where the list of pages is.

    Example:
        >>> robots("https://owner.example/name/").splitlines()[-1]
        'Sitemap: https://owner.example/name/sitemap.xml'
    """
    rules = "User-agent: *\nAllow: /\n"
    return rules + (f"Sitemap: {base}sitemap.xml\n" if base else "")


def sitemap(base: str, pages: Iterable[str]) -> str:
    """Return the list of pages in the protocol's form, which wants whole addresses.

    Args:
        base: the site's address, with a slash at its end.
        pages: the pages' places below it.

    Example:
        >>> "<loc>https://owner.example/a.html</loc>" in sitemap(
        ...     "https://owner.example/", ["a.html"])
        True
    """
    entries = "".join(
        f"  <url><loc>{escape(base + page)}</loc></url>\n" for page in pages
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        f"{entries}</urlset>\n"
    )


def _write(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    base, folder = app.config.html_baseurl, Path(app.outdir)
    (folder / "robots.txt").write_text(robots(base), encoding="utf-8")
    listed = folder / "sitemap.xml"
    if not base:
        listed.unlink(missing_ok=True)  # of an earlier build, with an address
        return
    pages = [
        app.builder.get_target_uri(name)
        for name in sorted(app.env.found_docs)
    ]
    listed.write_text(sitemap(base, pages), encoding="utf-8")
