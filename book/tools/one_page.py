"""Joins the built pages of the book to one document, in the order of its table of contents.

What only a screen can use is left out, explorers give way to their pictures, and links between
pages become links within the document. Nothing is executed: pages go in and a page comes out.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from site_pages import (
    HOME,
    Entry,
    anchor,
    contents,
    read_page,
    site_path,
    text_of,
)

# Attributes whose value is the id of another element.
_REFERENCES = ("for", "aria-labelledby", "aria-describedby", "aria-controls")
_SCREEN_ONLY = "script, noscript, button, a.headerlink, .lv-explorer"
_FRAME = """<!DOCTYPE html>
<html lang="{language}" data-theme="light">
<head><meta charset="utf-8"><title>{title}</title>
{head}
<style>{style}</style></head>
<body><main class="bd-main"><div class="bd-content"><div class="bd-article-container">
{body}
</div></div></main></body></html>
"""
_STYLE = """
@page { @bottom-center { content: counter(page); font: 9pt sans-serif; } }
@page :first { @bottom-center { content: none; } }
article { break-before: page; }
a:not([href]) { color: inherit !important; text-decoration: none !important; }
.title-page { break-after: page; padding-top: 65mm; text-align: center; }
.title-page .book-title { font-size: 28pt; line-height: 1.2; margin-bottom: 8mm; }
.contents p { break-after: avoid; font-weight: 600; margin: 3mm 0 1mm; }
.contents ol { list-style: none; margin: 0; padding: 0; }
.contents li { display: flex; gap: 3mm; padding-left: calc(6mm * var(--depth)); }
.contents li a { flex: 1; text-decoration: none; }
"""


def article(site: Path, path: str, pages: Iterable[str]) -> str:
    """Return the text of a page as a part of the joined document.

    Args:
        site: the folder of the built site.
        path: the page, from the site's root.
        pages: all pages of the document; links to these stay, those to other files of the site
            lose their target.

    Raises:
        ValueError: if the page has no text.
    """
    found = read_page(site, path).select_one("article.bd-article")
    if found is None:
        raise ValueError(f"{site / path} has no article")
    for element in found.select(_SCREEN_ONLY):
        element.decompose()
    for fold in found.select("details"):
        fold["open"] = ""
    for picture in found.select("img[loading]"):
        del picture["loading"]  # no reader scrolls to it
    _rename(found, path)
    _relink(found, path, set(pages))
    _find_files(found, site, path)
    found["id"] = anchor(path)
    return str(found)


def _rename(tree: Tag, path: str) -> None:
    """Give every id the page's name, as each is unique within its page only."""
    for element in tree.find_all(id=True):
        element["id"] = anchor(path, element["id"])
    for name in _REFERENCES:
        for element in tree.find_all(attrs={name: True}):
            ids = element[name].split()
            element[name] = " ".join(anchor(path, one) for one in ids)


def _relink(tree: Tag, path: str, pages: set[str]) -> None:
    for link in tree.find_all("a", href=True):
        parts = urlsplit(link["href"])
        if parts.scheme or parts.netloc:
            continue
        target = site_path(path, link["href"])
        if target in pages:
            link["href"] = f"#{anchor(target, unquote(parts.fragment))}"
        else:
            del link["href"]


def _find_files(tree: Tag, site: Path, path: str) -> None:
    for element in tree.find_all(src=True):
        if not urlsplit(element["src"]).scheme:
            file = site / site_path(path, element["src"])
            element["src"] = file.resolve().as_uri()


def table(entries: Iterable[Entry]) -> str:
    """Return the table of contents; page numbers are filled in when they are known."""
    rows, part = [], ""
    for entry in entries:
        if entry.part != part:
            part = entry.part
            rows.append(f"</ol><p>{html.escape(part)}</p><ol>")
        name = anchor(entry.path)
        rows.append(
            f'<li style="--depth: {entry.depth}"><a href="#{name}">'
            f"{html.escape(entry.title)}</a>"
            f'<span data-page-of="{name}">000</span></li>'
        )
    return (
        '<article class="bd-article contents"><h1>Contents</h1><ol>'
        f"{''.join(rows)}</ol></article>"
    )


def headings(document: str) -> list[str]:
    r"""Return the words of all headings of a document, formulae as they are typed.

    Example:
        >>> headings(r"<h1>One</h1><p>text</p><h2>The part \(f\)</h2>")
        ['One', 'The part f']
    """
    tree = BeautifulSoup(document, "html.parser")
    found = tree.find_all(["h1", "h2", "h3", "h4", "h5", "h6"])
    return [re.sub(r"\\[()]", "", text_of(heading)) for heading in found]


def authors(citation: Mapping[str, Any]) -> str:
    """Return the authors that a CITATION.cff names.

    Example:
        >>> authors({"authors": [{"name": "a group"}, {"name": "others"}]})
        'a group, others'
    """
    return ", ".join(author["name"] for author in citation["authors"])


def title_page(title: str, citation: Mapping[str, Any], rights: str) -> str:
    """Return the first page: title, authors, version, licences.

    Args:
        title: the book's title.
        citation: what `CITATION.cff` holds.
        rights: the licences, in words.
    """
    lines = [
        f'<p class="book-title">{html.escape(title)}</p>',
        f"<p>{html.escape(authors(citation))}</p>",
        f"<p>Version {html.escape(str(citation['version']))}</p>",
        f"<p>{html.escape(rights)}</p>",
        "<p>Interactive figures are printed as pictures. They answer on the book's pages.</p>",
    ]
    return f'<div class="title-page">{"".join(lines)}</div>'


def _head(site: Path, pages: Iterable[str]) -> str:
    """Return the style sheets of all pages and MathJax, each once.

    A page has only those that it needs. The longest list comes first, as their order matters.
    """
    heads = [_needs(site, path) for path in pages]
    ordered = sorted(heads, key=len, reverse=True)
    return "\n".join(dict.fromkeys(tag for head in ordered for tag in head))


def _needs(site: Path, path: str) -> list[str]:
    """Return a page's style sheets and MathJax, with addresses that hold anywhere."""
    head = read_page(site, path).head
    _find_files(head, site, path)
    for link in head.select("link[rel=stylesheet]"):
        file = site / site_path(path, link["href"])
        link["href"] = file.resolve().as_uri()
    config = [s for s in head.select("script") if "window.MathJax" in s.text]
    wanted = head.select("link[rel=stylesheet], script[src*=mathjax]")
    return [str(tag) for tag in (*config, *wanted)]


def joined(site: Path, citation: Mapping[str, Any]) -> str:
    """Return the whole book as one page of HTML, to be printed.

    Args:
        site: the folder of the built site.
        citation: what `CITATION.cff` holds.
    """
    entries = contents(site)
    home = read_page(site, HOME)
    pages = [entry.path for entry in entries]
    rights = text_of(home.select_one(".extra_footer, .extra-footer"))
    body = [title_page(entries[0].title, citation, rights), table(entries)]
    body += [article(site, path, pages) for path in pages]
    return _FRAME.format(
        language=home.html["lang"],
        title=html.escape(entries[0].title),
        head=_head(site, pages),
        style=_STYLE,
        body="\n".join(body),
    )
