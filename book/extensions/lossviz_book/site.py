"""The pages that stand outside the book: the way in from the root, and the one for lost readers."""

from __future__ import annotations

import html
import os
from pathlib import Path
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ConfigError

VARIABLE = "LOSSVIZ_BASE_URL"

_REDIRECT = """<!DOCTYPE html>
<html lang="{language}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="refresh" content="0; url={target}">
    <link rel="icon" href="_static/favicon.svg">
    <title>{title}</title>
  </head>
  <body><main><h1>{title}</h1><p><a href="{target}">Open the book</a></p></main></body>
</html>
"""


def connect(app: Sphinx) -> None:
    """Set the site's address, and write the root's redirect before the toc's extension does."""
    app.connect("config-inited", _set_address)
    app.connect("build-finished", _write_redirect, priority=400)


def link_prefix(address: str) -> str:
    """Return the folder at which a site stands, as links to it from any depth begin.

    Example:
        >>> link_prefix("https://owner.example/name")
        '/name/'

    Raises:
        ConfigError: if the address is none.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ConfigError(
            f"{VARIABLE} must be like https://host/folder/, got {address!r}"
        )
    path = parts.path.strip("/")
    return f"/{path}/" if path else "/"


def _set_address(_app: Sphinx, config: Config) -> None:
    """Tell the pages where the site will stand, if the environment says so.

    The page for a wrong address is shown at any depth, so its links start at the site's root.
    """
    if address := os.environ.get(VARIABLE, "").strip():
        config.notfound_urls_prefix = link_prefix(address)
        config.html_baseurl = address.rstrip("/") + "/"


def _write_redirect(app: Sphinx, exception: Exception | None) -> None:
    """Write an index page with a title and a language, which the stock one lacks."""
    if exception or app.builder.format != "html":
        return
    page = _REDIRECT.format(
        language=(app.config.language or "en").replace("_", "-"),
        target=app.builder.get_target_uri(app.config.root_doc),
        title=html.escape(app.config.html_title),
    )
    Path(app.outdir, "index.html").write_text(page, encoding="utf-8")
    # Else hosts that run Jekyll leave out the folders whose names begin with an underscore.
    Path(app.outdir, ".nojekyll").touch()
