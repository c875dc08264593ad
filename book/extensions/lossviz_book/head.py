"""Tells search engines and link previews what each page is: description, address, card."""

from __future__ import annotations

import html
import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

LONGEST = 160  # what search engines show of a description
SHORTEST = (
    60  # whole sentences that say less are followed by a part of the next
)
CARD = "_static/card.png"
CARD_ALT = "Clouds of sampled networks, loss against gradient norm, for three activation functions"
CARD_SIZE = (1200, 630)
_NO_ADDRESS = ("404", "search")  # pages that stand for no place in the book
_NOT_OPENING = (
    nodes.figure,
    nodes.table,
    nodes.Admonition,
    nodes.container,
    nodes.topic,
)
_logger = logging.getLogger(__name__)


def connect(app: Sphinx) -> None:
    """Register the setting ``lossviz_descriptions`` and add the tags to every page."""
    app.add_config_value("lossviz_descriptions", {}, "html", [dict])
    app.connect("html-page-context", _add_tags)


def _add_tags(
    app: Sphinx,
    page: str,
    _template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    description = app.config.lossviz_descriptions.get(page) or opening(
        doctree
    )
    if not description:
        _logger.warning(
            "no paragraph to describe this page by; write one, or set lossviz_descriptions[%r]",
            page,
            location=page,
        )
    if page in _NO_ADDRESS:
        context["pageurl"] = None
    title = html.unescape(re.sub(r"<[^>]+>", "", context.get("title") or ""))
    pairs = tags(
        shortened(description),
        title or app.config.html_title,
        app.config.html_title,
        context.get("pageurl"),
        app.config.html_baseurl,
    )
    context["metatags"] = context.get("metatags", "") + "".join(
        f'\n    <meta {kind}="{name}" content="{html.escape(content)}" />'
        for kind, name, content in pairs
    )


def opening(doctree: nodes.document | None) -> str:
    """Return the first paragraph of a page's own text, or nothing."""
    if doctree is None:
        return ""
    for paragraph in doctree.findall(nodes.paragraph):
        ancestor = paragraph.parent
        while ancestor is not None and not isinstance(ancestor, _NOT_OPENING):
            ancestor = ancestor.parent
        if ancestor is None and paragraph.astext().strip():
            return " ".join(paragraph.astext().split())
    return ""


def shortened(text: str, longest: int = LONGEST) -> str:
    """Cut a text after the last whole sentence that fits, else after a whole word.

    Example:
        >>> shortened("word " * 20 + "end. Another sentence.", longest=110)[-4:]
        'end.'
        >>> shortened("A sentence of many words.", longest=15)
        'A sentence of…'
    """
    if len(text) <= longest:
        return text
    ends = [m.end() for m in re.finditer(r"[.?!](?= )", text[: longest + 1])]
    if ends and ends[-1] >= SHORTEST:
        return text[: ends[-1]]
    return text[: longest - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def tags(
    description: str, title: str, site: str, address: str | None, base: str
) -> list[tuple[str, str, str]]:
    """Return the meta tags of a page as kind, name and content.

    A preview's picture needs an address with its host, so without a base there is none.

    Args:
        description: what the page says, in a sentence or two.
        title: the page's title, as text.
        site: the title of the whole.
        address: the page's own address, if it has one.
        base: the address of the site, or nothing.

    Example:
        >>> tags("What it is.", "XOR", "A book", None, "")[0]
        ('name', 'description', 'What it is.')
    """
    pairs = [
        ("name", "description", description),
        ("property", "og:type", "website" if title == site else "article"),
        ("property", "og:site_name", site),
        ("property", "og:title", title),
        ("property", "og:description", description),
        ("property", "og:locale", "en_GB"),
    ]
    if address:
        pairs.append(("property", "og:url", address))
    if not base:
        return [*pairs, ("name", "twitter:card", "summary")]
    width, height = CARD_SIZE
    return [
        *pairs,
        ("property", "og:image", base.rstrip("/") + "/" + CARD),
        ("property", "og:image:width", str(width)),
        ("property", "og:image:height", str(height)),
        ("property", "og:image:alt", CARD_ALT),
        ("name", "twitter:card", "summary_large_image"),
    ]
