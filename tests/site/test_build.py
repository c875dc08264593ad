"""The build itself, on a small book in a copy of the repository: what is broken must fail."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from small_book import GOOD, TOC, assert_green

pytestmark = [pytest.mark.slow, pytest.mark.long]

BROKEN_FUNCTION = "\n\ndef get_activation(name):\n    raise RuntimeError('broken on purpose')\n"


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


def test_a_page_without_a_paragraph_fails_the_build(book):
    book.write_chapter(GOOD, text="# Chapter")
    done = book.build()
    assert done.returncode != 0
    assert "no paragraph to describe this page by" in done.stdout + done.stderr
