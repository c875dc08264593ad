"""What runs inside the sandbox: one cell after another, as asked through a socket."""

from __future__ import annotations

import ast
import base64
import os
import socket
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from matplotlib_inline.backend_inline import flush_figures
from traitlets.config import Config

from grading.peer import EndedError, Peer
from grading.watch import Watch

#: What is kept of a cell's output: characters, pictures, characters of one picture.
TEXT, PICTURES, PICTURE = 20_000, 4, 600_000


class Capped:
    r"""A text stream that keeps the beginning and forgets the rest.

    Example:
        >>> stream = Capped(5)
        >>> stream.write("seven..")
        7
        >>> print(stream.text())
        seven
        [cut]
    """

    encoding = "utf-8"
    errors = "replace"
    closed = False

    def __init__(self, room: int = TEXT) -> None:
        self._room, self._parts, self._cut = room, [], False

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        kept = text[: self._room]
        if kept:
            self._parts.append(kept)
        self._room -= len(kept)
        self._cut |= len(kept) < len(text)
        return len(text)

    def flush(self) -> None:
        """Nothing waits."""

    def isatty(self) -> bool:
        """No terminal is at the other end."""
        return False

    def writable(self) -> bool:
        """Always."""
        return True

    def text(self) -> str:
        """What was kept."""
        return "".join(self._parts) + ("\n[cut]" if self._cut else "")


class Shell(InteractiveShell):
    """IPython without a terminal, a kernel or a history."""

    def enable_gui(self, gui: str | None = None) -> None:
        """There is no window to open."""

    @contextmanager
    def _tee(self, channel: str) -> Iterator[None]:  # noqa: ARG002 - IPython's signature
        """Keep no second copy of the output, which would know no bounds (from IPython 9)."""
        yield

    def showtraceback(self, *_args: Any, **_options: Any) -> None:
        """Errors are reported by the reply."""

    def showsyntaxerror(self, *_args: Any, **_options: Any) -> None:
        """Errors are reported by the reply."""


def prepare() -> Watch:
    """Remember what the modules look like before any student's code runs."""
    return Watch()


def make_shell(names: dict[str, Any] | None = None) -> Shell:
    """IPython with these names, or none; the process has only one."""
    config = Config({"HistoryManager": {"enabled": False}})
    shell = Shell.instance(config=config, user_ns=names)
    shell.user_ns.pop("exit", None)
    sys.path[:] = [entry for entry in sys.path if entry not in ("", ".")]
    return shell


def serve(connection: socket.socket, watch: Watch) -> None:
    """Run each cell and each function that is asked for, until the other end closes.

    Args:
        connection: Where requests come from, a JSON object a line.
        watch: The state of the modules before the student's code.
    """
    me = os.getpid()
    shell = make_shell()
    peer = Peer(connection.makefile("r", newline="\n"), connection.makefile("w"), trusted=False)
    peer.send({"ready": True})
    while True:
        try:
            request = peer.receive()
        except EndedError:
            return
        reply = _run(shell, watch, peer, request)
        if os.getpid() != me:
            os._exit(0)  # a copy that the student's code has forked must not answer
        peer.send(reply)


def _run(shell: Shell, watch: Watch, peer: Peer, request: dict[str, Any]) -> dict[str, Any]:
    stream = Capped()
    kept = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = stream  # type: ignore[assignment]
    try:
        if request["kind"] in ("value", "call"):
            return peer.answer(request, shell.user_ns)
        with capture_output(stdout=False, stderr=False, display=True) as shown:
            reply = _RUNS.get(request["kind"], _cell)(shell, watch, request)
    finally:
        sys.stdout, sys.stderr = kept
    outputs = [] if request["kind"] in _RUNS else _outputs(shown.outputs)
    return {"text": stream.text(), "outputs": outputs, **reply}


def _cell(shell: Shell, watch: Watch, request: dict[str, Any]) -> dict[str, Any]:
    before = dict(shell.user_ns)
    result = shell.run_cell(request["source"], store_history=False)
    flush_figures()
    if request["kind"] == "given":
        new = {
            k for k, v in shell.user_ns.items() if not k.startswith("_") and v is not before.get(k)
        }
        watch.protect(shell.user_ns, new)
    return error_told(result.error_before_exec or result.error_in_exec)


def _seen(shell: Shell, _watch: Watch, request: dict[str, Any]) -> dict[str, Any]:
    """Run what students see of a test that was marked elsewhere: later answers may build on it."""
    shell.run_cell(request["source"], store_history=False, silent=True)
    return {"student": _claimed(shell)}


def _claimed(shell: Shell) -> str | None:
    student = shell.user_ns.get("STUDENT_ID")
    return student if isinstance(student, str) else None


def _test(shell: Shell, watch: Watch, request: dict[str, Any]) -> dict[str, Any]:
    """Run a test beside the answers."""
    tree = ast.parse(request["source"])
    used = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    reply: dict[str, Any] = {"student": _claimed(shell)}
    reply["tampered"] = watch.changed(shell.user_ns, used)
    if not reply["tampered"]:
        reply |= marked(tree, shell.user_ns)
        reply["tampered"] = watch.changed(shell.user_ns, used)
    return reply


_RUNS = {"test": _test, "seen": _seen}


def marked(tree: ast.Module, names: dict[str, Any]) -> dict[str, Any]:
    """Run a test by plain `exec`; its last expression, where a number, is partial credit."""
    reply: dict[str, Any] = {"error": None}
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    try:
        exec(compile(tree, "<test>", "exec"), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), "<test>", "eval"), names)
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                reply["value"] = float(value)
    except BaseException as error:  # whatever the student's functions raise fails the test
        reply |= error_told(error)
    return reply


def error_told(error: BaseException | None) -> dict[str, Any]:
    """An exception in words: its name, its text, its kinds, and the module that it misses."""
    if error is None:
        return {"error": None}
    try:
        message = str(error)[:500]
    except BaseException as second:  # an exception's own __str__ may fail
        message = f"(its text could not be made: {type(second).__name__})"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if "ipython" in f.filename]
    where = f" (line {lines[-1]})" if lines else ""
    kinds = [kind.__name__ for kind in type(error).__mro__]
    missing = getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None
    return {
        "error": type(error).__name__,
        "message": message + where,
        "kinds": kinds,
        "missing": missing,
    }


def _outputs(shown: list[Any]) -> list[dict[str, str]]:
    kept, pictures = [], 0
    for output in shown[:50]:
        data = output.data if isinstance(output.data, dict) else {}
        bundle = {"text/plain": str(data["text/plain"])[:4000]} if "text/plain" in data else {}
        picture = data.get("image/png")
        if isinstance(picture, bytes):
            picture = base64.b64encode(picture).decode()
        if isinstance(picture, str) and len(picture) <= PICTURE and pictures < PICTURES:
            bundle["image/png"], pictures = picture, pictures + 1
        kept.append(bundle)
    return kept
