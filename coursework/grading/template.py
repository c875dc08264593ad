"""Keep a process with everything imported, of which one copy is made for each student."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from grading.session import SandboxError

_ENDED = "the process that students' processes are copied from"


class Template:
    """A process that imports modules and then copies itself when asked.

    Args:
        modules: What it imports.
    """

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._lock = threading.Lock()
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

    def wait(self) -> None:
        """Wait until everything is imported.

        Raises:
            SandboxError: If that failed.
        """
        if self._control.recv(64) != b"ready":
            raise SandboxError(f"{_ENDED} did not start")

    def copy(self, request: dict[str, Any]) -> tuple[socket.socket, int]:
        """Start a copy.

        Args:
            request: What `grading.zygote` needs to shut it in.

        Returns:
            The socket to talk to it, and its process.
        """
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            socket.send_fds(self._control, [json.dumps(request).encode()], [theirs.fileno()])
            answer = self._control.recv(64)
        if not answer:
            raise SandboxError(f"{_ENDED} has ended")
        return ours, int(answer)

    def close(self) -> None:
        """End it."""
        self._control.close()
        self._process.wait(timeout=30)


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
