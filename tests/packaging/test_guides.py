"""What the guides for students and instructors name is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from lossviz_book import repository, site

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "book" / f"{name}.md" for name in ("students", "instructors")]
# Names of the reader's own, and what exists only after a build.
OTHERS = {"results", "_build/html", ".venv/bin", r".venv\Scripts"}
PATH = re.compile(r"(?:\.?[\w-]+/)+[\w.-]*|_\w+\.yml|LICENSE|results")

each_guide = pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)


def code(path: Path) -> list[str]:
    """Return what stands in the text as code, and the lines of its blocks."""
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"(?ms)^ *```\n(.*?)^ *```$", text)
    without = re.sub(r"(?ms)^ *```.*?^ *```$", "", text)
    lines = [line for block in blocks for line in block.splitlines()]
    return [*lines, *re.findall(r"`([^`]+)`", without)]


@each_guide
def test_every_target_of_make_exists(path):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for piece in code(path):
        for target in re.findall(r"\bmake ([a-z-]+)", piece):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@each_guide
def test_every_variable_is_one_that_the_build_reads(path):
    read = {repository.VARIABLE, repository.HUB_VARIABLE, site.VARIABLE}
    named = {name for piece in code(path) for name in re.findall(r"\bLOSSVIZ_\w+", piece)}
    assert named <= read


def test_the_guide_for_instructors_names_them_all():
    text = GUIDES[1].read_text(encoding="utf-8")
    for name in (repository.VARIABLE, repository.HUB_VARIABLE, site.VARIABLE):
        assert name in text


@each_guide
def test_every_file_that_is_named_exists(path):
    named = {piece for piece in code(path) if PATH.fullmatch(piece)} - OTHERS
    assert {name for name in named if not (ROOT / name).exists()} == set()
    for line in code(path):
        for name in re.findall(r"(?<![\w/])(?:book/tools/\S+\.py|\.binder/\w+(?:\.txt)?)", line):
            assert (ROOT / name).is_file(), name


@each_guide
def test_every_subcommand_exists(path):
    from lossviz.cli import main

    for piece in code(path):
        for words in re.findall(r"(?:^|[ !])lossviz ([a-z]+(?: [a-z]+)?)(?= |$)", piece):
            command = main
            for word in words.split()[:2]:
                if not hasattr(command, "commands"):
                    break  # what follows is an argument
                command = command.commands[word]


def test_the_table_of_buttons_says_what_the_build_does():
    text = GUIDES[1].read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ((?:GitHub|GitLab|another)[^|]*?) \|(.*)\|$", text, re.MULTILINE))
    addresses = {
        "GitHub, public": "https://github.com/owner/name",
        "GitLab, public": "https://gitlab.com/owner/name",
        "GitLab of your own": "https://gitlab.example.org/owner/name",
        "another host": "https://codeberg.org/owner/name",
    }
    assert set(rows) == set(addresses)
    for row, address in addresses.items():
        buttons = repository.theme_options(address, "https://hub.example.org")["launch_buttons"]
        said = [cell.strip() for cell in rows[row].split("|")]
        keys = ("binderhub_url", "colab_url", "jupyterhub_url")
        assert [cell in ("yes", "where named") for cell in said] == [key in buttons for key in keys]


def test_the_python_that_they_ask_for_is_the_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (least,) = re.findall(r">=(3\.\d+)", project["requires-python"])
    for path in GUIDES:
        assert f"Python {least} or newer" in path.read_text(encoding="utf-8")


def test_the_licences_are_those_of_the_files():
    text = GUIDES[1].read_text(encoding="utf-8")
    assert "BSD-3-Clause" in text
    assert "Apache 2.0" in text
    mathjax = (ROOT / "book" / "vendor" / "mathjax" / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in mathjax
    assert "CC BY 4.0" in (ROOT / "README.md").read_text(encoding="utf-8")
