"""Explorers in a real JupyterLab: trusted, untrusted, and with a live kernel."""

from __future__ import annotations

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output
from playwright.sync_api import Locator, Page, expect

import lossviz as lv
from explorer_kinds import KINDS, make
from extent import SHORT
from looks import picture, shows

pytestmark = pytest.mark.lab

# All share their framework, so a short run looks at two of them; the others are slow tests.
_FEW = ("activation_lab", "linked_cloud")
_LATER = (pytest.mark.slow, pytest.mark.skipif(SHORT, reason="a short run"))
each_kind = pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in _FEW else _LATER) for kind in KINDS]
)


def kept(explorer: lv.explorers.Explorer) -> nbformat.NotebookNode:
    """Return a cell that shows an explorer, as a notebook keeps it."""
    data, metadata = explorer._repr_mimebundle_()
    output = new_output("execute_result", data, metadata=metadata, execution_count=1)
    return new_code_cell("explorer", execution_count=1, outputs=[output])


def drawn(page: Page) -> Locator:
    """Return the explorer of a notebook, once it is drawn."""
    root = page.locator(".jp-OutputArea .lv-explorer")
    expect(root.locator(".lv-status")).not_to_be_empty(timeout=60_000)  # a kernel imports torch
    root.scroll_into_view_if_needed()
    return root


def turn(root: Locator) -> str:
    """Move the first slider by the keyboard; return what the explorer says then."""
    status = root.locator(".lv-status")
    before = status.inner_text()
    root.locator("input[type=range]").first.focus()
    root.page.keyboard.press("ArrowRight")
    expect(status).not_to_have_text(before)
    return status.inner_text()


@each_kind
def test_without_trust_a_notebook_shows_the_picture_and_runs_nothing(lab, opened, kind):
    explorer = make(kind)
    lab.write(f"untrusted-{kind}.ipynb", [kept(explorer)])
    with opened(f"untrusted-{kind}.ipynb") as page:
        image = page.locator(".jp-OutputArea img.lv-fallback")
        expect(image).to_be_visible()
        assert image.get_attribute("alt") == explorer.picture().alt
        assert image.evaluate("image => image.naturalWidth") > 100
        assert page.locator(".lv-explorer, .jp-OutputArea script").count() == 0


@each_kind
def test_with_trust_a_notebook_answers_the_arrow_keys_without_a_kernel(lab, opened, kind):
    explorer = make(kind)
    lab.write(f"trusted-{kind}.ipynb", [kept(explorer), new_code_cell("1 + 1")], trusted=True)
    with opened(f"trusted-{kind}.ipynb") as page:
        root = drawn(page)
        before = picture(root)
        expect(root.locator(".lv-status")).to_have_text(explorer.result()["text"])
        turn(root)
        assert picture(root) != before
        page.keyboard.press("ArrowDown")  # which chooses the next cell, if it gets there
        assert "jp-mod-active" in page.locator(".jp-Cell").first.get_attribute("class")
        assert root.get_by_role("button", name="Copy link").count() == 0
        root.get_by_role("button", name="Reset").press("Enter")
        expect(root.locator(".lv-status")).to_have_text(explorer.result()["text"])
        assert shows(root, before)


@each_kind
def test_live_a_kernel_computes_what_the_reader_asks(lab, opened, kind):
    makes = f"from explorer_kinds import make\npanel = make({kind!r}).live()\npanel"
    said, now = asked_live(lab, opened, f"live-{kind}.ipynb", makes)
    assert said == make(kind).result()["text"]
    assert now != said


def test_live_a_kernel_knows_an_activation_that_no_page_can(lab, opened):
    makes = """import torch, lossviz as lv
lv.register_activation("bent", lambda z: torch.atan(z) + 0.1 * z)
panel = lv.explorers.activation_lab("bent", "tanh").live()
panel"""
    said, now = asked_live(lab, opened, "live-own.ipynb", makes)
    assert said.startswith("Net inputs of spread 1.0. bent:")
    assert now.startswith("Net inputs of spread 1.1. bent:")


def asked_live(lab, opened, name: str, makes: str) -> tuple[str, str]:
    """Play with a live panel; return what it said at first and later, as its Python did, too."""
    lab.write(name, [new_code_cell(makes), new_code_cell('print(panel.result["text"])')])
    with opened(name) as page:
        run(page, 0)
        root = drawn(page)
        before, said = picture(root), root.locator(".lv-status").inner_text()
        now = turn(root)
        assert picture(root) != before
        run(page, 1)
        expect(page.locator(".jp-Cell").nth(1).locator(".jp-OutputArea")).to_contain_text(now)
        root.get_by_role("button", name="Reset").press("Enter")
        expect(root.locator(".lv-status")).to_have_text(said)
        assert shows(root, before)
    return said, now


def run(page: Page, number: int) -> None:
    """Run a cell; again where JupyterLab dropped it, as it does while a kernel connects."""
    page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    cell = page.locator(".jp-Cell").nth(number)
    for _ in range(10):
        cell.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        page.wait_for_timeout(1000)
        if cell.locator(".jp-InputPrompt").inner_text() != "[ ]:":
            return
    pytest.fail("JupyterLab did not run the cell")
