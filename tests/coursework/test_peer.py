"""Two ends that run each other's functions, without a process between them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from grading.peer import Elsewhere, Peer
from grading.plain import ForgedError, NotPlainError


class Wire:
    """What a peer asks is answered at once by the other, which lives in this process, too."""

    def __init__(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._answer, self._lines, self.written = answer, [], []

    def write(self, line: str) -> None:
        self.written.append(line)
        answer = self._answer(json.loads(line)["ask"])
        self._lines.append(json.dumps({"nonce": "n", "answer": answer}))

    def flush(self) -> None:
        """Nothing waits."""

    def readline(self) -> str:
        return self._lines.pop()


def _peers(**names: object) -> tuple[Peer, Peer, Wire]:
    """The checks' end and the student's, which has these names."""
    to_student = Wire(lambda ask: student.answer(ask, names))
    to_checks = Wire(lambda ask: checks.answer(ask, {}))
    checks = Peer(to_student, to_student, trusted=True)  # type: ignore[arg-type]
    student = Peer(to_checks, to_checks, trusted=False)  # type: ignore[arg-type]
    return checks, student, to_checks


def test_functions_run_where_they_are_at_home():
    def apply(f, *values, **named):
        return f(*values, **named)

    checks, student, asked = _peers(apply=apply, same=lambda f: f, add=lambda n: lambda x: x + n)
    apply_there = checks.value("apply")
    assert isinstance(apply_there, Elsewhere)
    assert apply_there(np.sqrt, np.array([4.0])).tolist() == [2.0]
    assert apply_there(sorted, [1, 2, 3], key=lambda x: -x) == [3, 2, 1]
    assert apply_there(lambda x, y: (y, x), 1, y=2) == (2, 1)
    assert len(asked.written) == 3 + 1  # the two lambdas; a library's function is there
    own = lambda: 0  # noqa: E731 - any function that only this end has
    assert checks.value("same")(own) is own
    assert checks.value("same")(apply_there)(max, 1, 2) == 2
    assert checks.value("add")(3)(4) == 7
    assert checks.trouble == student.trouble == ""


def test_a_name_that_is_lacking_is_a_name_error():
    checks, *_ = _peers()
    with pytest.raises(NameError, match="'f'"):
        checks.value("f")


class OwnError(KeyError):
    """Raised by a student's function."""


@pytest.mark.parametrize(
    ("error", "kind", "name"),
    [
        (ValueError("no"), ValueError, "ValueError"),
        (OwnError("no"), KeyError, "OwnError"),
        (np.linalg.LinAlgError("no"), ValueError, "LinAlgError"),
        (SystemExit("no"), SystemExit, "SystemExit"),
        (UnicodeDecodeError("utf-8", b"", 0, 1, "no"), UnicodeError, "UnicodeDecodeError"),
        (ExceptionGroup("no", [ValueError()]), RuntimeError, "ExceptionGroup"),
        (ModuleNotFoundError("no", name="x"), ModuleNotFoundError, "ModuleNotFoundError"),
        (MemoryError("no"), MemoryError, "MemoryError"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_exceptions_come_over_by_kind_name_and_text(
    error: BaseException, kind: type[BaseException], name: str
):
    def f():
        raise error

    checks, *_ = _peers(f=f)
    with pytest.raises(kind, match="no") as caught:
        checks.value("f")()
    assert type(caught.value).__name__ == name
    assert getattr(caught.value, "name", None) == getattr(error, "name", None)


def test_of_an_error_in_a_test_a_student_hears_the_kind_alone():
    heard: list[BaseException] = []

    def f(g):
        try:
            g()
        except ValueError as error:
            heard.append(error)
            raise

    def g():
        raise ValueError("the answer is 42")

    checks, *_ = _peers(f=f)
    with pytest.raises(ValueError, match=r"^$"):
        checks.value("f")(g)
    assert [str(error) for error in heard] == [""]


def test_what_is_no_plain_data_is_named():
    checks, *_ = _peers(box=object(), f=lambda: object(), g=lambda _: None)
    for use in (
        lambda: checks.value("box"),
        checks.value("f"),
        lambda: checks.value("g")(object()),
    ):
        checks.trouble = ""
        with pytest.raises(NotPlainError):
            use()
        assert "object is no plain data" in checks.trouble


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"plain": None},
        {"plain": "["},
        {"plain": '["library", "os", "system"]'},
        {"plain": '["library", "builtins", "exec"]'},
        {"plain": '["yours", 0]'},
        {"plain": '["yours", -1]'},
        {"plain": '["function", "0"]'},
        {"plain": '["function"]'},
        {"raised": 7},
        {"raised": {"kinds": ["object", "open"]}},
        {"raised": {"kinds": 7}},
        {"plain": "1", "after": 7},
        {"plain": "1", "after": '["list"'},
    ],
    ids=str,
)
def test_forged_answers_are_found_out(answer: dict[str, Any]):
    wire = Wire(lambda _: answer)
    checks = Peer(wire, wire, trusted=True)  # type: ignore[arg-type]
    with pytest.raises(ForgedError):
        checks.call(0, ([1],), {})
    assert checks.trouble


@pytest.mark.parametrize(
    "question",
    [
        {"kind": "value", "name": "exact"},
        {"kind": "call", "function": 0, "plain": '["tuple",["list"],["dict"]]'},
        {"kind": "call", "function": -1, "plain": '["tuple",["list"],["dict"]]'},
        {"kind": "call", "function": None, "plain": '["tuple",["list"],["dict"]]'},
        {"kind": "call", "function": 0},
        {"kind": "call"},
        {"kind": "value", "name": ["exact"]},
    ],
    ids=str,
)
def test_the_checks_answer_only_for_functions_that_they_have_passed(question: dict[str, Any]):
    checks, *_ = _peers()
    assert set(checks.answer(question, {})) <= {"lacks", "unplain"}
    checks._own[0] = lambda: 7
    known = checks.answer(
        {"kind": "call", "function": 0, "plain": '["tuple",["list"],["dict"]]'}, {}
    )
    assert known == {"plain": "7"}
    for text in ("7", "[]", '["tuple",7,["dict"]]', '["tuple",["list"],["dict",1,2]]'):
        told = checks.answer({"kind": "call", "function": 0, "plain": text}, {})
        assert "plain" not in told


def test_a_function_that_was_passed_is_forgotten_with_its_test():
    kept: list[Callable[[], int]] = []
    checks, *_ = _peers(f=lambda g: kept.append(g) or g())
    assert checks.value("f")(lambda: 7) == 7
    checks.forget()
    with pytest.raises(NotPlainError, match="no function of that number"):
        kept[0]()
    assert checks.value("f")(lambda: 8) == 8
    with pytest.raises(NotPlainError, match="no function of that number"):
        kept[0]()
