"""The book's own Sphinx extension: mends the theme, keys the notebook cache, sets addresses.

- :mod:`lossviz_book.theme` takes out what the theme does wrong;
- :mod:`lossviz_book.whole_pages` passes finished pages through mends: the theme's again,
  :mod:`lossviz_book.icons` drawn in place, :mod:`lossviz_book.assets` without what a page
  does not use;
- :mod:`lossviz_book.head` describes each page to search engines and link previews,
  :mod:`lossviz_book.crawlers` lists them all, :mod:`lossviz_book.pictures` sizes what they show;
- :mod:`lossviz_book.cache` re-executes the notebooks when the package below them changes,
  :mod:`lossviz_book.ahead` several of them at a time;
- :mod:`lossviz_book.repository` gives source and launch buttons where the book has an address;
- :mod:`lossviz_book.site` writes the way in from the root and places the page for lost readers;
- :mod:`lossviz_book.citation` says how to cite the book, :mod:`lossviz_book.times` how long a
  chapter takes, and :mod:`lossviz_book.live` puts explorers on pages that are no notebooks.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx

from lossviz_book import (
    ahead,
    cache,
    citation,
    crawlers,
    head,
    live,
    pictures,
    repository,
    site,
    theme,
    times,
    whole_pages,
)

PARTS = (
    theme,
    whole_pages,
    head,
    pictures,
    crawlers,
    cache,
    ahead,
    repository,
    citation,
    times,
    live,
    site,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect the parts to Sphinx's events."""
    for part in PARTS:
        part.connect(app)
    return {
        "version": "1",
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
