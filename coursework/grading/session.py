"""Talk to one process that was shut in, and end it, from outside."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import Any

from grading.model import Limits, Step
from grading.users import UserError, end_all_of, memory_of

#: Characters of one reply that only tells how a cell went, and of one that carries an answer.
_REPLY, LARGE = 4_000_000, 40_000_000
_FORGED = "something was written into the grader's channel"


class SandboxError(UserError):
    """The machine cannot shut a process in as was asked: no submission's fault."""


class StoppedError(Exception):
    """A process ended, or had to be ended, while it ran a cell."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Session:
    """A conversation with one process.

    Args:
        connection: The socket to it.
        pid: The process that ends all the others.
        base: Its private folder.
        limits: What it may use.
        uid: Its user, where it has one of its own.
        name: What it is called in reasons.
    """

    #: Whether a test that is marked already is run again where a submission is begun anew.
    repeats_tests = False

    def __init__(
        self,
        connection: socket.socket,
        pid: int,
        base: Path,
        limits: Limits,
        uid: int | None,
        name: str = "the process",
    ) -> None:
        self._connection, self._pid, self._base = connection, pid, base
        self._limits, self._uid, self._name = limits, uid, name
        self._buffer = bytearray()
        with contextlib.suppress(ProcessLookupError, AttributeError):
            self._handle = os.pidfd_open(pid)
        try:
            first = self._reply(time.monotonic() + 60, _REPLY)
        except StoppedError as error:
            self.close()
            raise SandboxError(f"no process could be started: {error.reason}") from error
        if "refused" in first:
            self.close()
            raise SandboxError(f"no process could be shut in: {first['refused']}")

    def run(self, step: Step, until: float) -> dict[str, Any]:
        """Have one cell run.

        Args:
            step: The cell.
            until: When the submission's time is over, by `time.monotonic`.

        Returns:
            The runner's reply.

        Raises:
            StoppedError: If there was no answer in time, or no honest one.
        """
        until = min(until, time.monotonic() + self._limits.cell_seconds)
        return self.exchange({"kind": step.kind, "source": step.source}, until)

    def exchange(
        self, message: dict[str, Any], until: float, longest: int = _REPLY
    ) -> dict[str, Any]:
        """Send a message and wait for the one that answers it.

        Args:
            message: What to send.
            until: When there must be an answer, by `time.monotonic`.
            longest: Characters that the answer may have.

        Raises:
            StoppedError: If there was no answer in time, or no honest one.
        """
        nonce = secrets.token_hex(16)
        if self._buffer:
            raise StoppedError("check", _FORGED)
        try:
            self._connection.settimeout(max(until - time.monotonic(), 0.01))
            self._connection.sendall(json.dumps({"nonce": nonce, **message}).encode() + b"\n")
        except TimeoutError as error:
            raise StoppedError("timeout", "no end while it was sent something") from error
        except OSError as error:
            raise StoppedError("crashed", f"{self._name} ended before") from error
        reply = self._reply(until, longest)
        if reply.pop("nonce", None) != nonce:
            raise StoppedError("check", _FORGED)
        return reply

    def _reply(self, until: float, longest: int) -> dict[str, Any]:
        started, searched = time.monotonic(), 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            left = until - time.monotonic()
            if left <= 0:
                seconds = time.monotonic() - started
                raise StoppedError("timeout", f"no end after {seconds:.0f} s")
            self._connection.settimeout(min(left, 0.5))
            try:
                data = self._connection.recv(1 << 18)
            except TimeoutError:
                self._look_at_memory()
                continue
            except OSError:
                data = b""
            if not data:
                raise StoppedError("crashed", f"{self._name} ended")
            self._buffer += data
            if len(self._buffer) > longest:
                raise StoppedError("crashed", "the output is too large")
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            raise StoppedError("check", _FORGED)
        return reply

    def _look_at_memory(self) -> None:
        if self._uid is None:
            return
        used = memory_of(self._uid)
        if used > (self._limits.memory_mb + 400) << 20:  # 400: what was imported beforehand
            raise StoppedError("crashed", f"{used >> 20} MB of memory were in use")

    def close(self) -> None:
        """End the process and all that it has started."""
        handle = self.__dict__.pop("_handle", None)
        with contextlib.suppress(ProcessLookupError):
            if handle is not None:
                signal.pidfd_send_signal(handle, 0)  # only while the number is still its own
            os.killpg(self._pid, signal.SIGKILL)
        if handle is not None:
            os.close(handle)
        self._connection.close()
        if self._uid is not None:
            end_all_of(self._uid)
        shutil.rmtree(self._base, ignore_errors=True)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
