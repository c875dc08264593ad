"""A JupyterLab of its own on this machine, which runs notebooks as a reader's browser does."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests
import websocket

from tree_memory import Watch

PATIENCE = 60  # seconds until the server answers
CELL_TIME = 120  # seconds for one cell
LIMIT = 10**9  # bytes that server and kernels may take together
TOKEN = "of-the-tests"
_OPTIONS = [
    "--no-browser",
    "--allow-root",
    "--ip=127.0.0.1",
    "--port=0",
    f"--IdentityProvider.token={TOKEN}",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
]


@dataclass(frozen=True)
class Fault:
    """What a cell raised.

    Attributes:
        cell: its place in the notebook, from 0.
        name: of the error; "DeadKernel" and "Timeout" where there was none to be told.
        text: what it said.
    """

    cell: int
    name: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """How a notebook went: its time, the peak of memory in bytes, and what failed."""

    notebook: str
    seconds: float
    peak: int
    faults: tuple[Fault, ...]
    over: bool


class Server:
    """A running server, the folder that it shows, and the seconds that it took to start."""

    def __init__(
        self, process: subprocess.Popen, address: str, folder: Path, seconds: float
    ) -> None:
        self.process = process
        self.address = address
        self.folder = folder
        self.seconds = seconds
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"token {TOKEN}"

    def get(self, path: str, **options: Any) -> requests.Response:
        """Ask for a page, as the reader who has the link."""
        return self._session.get(f"{self.address}{path}", timeout=PATIENCE, **options)

    def run(
        self,
        notebook: str,
        keep_going: bool = False,
        limit: int = LIMIT,
        cell_time: float = CELL_TIME,
    ) -> Outcome:
        """Run a notebook's code cells in a new kernel, in turn.

        Args:
            notebook: its path below the server's folder.
            keep_going: whether cells after one that failed are run too.
            limit: the most bytes that server and kernel may take; beyond, the kernel is killed.
            cell_time: the most seconds for a cell.
        """
        start = time.monotonic()
        with Watch(self.process.pid, limit) as watch:
            cells = self._json("get", f"api/contents/{quote(notebook)}")["content"]["cells"]
            with self._kernel(notebook) as kernel:
                faults = tuple(self._faults(kernel, cells, keep_going, cell_time, watch))
        seconds = time.monotonic() - start
        return Outcome(notebook, seconds, watch.peak, faults, watch.over.is_set())

    def _faults(
        self, kernel: str, cells: list[dict], keep_going: bool, cell_time: float, watch: Watch
    ) -> Iterator[Fault]:
        socket = websocket.create_connection(
            f"{self.address.replace('http', 'ws', 1)}api/kernels/{kernel}/channels",
            header=[f"Authorization: token {TOKEN}"],
            timeout=PATIENCE,
        )
        socket.settimeout(0.5)  # then it is looked whether there is something to wait for
        with contextlib.closing(socket):
            for place, cell in enumerate(cells):
                source = "".join(cell["source"])
                if cell["cell_type"] != "code" or not source.strip():
                    continue
                error = _execute(socket, source, time.monotonic() + cell_time, watch)
                if error:
                    yield Fault(place, *error)
                if watch.over.is_set() or (error and (not keep_going or error[0] in _FINAL)):
                    return

    @contextmanager
    def _kernel(self, notebook: str) -> Iterator[str]:
        """Start a notebook's kernel, as opening it does, and close both."""
        request = {"path": notebook, "type": "notebook", "name": "", "kernel": {"name": "python3"}}
        session = self._json("post", "api/sessions", json=request)
        try:
            yield session["kernel"]["id"]
        finally:
            self._session.delete(f"{self.address}api/sessions/{session['id']}", timeout=PATIENCE)

    def _json(self, method: str, path: str, **options: Any) -> Any:
        answer = self._session.request(method, self.address + path, timeout=PATIENCE, **options)
        answer.raise_for_status()
        return answer.json()


_FINAL = ("DeadKernel", "Timeout")  # after these no further cell is run


def _execute(
    socket: websocket.WebSocket, source: str, until: float, watch: Watch
) -> tuple[str, str] | None:
    """Run code and return the error's name and text, if there is one."""
    name = uuid.uuid4().hex
    socket.send(json.dumps(_request(name, source)))
    error, waits_for = None, {"idle", "reply"}
    while waits_for and not watch.over.is_set():
        if time.monotonic() > until:
            return "Timeout", "a cell took too long"
        try:
            message = json.loads(socket.recv())
        except websocket.WebSocketTimeoutException:
            continue
        kind, content = message["header"]["msg_type"], message["content"]
        state = content.get("execution_state") if kind == "status" else None
        if state in ("restarting", "dead"):
            return "DeadKernel", "the kernel ended"
        if message["parent_header"].get("msg_id") != name:
            continue
        if kind == "error":
            error = content["ename"], content["evalue"]
        waits_for -= {"reply"} if kind == "execute_reply" else {state}
    return error


def _request(name: str, source: str) -> dict[str, Any]:
    header = {"msg_id": name, "msg_type": "execute_request", "username": "", "session": name}
    content = {
        "code": source,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }
    return {
        "header": header | {"version": "5.3", "date": ""},
        "parent_header": {},
        "metadata": {},
        "channel": "shell",
        "content": content,
    }


@contextmanager
def serving(python: Path, folder: Path, home: Path, **variables: str) -> Iterator[Server]:
    """Start a JupyterLab of an environment in a folder; stop it and its kernels afterwards.

    Args:
        python: the environment's program.
        folder: what it shows.
        home: a folder for settings and the like, so that the user's own play no part.
        variables: of the surroundings, beside the present ones.
    """
    kinds = {name: home / name.lower() for name in ("CONFIG", "DATA", "RUNTIME")}
    for place in kinds.values():
        place.mkdir(parents=True, exist_ok=True)
    surroundings = os.environ | {f"JUPYTER_{name}_DIR": str(path) for name, path in kinds.items()}
    surroundings |= {"HOME": str(home), "OMP_NUM_THREADS": "1", **variables}
    log = home / "log.txt"
    start = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            [python, "-m", "jupyterlab", *_OPTIONS, f"--ServerApp.root_dir={folder}"],
            env=surroundings, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        address = _address(process, kinds["RUNTIME"], log, start + PATIENCE)
        yield Server(process, address, folder, time.monotonic() - start)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _address(process: subprocess.Popen, runtime: Path, log: Path, until: float) -> str:
    """Wait until the server has written where it listens, and answers there."""
    while time.monotonic() < until and process.poll() is None:
        for told in runtime.glob("jpserver-*.json"):
            text = told.read_text()
            if not text.rstrip().endswith("}"):
                continue  # it is being written
            address = json.loads(text)["url"].replace("localhost", "127.0.0.1")
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{address}api", timeout=PATIENCE).ok:
                    return address
        time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")
