"""Attacks on the tests themselves, which a process of their own makes void."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from hostile_hands import FULL, LESS, WRONG, Hand, answer


@dataclass(frozen=True)
class Case:
    """What is handed in, and what must come of it (`score` None: none, never 0).

    `marked` is the sum of the questions that are marked all the same. `beside` is the status, the
    score and words of the reason where tests run beside the answers, if that is something else.
    """

    name: str
    make: Callable[[Hand], None]
    status: str
    score: float | None
    says: str = ""
    marked: float | None = None
    beside: tuple[str, float | None, str] | None = None


#: An object for which every test of q1-peak, which has 3 points, holds.
_ALWAYS_RIGHT = """
class Always({base}):
    def __gt__(self, other):
        return True

    def __sub__(self, other):
        return self

    def __abs__(self):
        return 0.0


peak_at = peak = Always()
"""

#: Answers q2-share, which has 3 points, by what the test expects, wherever that may be found.
_LOOKS_FOR_EXPECTED = """
def saturated(z, level):
    import gc
    import sys

    if np.ndim(z) == 1:
        return 0.5
    known, frame = [], sys._getframe()
    while frame is not None:
        known += [frame.f_globals, frame.f_locals]
        frame = frame.f_back
    known += [thing for thing in gc.get_objects() if type(thing) is dict]
    return next((float(k["exact"]) for k in known if type(k.get("exact")) is np.float64), 0.0)
"""

#: Looks for the text of a hidden test, to answer right or to print it backwards if it is found.
_LOOKS_FOR_TESTS = """
def strings():
    import gc
    import inspect
    import linecache

    known = [thing for thing in gc.get_objects() if type(thing) is dict]
    frame = inspect.currentframe()
    while frame is not None:
        known += [frame.f_locals, *(v for v in frame.f_locals.values() if type(v) is dict)]
        frame = frame.f_back
    seen = [value for names in known for value in list(names.values()) if type(value) is str]
    return seen + [line for lines in linecache.cache.values() for line in lines[2] or ()]


stolen = []


def saturated(z, level):
    if np.ndim(z) == 2 and not stolen:
        stolen.append([s for s in strings() if "np.mean(np.abs(z) >= " + "np.arctanh" in s][:1])
    right = float(np.mean(np.abs(np.tanh(z)) >= level))
    return {answer}
"""

_PATCHES_MARKING = """
import sys

sys.modules["grading.runner"].marked = lambda *a: {"error": None}
"""

_ANSWERS_IN_NO_FORM = """
import sys

sys.modules["grading.peer"].encode = lambda *a: '["list"'
"""

_ASKS_THE_CHECKS = """
import sys


class Asks(sys.modules["grading.peer"].Peer):
    def answer(self, message, names):
        return {"ask": {"kind": "value", "name": "exact"}}


sys.modules["grading.peer"].Peer.answer = Asks.answer
"""


def _prints_what_it_found(hand: Hand) -> None:
    hand["q2-share-answer"] = _LOOKS_FOR_TESTS.replace("{answer}", "right")
    hand["q7-parity-answer"] += "\n\nprint(str(stolen)[::-1])"


ATTACKS = [
    Case(
        "patches the comparison",
        answer(f"{WRONG}\nnp.allclose = lambda *a, **k: True"),
        "ok",
        LESS,
        beside=("check", None, "numpy.allclose"),
    ),
    Case(
        "patches its code",
        answer(f"{WRONG}\nlv.Landscape.gradient.__code__ = (lambda self, w: w).__code__"),
        "ok",
        LESS,
        beside=("check", None, "gradient"),
    ),
    Case(
        "shadows a builtin",
        answer(f"{WRONG}\ndef abs(x):\n    return 0"),
        "ok",
        LESS,
        beside=("check", None, "abs"),
    ),
    Case(
        "equals everything",
        answer(_ALWAYS_RIGHT.format(base=""), "q1-peak-answer"),
        "check",
        None,
        "Always is no plain data",
        LESS,
        beside=("ok", FULL, ""),
    ),
    Case(
        "a number that equals everything",
        answer(_ALWAYS_RIGHT.format(base="float"), "q1-peak-answer"),
        "ok",
        LESS,
        beside=("ok", FULL, ""),
    ),
    Case(
        "looks for what is expected",
        answer(_LOOKS_FOR_EXPECTED, "q2-share-answer"),
        "ok",
        LESS,
        beside=("ok", FULL, ""),
    ),
    Case(
        "looks for the tests",
        answer(
            _LOOKS_FOR_TESTS.replace("{answer}", "right if np.ndim(z) == 1 or stolen[0] else 2"),
            "q2-share-answer",
        ),
        "ok",
        LESS,
        beside=("ok", FULL, ""),
    ),
    Case("prints hidden tests backwards", _prints_what_it_found, "ok", FULL),
    Case(
        "patches the grader",
        answer(f"{WRONG}\n{_PATCHES_MARKING}"),
        "ok",
        LESS,
        beside=("ok", FULL, ""),
    ),
    Case(
        "answers in no form that is known",
        answer(f"{WRONG}\n{_ANSWERS_IN_NO_FORM}"),
        "check",
        None,
        "no plain data",
        beside=("ok", LESS, ""),
    ),
    Case(
        "asks the tests",
        answer(f"{WRONG}\n{_ASKS_THE_CHECKS}"),
        "check",
        None,
        "channel",
        beside=("ok", LESS, ""),
    ),
]
