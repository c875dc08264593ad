"""A class of students of whom few mean well: what each hands in, and what it must come to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from hostile_attacks import ATTACKS, Case
from hostile_hands import (
    DEEP,
    FULL,
    LESS,
    RIGHT,
    WRONG,
    Hand,
    altered,
    answer,
    attempt,
    blank,
    delete,
    duplicated,
    forgotten_id,
    helper_cell,
    kernel,
    link,
    named,
    only_bytes,
    other_notebook,
    pipe,
    points_edited,
    reordered,
    ships,
    stripped,
    two_answers,
    two_files,
)

_FORGE = """
import json, os
for handle in range(3, 256):
    try:
        os.write(handle, json.dumps({"nonce": "guess", "error": None}).encode() + b"\\n")
    except OSError:
        pass
"""

_CASES = [
    Case("perfect", lambda _: None, "ok", FULL),
    Case("blank", blank, "ok", 0, "nothing was answered"),
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
            "import signal\nfor s in set(signal.Signals) - {9, 19}:\n"
            "    signal.signal(s, signal.SIG_IGN)\n"
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
    Case("deleted answer", delete("q7-parity-answer"), "partial", FULL - 4, "deleted"),
    Case("deleted tests", delete("q4-loss", "q7-parity"), "ok", FULL, "tests put back"),
    Case("altered cells", altered, "ok", FULL),
    Case("duplicated cells", duplicated, "ok", FULL),
    Case("two different answers", two_answers, "check", None, "different answers", LESS),
    Case("reordered cells", reordered, "ok", FULL, "in order"),
    Case("points edited", points_edited, "ok", LESS, "points of"),
    Case("setup deleted", delete("setup", "personal"), "ok", FULL, "put back"),
    Case("renamed file", named("ps1/homework_final.ipynb"), "ok", FULL, "homework_final"),
    Case("file one folder up", named("ps1.ipynb"), "ok", FULL),
    Case("two files", two_files, "check", None, "several notebooks"),
    Case("stripped metadata", stripped(ids=True), "ok", FULL),
    Case("stripped metadata and ids", stripped(ids=False), "ok", FULL),
    Case("stripped and shuffled", stripped(ids=False, shuffle=True), "check", None, "no cell"),
    Case("another notebook", other_notebook, "check", None, "no cell of this problem set"),
    Case("foreign kernel", kernel("ir", "R"), "check", None, "written in R"),
    Case("kernel of another name", kernel("my-env", "python"), "ok", FULL),
    Case("broken JSON", only_bytes(b'{"cells": [{"cell_type": "code", '), "unreadable", None),
    Case("empty file", only_bytes(b""), "unreadable", None, "empty"),
    Case("nested too deep", only_bytes(DEEP), "unreadable", None),
    Case("no notebook inside", only_bytes(json.dumps([1]).encode()), "unreadable", None),
    Case("no file", named(None), "missing", None, "no notebook"),
    Case("link to the source", link, "unreadable", None),
    Case("pipe for a file", pipe, "unreadable", None, "plain file"),
    Case("helper in an added cell", helper_cell, "ok", FULL, "1 added cell"),
    Case(
        "missing package",
        answer("import surely_not_installed"),
        "check",
        None,
        "surely_not_installed",
        LESS,
    ),
    Case("reads from stdin", answer("fold_loss = float(input())"), "check", None, "keyboard", LESS),
    Case("ships own numpy", ships, "ok", LESS, "numpy.py"),
    Case(
        "writes own lossviz",
        attempt("open('lossviz.py', 'w').write('own = 1')\nimport lossviz\nlossviz.own"),
        "ok",
        LESS,
    ),
    *ATTACKS,
    Case("removes asserts", lambda h: (altered(h), answer(WRONG)(h)), "ok", LESS),
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
    Case(
        "kills all it can",
        answer("import os\ntry:\n    os.kill(-1, 9)\nfinally:\n    os.abort()"),
        "crashed",
        None,
        "",
        LESS,
    ),
    Case(
        "bad machine code",
        answer("import ctypes\nctypes.string_at(0)"),
        "crashed",
        None,
        "ended",
        LESS,
    ),
    Case(
        "eats memory",
        answer("x = []\nwhile True:\n    x.append(bytearray(10**8))"),
        "crashed",
        None,
        "memory",
        LESS,
    ),
    Case("forks", answer("import os\nwhile True:\n    os.fork()"), "crashed", None, "", LESS),
    Case(
        "leaves something running",
        answer(
            "import subprocess\nsubprocess.Popen(['sleep', '4711'], start_new_session=True)\n"
            + RIGHT
        ),
        "ok",
        FULL,
    ),
    Case("fills the disk", attempt("open('/tmp/x', 'wb').write(bytes(10**9))"), "ok", LESS),
    Case("forges replies", answer(_FORGE + WRONG), "check", None, "channel"),
    Case(
        "kills the process when called",
        answer("def parity_weights(n):\n    import os\n    os._exit(0)", "q7-parity-answer"),
        "crashed",
        None,
        "ended",
        FULL - 4,
    ),
    Case("another's id", answer('STUDENT_ID = "perfect"', "student-id"), "check", None, "perfect"),
    Case(
        "another's id later",
        answer(f"globals()['STUDENT' + '_ID'] = 'perfect'\n{RIGHT}"),
        "check",
        None,
        "perfect",
    ),
    Case("id forgotten", forgotten_id, "check", None, "not filled in"),
]


def cases(checks: str = "apart") -> list[Case]:
    """All students, or those who get marks where tests run beside their answers.

    Folders carry their names.
    """
    if checks == "apart":
        return list(_CASES)
    told = [replace(c, **_beside(c)) for c in _CASES]
    same = ("ok", "partial")
    return [
        case
        for case, known in zip(told, _CASES, strict=True)
        if known.status in same or known.beside is not None
    ]


def _beside(case: Case) -> dict[str, object]:
    if case.beside is None:
        return {}
    status, score, says = case.beside
    return {"status": status, "score": score, "says": says, "marked": None}


def hand_in_all(
    class_: list[Case], source: Path, release: Path, submissions: Path, world: dict[str, str]
) -> None:
    """Write every submission, each made of the student's version."""
    for case in class_:
        hand = Hand(source, release, submissions / case.name, world)
        case.make(hand)
        hand.hand_in()
