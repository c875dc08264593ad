"""How to cite the book, and how long a chapter takes: each from one source."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from pybtex.database import parse_string

from lossviz_book import citation, times

ROOT = Path(__file__).resolve().parents[2]
CFF = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
WORKS = citation.read(ROOT)


def plain(text):
    """Drop what BibTeX adds to words: braces, and an accent's own notation."""
    return re.sub(r"[{}]", "", text.replace(r"{\'e}", "é"))


def only_entry(text):
    (entry,) = parse_string(text, "bibtex").entries.values()
    return entry


def people(entry):
    return [plain(str(person)) for person in entry.persons["author"]]


def test_bibtex_of_the_book_says_what_citation_cff_says():
    entry = only_entry(citation.as_bibtex(WORKS["book"]))
    assert entry.type == CFF["type"] == "software"
    assert plain(entry.fields["title"]) == CFF["title"]
    assert entry.fields["version"] == str(CFF["version"])
    assert citation.as_bibtex(CFF).count(CFF["authors"][0]["name"]) == 1
    assert len(entry.persons["author"]) == len(CFF["authors"])


def test_bibtex_of_the_study_agrees_with_the_bibliography():
    entry = only_entry(citation.as_bibtex(WORKS["study"]))
    bibliography = (ROOT / "book" / "references.bib").read_text(encoding="utf-8")
    listed = parse_string(bibliography, "bibtex").entries["bosman2023"]
    assert entry.key == "bosman2023"
    assert entry.type == listed.type
    assert people(entry) == people(listed)
    assert plain(entry.fields["title"]).lower() == plain(listed.fields["title"]).lower()
    for field in ("year", "note"):
        assert entry.fields[field] == listed.fields[field]


@pytest.mark.parametrize("which", ["book", "study"])
def test_a_sentence_has_all_that_bibtex_has(which):
    work = WORKS[which]
    said = citation.as_text(work)
    assert work["title"] in said
    for author in work["authors"]:
        assert author.get("name", author.get("family-names")) in said
    for part in (citation.year(work), *citation.identifiers(work), work.get("version", "")):
        assert str(part) in said
    assert said.endswith(".")
    assert ".." not in said


def test_the_package_and_the_citation_have_one_version_and_licence():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert CFF["version"] == project["version"]
    assert project["license"] in CFF["license"]
    assert [a["name"] for a in CFF["authors"]] == [a["name"] for a in project["authors"]]


def test_all_kinds_of_fields_are_shown():
    person = {"family-names": "Doe", "given-names": "Ann Bea"}
    work = {
        "type": "article",
        "title": "On saddles",
        "authors": [person, {"name": "A group"}],
        "date-released": "2031-05-01",
        "doi": "10.1/x",
        "url": "https://host.example/x",
    }
    assert citation.as_text(work) == (
        "A. B. Doe and A group. On saddles. 2031. doi:10.1/x. https://host.example/x."
    )
    assert citation.as_bibtex(work).splitlines() == [
        "@article{doe2031,",
        "  title = {{On saddles}},",
        "  author = {Doe, Ann Bea and {A group}},",
        "  year = {2031},",
        "  note = {doi:10.1/x, https://host.example/x},",
        "}",
    ]


def test_a_kind_of_work_that_is_not_known_is_an_error():
    with pytest.raises(ValueError, match=r"one of software, .*, got 'painting'"):
        citation.as_bibtex({"type": "painting"})


def notebook(*texts):
    cells = [{"cell_type": "markdown", "source": [text]} for text in texts]
    code = {"cell_type": "code", "source": ["# It takes about 10 minutes."]}
    return json.dumps({"cells": [*cells, code]})


@pytest.mark.parametrize("said", ["45 minutes", "an hour", "2 hours"])
def test_a_chapters_time_is_what_its_text_says(said):
    assert times.reading_time(notebook("# Chapter", f"It takes about {said}. Then rest.")) == said


@pytest.mark.parametrize(
    ("texts", "count"), [((), 0), (["It takes about 5 minutes", "It takes about 6 minutes"], 2)]
)
def test_a_chapter_that_says_no_time_or_two_is_an_error(texts, count):
    with pytest.raises(ValueError, match=f"found {count} times"):
        times.reading_time(notebook(*texts))


def test_every_chapter_says_how_long_it_takes_and_the_first_page_repeats_it():
    index = (ROOT / "book" / "index.md").read_text(encoding="utf-8")
    for chapter in sorted((ROOT / "book").glob("*.ipynb")):
        assert times.reading_time(chapter.read_text(encoding="utf-8"))
        assert f"{{reading-time}}`{chapter.stem}`" in index
    assert re.search(r"\d+ (?:minutes|hours)", index) is None
