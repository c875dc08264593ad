"""Ask another process to run its functions, and run one's own when asked, in plain data.

The processes do not meet: each talks to the grader alone, which carries questions and answers
between them. A message is a JSON object a line, and repeats the random word of the one before it.
"""

from __future__ import annotations

import builtins
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TextIO

from grading.plain import ForgedError, NotPlainError, decode, encode
from grading.write_back import written_back

#: Modules whose functions are sent by their names, to processes that are not trusted.
_LIBRARIES = ("math", "numpy", "numpy.linalg", "torch", "torch.nn.functional", "lossviz")


class EndedError(BaseException):
    """The grader has gone."""


class Elsewhere:
    """A function that the other process runs; it knows nothing but to ask for that."""

    def __init__(self, peer: Peer, number: int) -> None:
        self._peer, self._number = peer, number

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Have the other process run it; arrays and lists that it changed are changed here."""
        return self._peer.call(self._number, arguments, named)


class Peer:
    """One end of the conversation.

    Args:
        requests: Where lines come from.
        replies: Where lines go to.
        trusted: Whether this end is the lecturer's: the other may then not name functions of
            libraries, nor read what an error here says.
    """

    def __init__(self, requests: TextIO, replies: TextIO, trusted: bool) -> None:
        self._requests, self._replies, self._trusted = requests, replies, trusted
        self._nonce = ""
        self._own: list[Callable[..., Any]] = []
        #: Why the other's data could not be used, as said by this or the other end.
        self.trouble = ""

    def receive(self) -> dict[str, Any]:
        """The next message.

        Raises:
            EndedError: If there will be none.
        """
        line = self._requests.readline()
        if not line:
            raise EndedError
        message = json.loads(line)
        self._nonce = message["nonce"]
        return message

    def send(self, message: dict[str, Any]) -> None:
        """Answer the last message."""
        self._replies.write(json.dumps({"nonce": self._nonce, **message}) + "\n")
        self._replies.flush()

    def value(self, name: str) -> Any:
        """What the other process has under a name.

        Raises:
            NameError: If it has nothing.
            NotPlainError: If it is no plain data.
        """
        answer = self._ask({"kind": "value", "name": name})
        if answer.get("lacks"):
            raise NameError(f"name {name!r} is not defined", name=name)
        return self._read(answer, name)

    def call(self, number: int, arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """What a function of the other process returns."""
        given = (list(arguments), named)
        text = encode(given, self._written)
        answer = self._ask({"kind": "call", "function": number, "plain": text})
        if answer.get("after"):
            written_back(given, self._decoded(answer["after"]))
        if answer.get("raised"):
            raise _exception(answer["raised"])
        return self._read(answer, "what a function returned")

    def answer(self, message: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
        """What to say to a question of the other process.

        Args:
            message: The question.
            names: What may be asked for by name.
        """
        try:
            if message["kind"] == "value":
                name = message["name"]
                if name not in names:
                    return {"lacks": True}
                return {"plain": encode(names[name], self._written)}
            function = self._own[message["function"]]
            given = self._decoded(message["plain"])
        except (NotPlainError, ForgedError, LookupError, TypeError) as error:
            return {"unplain": str(error)}
        return self._run(function, given, message["plain"])

    def _run(self, function: Callable[..., Any], given: Any, before: str) -> dict[str, Any]:
        arguments, named = given
        try:
            reply = {"plain": encode(function(*arguments, **named), self._written)}
        except NotPlainError as error:
            reply = {"unplain": str(error)}
        except EndedError:
            raise
        except BaseException as error:  # the other end's business, which asked for it
            reply = {"raised": _told(error, self._trusted)}
        with suppress(NotPlainError):  # put into a list by the function, for nobody to see
            after = encode(given, self._written)
            if after != before:
                reply["after"] = after
        return reply

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        self.send({"ask": question})
        while "answer" not in (message := self.receive()):
            self.send(self.answer(message, {}))
        return message["answer"]

    def _read(self, answer: dict[str, Any], what: str) -> Any:
        if "unplain" in answer:
            self.trouble = f"{what}: {str(answer['unplain'])[:200]}"
            raise NotPlainError(self.trouble)
        return self._decoded(answer.get("plain"))

    def _decoded(self, text: Any) -> Any:
        try:
            return decode(text, self._function)
        except ForgedError as error:
            self.trouble = str(error)
            raise

    def _written(self, function: Callable[..., Any]) -> list[Any]:
        """What stands for a function in a message."""
        if isinstance(function, Elsewhere):
            return ["yours", function._number]
        address = _address(function) if self._trusted else None
        if address is not None:
            return ["library", *address]
        for number, known in enumerate(self._own):
            if known is function:
                return ["function", number]
        self._own.append(function)
        return ["function", len(self._own) - 1]

    def _function(self, tree: list[Any]) -> Callable[..., Any]:
        """The function that something in a message stands for."""
        tag, *parts = tree
        if tag == "function" and type(parts[0]) is int:
            return Elsewhere(self, parts[0])
        if tag == "yours" and type(parts[0]) is int and parts[0] >= 0:
            return self._own[parts[0]]
        if tag == "library" and not self._trusted:
            return getattr(sys.modules[parts[0]], parts[1])
        raise ForgedError(f"{tag[:40]!r} stands for no function here")


def _address(function: Callable[..., Any]) -> tuple[str, str] | None:
    """Where a library's function is found, for the other process to use its own."""
    name = getattr(function, "__name__", None)
    if not isinstance(name, str):
        return None
    found = (m for m in _LIBRARIES if getattr(sys.modules.get(m), name, None) is function)
    module = next(found, None)
    return None if module is None else (module, name)


def _told(error: BaseException, trusted: bool) -> dict[str, Any]:
    """What the other end hears of an exception: of the lecturer's, its kind alone."""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    try:
        text = "" if trusted else str(error)[:500]
    except BaseException as second:  # an exception's own __str__ may fail
        text = f"(its text could not be made: {type(second).__name__})"
    missing = getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None
    return {"kinds": kinds, "text": text, "missing": missing if isinstance(missing, str) else None}


def _exception(told: Any) -> BaseException:
    """An exception of the nearest builtin kind, under the name that it had."""
    if not isinstance(told, dict) or not isinstance(told.get("kinds"), list):
        raise ForgedError("an error that is none")
    kinds = [str(kind)[:60] for kind in told["kinds"][:20]]
    found = (getattr(builtins, kind, None) for kind in kinds)
    base = next((k for k in found if isinstance(k, type) and issubclass(k, BaseException)), None)
    if base is None:
        raise ForgedError("an error that is none")
    text = str(told.get("text") or "")[:500]
    if issubclass(base, ModuleNotFoundError):
        return base(text, name=str(told.get("missing") or "")[:60])
    for wants_more, enough in ((UnicodeError, UnicodeError), (BaseExceptionGroup, RuntimeError)):
        base = enough if issubclass(base, wants_more) else base  # than a text
    own = kinds[0].isidentifier() and kinds[0] != base.__name__
    return (type(kinds[0], (base,), {"__module__": "student"}) if own else base)(text)
