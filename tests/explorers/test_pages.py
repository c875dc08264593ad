"""Explorers of all kinds on a page of their own: two at once, and what their outputs may hold."""

from __future__ import annotations

import re

import nbformat
import pytest
from playwright.sync_api import expect

from explorer_kinds import KINDS, make
from looks import picture

LIMIT = 150_000  # characters of a notebook that holds one explorer's output


@pytest.fixture
def shown(page_of):
    """A function that opens a page with explorers of some kinds."""

    def opened(*kinds):
        return page_of(*map(make, kinds)).locator(".lv-explorer").all()

    return opened


@pytest.mark.parametrize("kind", KINDS)
def test_two_of_a_kind_on_a_page_do_not_disturb_each_other(shown, kind):
    first, second = shown(kind, kind)
    assert first.get_attribute("id") != second.get_attribute("id")
    ids = first.page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    expect(second.locator(".lv-status")).to_have_text(make(kind).result()["text"])
    before = picture(first)
    assert picture(second) == before
    second.locator("input[type=range]").first.press("ArrowRight")
    expect(second.locator(".lv-status")).not_to_have_text(make(kind).result()["text"])
    assert picture(first) == before
    assert picture(second) != before


def test_all_kinds_live_on_one_page(shown):
    for kind, root in zip(KINDS, shown(*KINDS), strict=True):
        expect(root.locator(".lv-status")).to_have_text(make(kind).result()["text"])


@pytest.mark.parametrize("kind", KINDS)
def test_an_output_is_small_and_needs_nothing_from_elsewhere(kind):
    data, metadata = make(kind)._repr_mimebundle_()
    output = nbformat.v4.new_output("execute_result", data, metadata=metadata)
    cell = nbformat.v4.new_code_cell(outputs=[output])
    assert len(nbformat.writes(nbformat.v4.new_notebook(cells=[cell]))) < LIMIT
    page = data["text/html"]
    assert not re.search(r"https?:|\bsrc=\"(?!data:)|\bhref=|@import|\burl\(|\beval\(", page)


@pytest.mark.parametrize("kind", KINDS)
def test_markup_has_one_line_that_speaks_and_no_slider_at_its_end(shown, kind):
    (root,) = shown(kind)
    assert root.get_attribute("role") == "group"
    assert root.page.locator(f"#{root.get_attribute('aria-labelledby')}").inner_text()
    assert root.locator("[aria-live]").count() == 1
    assert root.locator(".lv-controls").first.locator("select, input").count() <= 3
    for slider in root.locator("input[type=range]").all():
        assert float(slider.input_value()) < float(slider.get_attribute("max"))
    for control in root.locator("select, input, button").all():
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
    for canvas in root.locator("canvas").all():
        assert canvas.get_attribute("role") == "img"
        assert len(canvas.get_attribute("aria-label").split()) >= 3


BAD = [
    "nothing=1", "__proto__=1", "constructor=x", "=<img src=x onerror=alert(1)>",
    "{first}=<script>document.title='taken'</script>", "{range}=1e999", "{range}=NaN",
    "{range}=javascript:alert(1)", "{range}=-123456", "{range}=999999", "%E0%A4%A=%",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_link_shows_the_default_view_and_runs_nothing(shown, kind):
    (root,) = shown(kind)
    page, status = root.page, root.locator(".lv-status")
    page.on("dialog", lambda dialog: pytest.fail(f"a dialog said {dialog.message}"))
    address, title, name = page.url, page.title(), root.get_attribute("id")
    default = picture(root), status.inner_text()
    names = {
        "first": root.locator("select, input").first.get_attribute("name"),
        "range": root.locator("input[type=range]").first.get_attribute("name"),
    }
    for bad in BAD:
        page.goto("about:blank")
        page.goto(f"{address}#lv={name}&{bad.format(**names)}")
        expect(status).not_to_be_empty()
        assert (picture(root), status.inner_text()) == default, bad
        assert page.title() == title
        assert "onerror" not in root.inner_html()
    # A good link would be heard.
    root.locator("input[type=range]").first.press("ArrowRight")
    root.get_by_role("button", name="Copy link").press("Enter")
    good = page.evaluate("location.hash")
    page.goto("about:blank")
    page.goto(f"{address}{good}")
    expect(status).not_to_be_empty()
    assert status.inner_text() != default[1]
