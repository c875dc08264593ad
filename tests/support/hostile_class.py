"""A class of students of whom few mean well: what each hands in, and what it must come to."""

from __future__ import annotations

import copy
import json
import os
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

_SCHEME = re.compile(r"[^\n]*BEGIN MARK SCHEME.*?END MARK SCHEME[^\n]*", re.S)

#: All of PS1's points that tests give.
FULL = 38

#: The right answer to the question that most cases get wrong or attack from; it has 3 points.
TARGET, RIGHT, WRONG = "q4-loss-answer", "fold_loss = np.log1p(np.exp(-a))", "fold_loss = 0.5"
LESS = FULL - 3


@dataclass(frozen=True)
class Case:
    """What is handed in, and what must come of it (`score` None: none, never 0).

    `marked` is the sum of the questions that are marked all the same.
    """

    name: str
    make: Callable[[Hand], None]
    status: str
    score: float | None
    says: str = ""
    marked: float | None = None


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


def _blank(hand: Hand) -> None:
    for cell in hand.answers():
        cell.source = hand.unanswered[cell.id]


def _forgotten_id(hand: Hand) -> None:
    hand["student-id"] = hand.unanswered["student-id"]


def _delete(*names: str) -> Callable[[Hand], None]:
    def make(hand: Hand) -> None:
        for name in names:
            del hand.book.cells[hand.at(name)]

    return make


def _altered(hand: Hand) -> None:
    hand["setup"] = "raise SystemExit"
    hand["personal"] = "def personal(name, low, high):\n    return low"
    for cell in hand.book.cells:
        if cell.metadata.nbgrader.grade and not cell.metadata.nbgrader.solution:
            cell.source = "assert True"


def _duplicated(hand: Hand) -> None:
    for name in ("q2-share", "q2-share-answer", "setup"):
        index = hand.at(name)
        hand.book.cells.insert(index, copy.deepcopy(hand.book.cells[index]))


def _two_answers(hand: Hand) -> None:
    index = hand.at(TARGET)
    hand.book.cells.insert(index, copy.deepcopy(hand.book.cells[index]))
    hand.book.cells[index].source = WRONG


def _reordered(hand: Hand) -> None:
    random.Random(7).shuffle(hand.book.cells)


def _points_edited(hand: Hand) -> None:
    for cell in hand.book.cells:
        if "points" in cell.metadata.nbgrader:
            cell.metadata.nbgrader["points"] = 1000
    hand[TARGET] = WRONG


def _stripped(ids: bool, shuffle: bool = False) -> Callable[[Hand], None]:
    def make(hand: Hand) -> None:
        if shuffle:
            _reordered(hand)
        for number, cell in enumerate(hand.book.cells):
            cell.metadata.clear()
            if not ids:
                cell["id"] = f"new-{number}"

    return make


def _kernel(name: str, language: str) -> Callable[[Hand], None]:
    def make(hand: Hand) -> None:
        hand.book.metadata["kernelspec"] = {
            "name": name,
            "language": language,
            "display_name": name,
        }

    return make


def _file(content: bytes) -> Callable[[Hand], None]:
    def make(hand: Hand) -> None:
        hand.files["ps1/ps1.ipynb"] = content

    return make


def _named(name: str | None) -> Callable[[Hand], None]:
    def make(hand: Hand) -> None:
        hand.name = name

    return make


def _two_files(hand: Hand) -> None:
    hand.files["ps1/ps1.ipynb"] = json.dumps(hand.book)
    hand[TARGET] = WRONG
    hand.name = "ps1/ps1 (1).ipynb"


def _ships(hand: Hand) -> None:
    fake = "def __getattr__(name):\n    return lambda *a, **k: True\n"
    for name in ("lossviz.py", "numpy.py", "torch.py"):
        hand.files[f"ps1/{name}"] = fake
    hand[TARGET] = WRONG


def _link(hand: Hand) -> None:
    hand.name = None
    (hand.folder / "ps1").mkdir(parents=True)
    os.symlink(hand.world["source"], hand.folder / "ps1/ps1.ipynb")
    hand.hand_in = lambda: None  # type: ignore[method-assign]


def _pipe(hand: Hand) -> None:
    (hand.folder / "ps1").mkdir(parents=True)
    os.mkfifo(hand.folder / "ps1/ps1.ipynb")
    hand.hand_in = lambda: None  # type: ignore[method-assign]


def _helper_cell(hand: Hand) -> None:
    cell = nbformat.v4.new_code_cell("def half_open(a):\n    return np.log1p(np.exp(-a))")
    hand.book.cells.insert(hand.at(TARGET), cell)
    hand[TARGET] = "fold_loss = half_open(a)"


def _other_notebook(hand: Hand) -> None:
    hand.book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print('hello')")])


_DEEP = b'{"nbformat": 4, "cells": ' + b"[" * 200_000

_FORGE = """
import json, os
for handle in range(3, 256):
    try:
        os.write(handle, json.dumps({"nonce": "guess", "error": None}).encode() + b"\\n")
    except OSError:
        pass
"""

_CASES = [
    Case("perfect", lambda hand: None, "ok", FULL),
    Case("blank", _blank, "ok", 0, "nothing was answered"),
    Case("partly wrong", answer(WRONG), "ok", LESS),
    Case("raises", answer("raise ValueError('I give up')"), "ok", LESS, "ValueError"),
    Case("syntax error", answer("fold_loss = = 3"), "ok", LESS, "SyntaxError"),
    Case("exits politely", answer("import sys\nsys.exit(0)"), "ok", LESS, "SystemExit"),
    Case("endless recursion", answer("def f():\n    f()\nf()"), "ok", LESS, "RecursionError"),
    Case("infinite loop", answer("while True:\n    pass"), "timeout", None, "no end", LESS),
    Case(
        "loop in a function",
        answer("def parity_weights(n):\n    while True:\n        pass", "q7-parity-answer"),
        "timeout",
        None,
        "no end",
        FULL - 4,
    ),
    Case(
        "loop swallows interrupts",
        answer(
            "import signal\nfor s in set(signal.Signals) - {9, 19}:\n    signal.signal(s, signal.SIG_IGN)\n"
            "while True:\n    try:\n        while True:\n            pass\n"
            "    except BaseException:\n        pass"
        ),
        "timeout",
        None,
        "no end",
        LESS,
    ),
    Case(
        "error text never ends",
        answer("class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E"),
        "timeout",
        None,
        "no end",
        LESS,
    ),
    Case("400,000 lines", answer(f"for i in range(400_000):\n    print(i)\n{RIGHT}"), "ok", FULL),
    Case("deleted answer", _delete("q7-parity-answer"), "partial", FULL - 4, "deleted"),
    Case("deleted tests", _delete("q4-loss", "q7-parity"), "ok", FULL, "tests put back"),
    Case("altered cells", _altered, "ok", FULL),
    Case("duplicated cells", _duplicated, "ok", FULL),
    Case("two different answers", _two_answers, "check", None, "different answers", LESS),
    Case("reordered cells", _reordered, "ok", FULL, "in order"),
    Case("points edited", _points_edited, "ok", LESS, "points of"),
    Case("setup deleted", _delete("setup", "personal"), "ok", FULL, "put back"),
    Case("renamed file", _named("ps1/homework_final.ipynb"), "ok", FULL, "homework_final"),
    Case("file one folder up", _named("ps1.ipynb"), "ok", FULL),
    Case("two files", _two_files, "check", None, "several notebooks"),
    Case("stripped metadata", _stripped(ids=True), "ok", FULL),
    Case("stripped metadata and ids", _stripped(ids=False), "ok", FULL),
    Case("stripped and shuffled", _stripped(ids=False, shuffle=True), "check", None, "no cell"),
    Case("another notebook", _other_notebook, "check", None, "no cell of this problem set"),
    Case("foreign kernel", _kernel("ir", "R"), "check", None, "written in R"),
    Case("kernel of another name", _kernel("my-env", "python"), "ok", FULL),
    Case("broken JSON", _file(b'{"cells": [{"cell_type": "code", '), "unreadable", None),
    Case("empty file", _file(b""), "unreadable", None, "empty"),
    Case("nested too deep", _file(_DEEP), "unreadable", None),
    Case("no notebook inside", _file(json.dumps([1]).encode()), "unreadable", None),
    Case("no file", _named(None), "missing", None, "no notebook"),
    Case("link to the source", _link, "unreadable", None),
    Case("pipe for a file", _pipe, "unreadable", None, "plain file"),
    Case("helper in an added cell", _helper_cell, "ok", FULL, "1 added cell"),
    Case(
        "missing package",
        answer("import surely_not_installed"),
        "check",
        None,
        "surely_not_installed",
        LESS,
    ),
    Case("reads from stdin", answer("fold_loss = float(input())"), "check", None, "keyboard", LESS),
    Case("ships own numpy", _ships, "ok", LESS, "numpy.py"),
    Case(
        "writes own lossviz",
        attempt("open('lossviz.py', 'w').write('own = 1')\nimport lossviz\nlossviz.own"),
        "ok",
        LESS,
    ),
    Case(
        "patches the comparison",
        answer(f"{WRONG}\nnp.allclose = lambda *a, **k: True"),
        "check",
        None,
        "numpy.allclose",
    ),
    Case(
        "patches its code",
        answer(f"{WRONG}\n"
               "lv.Landscape.gradient.__code__ = (lambda self, w: w).__code__"),
        "check",
        None,
        "gradient",
    ),
    Case("shadows a builtin", answer(f"{WRONG}\ndef abs(x):\n    return 0"), "check", None, "abs"),
    Case("removes asserts", lambda h: (_altered(h), answer(WRONG)(h)), "ok", LESS),
    Case(
        "writes to the gradebook",
        attempt("open('<gradebook>', 'r+b').write(b'0' * 4096)"),
        "ok",
        LESS,
    ),
    Case("reads the sources", attempt("open('<source>').read()"), "ok", LESS),
    Case("reads another student", attempt("open('<neighbour>').read()"), "ok", LESS),
    Case(
        "looks at the machine",
        attempt(
            "import os\nothers = [p for p in os.listdir('/proc') if p.isdigit()]\n"
            "assert len(others) > 3 or os.path.exists('<submissions>')"
        ),
        "ok",
        LESS,
    ),
    Case("gains rights", attempt("import os\nos.setuid(0)"), "ok", LESS),
    Case(
        "uses the network",
        attempt("import socket\nsocket.create_connection(('127.0.0.1', <port>), 1)"),
        "ok",
        LESS,
    ),
    Case("kills the process", answer("import os\nos._exit(0)"), "crashed", None, "ended", LESS),
    Case(
        "kills by signal",
        answer("import os\nos.kill(os.getpid(), 9)"),
        "crashed",
        None,
        "ended",
        LESS,
    ),
    Case("kills all it can", answer("import os\ntry:\n    os.kill(-1, 9)\nfinally:\n    os.abort()"), "crashed", None, "", LESS),
    Case(
        "bad machine code",
        answer("import ctypes\nctypes.string_at(0)"),
        "crashed",
        None,
        "ended",
        LESS,
    ),
    Case("eats memory", answer("x = []\nwhile True:\n    x.append(bytearray(10**8))"), "crashed",
         None, "memory", LESS),
    Case("forks", answer("import os\nwhile True:\n    os.fork()"), "crashed", None, "", LESS),
    Case(
        "leaves something running",
        answer(f"import subprocess\nsubprocess.Popen(['sleep', '4711'], start_new_session=True)\n{RIGHT}"),
        "ok",
        FULL,
    ),
    Case("fills the disk", attempt("open('/tmp/x', 'wb').write(bytes(10**9))"), "ok", LESS),
    Case("forges replies", answer(_FORGE + WRONG), "check", None, "channel"),
    Case("another's id", answer('STUDENT_ID = "perfect"', "student-id"), "check", None, "perfect"),
    Case(
        "another's id later",
        answer(f"globals()['STUDENT' + '_ID'] = 'perfect'\n{RIGHT}"),
        "check",
        None,
        "perfect",
    ),
    Case("id forgotten", _forgotten_id, "check", None, "not filled in"),
]


def cases() -> list[Case]:
    """All students; folders carry their names."""
    return list(_CASES)


def hand_in_all(source: Path, release: Path, submissions: Path, world: dict[str, str]) -> None:
    """Write every submission, each made of the student's version."""
    for case in _CASES:
        hand = Hand(source, release, submissions / case.name, world)
        case.make(hand)
        hand.hand_in()
