"""What search engines and link previews are told of each page, and how much a page weighs."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from built_pages import SITE, pages
from lossviz_book import head, pictures

pytestmark = pytest.mark.site

MOST_BYTES = 1_500_000


class _Page(HTMLParser):
    """Collects the tags of a page, with their attributes."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed((SITE / path).read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == name]

    def meta(self, name: str) -> list[str]:
        return [
            tag["content"]
            for tag in self.all("meta")
            if name in (tag.get("name"), tag.get("property"))
        ]


@pytest.fixture(scope="module")
def read():
    return {path: _Page(path) for path in pages()}


def test_each_page_is_described_once_and_in_its_own_words(read):
    described = {path: page.meta("description") for path, page in read.items()}
    assert {path for path, found in described.items() if len(found) != 1} == set()
    words = Counter(found[0] for found in described.values())
    assert [text for text, count in words.items() if count > 1] == []
    lengths = {path: len(found[0]) for path, found in described.items()}
    assert {path: n for path, n in lengths.items() if not 20 <= n <= head.LONGEST} == {}
    for path, page in read.items():
        assert page.meta("og:description") == described[path]
        assert page.meta("og:title")[0]
        assert page.meta("twitter:card")[0] in ("summary", "summary_large_image")
        assert len(page.meta("viewport")) == 1


def test_addresses_are_given_exactly_where_the_site_has_one(read):
    listed = SITE / "sitemap.xml"
    robots = (SITE / "robots.txt").read_text(encoding="utf-8")
    assert ("Sitemap: " in robots) == listed.is_file()
    for page in read.values():
        assert bool(page.meta("og:image")) == listed.is_file()


def test_the_card_has_the_size_that_is_said():
    assert pictures.png_size(SITE / head.CARD) == head.CARD_SIZE


def test_no_page_asks_for_what_it_does_not_use(read):
    for path, page in read.items():
        assets = " ".join(tag["src"] for tag in page.all("script") if tag.get("src"))
        text = (SITE / path).read_text(encoding="utf-8")
        assert "fontawesome" not in text
        assert ("mathjax" in assets) == ('class="math ' in text)
        assert ("copybutton" in assets) == ('class="highlight' in text)
        assert len(assets.split()) == len(set(assets.split()))


def test_pictures_say_how_large_they_are_and_only_the_first_hurries(read):
    for path, page in read.items():
        shown = [tag for tag in page.all("img") if "_images/" in tag.get("src", "")]
        for place, picture in enumerate(shown):
            file = (SITE / path).parent / picture["src"]
            assert (int(picture["width"]), int(picture["height"])) == pictures.png_size(file)
            assert (picture.get("loading") == "lazy") == (place > 0)


def test_an_explorers_own_picture_is_never_left_for_later(read):
    shown = [tag for page in read.values() for tag in page.all("img")]
    own = [tag for tag in shown if tag.get("class") == "lv-fallback"]
    assert own
    assert [tag for tag in own if tag.get("loading") == "lazy"] == []


@pytest.mark.parametrize("path", pages())
def test_a_page_with_its_pictures_is_light(path):
    page = SITE / path
    own = {page} | {
        (page.parent / source).resolve()
        for source in re.findall(r'src="([^"]*_images/[^"]+)"', page.read_text(encoding="utf-8"))
    }
    assert sum(file.stat().st_size for file in own) <= MOST_BYTES


def test_text_does_not_jump_while_a_page_loads(visit):
    with visit("book/xor-completely.html") as seen:
        shift = """() => new Promise(done => new PerformanceObserver(list => done(
            list.getEntries().filter(e => !e.hadRecentInput).reduce((s, e) => s + e.value, 0)))
            .observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 500))"""
        assert seen.page.evaluate(shift) < 0.1
