"""The build itself, on a small book in a copy of the repository: what is broken must fail."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from site_server import serving

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("_config.yml", "Makefile", "requirements.txt", "pyproject.toml")
FOLDERS = (
    "lossviz",
    "book/assets",
    "book/extensions",
    "book/results",
    "book/tools",
    "book/vendor",
)

pytestmark = pytest.mark.slow

INDEX = "# A small book\n\nWith one formula, $f(z)$, and {doc}`chapter`.\n"
TOC = "format: jb-book\nroot: book/index\nchapters:\n  - file: book/chapter\n"
GOOD = "import lossviz as lv\n\nlv.get_activation('tanh').name"
BROKEN_FUNCTION = "\n\ndef get_activation(name):\n    raise RuntimeError('broken on purpose')\n"


class Book:
    """A book of two pages with its build command, beside the environment of this one."""

    def __init__(self, root: Path, mark: str) -> None:
        self.root = root
        self.html = root / "_build" / "html"
        self._mark = mark

    def write_chapter(self, code: str, text: str = "# Chapter\n\nWith one cell.") -> None:
        cells = [new_markdown_cell(text, id="text"), new_code_cell(code, id="code")]
        kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        notebook = new_notebook(cells=cells, metadata=kernel)
        nbformat.write(notebook, self.root / "book" / "chapter.ipynb")

    def build(self, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run `make book` without installing anything: the environment's mark is given."""
        environment = os.environ | {"PYTHONPATH": str(self.root), "LOSSVIZ_REPOSITORY": ""}
        environment.pop("LOSSVIZ_JUPYTERHUB", None)
        return subprocess.run(
            ["make", "book", f"HASH={self._mark}"],
            cwd=self.root,
            env=environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )

    def page(self, name: str = "chapter") -> str:
        return (self.html / "book" / f"{name}.html").read_text(encoding="utf-8")


@pytest.fixture
def book(tmp_path):
    marks = sorted((ROOT / ".venv").glob(".book-*"))
    if not marks:
        pytest.skip("the environment was not made by make; run `make test-slow`")
    for name in PARTS:
        shutil.copy(ROOT / name, tmp_path / name)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "requirements.txt", tmp_path / "tests")
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "_toc.yml").write_text(TOC)
    (tmp_path / "book" / "index.md").write_text(INDEX)
    (tmp_path / "book" / "references.bib").touch()
    small = Book(tmp_path, marks[0].name.removeprefix(".book-"))
    small.write_chapter(GOOD)
    return small


def assert_green(done):
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_a_second_build_without_changes_is_green_and_quick(book):
    assert_green(book.build())
    page = book.html / "book" / "chapter.html"
    written = page.stat().st_mtime_ns
    start = time.monotonic()
    assert_green(book.build())
    assert time.monotonic() - start < 20
    assert page.stat().st_mtime_ns == written


def test_a_broken_notebook_fails_the_first_build_and_the_second(book):
    book.write_chapter("1 / 0")
    for _ in range(2):
        done = book.build()
        assert done.returncode != 0
        assert "ZeroDivisionError" in done.stdout + done.stderr
    book.write_chapter(GOOD)
    assert_green(book.build())


def test_a_notebook_that_breaks_later_fails_too(book):
    assert_green(book.build())
    book.write_chapter("1 / 0")
    assert book.build().returncode != 0
    assert book.build().returncode != 0


def test_a_broken_package_fails_the_builds_after_a_good_one(book):
    assert_green(book.build())
    module = book.root / "lossviz" / "activations" / "__init__.py"
    good = module.read_text(encoding="utf-8")
    module.write_text(good + BROKEN_FUNCTION, encoding="utf-8")
    for _ in range(2):
        done = book.build()
        assert done.returncode != 0
        assert "broken on purpose" in done.stdout + done.stderr
    module.write_text(good, encoding="utf-8")
    assert_green(book.build())
    assert len(list((book.root / "_build" / ".jupyter_cache").iterdir())) == 1


MEETING = """
import time
from pathlib import Path

Path("{here}").touch()
while not Path("{there}").exists():
    time.sleep(0.1)
"""


@pytest.mark.skipif(os.cpu_count() == 1, reason="one processor")
def test_two_chapters_are_executed_at_the_same_time(book):
    book.write_chapter(MEETING.format(here="a.txt", there="b.txt"))
    shutil.copy(book.root / "book" / "chapter.ipynb", book.root / "book" / "other.ipynb")
    book.write_chapter(MEETING.format(here="b.txt", there="a.txt"))
    (book.root / "_toc.yml").write_text(TOC + "  - file: book/other\n")
    assert_green(book.build())


def test_a_change_of_the_results_reaches_the_chapter(book):
    book.write_chapter("from pathlib import Path\n\nPath('results/verdicts.csv').read_text()[:5]")
    assert_green(book.build())
    assert "claim" in book.page()
    (book.root / "book" / "results" / "verdicts.csv").write_text("other,words\n")
    assert_green(book.build())
    assert "other" in book.page()


@pytest.mark.parametrize("fault", ["{doc}`nowhere`", "{py:func}`lossviz.nowhere`"])
def test_a_dead_reference_fails_the_first_build_and_the_second(book, fault):
    book.write_chapter(GOOD, text=f"# Chapter\n\nSee {fault}.")
    for _ in range(2):
        done = book.build()
        assert done.returncode != 0
        assert "nowhere" in done.stdout + done.stderr


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


def test_a_page_without_a_paragraph_fails_the_build(book):
    book.write_chapter(GOOD, text="# Chapter")
    done = book.build()
    assert done.returncode != 0
    assert "no paragraph to describe this page by" in done.stdout + done.stderr
