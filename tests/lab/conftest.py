"""Notebooks in a JupyterLab of its own, and a browser that opens them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Browser, Page

from notebook_server import TOKEN, serving

_PATIENCE = 90  # seconds until a notebook is there


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab.

    Attributes:
        address: of the server.
        folder: its notebooks.
        data: where it keeps which notebooks are trusted.
    """

    address: str
    folder: Path
    data: Path

    def write(self, name: str, cells: list[nbformat.NotebookNode], trusted: bool = False) -> None:
        """Write a notebook of these cells; one that is not trusted shows no script's work."""
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, self.folder / name)
        if trusted:
            command = [sys.executable, "-m", "nbformat.sign", str(self.folder / name)]
            surroundings = os.environ | {"JUPYTER_DATA_DIR": str(self.data)}
            subprocess.run(command, env=surroundings, check=True, capture_output=True)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab that runs while the tests do, whose kernels know what the tests share."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "notebooks"
    folder.mkdir()
    shared = str(Path(__file__).parents[1] / "support")
    with serving(Path(sys.executable), folder, home, PYTHONPATH=shared) as server:
        yield Lab(server.address, folder, home / "data")


@pytest.fixture
def opened(browser: Browser, lab: Lab) -> Callable[[str], Iterator[Page]]:
    """A function that opens a notebook in a fresh browser profile, and waits for its outputs."""

    @contextmanager
    def open_notebook(name: str) -> Iterator[Page]:
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        page = context.new_page()
        page.set_default_timeout(1000 * _PATIENCE)
        # On a busy machine JupyterLab may ask something, such as for a kernel that is slow to
        # start. A reader would accept what it offers; what the notebook shows is tested anyhow.
        asked = page.locator(".jp-Dialog .jp-mod-accept")
        page.add_locator_handler(asked, lambda accept: accept.click(), times=3)
        workspace = Path(name).stem  # a shared one would open the others' notebooks, too
        page.goto(f"{lab.address}lab/workspaces/{workspace}/tree/{name}?token={TOKEN}")
        page.wait_for_selector(".jp-Notebook .jp-Cell")
        yield page
        context.close()

    return open_notebook
