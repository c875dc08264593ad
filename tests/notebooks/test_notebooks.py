"""What nbval does not look at: form, sizes, descriptions of pictures."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

import notebooks

ROOT = Path(__file__).resolve().parents[2]
# Problem sets without answers cannot be run; tests/coursework looks at them.
APART = {".ipynb_checkpoints", "coursework"}
CHAPTERS = sorted(
    path
    for path in (ROOT / "book").rglob("*.ipynb")
    if APART.isdisjoint(path.relative_to(ROOT).parts)
)
TAGS = {f"{how}-{what}" for how in ("hide", "remove") for what in ("input", "output", "cell")}
INPUT_AWAY = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
GLUED = "application/papermill.record/"  # glue keeps a figure under its type behind this

UNSTABLE = {
    "memory address": re.compile(r"\b0x[0-9a-fA-F]{6,}"),
    "timing": re.compile(r"\d\s*(?:ns|µs|us|ms|s|sec|seconds?)\b|\b(?:wall|CPU) times?:", re.I),
    "absolute path": re.compile(r"(?<![\w.:/<])/(?:[\w.-]+/)+[\w.-]+|\b[A-Z]:\\"),
    "progress bar": re.compile(r"\d+%\|"),
}

each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)


def code_cells(path: Path) -> list[NotebookNode]:
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(path: Path) -> Iterator[NotebookNode]:
    for cell in code_cells(path):
        yield from cell.outputs


def texts(output: NotebookNode) -> Iterator[str]:
    yield output.get("text", "")
    for kind, data in output.get("data", {}).items():
        if kind.removeprefix(GLUED).startswith("text/"):
            # Programs, styles and pictures within HTML are no words.
            yield re.sub(r"(?s)<(script|style)\b.*?</\1>|base64,[\w+/=]+", "", data)


def is_real(description: str) -> bool:
    """Tell a description of a picture from a file's name or a figure's repr."""
    words = description.split()
    file_name = re.search(r"\.(?:png|jpe?g|svg|gif)\s*$", description, re.I)
    return len(words) >= 5 and not file_name and not description.startswith("<")


def unstable(text: str) -> list[str]:
    return [f"{what}: {match[0]!r}" for what, p in UNSTABLE.items() if (match := p.search(text))]


def test_there_are_chapters():
    assert CHAPTERS


@each_chapter
def test_is_valid_and_in_the_normal_form(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    assert notebooks.check(path)


@each_chapter
def test_was_executed_from_top_to_bottom_by_the_python3_kernel(path):
    counts = [cell.execution_count for cell in code_cells(path) if cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1))
    assert nbformat.read(path, as_version=4).metadata.kernelspec.name == "python3"


@each_chapter
def test_has_neither_errors_nor_warnings(path):
    assert [o for o in outputs(path) if o.output_type == "error"] == []
    assert [o.text for o in outputs(path) if o.get("name") == "stderr"] == []


@each_chapter
def test_is_small(path):
    assert path.stat().st_size < 1_000_000
    assert max((len(json.dumps(output)) for output in outputs(path)), default=0) < 300_000


@each_chapter
def test_every_picture_is_described(path):
    for output in outputs(path):
        for kind in output.get("data", {}):
            image = kind.removeprefix(GLUED)
            if image.startswith("image/"):
                alt = output.metadata.get(image, {}).get("alt", "")
                assert is_real(alt), f"{image} of a cell has the description {alt!r}"


@each_chapter
def test_outputs_hold_nothing_that_moves(path):
    found = [f for output in outputs(path) for text in texts(output) for f in unstable(text)]
    assert found == []


@each_chapter
def test_cells_are_short_and_plain(path):
    for cell in code_cells(path):
        tags = set(cell.metadata.get("tags", []))
        assert tags <= TAGS, f"tags {sorted(tags - TAGS)} are not among {sorted(TAGS)}"
        lines = cell.source.splitlines()
        assert tags & INPUT_AWAY or len(lines) <= 15, f"{len(lines)} visible lines:\n{cell.source}"
        assert not [line for line in lines if line.rstrip().endswith(";")]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("<object at 0x7f3a2c01>", "memory address"),
        ("done in 3.2 s", "timing"),
        ("Wall time: 5", "timing"),
        ("/home/someone/book/x.py:3", "absolute path"),
        (" 40%|####", "progress bar"),
    ],
)
def test_what_moves_is_recognised(text, what):
    assert [found.split(":")[0] for found in unstable(text)] == [what]


@pytest.mark.parametrize("text", ["loss 0.35, 9 saddles", "tanh/relu/elu", "50 % of 90 walks"])
def test_what_stays_is_left_alone(text):
    assert unstable(text) == []


@pytest.mark.parametrize("text", ["", "fig.png", "figure", "<Figure size 640x480 with 1 Axes>"])
def test_a_poor_description_is_recognised(text):
    assert not is_real(text)
