"""Ask another process to run its functions, and run one's own when asked, in plain data.

The processes do not meet: each talks to the grader alone, which carries questions and answers
between them. A message is a JSON object a line, and repeats the random word of the one before it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Any, TextIO

from grading.plain import ForgedError, NotPlainError, decode, encode
from grading.raised import exception, told
from grading.write_back import written_back

#: Modules whose functions are sent by their names, to processes that are not trusted.
_LIBRARIES = (
    "builtins",
    "math",
    "numpy",
    "numpy.linalg",
    "torch",
    "torch.nn.functional",
    "lossviz",
)


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
        self._own: dict[int, Callable[..., Any]] = {}
        self._numbers = count()
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

    def forget(self) -> None:
        """Run no function any more that was passed to the other process so far."""
        self._own.clear()

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
        try:
            text = encode(given, self._written)
        except NotPlainError as error:
            self.trouble = f"what a function is called with: {error}"
            raise
        answer = self._ask({"kind": "call", "function": number, "plain": text})
        if answer.get("after"):
            written_back(given, self._noted(decode, answer["after"], self._function))
        if answer.get("raised"):
            raise self._noted(exception, answer["raised"])
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
            function = self._known(message["function"])
            given = decode(message["plain"], self._function)
            arguments, named = given
            arguments, named = [*arguments], {**named}
        except (NotPlainError, ForgedError, LookupError, TypeError, ValueError) as error:
            return {"unplain": str(error)[:200]}
        return self._run(lambda: function(*arguments, **named), given, message["plain"])

    def _run(self, function: Callable[[], Any], given: Any, before: str) -> dict[str, Any]:
        try:
            reply = {"plain": encode(function(), self._written)}
        except NotPlainError as error:
            reply = {"unplain": str(error)}
        except EndedError:
            raise
        except BaseException as error:  # the other end's business, which asked for it
            reply = {"raised": told(error, self._trusted)}
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
        return self._noted(decode, answer.get("plain"), self._function)

    def _noted(self, read: Callable[..., Any], *what: Any) -> Any:
        """Read something of the other's, and keep in mind what is wrong with it."""
        try:
            return read(*what)
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
        for number, known in self._own.items():
            if known is function:
                return ["function", number]
        number = next(self._numbers)
        self._own[number] = function
        return ["function", number]

    def _known(self, number: Any) -> Callable[..., Any]:
        if type(number) is not int or number not in self._own:
            raise ForgedError("no function of that number was passed")
        return self._own[number]

    def _function(self, tree: list[Any]) -> Callable[..., Any]:
        """The function that something in a message stands for."""
        tag, *parts = tree
        if tag == "function" and type(parts[0]) is int:
            return Elsewhere(self, parts[0])
        if tag == "yours":
            return self._known(parts[0])
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
