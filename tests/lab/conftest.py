"""A JupyterLab of its own on this machine, with nothing of the user's settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page

_TOKEN = "of-the-tests"
_PATIENCE = 90  # seconds until the server answers, or the notebook is there

_OPTIONS = [
    "--no-browser",
    "--allow-root",
    "--port=0",
    f"--IdentityProvider.token={_TOKEN}",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--ServerApp.terminals_enabled=False",
]


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab.

    Attributes:
        address: of the server.
        folder: its notebooks.
        surroundings: the environment variables that keep the user's own Jupyter out of it.
    """

    address: str
    folder: Path
    surroundings: dict[str, str]

    def write(self, name: str, cells: list[nbformat.NotebookNode], trusted: bool = False) -> None:
        """Write a notebook of these cells; one that is not trusted shows no script's work."""
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, self.folder / name)
        if trusted:
            command = [sys.executable, "-m", "nbformat.sign", str(self.folder / name)]
            subprocess.run(command, env=self.surroundings, check=True, capture_output=True)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The address and folders of a JupyterLab that runs while the tests do."""
    home = tmp_path_factory.mktemp("lab")
    kinds = {name: home / name for name in ("config", "data", "runtime", "settings", "workspaces")}
    for folder in (*kinds.values(), home / "notebooks"):
        folder.mkdir()
    surroundings = os.environ | {
        "JUPYTER_CONFIG_DIR": str(kinds["config"]),
        "JUPYTER_DATA_DIR": str(kinds["data"]),
        "JUPYTER_RUNTIME_DIR": str(kinds["runtime"]),
        "JUPYTERLAB_SETTINGS_DIR": str(kinds["settings"]),
        "JUPYTERLAB_WORKSPACES_DIR": str(kinds["workspaces"]),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(Path(__file__).parents[1] / "support"),
    }
    log = home / "log.txt"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *_OPTIONS, f"--notebook-dir={home / 'notebooks'}"],
            env=surroundings, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        address = _address(server, kinds["runtime"], log)
        yield Lab(address, home / "notebooks", surroundings)
    finally:
        server.terminate()
        server.wait(timeout=30)


def _address(server: subprocess.Popen, runtime: Path, log: Path) -> str:
    """Wait until the server has written where it listens."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and server.poll() is None:
        for told in runtime.glob("jpserver-*.json"):
            text = told.read_text()
            if text.endswith("}"):
                return json.loads(text)["url"].replace("localhost", "127.0.0.1")
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")


@pytest.fixture
def opened(browser: Browser, lab: Lab) -> Callable[[str], Iterator[Page]]:
    """A function that opens a notebook in a fresh browser profile, and waits for its outputs."""

    @contextmanager
    def open_notebook(name: str) -> Iterator[Page]:
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        page = context.new_page()
        page.set_default_timeout(1000 * _PATIENCE)
        workspace = Path(name).stem  # a shared one would open the others' notebooks, too
        page.goto(f"{lab.address}lab/workspaces/{workspace}/tree/{name}?token={_TOKEN}")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        yield page
        context.close()

    return open_notebook
