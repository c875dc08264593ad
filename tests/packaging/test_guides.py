"""What the guides for students and instructors name is there."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from grading.model import STATUSES
from lossviz_book import repository, site

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "book" / f"{name}.md" for name in ("students", "instructors", "teaching")]
# Names of the reader's own, and what exists only after a build.
OTHERS = {"results", "_build/html", ".venv/bin", r".venv\Scripts", "marks-ps1/feedback"}
OTHERS |= {"submitted/"}
OTHERS |= {f"SUBMISSIONS/STUDENT/{path}" for path in ("ps1.ipynb", "ps1/ps1.ipynb")}
PATH = re.compile(r"(?:\.?[\w-]+/)+[\w.-]*|_\w+\.yml|LICENSE|results")

each_guide = pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.stem)


def code(path: Path) -> list[str]:
    """Return what stands in the text as code, and the lines of its blocks."""
    text = path.read_text(encoding="utf-8")
    blocks = re.findall(r"(?ms)^ *```\n(.*?)^ *```$", text)
    without = re.sub(r"(?ms)^ *```.*?^ *```$", "", text)
    lines = [line for block in blocks for line in block.splitlines()]
    return [*lines, *re.findall(r"(?<!})`([^`]+)`", without)]


@each_guide
def test_every_target_of_make_exists(path):
    for piece in code(path):
        for folder, target in re.findall(r"\bmake (?:-C (\w+) )?([a-z-]+)", piece):
            makefile = (ROOT / folder / "Makefile").read_text(encoding="utf-8")
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


def texts(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


def plain(text: str) -> str:
    """Return a line without its emphasis, and citations as words."""
    return text.replace("{cite:t}`bosman2023`", "Bosman, Engelbrecht and Helbig (2023)").replace(
        "*", ""
    )


CHAPTERS = sorted(path for path in (ROOT / "book").glob("*.ipynb"))
SETS = sorted((ROOT / "book" / "coursework").glob("*.ipynb"))


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_the_map_has_every_outcome_of_a_chapter(path):
    opening = texts(path).split("**After this chapter you can**")[1].split("It takes about")[0]
    wanted = [plain(line).rstrip(";.") for line in re.findall(r"(?m)^- (.*)$", opening)]
    lines = GUIDES[2].read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines if line[:1] == "|"]
    first = [row[0] for row in rows].index(f"[]({path.name})")
    assert [row[1] for row in rows[first : first + len(wanted)]] == wanted
    assert all(row[0] == "" for row in rows[first + 1 : first + len(wanted)])


@pytest.mark.parametrize("path", SETS, ids=lambda path: path.stem)
def test_the_map_sends_to_every_question_of_a_set(path):
    asked = {
        number + "*" * ("stretch" in words)
        for number, words in re.findall(r"(?m)^## Question (\d+)(.*)$", texts(path))
    }
    named = re.findall(rf"{path.stem.upper()}: ([\d, *]+)", GUIDES[2].read_text("utf-8"))
    assert {number.strip() for group in named for number in group.split(",")} == asked


def test_plans_name_every_chapter():
    plans = GUIDES[2].read_text("utf-8").split("## Ten weeks")[1].split("## A night")[0]
    assert [path.name for path in CHAPTERS if f"[]({path.name})" not in plans] == []


def test_the_table_of_statuses_has_them_all():
    night = GUIDES[2].read_text("utf-8").split("## A night of grading")[1]
    assert {status for status in STATUSES if f"`{status}`" not in night} == set()


def test_the_python_that_they_ask_for_is_the_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (least,) = re.findall(r">=(3\.\d+)", project["requires-python"])
    for path in GUIDES[:2]:
        assert f"Python {least} or newer" in path.read_text(encoding="utf-8")


def test_the_licences_are_those_of_the_files():
    text = GUIDES[1].read_text(encoding="utf-8")
    assert "BSD-3-Clause" in text
    assert "Apache 2.0" in text
    mathjax = (ROOT / "book" / "vendor" / "mathjax" / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in mathjax
    assert "CC BY 4.0" in (ROOT / "README.md").read_text(encoding="utf-8")
