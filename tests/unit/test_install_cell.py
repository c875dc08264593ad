"""The hidden first cell: harmless where lossviz is there, and an installation where it is not."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import quote

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

import install_cell

ROOT = Path(__file__).resolve().parents[2]
# Every page that has launch buttons, problem sets included.
PAGES = [p for p in (ROOT / "book").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts]


def chapter():
    result = new_output("execute_result", data={"text/plain": "42"}, execution_count=1)
    code = new_code_cell("6 * 7", id="code", execution_count=1, outputs=[result])
    return new_notebook(cells=[new_markdown_cell("# A", id="text"), code])


@pytest.mark.parametrize("path", sorted(PAGES), ids=lambda path: path.stem)
def test_every_page_of_code_begins_with_the_cell(path):
    notebook = nbformat.read(path, as_version=4)
    assert install_cell.with_cell(notebook) == notebook, "run book/tools/install_cell.py on it"


def test_the_cell_comes_before_all_other_code_once():
    once = install_cell.with_cell(chapter())
    assert [cell.id for cell in once.cells] == ["text", install_cell.ID, "code"]
    assert install_cell.with_cell(once) == once
    assert once.cells[1].metadata.tags == ["remove-cell"]
    nbformat.validate(once)


def test_an_address_is_written_kept_and_taken_back():
    address = "https://github.com/owner/book"
    given = install_cell.with_cell(chapter(), address)
    assert install_cell.address_in(given.cells[1].source) == address
    assert install_cell.with_cell(given) == given
    assert install_cell.with_cell(given, "") == install_cell.with_cell(chapter())


@pytest.mark.parametrize("address", ['"; import os', "https://a/b c", "https://a/b\nc"])
def test_what_is_no_address_is_not_written_into_code(address):
    with pytest.raises(ValueError, match="must be like"):
        install_cell.with_cell(chapter(), address)


def test_what_was_not_run_stays_so():
    notebook = new_notebook(cells=[new_code_cell("6 * 7", id="code")])
    cells = install_cell.with_cell(notebook).cells
    assert [cell.execution_count for cell in cells] == [None, None]


def test_other_cells_keep_what_graders_have_written():
    notebook = chapter()
    notebook.cells[1].metadata["nbgrader"] = {"grade_id": "a", "points": 2}
    kept = install_cell.with_cell(notebook).cells[2]
    assert kept.metadata == {"nbgrader": {"grade_id": "a", "points": 2}}
    assert kept.source == "6 * 7"


def test_a_notebook_without_code_gets_the_cell_at_its_end():
    notebook = new_notebook(cells=[new_markdown_cell("# A", id="text")])
    assert [cell.id for cell in install_cell.with_cell(notebook).cells] == ["text", install_cell.ID]


def test_the_tool_counts_on_and_leaves_what_is_right(tmp_path, capsys):
    path = tmp_path / "a.ipynb"
    nbformat.write(chapter(), path)
    assert install_cell.main([str(path)]) == 0
    cells = nbformat.read(path, as_version=4).cells
    assert [cell.get("execution_count") for cell in cells] == [None, 1, 2]
    assert cells[2].outputs[0].execution_count == 2
    assert "a.ipynb" in capsys.readouterr().out
    written = path.stat().st_mtime_ns
    install_cell.main([str(path)])
    assert path.stat().st_mtime_ns == written


@pytest.fixture
def ran(monkeypatch):
    """Lets lossviz seem missing, and records what would have been run to install it."""
    commands = []

    def run(command, check):
        assert check
        commands.append([str(part) for part in command])
        if command[0] == "git":
            Path(command[-1], "book").mkdir(parents=True)

    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(subprocess, "run", run)
    for name in ("COLAB_JUPYTER_IP", "KMP_TARGET_PORT"):
        monkeypatch.delenv(name, raising=False)
    return commands


def execute(address=""):
    cell = install_cell.with_cell(chapter(), address).cells[1]
    exec(compile(cell.source, "cell", "exec"), {"__name__": "__main__"})


def pip(root):
    return [sys.executable, "-m", "pip", "install", "--quiet", f"{root}[chapters]"]


def test_nothing_happens_where_lossviz_is_there(tmp_path, monkeypatch, ran):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    monkeypatch.chdir(tmp_path)
    execute("https://host.example/owner/book")
    assert ran == []
    assert Path.cwd() == tmp_path


@pytest.mark.parametrize("folder", ["book", "coursework/release/ps1"])
def test_in_a_clone_that_clone_is_installed(tmp_path, monkeypatch, ran, folder):
    (tmp_path / "lossviz" / "cli").mkdir(parents=True)
    (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir(tmp_path / folder)
    execute()
    assert ran == [pip(tmp_path)]
    assert Path.cwd() == tmp_path / folder


def test_a_given_address_is_cloned_and_the_chapters_files_are_found(tmp_path, monkeypatch, ran):
    monkeypatch.chdir(tmp_path)
    execute("https://host.example/owner/book")
    clone = ["git", "clone", "--quiet", "--depth=1"]
    assert ran == [
        [*clone, "https://host.example/owner/book", "lossviz-book"],
        pip(tmp_path / "lossviz-book"),
    ]
    assert Path.cwd() == tmp_path / "lossviz-book" / "book"


def test_after_a_restart_the_files_are_found_again(tmp_path, monkeypatch, ran):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: object())
    (tmp_path / "lossviz-book" / "book").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    execute()
    assert ran == []
    assert Path.cwd() == tmp_path / "lossviz-book" / "book"


@pytest.fixture
def opened(monkeypatch):
    """Stands for Colab's own server, which says what notebook is open."""
    places = []

    class Sessions(BaseHTTPRequestHandler):
        def do_GET(self):
            assert self.path == "/api/sessions"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps([{"path": places[0], "name": "a.ipynb"}]).encode())

        def log_message(self, *_args):
            pass

    with HTTPServer(("127.0.0.1", 0), Sessions) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        monkeypatch.setenv("COLAB_JUPYTER_IP", "127.0.0.1")
        monkeypatch.setenv("KMP_TARGET_PORT", str(server.server_port))
        yield places
        server.shutdown()
        thread.join()


def test_colab_tells_repository_and_branch(tmp_path, monkeypatch, ran, opened):
    place = "https://github.com/owner/book/blob/main/book/the-study.ipynb"
    opened.append("fileId=" + quote(place, safe="/"))
    monkeypatch.chdir(tmp_path)
    execute()
    clone, install = ran
    assert clone[-3:] == ["--branch=main", "https://github.com/owner/book", "lossviz-book"]
    assert install == pip(tmp_path / "lossviz-book")


def test_a_copy_in_colab_asks_for_the_address(tmp_path, monkeypatch, ran, opened):
    opened.append("fileId=1AbC")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match="into ADDRESS"):
        execute()
    assert ran == []


def test_elsewhere_the_cell_asks_for_the_address(tmp_path, monkeypatch, ran):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError, match="into ADDRESS"):
        execute()
    assert ran == []
