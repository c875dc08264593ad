"""Start shut-in processes, talk to them, and end them, from outside."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from grading.model import Limits, Step
from grading.users import UserError, end_all_of, memory_of, unused_uid, wait_for_others

#: How students' code is kept apart, from the strongest to the weakest.
ISOLATIONS = {
    "full": "own user, own root, own network and processes, limits (root on Linux)",
    "uid": "own user and limits, but it sees the network and what all users may read",
    "process": "own process and limits only: it may read and write what you may",
}
_LONGEST = 4_000_000  # characters of one reply


class SandboxError(UserError):
    """The machine cannot shut a process in as was asked: no submission's fault."""


class StoppedError(Exception):
    """A student's process ended, or had to be ended, while it ran a cell."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def check_isolation(isolation: str) -> None:
    """Say clearly where a kind of isolation is not to be had, and which is.

    Args:
        isolation: A key of `ISOLATIONS`.

    Raises:
        SandboxError: If this machine or user cannot do it.
    """
    if sys.platform == "win32":
        raise SandboxError("grading needs Linux or macOS; on Windows run it in WSL or a container")
    weaker = f"The weaker mode is called --isolation process: {ISOLATIONS['process']}."
    if isolation != "process" and (sys.platform != "linux" or os.geteuid() != 0):
        raise SandboxError(
            f"--isolation {isolation} needs root on Linux, because each student's code runs as a "
            f"user of its own. {weaker}"
        )


class Sandbox:
    """Keeps one process with everything imported, and copies it for each student."""

    def __init__(self, limits: Limits, isolation: str, modules: tuple[str, ...] = ()) -> None:
        check_isolation(isolation)
        self.limits, self.isolation = limits, isolation
        self._lock = threading.Lock()
        self._alone = wait_for_others() if isolation != "process" else None
        self._folder = Path(tempfile.mkdtemp(prefix="lossviz-grade-"))
        self._folder.chmod(0o711)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        here = Path(__file__).resolve().parents[1]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "grading.zygote", str(theirs.fileno()), *modules],
            pass_fds=[theirs.fileno()],
            env=_environment(here),
            stdin=subprocess.DEVNULL,
            cwd="/",
        )
        theirs.close()
        if self._control.recv(64) != b"ready":
            raise SandboxError("the process that students' processes are copied from did not start")

    def start(self, number: int, trusted: bool = False) -> Session:
        """Start a process.

        Args:
            number: The student's number, which decides the user.
            trusted: Whether the code is the lecturer's, and so only gets a process of its own.
        """
        isolation = "process" if trusted else self.isolation
        uid = unused_uid(number)
        base = Path(tempfile.mkdtemp(dir=self._folder))
        ours, theirs = socket.socketpair()
        request = {
            "isolation": isolation,
            "trusted": trusted,
            "uid": uid,
            "base": str(base),
            "limits": asdict(self.limits),
        }
        with self._lock, theirs:
            socket.send_fds(self._control, [json.dumps(request).encode()], [theirs.fileno()])
            answer = self._control.recv(64)
        if not answer:
            raise SandboxError("the process that students' processes are copied from has ended")
        watched = uid if isolation != "process" else None
        return Session(ours, int(answer), base, self.limits, watched)

    def close(self) -> None:
        """End the process that is copied, and remove the folders."""
        self._control.close()
        self._process.wait(timeout=30)
        if self._alone is not None:
            self._alone.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Session:
    """A conversation with one student's process."""

    def __init__(
        self, connection: socket.socket, pid: int, base: Path, limits: Limits, uid: int | None
    ) -> None:
        self._connection, self._pid, self._base = connection, pid, base
        self._limits, self._uid = limits, uid
        self._buffer = b""
        with contextlib.suppress(ProcessLookupError, AttributeError):
            self._handle = os.pidfd_open(pid)
        try:
            first = self._reply(time.monotonic() + 60)
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
        nonce = secrets.token_hex(16)
        if self._buffer:
            raise StoppedError("check", "something was written into the grader's channel")
        request = {"nonce": nonce, "kind": step.kind, "source": step.source}
        try:
            self._connection.settimeout(max(until - time.monotonic(), 0.01))
            self._connection.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise StoppedError("crashed", f"the process ended before {step.name}") from error
        reply = self._reply(min(until, time.monotonic() + self._limits.cell_seconds))
        if reply.get("nonce") != nonce:
            raise StoppedError("check", "something was written into the grader's channel")
        return reply

    def _reply(self, until: float) -> dict[str, Any]:
        started = time.monotonic()
        while b"\n" not in self._buffer:
            left = until - time.monotonic()
            if left <= 0:
                seconds = time.monotonic() - started
                raise StoppedError("timeout", f"no end after {seconds:.0f} s")
            self._connection.settimeout(min(left, 0.5))
            try:
                data = self._connection.recv(1 << 16)
            except TimeoutError:
                self._look_at_memory()
                continue
            except OSError:
                data = b""
            if not data:
                raise StoppedError("crashed", "the process ended")
            self._buffer += data
            if len(self._buffer) > _LONGEST:
                raise StoppedError("crashed", "the output is too large")
        line, self._buffer = self._buffer.split(b"\n", 1)
        try:
            reply = json.loads(line)
        except ValueError:
            reply = None
        if not isinstance(reply, dict):
            raise StoppedError("check", "something was written into the grader's channel")
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


def _environment(here: Path) -> dict[str, str]:
    """Only what Python and the libraries need: no token, key or name of the lecturer's."""
    kept = ("PATH", "LANG", "LC_ALL", "LOSSVIZ_DATA", "LD_LIBRARY_PATH", "NUMBA_CACHE_DIR")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    paths = [str(here), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {
        **found,
        **one_thread,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TQDM_DISABLE": "1",
        "HOME": str(Path.home()),
    }
