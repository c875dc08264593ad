"""Mends faults of the theme that no setting reaches.

Each mend is written for one version of the theme's packages. With another version the build stops,
so that somebody looks at the pages again before it is let through.
"""

from __future__ import annotations

import html
import re
from importlib.metadata import version
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

VERSIONS = {
    "sphinx-book-theme": "1.3.0",
    "pydata-sphinx-theme": "0.17.1",
    "sphinx-thebe": "0.3.1",
}

# What has no name, or stands in no landmark, for who hears the page (WCAG 2, 1.3.1 and 4.1.2).
_NAMES = {
    '<div id="pst-primary-sidebar"': 'role="region" aria-label="Contents and search"',
    '<dialog id="pst-search-dialog"': 'aria-label="Search"',
    '<dialog id="pst-primary-sidebar-modal"': 'aria-label="Contents and search"',
    '<dialog id="pst-secondary-sidebar-modal"': 'aria-label="Contents of this page"',
}
_VIEWPORT = re.compile(r'[ ]*<meta name="viewport"[^>]*>\n?')
_UNFOLD = re.compile(
    r"(?P<link><a [^>]*>(?P<name>(?:(?!</a>).)*)</a><details[^>]*>)<summary>"
)
_DATA_FRAME = re.compile(
    r'<table [^>]*class="dataframe".*?</table>', re.DOTALL
)


def connect(app: Sphinx) -> None:
    """Check the versions and mend every page before it is written."""
    check_versions()
    app.connect(
        "html-page-context", _mend_page, priority=900
    )  # after the theme's own handlers


def check_versions() -> None:
    """Stop the build where the theme is not the one that the mends were written for.

    Raises:
        ExtensionError: naming each package, its version and the version wanted.
    """
    wrong = [
        f"{package} is {version(package)}, wanted is {wanted}"
        for package, wanted in VERSIONS.items()
        if version(package) != wanted
    ]
    if wrong:
        raise ExtensionError(
            f"lossviz_book mends faults of other versions of the theme: {'; '.join(wrong)}. "
            "Look at the pages, keep the mends that are still needed, then change VERSIONS."
        )


def _mend_page(
    app: Sphinx,
    _page: str,
    _template: str,
    context: dict[str, Any],
    _doctree: object,
) -> None:
    if not app.config.html_theme_options.get("launch_buttons", {}).get(
        "thebe"
    ):
        context["script_files"][:] = [
            s for s in context["script_files"] if not _is_thebe(s)
        ]
    if "body" in context:
        context["body"] = mend_bibliography(context["body"])


def _is_thebe(script: Any) -> bool:
    """Say whether a script belongs to Thebe, which is loaded even where it is off."""
    body = getattr(script, "attributes", {}).get("body") or ""
    return "sphinx-thebe" in str(script.filename) or "THEBE_JS_URL" in body


def mend_bibliography(body: str) -> str:
    """Drop the roles of a list of references: its entries are no list items to a browser.

    Example:
        >>> mend_bibliography('<div role="list" class="citation-list">')
        '<div class="citation-list">'
    """
    body = body.replace(
        '<div role="list" class="citation-list">',
        '<div class="citation-list">',
    )
    return body.replace(' role="doc-biblioentry"', "")


def mend_frame(page: str) -> str:
    """Name the theme's parts of a page, and keep one of its three viewports.

    Example:
        >>> mend_frame('<dialog id="pst-search-dialog">')
        '<dialog id="pst-search-dialog" aria-label="Search">'
    """
    for start, name in _NAMES.items():
        page = page.replace(start, f"{start} {name}")
    first = _VIEWPORT.search(page)
    if first:
        page = page[: first.end()] + _VIEWPORT.sub("", page[first.end() :])
    return _UNFOLD.sub(_named_unfolding, page)


def _named_unfolding(match: re.Match[str]) -> str:
    """Say which chapter's pages the arrow beside a chapter shows."""
    name = html.escape(html.unescape(re.sub(r"<[^>]+>", "", match["name"])))
    return f'{match["link"]}<summary aria-label="Pages of {name}">'


def mend_outputs(page: str) -> str:
    """Mend what MyST-NB and pandas write: headers without a word, and a name unlike the text.

    Example:
        >>> mend_outputs('<table border="1" class="dataframe"><th></th></table>')
        '<table border="1" class="dataframe"><td></td></table>'
    """
    page = page.replace(
        '<summary aria-label="Toggle hidden content">', "<summary>"
    )
    return _DATA_FRAME.sub(
        lambda table: table[0].replace("<th></th>", "<td></td>"), page
    )
