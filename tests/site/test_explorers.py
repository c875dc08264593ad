"""Explorers on pages: by keyboard alone, from a link, offline, from a file, as an image."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from explorer_kinds import KINDS
from looks import picture, shows

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
HOST = re.compile(r'data-lv-host="([a-z_]+)-')

#: Where explorers of each kind stand: chapters by kind.
PLACES = {
    kind: path.relative_to(SITE).as_posix()
    for path in sorted(SITE.glob("book/*.html"), reverse=True)
    if (ROOT / path.relative_to(SITE)).with_suffix(".ipynb").is_file()
    for kind in HOST.findall(path.read_text(encoding="utf-8"))
}

pytestmark = pytest.mark.site


def explorer(page: Page, kind: str) -> Locator:
    """Return the first explorer of a kind on a page, once it has drawn."""
    root = page.locator(f"#{kind.replace('_', '-')}")
    expect(root.locator(".lv-status")).not_to_be_empty()
    return root


def said(root: Locator) -> str:
    return root.locator(".lv-status").inner_text()


def turn_details(root: Locator) -> None:
    """Open what is closed, and close what is open."""
    for summary in root.locator("summary").all():
        summary.press("Enter")


def press_everything(root: Locator) -> list[tuple[str, bool, bool]]:
    """Change each control by a key; return its label, and whether picture and words changed."""
    found = []
    turn_details(root)
    for control in root.locator("select, input[type=range]").all():
        before = picture(root), said(root)
        control.press("ArrowDown" if control.evaluate("e => e.tagName") == "SELECT" else "ArrowUp")
        label = root.locator(f'label[for="{control.get_attribute("id")}"]').inner_text()
        found.append((label, picture(root) != before[0], said(root) != before[1]))
    return found


def kept_text(kind: str) -> str:
    """Return the words that the notebook keeps beside the explorer."""
    notebook = json.loads((ROOT / PLACES[kind]).with_suffix(".ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    mark = f'data-lv-host="{kind}-'
    (text,) = [
        "".join(output["data"]["text/plain"])
        for output in outputs
        if mark in "".join(output.get("data", {}).get("text/html", ""))
    ]
    return text


def test_every_kind_stands_on_a_page():
    assert sorted(PLACES) == KINDS, "run `make book`"


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def seen(visit, kind):
    """One visit that several tests share, each of which leaves the explorer as it was."""
    with visit(PLACES[kind]) as visited:
        yield visited


@pytest.fixture
def root(seen, kind):
    return explorer(seen.page, kind)


def test_the_page_says_what_the_notebook_says(root, kind):
    title = root.locator(".lv-title").inner_text()
    assert f"{title}. {said(root)}" == kept_text(kind)


def test_by_keyboard_alone_picture_and_words_change_and_come_back(seen, root):
    before = picture(root), said(root)
    changes = press_everything(root)
    assert [label for label, seen_, told in changes if not (seen_ and told)] == []
    root.get_by_role("button", name="Reset").press("Enter")
    assert said(root) == before[1]
    assert shows(root, before[0])
    turn_details(root)
    assert seen.console == []


def test_the_tab_key_passes_every_control_and_leaves(seen, root):
    turn_details(root)
    wanted = root.locator("select, input, button, summary, [tabindex='0']").count()
    root.locator("select, input").first.focus()
    within = "root => root.contains(document.activeElement)"
    visited = 1
    for _ in range(wanted):
        seen.page.keyboard.press("Tab")
        if not root.evaluate(within):
            break
        assert root.evaluate("() => document.activeElement.matches(':focus-visible')")
        visited += 1
    assert visited == wanted
    assert not root.evaluate(within)
    turn_details(root)


def test_on_paper_there_is_the_picture(seen, root, kind):
    seen.page.emulate_media(media="print")
    expect(root).to_be_hidden()
    image = seen.page.locator(f'[data-lv-host^="{kind}-"] img').first
    expect(image).to_be_visible()
    assert image.bounding_box()["width"] > 250
    seen.page.emulate_media(media="screen")


def test_a_link_restores_a_view(visit, kind):
    with visit(PLACES[kind]) as seen:
        root = explorer(seen.page, kind)
        press_everything(root)
        root.get_by_role("button", name="Copy link").press("Enter")
        told, shown = said(root), picture(root)
        link = seen.page.evaluate("location.hash")
    with visit(PLACES[kind] + link) as seen:
        root = explorer(seen.page, kind)
        assert said(root) == told
        assert shows(root, shown)
        expect(root).to_be_in_viewport()
        assert seen.console == []


def test_a_bad_link_to_a_chapter_shows_the_default_view_and_runs_nothing(visit, seen, root, kind):
    # What else a link may hold is tried on lighter pages, in tests/explorers.
    name = root.locator("select, input").first.get_attribute("name")
    script = f"#lv={kind.replace('_', '-')}&{name}=<script>document.title='taken'</script>"
    before = picture(root), said(root)
    with visit(PLACES[kind] + script) as bad:
        shown = explorer(bad.page, kind)
        assert (picture(shown), said(shown)) == before
        assert bad.page.title() == seen.page.title()
        assert bad.console == []


def test_a_loaded_page_answers_offline(visit, kind):
    with visit(PLACES[kind]) as seen:
        seen.page.context.set_offline(True)
        root = explorer(seen.page, kind)
        assert all(any(changed) for _, *changed in press_everything(root))
        # Pictures further down wait for the reader; an explorer itself asks for nothing.
        assert [each for each in seen.failed if "/_images/" not in each] == []


def test_a_page_from_a_file_answers(browser, kind):
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((SITE / PLACES[kind]).as_uri())
    root = explorer(page, kind)
    assert all(any(changed) for _, *changed in press_everything(root))
    root.get_by_role("button", name="Copy link").press("Enter")
    expect(root.locator(".lv-told")).not_to_be_empty()
    assert page.url.startswith("file:")
    assert f"#lv={kind.replace('_', '-')}&" in page.url
    assert errors == []
    page.close()


def test_without_javascript_there_is_the_picture(browser, address, kind):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/{PLACES[kind]}")
    host = page.locator(f'[data-lv-host^="{kind}-"]').first
    expect(host.locator("img")).to_be_visible()
    assert len(host.locator("img").get_attribute("alt")) > 80
    expect(host.locator("noscript p")).to_be_visible()
    assert "turn JavaScript on" in host.locator("noscript p").inner_text()
    assert page.locator(".lv-explorer").count() == 0
    context.close()


def test_on_the_narrowest_phone_everything_fits(visit, kind):
    narrow = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
    with visit(PLACES[kind], **narrow) as seen:
        root = explorer(seen.page, kind)
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 360
        for canvas in root.locator("canvas").all():
            box = canvas.bounding_box()
            assert box["width"] >= 200
            assert box["x"] + box["width"] <= 360
        for slider in root.locator(".lv-control:has(> input[type=range]):visible").all():
            track, number = (slider.locator(part).bounding_box() for part in ("input", "output"))
            assert abs(track["y"] + track["height"] / 2 - number["y"] - number["height"] / 2) < 3
            assert track["width"] >= 70
            assert number["x"] + number["width"] <= 360
