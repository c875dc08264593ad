"""Mends faults of the theme that no setting reaches.

Each mend is written for one version of the theme's packages. With another version the build stops,
so that somebody looks at the pages again before it is let through.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

VERSIONS = {
    "sphinx-book-theme": "1.3.0",
    "pydata-sphinx-theme": "0.17.1",
    "sphinx-thebe": "0.3.1",
}


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


def mend_bibliography(html: str) -> str:
    """Drop the roles of a list of references: its entries are no list items to a browser.

    Example:
        >>> mend_bibliography('<div role="list" class="citation-list">')
        '<div class="citation-list">'
    """
    html = html.replace(
        '<div role="list" class="citation-list">',
        '<div class="citation-list">',
    )
    return html.replace(' role="doc-biblioentry"', "")
