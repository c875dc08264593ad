"""Every notebook opens and runs in Binder and on a hub, as far as this machine can show it.

With LOSSVIZ_SHORT set, few notebooks run, in the present environment; else all of them, in one made
for it from Binder's requirements. `make binder` prints the table.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

import binder
import install_cell
from extent import SHORT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("binder")


@pytest.fixture(scope="module")
def server(work):
    with binder.binder(work, fresh=not SHORT) as started:
        yield started


@pytest.fixture(scope="module")
def notebooks(server):
    found = binder.notebooks_of(server.folder)
    return found.few() if SHORT else found


@pytest.fixture(scope="module")
def outcomes(server, notebooks):
    return binder.run_all(server, notebooks)


def test_the_server_is_up_soon(server):
    assert server.seconds < binder.START_TIME


def test_the_address_that_binder_leads_to_answers(server, notebooks):
    for name in notebooks.whole + notebooks.unanswered:
        answer = server.get(f"lab/tree/{name}")
        assert answer.status_code == 200
        assert "jupyter-config-data" in answer.text
        assert server.get(f"api/contents/{name}?content=0").json()["type"] == "notebook"


def test_every_notebook_runs_and_takes_less_than_a_gigabyte(server, notebooks, outcomes):
    ran = [outcome.notebook for outcome in outcomes]
    assert ran == [*notebooks.whole, *notebooks.unanswered]
    found = {
        outcome.notebook: binder.complaints(outcome, outcome.notebook in notebooks.unanswered)
        for outcome in outcomes
    }
    told = {name: complaints for name, complaints in found.items() if complaints}
    assert told == {}, binder.table(server, outcomes)


def test_a_hubs_link_fetches_the_book_and_leads_to_a_chapter(server, notebooks):
    query = {
        "repo": f"file://{server.folder}",
        "branch": "main",
        "urlpath": f"lab/tree/fetched/{notebooks.whole[0]}",
    }
    page = server.get("git-pull", params=query)
    assert page.status_code == 200
    assert "nbgitpuller" in page.text
    pulled = server.get("git-pull/api", params=query | {"targetpath": "fetched"})
    assert '{"phase": "finished"}' in pulled.text.splitlines()[-2], pulled.text
    assert (server.folder / "fetched" / notebooks.whole[0]).is_file()
    assert server.get(query["urlpath"]).status_code == 200


@pytest.mark.skipif(SHORT, reason="takes lossviz out of an environment that is made for it")
def test_on_a_hub_without_lossviz_the_first_cell_installs_it(server, work):
    python = work / "environment" / "bin" / "python"
    binder.run_as_reader([python, "-m", "pip", "uninstall", "--yes", "lossviz"], work)
    name = "book/what-an-activation-function-does.ipynb"
    notebook = nbformat.read(server.folder / name, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.id != install_cell.ID]
    nbformat.write(notebook, server.folder / "book" / "without.ipynb")
    failed = server.run("book/without.ipynb")
    assert [fault.name for fault in failed.faults] == ["ModuleNotFoundError"]
    assert binder.complaints(server.run(name), unanswered=False) == []


def test_notebooks_are_told_apart_by_their_folders(tmp_path):
    for name in (
        "book/a.ipynb",
        "book/b.ipynb",
        "book/coursework/ps1.ipynb",
        "coursework/source/ps1/ps1.ipynb",
        "coursework/source/ps2/ps2.ipynb",
        "coursework/source/.ipynb_checkpoints/ps1.ipynb",
        "elsewhere/c.ipynb",
    ):
        path = Path(tmp_path, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    found = binder.notebooks_of(tmp_path)
    assert found == binder.Notebooks(
        (
            "book/a.ipynb",
            "book/b.ipynb",
            "coursework/source/ps1/ps1.ipynb",
            "coursework/source/ps2/ps2.ipynb",
        ),
        ("book/coursework/ps1.ipynb",),
    )
    few = found.few()
    assert few.whole == ("book/a.ipynb", "coursework/source/ps1/ps1.ipynb")
    assert few.unanswered == found.unanswered
