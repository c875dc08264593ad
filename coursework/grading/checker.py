"""What runs in the process that checks: given cells and tests, with a student's answers as data."""

from __future__ import annotations

import ast
import builtins
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from grading.peer import EndedError, Peer
from grading.runner import Capped, error_told, make_shell, marked


class Names(dict[str, Any]):
    """The names of given cells and tests; what is lacking is asked from the student's process.

    Args:
        peer: Who is asked.
        own: Names that are never the student's.
    """

    def __init__(self, peer: Peer, own: dict[str, Any]) -> None:
        super().__init__(own)
        self._peer, self._own = peer, frozenset(own)
        self._given: dict[str, str] = {}  # and what went wrong in the cell that defines it
        self._asked: dict[str, Any] = {}
        self._open = False

    def __missing__(self, name: str) -> Any:
        if not self._open or name.startswith("__") or hasattr(builtins, name):
            raise KeyError(name)
        if name in self._given:  # a student's process may not stand in for a given cell
            raise NameError(f"name {name!r} is not defined{self._given[name]}", name=name)
        self[name] = self._asked[name] = self._peer.value(name)
        return self[name]

    def __contains__(self, name: object) -> bool:
        if super().__contains__(name) or not self._open:
            return super().__contains__(name)
        try:
            self[name]  # type: ignore[index]
        except (KeyError, NameError, AttributeError):
            return False
        return True

    def get(self, name: str, default: Any = None) -> Any:
        """As of any dictionary; it asks, too."""
        return self[name] if name in self else default  # noqa: SIM401 - it would call itself

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Ask for what is lacking, and forget it afterwards: later it may be something else."""
        self._open = True
        try:
            yield
        finally:
            self._open = False
            for name, value in self._asked.items():
                if super().get(name) is value:
                    del self[name]
            self._asked.clear()

    def defined(self, names: list[str], trouble: str) -> None:
        """A given cell has defined these, or should have."""
        self._given |= dict.fromkeys(names, trouble)

    def handed_over(self, names: list[str]) -> None:
        """From here on these are the student's to define."""
        for name in {*names} - self._own:
            self._given.pop(name, None)
            self.pop(name, None)


def serve(connection: socket.socket, own: dict[str, Any]) -> None:
    """Run each cell that is asked for, until the other end closes.

    Args:
        connection: Where requests come from, a JSON object a line.
        own: The first names, among them `STUDENT_ID`.
    """
    peer = Peer(connection.makefile("r", newline="\n"), connection.makefile("w"), trusted=True)
    names = Names(peer, own)
    shell = make_shell(names)
    peer.send({"ready": True})
    while True:
        try:
            request = peer.receive()
        except EndedError:
            return
        peer.trouble = ""
        names.handed_over(request["handed_over"])
        kept, sys.stdout, sys.stderr = (sys.stdout, sys.stderr), Capped(), Capped()
        try:
            with names.asking():
                run = _test if request["kind"] == "test" else _given
                reply = run(shell, names, request)
        finally:
            sys.stdout, sys.stderr = kept
            peer.forget()
        if reply.get("error") and peer.trouble:
            reply["unplain"] = peer.trouble
        peer.send(reply)


def _given(shell: Any, names: Names, request: dict[str, Any]) -> dict[str, Any]:
    for name in request["binds"]:
        names.pop(name, None)
    result = shell.run_cell(request["source"], store_history=False, silent=True)
    told = error_told(result.error_before_exec or result.error_in_exec)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")  # nobody looks at pictures here
    trouble = f": the cell that defines it failed with {told['error']}" if told["error"] else ""
    names.defined(request["binds"], trouble)
    return told


def _test(_shell: Any, names: Names, request: dict[str, Any]) -> dict[str, Any]:
    return marked(ast.parse(request["source"]), names)
