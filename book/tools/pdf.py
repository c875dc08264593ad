"""Prints the built site to one PDF with Chromium (``make pdf``)."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from playwright.sync_api import Page, sync_playwright
from pypdf import PdfReader

import archive
import one_page
import pdf_marks
import site_pages

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MISSING = (
    "make pdf prints with Chromium, but none of {names} is installed "
    "(Debian: apt-get install chromium), or say where it is: CHROMIUM=/path make pdf"
)
# Nothing is asked of another host.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND",
]
_SETTLE = """async () => {
  if (window.MathJax?.startup) await MathJax.startup.promise;
  await document.fonts.ready;
  await Promise.all([...document.images].map(image => image.decode()));
}"""
_NUMBER = """pages => document.querySelectorAll("[data-page-of]").forEach(
  place => { place.textContent = pages[place.dataset.pageOf]; })"""


def find_browser() -> str:
    """Return the path of Chromium.

    The variable `CHROMIUM` names another than the first that is found.

    Raises:
        SystemExit: saying what to do, if there is none.
    """
    names = (
        [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else BROWSERS
    )
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SystemExit(MISSING.format(names=", ".join(names)))
    return found


@contextmanager
def opened(document: Path, program: str) -> Iterator[Page]:
    """Show a document in Chromium as it will be on paper, with formulae and pictures in place."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=_FLAGS
        )
        page = browser.new_page(color_scheme="light")
        page.emulate_media(media="print")
        page.goto(document.as_uri())
        page.evaluate(_SETTLE)
        yield page
        browser.close()


def print_site(site: Path, target: Path) -> int:
    """Print a built site to a PDF and return its number of pages.

    The table of contents needs the numbers of pages that only printing tells, so it is printed
    until they agree: twice, as a number takes the same place whatever it is.

    Args:
        site: the folder of the built site.
        target: the file to write.

    Raises:
        FileNotFoundError: if the site is not built.
        RuntimeError: if the table never agrees with the pages.
    """
    if not (site / site_pages.HOME).is_file():
        raise FileNotFoundError(f"no site in {site}: run `make book`")
    program = find_browser()
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    names = [
        site_pages.anchor(entry.path) for entry in site_pages.contents(site)
    ]
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder, "book.html")
        document.write_text(one_page.joined(site, citation), "utf-8")
        draft = Path(folder, "book.pdf")
        with opened(document, program) as page:
            _print_until_numbers_agree(page, draft, names)
        headings = one_page.headings(document.read_text("utf-8"))
        pdf_marks.finish(draft, target, headings, _data(site, citation))
    return len(PdfReader(target).pages)


def _data(site: Path, citation: dict[str, Any]) -> dict[str, str]:
    return {
        "/Title": site_pages.contents(site)[0].title,
        "/Author": one_page.authors(citation),
        "/Keywords": ", ".join(citation["keywords"]),
    }


def _print_until_numbers_agree(
    page: Page, pdf: Path, names: list[str]
) -> None:
    shown: dict[str, int] = {}
    for _ in range(4):
        page.pdf(
            path=pdf, prefer_css_page_size=True, outline=True, tagged=True
        )
        found = pdf_marks.page_numbers(pdf, names)
        if found == shown:
            return
        page.evaluate(_NUMBER, found)
        shown = found
    raise RuntimeError("the table of contents does not come to rest")


def main(site: Path) -> None:
    """Print the site, and offer the PDF on its page about reading offline."""
    target = site.parent / archive.PDF
    pages = print_site(site, target)
    archive.note_pdf(site)
    archive.offer(site)
    print(f"{target}: {pages} pages, {archive.size(target)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve() if sys.argv[1:] else SITE)
