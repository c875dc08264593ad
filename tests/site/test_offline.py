"""The archive of the site, unzipped and read from files: no server, no connection."""

from __future__ import annotations

import re
import zipfile
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import expect

import archive

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
# It is for servers, which show it at any depth: its addresses begin at the site's root.
FOR_SERVERS = "404.html"

pytestmark = pytest.mark.site

SETTLE = """async () => {
  if (window.MathJax?.startup) await MathJax.startup.promise;
  await document.fonts.ready;
}"""
BROKEN = """async () => {
  const images = [...document.images].filter(image => image.getAttribute("src"));
  images.forEach(image => { image.loading = "eager"; });
  await Promise.allSettled(images.map(image => image.decode()));
  return images.filter(image => !image.naturalWidth).map(image => image.src);
}"""


@pytest.fixture(scope="module")
def unzipped(tmp_path_factory):
    if not (SITE / archive.ARCHIVE).is_file():
        pytest.fail("the archive is not made; run `make book`")
    folder = tmp_path_factory.mktemp("a folder")  # with a space, as readers have
    with zipfile.ZipFile(SITE / archive.ARCHIVE) as packed:
        packed.extractall(folder)
    return folder / archive.FOLDER


@pytest.fixture(scope="module")
def pages(unzipped):
    found = sorted(unzipped.glob("*.html")) + sorted(unzipped.glob("book/**/*.html"))
    return [page for page in found if page.name not in (FOR_SERVERS, "index.html")]


@contextmanager
def reading(browser, page, faults):
    """Open a file without a connection; what goes wrong is added to the faults."""
    context = browser.new_context(offline=True)
    shown = context.new_page()

    def note(what):
        faults.append(f"{page.name}: {what}")

    shown.on("console", lambda m: m.type in ("error", "warning") and note(m.text))
    shown.on("pageerror", lambda error: note(error))
    shown.on("requestfailed", lambda request: note(f"failed {request.url}"))
    shown.goto(page.as_uri())
    shown.evaluate(SETTLE)
    yield shown
    context.close()


def test_the_archive_is_the_site_without_itself(unzipped):
    inside = {file.relative_to(unzipped) for file in unzipped.rglob("*") if file.is_file()}
    built = {file.relative_to(SITE) for file in SITE.rglob("*") if file.is_file()}
    assert inside == built - {Path(archive.ARCHIVE), Path(archive.PDF)}
    different = [
        file for file in inside if (unzipped / file).read_bytes() != (SITE / file).read_bytes()
    ]
    assert different == [Path(archive.PAGE)]


def test_making_the_archive_again_gives_the_same(tmp_path):
    archive.pack(SITE, tmp_path / "again.zip")
    assert archive.digest(tmp_path / "again.zip") == archive.digest(SITE / archive.ARCHIVE)


def test_no_file_names_a_folder_of_this_machine(unzipped):
    here = str(SITE.parents[1]).encode()
    assert [
        file for file in unzipped.rglob("*") if file.is_file() and here in file.read_bytes()
    ] == []


@pytest.mark.long
def test_every_page_opens_whole_and_in_silence(browser, pages):
    faults = []
    for page in pages:
        with reading(browser, page, faults) as shown:
            assert shown.locator("h1").count() >= 1, page
            faults += shown.evaluate(BROKEN)
            formulae = len(re.findall(r'class="math ', page.read_text(encoding="utf-8")))
            assert shown.locator(".math mjx-container").count() == formulae, page
    assert faults == []


class _Links(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, _tag, attrs):
        self.found += [value for name, value in attrs if name in ("href", "src") and value]


def test_every_link_leads_to_a_file_of_the_archive(pages, unzipped):
    dead = []
    for page in [*pages, unzipped / "index.html"]:
        for link in _Links(page).found:
            parts = urlsplit(link)
            if parts.scheme or not parts.path:
                continue
            target = (page.parent / unquote(parts.path)).resolve()
            if not target.is_file() or not target.is_relative_to(unzipped):
                dead.append(f"{page.name}: {link}")
    assert dead == []


def test_the_way_in_leads_to_the_first_page_and_on(browser, unzipped):
    page = browser.new_context(offline=True).new_page()
    page.goto((unzipped / "index.html").as_uri())
    page.wait_for_url("**/book/index.html")
    page.locator("article a.reference.internal").first.click()
    page.wait_for_url(re.compile(r"book/(?!index).*\.html"))
    assert page.locator("article h1").count() == 1
    page.context.close()


def test_every_explorer_answers(browser, pages):
    faults, answered = [], 0
    for page in pages:
        if 'class="lv-host"' not in page.read_text(encoding="utf-8"):
            continue
        with reading(browser, page, faults) as shown:
            for number in range(shown.locator(".lv-explorer").count()):
                explorer = shown.locator(".lv-explorer").nth(number)
                said = explorer.locator("[aria-live]")
                before = said.inner_text()
                assert before.strip()
                explorer.locator("input[type=range], select").first.focus()
                shown.keyboard.press("ArrowRight")
                shown.keyboard.press("ArrowDown")
                shown.keyboard.press("ArrowRight")
                expect(said).not_to_have_text(before)
                answered += 1
    assert faults == []
    assert answered >= 1


def test_without_javascript_explorers_are_described_pictures_and_text_stays(browser, pages):
    context, pictures = browser.new_context(offline=True, java_script_enabled=False), 0
    for path in pages:
        if 'class="lv-host"' not in path.read_text(encoding="utf-8"):
            continue
        page = context.new_page()
        page.goto(path.as_uri())
        for image in page.locator(".lv-host img.lv-fallback").all():
            assert image.is_visible()
            assert len(image.get_attribute("alt").split()) >= 3
            pictures += 1
        assert page.locator(".lv-explorer").count() == 0
        assert len(page.locator("article").inner_text().split()) > 50
        page.close()
    context.close()
    assert pictures >= 1


def test_search_finds_pages_from_files(browser, unzipped):
    page = browser.new_context(offline=True).new_page()
    page.goto((unzipped / "book" / "index.html").as_uri())
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").fill("saddle")
    page.keyboard.press("Enter")
    link = page.locator("#search-results li a").first
    link.click()
    page.wait_for_url("**/book/**")
    assert "saddle" in page.inner_text("article").lower()
    page.context.close()
