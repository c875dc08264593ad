"""Finding one's way: links, search, wrong addresses, buttons."""

from __future__ import annotations

import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import lossviz
from lossviz_book import repository

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
BOOK = sorted(SITE.glob("book/**/*.html"))
# How the theme calls a service, and what stands in links to it.
LAUNCH = {
    "binderhub_url": "mybinder.org/v2/",
    "colab_url": "colab.research.google.com/github/",
    "jupyterhub_url": "/hub/user-redirect/git-pull?repo=",
}

pytestmark = pytest.mark.site


class _Page(HTMLParser):
    """Collects the addresses that a page links to and the places in it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = {"", "top"}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        self.places.update(filter(None, (given.get("id"), given.get("name"))))


@pytest.fixture(scope="module")
def pages():
    return {path: _Page(path) for path in BOOK}


def test_every_link_within_the_site_leads_somewhere(pages):
    dead = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            known = pages.get(target)
            if not target.is_file() or (known and unquote(parts.fragment) not in known.places):
                dead.append(f"{path.relative_to(SITE)}: {link}")
    assert dead == []


def test_every_public_name_is_documented(pages):
    places = set().union(*(page.places for page in pages.values()))
    modules = ("explorers", "plots", "study")
    names = [f"lossviz.{name}" for name in lossviz.__all__ if name not in modules]
    for module in modules:
        names += [f"lossviz.{module}.{name}" for name in getattr(lossviz, module).__all__]
    assert [name for name in names if name not in places] == []


def test_the_root_leads_to_the_book(browser, address):
    page = browser.new_page()
    page.goto(address)
    page.wait_for_url(f"{address}/book/index.html")
    page.close()
    redirect = (SITE / "index.html").read_text(encoding="utf-8")
    assert '<html lang="en-GB">' in redirect
    assert "<title>" in redirect


@pytest.mark.parametrize("word", ["saddle", "Saddle"])
def test_search_finds_a_word_of_the_book(visit, word):
    with visit("search.html") as seen:
        field = seen.page.locator("main input[type=search], #search-documentation input").first
        field.fill(word)
        field.press("Enter")
        seen.page.wait_for_selector("#search-results li a")
        links = seen.page.locator("#search-results li a")
        assert links.count() > 0
        links.first.click()
        seen.page.wait_for_load_state("load")
        assert "saddle" in seen.page.inner_text("article").lower()
        assert seen.console == []


def test_search_opens_from_the_keyboard_on_a_page(visit):
    with visit("book/index.html") as seen:
        seen.page.keyboard.press("Control+k")
        field = seen.page.locator("#pst-search-dialog input")
        field.fill("saddle")
        field.press("Enter")
        seen.page.wait_for_selector("#search-results li a")


def test_a_wrong_address_at_any_depth_shows_a_whole_page_with_a_way_back(visit, address):
    with visit("no/such/place/at.html") as seen:
        assert seen.failed == [f"404 {address}/no/such/place/at.html"]
        assert "not found" in seen.page.title().lower()
        assert seen.page.locator("nav.bd-links a").count() > 3
        seen.page.locator("a.navbar-brand").click()
        seen.page.wait_for_url(f"{address}/book/index.html")


def test_buttons_are_there_exactly_where_they_lead_somewhere():
    address = repository.find_address(ROOT, os.environ)
    options = repository.theme_options(address, repository.find_hub(os.environ))
    for path in BOOK:
        html = path.read_text(encoding="utf-8")
        assert ("btn-source-repository-button" in html) == options["use_repository_button"]
        is_notebook = (ROOT / path.relative_to(SITE)).with_suffix(".ipynb").is_file()
        assert ("launch-buttons" in html) == (is_notebook and bool(options["launch_buttons"]))
        for service, start in LAUNCH.items():
            has = re.search(rf'href="[^"]*{re.escape(start)}', html) is not None
            assert has == (is_notebook and service in options["launch_buttons"]), service


def test_no_page_carries_thebe(pages):
    for path in pages:
        html = path.read_text(encoding="utf-8")
        assert "THEBE_JS_URL" not in html
        assert "sphinx-thebe.js" not in html
