"""The tool that packs the built site into one archive and offers it for download."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from pathlib import PurePosixPath

import pytest

import archive

OFFLINE = "<p>before</p><!-- downloads --><p>nothing</p><!-- /downloads --><p>after</p>"


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "_build" / "html"
    for name, content in {
        "index.html": "root",
        ".nojekyll": "",
        "book/offline.html": OFFLINE,
        "book/chapter.html": "chapter",
        "_static/style.css": "a { }",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    return root


def packed(site):
    archive.main(site)
    return (site / archive.ARCHIVE).read_bytes()


def test_the_same_site_elsewhere_and_later_gives_the_same_bytes(site, tmp_path):
    first = packed(site)
    other = tmp_path / "elsewhere" / "html"
    other.mkdir(parents=True)
    for file in sorted(site.rglob("*"), reverse=True):
        if file.is_file() and file.name != archive.ARCHIVE:
            (other / file.relative_to(site)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, other / file.relative_to(site))
            os.utime(other / file.relative_to(site), (10**9, 10**9))
            (other / file.relative_to(site)).chmod(0o600)
    assert packed(other) == first


def test_making_it_twice_changes_nothing(site):
    first = packed(site)
    times = {file: file.stat().st_mtime_ns for file in site.rglob("*") if file.is_file()}
    assert packed(site) == first
    assert {file: file.stat().st_mtime_ns for file in times} == times
    assert not list(site.parent.glob(".*.zip"))


def test_it_holds_every_file_but_itself_and_the_pdf_in_one_folder(site):
    (site / archive.PDF).write_bytes(b"%PDF")
    archive.pack(site, site / archive.ARCHIVE)
    names = zipfile.ZipFile(site / archive.ARCHIVE).namelist()
    assert names == [
        f"lossviz-book/{name}"
        for name in (
            ".nojekyll",
            "_static/style.css",
            "book/chapter.html",
            "book/offline.html",
            "index.html",
        )
    ]
    assert not any(PurePosixPath(name).is_absolute() or ".." in name for name in names)


def test_the_site_links_to_the_archive_with_its_size_and_the_archives_copy_does_not(site):
    content = packed(site)
    page = (site / "book" / "offline.html").read_text(encoding="utf-8")
    assert f'href="../{archive.ARCHIVE}"' in page
    assert f"({archive.size(site / archive.ARCHIVE)})" in page
    assert "nothing" not in page
    assert page.startswith("<p>before</p>")
    assert page.endswith("<p>after</p>")
    with zipfile.ZipFile(site / archive.ARCHIVE) as unpacked:
        copy = unpacked.read("lossviz-book/book/offline.html").decode()
    assert "href" not in copy
    assert "comes from the archive" in copy
    assert hashlib.sha256(content).hexdigest() == archive.digest(site / archive.ARCHIVE)


def test_a_pdf_is_offered_only_beside_the_pages_that_it_shows(site):
    packed(site)
    (site.parent / archive.PDF).write_bytes(b"%PDF of these pages")
    archive.note_pdf(site)
    packed(site)
    page = site / "book" / "offline.html"
    assert f'href="../{archive.PDF}"' in page.read_text(encoding="utf-8")
    assert (site / archive.PDF).read_bytes() == b"%PDF of these pages"
    (site / "book" / "chapter.html").write_text("changed", encoding="utf-8")
    packed(site)
    assert f'href="../{archive.PDF}"' not in page.read_text(encoding="utf-8")
    assert not (site / archive.PDF).exists()
    assert (site.parent / archive.PDF).exists()


def test_a_site_without_the_page_has_an_archive_all_the_same(site):
    (site / "book" / "offline.html").unlink()
    packed(site)
    assert zipfile.ZipFile(site / archive.ARCHIVE).testzip() is None


@pytest.mark.parametrize("page", ["no place", OFFLINE * 2])
def test_a_page_with_no_place_for_downloads_or_two_is_an_error(site, page):
    (site / "book" / "offline.html").write_text(page, encoding="utf-8")
    with pytest.raises(ValueError, match="places for downloads, not 1"):
        archive.main(site)


def test_without_a_site_there_is_nothing_to_pack(tmp_path):
    with pytest.raises(FileNotFoundError, match="make book"):
        archive.pack(tmp_path, tmp_path / "a.zip")


@pytest.mark.parametrize(("length", "said"), [(1, "0.1 MB"), (5_700_001, "5.8 MB")])
def test_sizes_are_rounded_up(tmp_path, length, said):
    file = tmp_path / "file"
    with file.open("wb") as opened:
        opened.truncate(length)
    assert archive.size(file) == said
