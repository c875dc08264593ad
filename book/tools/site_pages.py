"""Finds the pages of the built site: which there are, in which order, and where links lead."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

HOME = "book/index.html"


@dataclass(frozen=True)
class Entry:
    """A page in the table of contents.

    Attributes:
        path: where the page is, from the site's root.
        title: its name in the table.
        depth: 0 for a chapter, more for pages below one.
        part: the part of the book that it stands in.
    """

    path: str
    title: str
    depth: int
    part: str


def read_page(site: Path, path: str) -> BeautifulSoup:
    """Return a built page as a tree."""
    return BeautifulSoup(
        (site / path).read_text(encoding="utf-8"), "html.parser"
    )


def contents(site: Path) -> list[Entry]:
    """Return the pages of the book in order, as the home page's menu lists them.

    Args:
        site: the folder of the built site.

    Raises:
        ValueError: if the home page has no menu, or a page twice.
    """
    home = read_page(site, HOME)
    menu = home.select_one("nav.bd-links")
    if menu is None:
        raise ValueError(f"{site / HOME} has no menu of the book's pages")
    entries = [Entry(HOME, text_of(home.h1), 0, "")]
    entries += _listed(menu)
    paths = [entry.path for entry in entries]
    twice = sorted({path for path in paths if paths.count(path) > 1})
    if twice:
        raise ValueError(f"the menu lists pages twice: {', '.join(twice)}")
    return entries


def _listed(menu: Tag) -> Iterator[Entry]:
    part = ""
    for element in menu.select("p.caption, li > a.reference"):
        if element.name == "p":
            part = text_of(element)
        elif not element.find_parent("ul", class_="bd-sidenav__home-link"):
            depth = len(element.find_parents("li")) - 1
            path = site_path(HOME, element["href"])
            yield Entry(path, text_of(element), depth, part)


def text_of(element: Tag | None) -> str:
    """Return an element's words, without the mark that links a heading to itself.

    Example:
        >>> text_of(BeautifulSoup("<h1>One <a>#</a></h1>", "html.parser").h1)
        'One'
    """
    text = " ".join(element.get_text().split()) if element else ""
    return text.removesuffix("#").rstrip()


def site_path(page: str, link: str) -> str:
    """Return where a link on a page leads, from the site's root; "" stands for the page.

    Example:
        >>> site_path("book/api/index.html", "../notation.html#shapes")
        'book/notation.html'
    """
    folder = posixpath.dirname(page)
    path = unquote(urlsplit(link).path)
    return posixpath.normpath(posixpath.join(folder, path)) if path else page


def anchor(path: str, fragment: str = "") -> str:
    """Return the id that a place of a page has in the joined document.

    Example:
        >>> anchor("book/api/index.html", "module-lossviz")
        'api-index--module-lossviz'
    """
    name = path.removeprefix("book/").removesuffix(".html").replace("/", "-")
    return f"{name}--{fragment}" if fragment else name
