"""The PDF of the whole book, printed from the built site."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from unicodedata import normalize
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfReader

import one_page
import pdf
import pdf_marks
import site_pages
from missing import program

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"

pytestmark = pytest.mark.site


def words(text):
    """Drop what depends on how a title is set: line ends and ligatures."""
    return "".join(normalize("NFKC", text).split())


def own(text, number):
    """Drop a page's number, which is read before all else."""
    return words(text).removeprefix(str(number))


def check_pages(reader, texts):
    """There are pages, and none is blank."""
    assert len(texts) > 40
    blank = [
        number
        for number, page in enumerate(reader.pages, 1)
        if not own(texts[number - 1], number) and not page.images
    ]
    assert blank == []


def check_order(entries, numbers, texts):
    """Every page of the site begins a page, in the order of the menu, under its title."""
    begins = [numbers[site_pages.anchor(entry.path)] for entry in entries]
    assert begins == sorted(begins)
    assert len(set(begins)) == len(begins)
    for entry, number in zip(entries, begins, strict=True):
        assert words(entry.title) in words(texts[number - 1]), entry


def check_contents(entries, numbers, texts):
    """The table of contents names the page that each chapter begins on."""
    table = words(" ".join(texts[1 : min(numbers.values()) - 1]))
    for entry in entries:
        number = numbers[site_pages.anchor(entry.path)]
        assert f"{words(entry.title)}{number}" in table


def check_numbers(texts):
    """Each page but the first has its number at its foot."""
    for number, text in enumerate(texts[1:], 2):
        assert text.split()[0] == str(number)
    assert texts[0].split()[0] != "1"


def check_links(reader, numbers):
    """Links between chapters stay in the document, and none leads to a file."""
    first = numbers["what-an-activation-function-does"]
    targets = set()
    for number, page in enumerate(reader.pages, 1):
        for annotation in page.get("/Annots", []):
            link = annotation.get_object()
            address = link.get("/A", {}).get("/URI", "https://")
            assert address.startswith(("http://", "https://")), address
            if number >= first and "/Dest" in link:
                targets.add(str(link["/Dest"]).removeprefix("/"))
    places = {name.removeprefix("/") for name in reader.named_destinations}
    assert targets <= places
    pages = [entry.path for entry in site_pages.contents(SITE)]
    chapters = "".join(one_page.article(SITE, path, pages) for path in pages[1:])
    wanted = BeautifulSoup(chapters, "html.parser").select('a[href^="#"]')
    assert targets == {unquote(link["href"][1:]) for link in wanted if link.get_text().strip()}
    assert {"xor-completely", "notation", "bibliography"} <= targets


def check_pictures(reader, numbers):
    """Every chapter has as many pictures as its page, an explorer's among them."""
    chapters = sorted((ROOT / "book").glob("*.ipynb"))
    begins = sorted(numbers.values())
    for chapter in chapters:
        first = numbers[chapter.stem]
        after = next((n for n in begins if n > first), len(reader.pages) + 1)
        drawn = sum(len(reader.pages[n - 1].images) for n in range(first, after))
        page = site_pages.read_page(SITE, f"book/{chapter.stem}.html")
        assert drawn >= len(page.select("article img")) > 0, chapter.stem


def check_breaks(entries, numbers, texts):
    """No page ends with a heading of its chapter."""
    pages = [entry.path for entry in entries]
    begins = [numbers[site_pages.anchor(path)] for path in pages]
    for path, first, after in zip(pages, begins, [*begins[1:], len(texts) + 1], strict=True):
        headings = one_page.headings(one_page.article(SITE, path, pages))
        ends = {words(texts[number - 1].splitlines()[-1]) for number in range(first, after)}
        assert ends.isdisjoint(map(words, headings)), path


def check_outline(reader, entries):
    """The outline has the chapters' titles, whole and once."""
    titles = [mark.title for mark in reader.outline if not isinstance(mark, list)]
    assert titles == ["Contents", *(entry.title for entry in entries)]


def make_pdf(site, **variables):
    """Run the command: a browser of its own cannot start in the process of the tests' browser."""
    return subprocess.run(
        [sys.executable, ROOT / "book" / "tools" / "pdf.py", site],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
def test_the_pdf_is_the_whole_book(tmp_path):
    program("chromium", *pdf.BROWSERS)
    if not (SITE / "index.html").is_file():
        pytest.fail("the site is not built; run `make book`")
    site, target = tmp_path / "html", tmp_path / "lossviz-book.pdf"
    shutil.copytree(SITE, site)
    done = make_pdf(site)
    assert done.returncode == 0, done.stdout + done.stderr
    reader = PdfReader(target)
    assert f"{len(reader.pages)} pages" in done.stdout
    entries = site_pages.contents(SITE)
    texts = [page.extract_text() for page in reader.pages]
    names = [site_pages.anchor(entry.path) for entry in entries]
    numbers = pdf_marks.page_numbers(target, names)
    check_pages(reader, texts)
    check_order(entries, numbers, texts)
    check_contents(entries, numbers, texts)
    check_numbers(texts)
    check_links(reader, numbers)
    check_pictures(reader, numbers)
    check_breaks(entries, numbers, texts)
    check_outline(reader, entries)
    assert reader.metadata.title == entries[0].title
    assert str(ROOT) not in "".join(texts)
    assert (site / target.name).read_bytes() == target.read_bytes()
    offline = site_pages.read_page(site, "book/offline.html")
    assert offline.select_one(f'article a[href="../{target.name}"]') is not None


def test_without_chromium_the_command_fails_and_says_what_to_do(tmp_path):
    shutil.copytree(SITE / "book", tmp_path / "html" / "book")
    done = make_pdf(tmp_path / "html", CHROMIUM=str(tmp_path / "none"))
    assert done.returncode != 0
    assert "apt-get install chromium" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "lossviz-book.pdf").exists()
