"""How students of a hostile class spoil a right notebook."""

from __future__ import annotations

import copy
import json
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat

_SCHEME = re.compile(r"[^\n]*BEGIN MARK SCHEME.*?END MARK SCHEME[^\n]*", re.S)

#: All of PS1's points that tests give.
FULL = 38

#: The right answer to the question that most cases get wrong or attack from; it has 3 points.
TARGET, RIGHT, WRONG = "q4-loss-answer", "fold_loss = np.log1p(np.exp(-a))", "fold_loss = 0.5"
LESS = FULL - 3


class Hand:
    """One student at work: a right notebook to spoil, and a folder to put it into."""

    def __init__(self, source: Path, release: Path, folder: Path, world: dict[str, str]) -> None:
        self.student, self.folder, self.world = folder.name, folder, world
        solved, self.book = (nbformat.read(path, as_version=4) for path in (source, release))
        self.unanswered = {c.id: c.source for c in self.book.cells}
        for cell, right in zip(self.book.cells, solved.cells, strict=True):
            if cell.metadata.nbgrader.solution:
                cell.source = _SCHEME.sub("", right.source)
        self.files: dict[str, str | bytes] = {}
        self.name: str | None = "ps1/ps1.ipynb"
        self["student-id"] = f'STUDENT_ID = "{self.student}"'

    def at(self, name: str) -> int:
        """The place of a cell."""
        names = [c.metadata.get("nbgrader", {}).get("grade_id") for c in self.book.cells]
        return names.index(name)

    def __setitem__(self, name: str, text: str) -> None:
        self.book.cells[self.at(name)].source = text

    def __getitem__(self, name: str) -> str:
        return self.book.cells[self.at(name)].source

    def answers(self) -> list[Any]:
        """All cells that students fill in."""
        return [c for c in self.book.cells if c.metadata.nbgrader.solution]

    def hand_in(self) -> None:
        """Write everything."""
        self.folder.mkdir(parents=True)
        if self.name is not None:
            self.files.setdefault(self.name, json.dumps(self.book))
        for name, content in self.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)


def answer(text: str, cell: str = TARGET) -> Callable[[Hand], None]:
    """Give this answer; `{world[...]}` holds places that a student should not see."""

    def make(hand: Hand) -> None:
        for key, value in hand.world.items():
            nonlocal text
            text = text.replace(f"<{key}>", value)
        hand[cell] = text

    return make


def attempt(attack: str) -> Callable[[Hand], None]:
    """Answer right only if an attack succeeds, else wrong: the mark tells."""
    indented = "\n".join("    " + line for line in attack.splitlines())
    return answer(f"try:\n{indented}\n    {RIGHT}\nexcept BaseException:\n    {WRONG}")


def blank(hand: Hand) -> None:
    for cell in hand.answers():
        cell.source = hand.unanswered[cell.id]


def forgotten_id(hand: Hand) -> None:
    hand["student-id"] = hand.unanswered["student-id"]


def delete(*names: str) -> Callable[[Hand], None]:
    def make(hand: Hand) -> None:
        for name in names:
            del hand.book.cells[hand.at(name)]

    return make


def altered(hand: Hand) -> None:
    hand["setup"] = "raise SystemExit"
    hand["personal"] = "def personal(name, low, high):\n    return low"
    for cell in hand.book.cells:
        if cell.metadata.nbgrader.grade and not cell.metadata.nbgrader.solution:
            cell.source = "assert True"


def duplicated(hand: Hand) -> None:
    for name in ("q2-share", "q2-share-answer", "setup"):
        index = hand.at(name)
        hand.book.cells.insert(index, copy.deepcopy(hand.book.cells[index]))


def two_answers(hand: Hand) -> None:
    index = hand.at(TARGET)
    hand.book.cells.insert(index, copy.deepcopy(hand.book.cells[index]))
    hand.book.cells[index].source = WRONG


def reordered(hand: Hand) -> None:
    random.Random(7).shuffle(hand.book.cells)


def points_edited(hand: Hand) -> None:
    for cell in hand.book.cells:
        if "points" in cell.metadata.nbgrader:
            cell.metadata.nbgrader["points"] = 1000
    hand[TARGET] = WRONG


def stripped(ids: bool, shuffle: bool = False) -> Callable[[Hand], None]:
    def make(hand: Hand) -> None:
        if shuffle:
            reordered(hand)
        for number, cell in enumerate(hand.book.cells):
            cell.metadata.clear()
            if not ids:
                cell["id"] = f"new-{number}"

    return make


def kernel(name: str, language: str) -> Callable[[Hand], None]:
    def make(hand: Hand) -> None:
        hand.book.metadata["kernelspec"] = {
            "name": name,
            "language": language,
            "display_name": name,
        }

    return make


def only_bytes(content: bytes) -> Callable[[Hand], None]:
    def make(hand: Hand) -> None:
        hand.files["ps1/ps1.ipynb"] = content

    return make


def named(name: str | None) -> Callable[[Hand], None]:
    def make(hand: Hand) -> None:
        hand.name = name

    return make


def two_files(hand: Hand) -> None:
    hand.files["ps1/ps1.ipynb"] = json.dumps(hand.book)
    hand[TARGET] = WRONG
    hand.name = "ps1/ps1 (1).ipynb"


def ships(hand: Hand) -> None:
    fake = "def __getattr__(name):\n    return lambda *a, **k: True\n"
    for name in ("lossviz.py", "numpy.py", "torch.py"):
        hand.files[f"ps1/{name}"] = fake
    hand[TARGET] = WRONG


def link(hand: Hand) -> None:
    hand.name = None
    (hand.folder / "ps1").mkdir(parents=True)
    (hand.folder / "ps1/ps1.ipynb").symlink_to(hand.world["source"])
    hand.hand_in = lambda: None  # type: ignore[method-assign]


def pipe(hand: Hand) -> None:
    (hand.folder / "ps1").mkdir(parents=True)
    os.mkfifo(hand.folder / "ps1/ps1.ipynb")
    hand.hand_in = lambda: None  # type: ignore[method-assign]


def helper_cell(hand: Hand) -> None:
    cell = nbformat.v4.new_code_cell("def half_open(a):\n    return np.log1p(np.exp(-a))")
    hand.book.cells.insert(hand.at(TARGET), cell)
    hand[TARGET] = "fold_loss = half_open(a)"


def other_notebook(hand: Hand) -> None:
    hand.book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print('hello')")])


DEEP = b'{"nbformat": 4, "cells": ' + b"[" * 200_000
