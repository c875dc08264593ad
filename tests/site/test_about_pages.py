"""The pages about the book: what they say is what is there."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

import archive
from lossviz_book import citation, times

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"

pytestmark = pytest.mark.site


def tree(name):
    return BeautifulSoup((SITE / "book" / f"{name}.html").read_text("utf-8"), "html.parser")


def test_the_page_on_citing_shows_what_citation_cff_says():
    page = tree("cite")
    text = " ".join(page.article.get_text().split())
    blocks = [block.get_text().strip() for block in page.select("article pre")]
    for work in citation.read(ROOT).values():
        assert citation.as_text(work) in text
        assert citation.as_bibtex(work) in blocks


def test_the_page_on_citing_hands_out_citation_cff_itself():
    (link,) = tree("cite").select('article a[href$="CITATION.cff"]')
    handed_out = SITE / "book" / link["href"]
    assert handed_out.read_bytes() == (ROOT / "CITATION.cff").read_bytes()


def test_the_page_on_reading_offline_links_to_what_is_there_with_its_size():
    links = tree("offline").select("article a[download]")
    names = [Path(link["href"]).name for link in links]
    wanted = [archive.ARCHIVE] + ([archive.PDF] if (SITE / archive.PDF).is_file() else [])
    assert names == wanted
    for link in links:
        file = (SITE / "book" / link["href"]).resolve()
        assert f"({archive.size(file)})" in link.parent.text


def test_the_first_page_says_how_long_each_chapter_takes():
    cards = {
        card.select_one("a.sd-stretched-link")["href"]: card.get_text()
        for card in tree("index").select(".sd-card:has(a.sd-stretched-link)")
    }
    for chapter in sorted((ROOT / "book").glob("*.ipynb")):
        said = times.reading_time(chapter.read_text(encoding="utf-8"))
        assert f"About {said}." in cards[f"{chapter.stem}.html"]
        assert re.search(rf"takes about {said}\.", tree(chapter.stem).article.get_text())


def test_chapters_lead_to_the_next_and_back():
    listed = re.findall(r"file: book/([\w-]+)$", (ROOT / "_toc.yml").read_text("utf-8"), re.M)
    chapters = [name for name in listed if (ROOT / "book" / f"{name}.ipynb").is_file()]
    for first, second in itertools.pairwise(chapters):
        assert tree(first).select_one("a.right-next")["href"] == f"{second}.html"
        assert tree(second).select_one("a.left-prev")["href"] == f"{first}.html"


def test_a_visit_leaves_no_cookie_and_the_choice_of_light_or_dark_only(visit):
    # As the page for instructors says.
    with visit("book/instructors.html") as seen:
        assert seen.page.context.cookies() == []
        kept = set(seen.page.evaluate("Object.keys(localStorage)"))
        assert kept <= {"mode", "theme"}
        assert seen.page.evaluate("Object.keys(sessionStorage)") == []


def test_hosts_with_jekyll_are_told_to_leave_the_site_alone():
    assert (SITE / ".nojekyll").is_file()
