"""What a build makes of the address that the book has, of its style, and of its archive."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from site_server import serving
from small_book import INDEX, assert_green

pytestmark = [pytest.mark.slow, pytest.mark.long]


def test_a_change_of_style_reaches_the_site(book):
    assert_green(book.build())
    style = book.root / "book" / "assets" / "lossviz.css"
    style.write_text(style.read_text(encoding="utf-8") + "\n/* changed */\n", encoding="utf-8")
    assert_green(book.build())
    assert "/* changed */" in (book.html / "_static" / "lossviz.css").read_text(encoding="utf-8")


def test_the_archive_is_a_function_of_the_sources(book):
    archive, page = book.html / "lossviz-book.zip", book.root / "book" / "index.md"
    assert_green(book.build())
    first = archive.read_bytes()
    assert_green(book.build())
    assert archive.read_bytes() == first
    page.write_text(INDEX + "\nOne line more.\n")
    assert_green(book.build())
    assert archive.read_bytes() != first
    page.write_text(INDEX)
    assert_green(book.build())
    assert archive.read_bytes() == first
    assert (book.html / ".nojekyll").is_file()


def test_buttons_follow_the_address(book):
    assert_green(book.build())
    without = book.page()
    assert "launch-buttons" not in without
    assert "mybinder.org" not in without
    assert "source-buttons" not in without
    assert_green(book.build(LOSSVIZ_REPOSITORY="https://user:secret@github.com/owner/name.git"))
    page = book.page()
    assert 'href="https://github.com/owner/name"' in page
    assert 'href="https://github.com/owner/name/blob/main/book/chapter.ipynb?plain=1"' in page
    binder = "https://mybinder.org/v2/gh/owner/name/main?urlpath=lab/tree/book/chapter.ipynb"
    assert f'href="{binder}"' in page
    colab = "https://colab.research.google.com/github/owner/name/blob/main/book/chapter.ipynb"
    assert f'href="{colab}"' in page
    assert "hub/user-redirect" not in page  # no hub is named
    assert "secret" not in page
    assert "launch-buttons" not in book.page("index")  # no notebook, nothing to launch
    assert_green(book.build(LOSSVIZ_REPOSITORY="https://codeberg.org/owner/name"))
    assert 'href="https://codeberg.org/owner/name"' in book.page()
    assert "mybinder.org" not in book.page()


def test_a_hub_gets_a_button_that_fetches_the_repository(book):
    variables = {
        "LOSSVIZ_REPOSITORY": "https://gitlab.example.org/group/name",
        "LOSSVIZ_JUPYTERHUB": "https://hub.example.org/jupyter/",
    }
    assert_green(book.build(**variables))
    (link,) = re.findall(r'href="(https://hub\.[^"]*)"', book.page())
    parts = urlsplit(html.unescape(link))
    assert parts.path == "/jupyter/hub/user-redirect/git-pull"
    assert parse_qs(parts.query) == {
        "repo": ["https://gitlab.example.org/group/name"],
        "branch": ["main"],
        "urlpath": ["lab/tree/name/book/chapter.ipynb"],
    }
    assert "mybinder.org" not in book.page()
    assert "hub.example.org" not in book.page("index")


def test_a_wrong_address_stops_the_build(book):
    done = book.build(LOSSVIZ_REPOSITORY="ftp://user:secret@host/name")
    assert done.returncode != 0
    assert "LOSSVIZ_REPOSITORY must be like" in done.stdout + done.stderr
    assert "secret" not in done.stdout + done.stderr


def test_below_a_folder_every_page_works_and_says_where_it_is(book, browser):
    assert_green(book.build(LOSSVIZ_BASE_URL="https://owner.example/name"))
    lost = (book.html / "404.html").read_text(encoding="utf-8")
    assert 'href="/name/book/index.html"' in lost
    assert 'href="/_static' not in lost
    assert 'rel="canonical"' not in lost
    canonical = '<link rel="canonical" href="https://owner.example/name/book/chapter.html" />'
    assert canonical in book.page()
    assert 'content="https://owner.example/name/_static/card.png"' in book.page()
    robots = (book.html / "robots.txt").read_text(encoding="utf-8")
    assert robots.endswith("Sitemap: https://owner.example/name/sitemap.xml\n")
    places = re.findall("<loc>(.*?)</loc>", (book.html / "sitemap.xml").read_text("utf-8"))
    assert places == [
        f"https://owner.example/name/book/{page}.html" for page in ("chapter", "index")
    ]
    with serving(book.html, "/name/") as address:
        for path in ("no/such/place/at.html", "index.html", "book/index.html", "404.html"):
            assert_whole(browser, f"{address}/{path}", address)
    assert_green(book.build(LOSSVIZ_BASE_URL=""))  # what the earlier build said is taken back
    assert not (book.html / "sitemap.xml").exists()
    assert (book.html / "robots.txt").read_text(encoding="utf-8") == "User-agent: *\nAllow: /\n"
    assert "owner.example" not in book.page()
    assert 'rel="canonical"' not in book.page()


def assert_whole(browser, url, address):
    """Open a page: all that it asks for is there, and each of its links leads somewhere."""
    page = browser.new_page()
    answers = []
    page.on("response", lambda answer: answers.append((answer.status, answer.url)))
    page.goto(url, wait_until="networkidle")
    assert [answer for answer in answers if answer[0] >= 400 and answer[1] != url] == []
    assert all(asked.startswith(f"{address}/") for _, asked in answers)
    links = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href.split('#')[0])")
    statuses = {link: page.request.get(link).status for link in set(links) - {url, page.url}}
    assert statuses
    assert {link: status for link, status in statuses.items() if status != 200} == {}
    page.close()
