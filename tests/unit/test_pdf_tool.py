"""The tool that prints the book: pages joined to one document, places read from the PDF."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from pypdf import PdfWriter

import one_page
import pdf
import pdf_marks
import site_pages
from site_pages import Entry

MENU = """
<nav class="bd-links">
  <ul class="bd-sidenav__home-link"><li><a class="reference" href="#">Home</a></li></ul>
  <p class="caption">First part</p>
  <ul><li><a class="reference" href="one.html">One</a></li></ul>
  <p class="caption">Second part</p>
  <ul><li><a class="reference" href="api/index.html">Names</a>
    <ul><li><a class="reference" href="api/a.html">A to B</a></li></ul></li></ul>
</nav>"""
ONE = """
<section id="one"><h1>One<a class="headerlink" href="#one">#</a></h1>
<p id="start">See <a href="api/a.html#place">a name</a>, <a href="#start">above</a>,
<a href="../search.html">search</a> and <a href="https://host.example/x">elsewhere</a>.</p>
<label for="start">label</label><button>press</button><script>run()</script>
<details><summary>Solution</summary>text</details>
<div class="lv-host"><div class="lv-explorer">live</div><noscript>no script</noscript>
<img class="lv-fallback" alt="a picture of it" loading="lazy" src="../_images/a.png"></div>
</section>"""
CITATION = {"authors": [{"name": "some <people>"}], "version": "1.2"}


def page(article, menu="", head=""):
    return (
        f'<html lang="en-GB"><head>{head}</head><body>{menu}'
        f'<article class="bd-article">{article}</article>'
        '<div class="extra_footer">Free to use.</div></body></html>'
    )


@pytest.fixture
def site(tmp_path):
    style = '<link rel="stylesheet" href="../_static/{}.css?v=1">'
    config = '<script>window.MathJax = {}</script><script src="../_static/mathjax/a.js"></script>'
    for name, content in {
        "index": page("<h1>The book<a>#</a></h1>", MENU, style.format("base")),
        "one": page(ONE, head=style.format("base") + style.format("more") + config),
        "api/index": page("<h1>Names</h1>"),
        "api/a": page('<h1>A to B</h1><p id="place">place</p>'),
    }.items():
        file = tmp_path / "book" / f"{name}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
    return tmp_path


def test_the_contents_are_those_of_the_menu_in_its_order(site):
    assert site_pages.contents(site) == [
        Entry("book/index.html", "The book", 0, ""),
        Entry("book/one.html", "One", 0, "First part"),
        Entry("book/api/index.html", "Names", 0, "Second part"),
        Entry("book/api/a.html", "A to B", 1, "Second part"),
    ]


@pytest.mark.parametrize(
    ("menu", "said"),
    [("", "has no menu"), (MENU.replace("api/a.html", "one.html"), "twice: book/one.html")],
)
def test_a_home_page_with_no_menu_or_with_a_page_twice_is_an_error(site, menu, said):
    (site / "book" / "index.html").write_text(page("<h1>The book</h1>", menu), encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        site_pages.contents(site)


@pytest.fixture
def one(site):
    pages = [entry.path for entry in site_pages.contents(site)]
    return BeautifulSoup(one_page.article(site, "book/one.html", pages), "html.parser")


def test_links_between_pages_become_links_within_the_document(one):
    links = {link.text: link.get("href") for link in one.select("a")}
    assert links == {
        "a name": "#api-a--place",
        "above": "#one--start",
        "search": None,
        "elsewhere": "https://host.example/x",
    }
    assert {e["id"] for e in one.find_all(id=True)} == {"one", "one--one", "one--start"}
    assert one.label["for"] == "one--start"


def test_what_only_a_screen_can_use_is_left_out(one, site):
    assert one.select("script, button, noscript, .headerlink, .lv-explorer") == []
    assert one.img["src"] == (site / "_images" / "a.png").resolve().as_uri()
    assert not one.img.has_attr("loading")
    assert one.details.has_attr("open")


def test_the_joined_book_has_all_pages_and_every_style_once(site):
    document = one_page.joined(site, CITATION)
    tree = BeautifulSoup(document, "html.parser")
    assert one_page.headings(document) == ["Contents", "The book", "One", "Names", "A to B"]
    assert [e["id"] for e in tree.select("article[id]")] == ["index", "one", "api-index", "api-a"]
    sheets = [link["href"].rsplit("/")[-1] for link in tree.select("link")]
    assert sheets == ["base.css", "more.css"]
    assert document.count("window.MathJax") == 1
    assert tree.select_one("script[src*=mathjax]")["src"].startswith("file:///")
    ids = {e["id"] for e in tree.find_all(id=True)}
    targets = {a["href"][1:] for a in tree.select('a[href^="#"]')}
    assert targets <= ids
    assert {e["data-page-of"] for e in tree.select("[data-page-of]")} <= targets


def test_the_title_page_says_who_wrote_what_and_its_rights(site):
    title = BeautifulSoup(one_page.joined(site, CITATION), "html.parser").select_one(".title-page")
    for said in ("The book", "some <people>", "Version 1.2", "Free to use."):
        assert said in title.text


def test_a_page_without_text_is_an_error(site):
    (site / "book" / "one.html").write_text("<html></html>", encoding="utf-8")
    with pytest.raises(ValueError, match=r"one\.html has no article"):
        one_page.article(site, "book/one.html", [])


def test_without_chromium_it_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    with pytest.raises(SystemExit, match="apt-get install chromium"):
        pdf.find_browser()
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "browser"))
    with pytest.raises(SystemExit, match=str(tmp_path / "browser")):
        pdf.find_browser()
    (tmp_path / "browser").touch(mode=0o755)
    assert pdf.find_browser() == str(tmp_path / "browser")


def test_without_a_site_there_is_nothing_to_print(tmp_path):
    with pytest.raises(FileNotFoundError, match="make book"):
        pdf.print_site(tmp_path, tmp_path / "book.pdf")


@pytest.fixture
def printed(tmp_path):
    file = tmp_path / "draft.pdf"
    writer = PdfWriter()
    for number in range(3):
        writer.add_blank_page(100, 100)
        writer.add_named_destination(f"place-{number}", number)
    chapter = writer.add_outline_item(title="OneOne", page_number=0)
    writer.add_outline_item(title="Withinapart", page_number=1, parent=chapter)
    writer.add_outline_item(title="Two", page_number=2)
    writer.write(file)
    return file


def test_places_are_found_on_their_pages(printed):
    assert pdf_marks.page_numbers(printed, ["place-2", "place-0"]) == {"place-2": 3, "place-0": 1}
    with pytest.raises(ValueError, match="no place named nowhere"):
        pdf_marks.page_numbers(printed, ["place-1", "nowhere"])


def test_the_outline_gets_the_words_of_the_headings(printed, tmp_path):
    target = tmp_path / "done.pdf"
    pdf_marks.finish(printed, target, ["One", "Within a part", "Two"], {"/Title": "A book"})
    reader = pdf_marks.PdfReader(target)
    first, (within,), second = reader.outline
    assert [mark.title for mark in (first, within, second)] == ["One", "Within a part", "Two"]
    assert reader.metadata.title == "A book"
    with pytest.raises(ValueError, match="3 entries for 1 heading"):
        pdf_marks.finish(printed, target, ["One"], {})
