"""The site without a mouse: every stop is seen, none is a trap, and all that opens also closes."""

from __future__ import annotations

import pytest

from stillness import hold_still

pytestmark = pytest.mark.site

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 780}
CHAPTER = "book/what-an-activation-function-does.html"
WALKED = [CHAPTER, "book/index.html", "search.html", "404.html"]
_MOST_STOPS = 300

# Whether the place of the keyboard differs from the same place without it, within the window.
_STOP = """() => {
  const here = document.activeElement;
  if (here === document.body) return null;
  const card = here.matches(".sd-stretched-link") ? [here.closest(".sd-card")] : [];
  const parts = [...card, here, ...here.children];
  const look = () => parts.map(part => {
    const style = getComputedStyle(part);
    return [style.outlineStyle, style.outlineWidth, style.boxShadow, style.opacity].join();
  }).join();
  const inside = parts.map(part => part.getBoundingClientRect()).some(r => r.width > 0
    && r.height > 0 && r.bottom > 0 && r.top < innerHeight && r.right > 0 && r.left < innerWidth);
  const clear = here.checkVisibility({opacityProperty: true, visibilityProperty: true});
  const focused = look();
  here.blur();
  const differs = look() !== focused;
  here.focus({preventScroll: true});
  here.dataset.stops = 1 + Number(here.dataset.stops ?? 0);
  return {
    name: here.outerHTML.slice(0, 120),
    seen: differs && inside && clear,
    again: here.dataset.stops > 1,
  };
}"""
_ACTIVE = "document.activeElement"


def stops(page):
    """Press the tab key until the page's end, and tell of each stop."""
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop is None:
            return
        yield stop
    pytest.fail(f"the end of the page was not reached in {_MOST_STOPS} stops")


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("path", WALKED)
def test_every_stop_is_seen_and_none_comes_twice(visit, path, size):
    with visit(path, viewport=size) as seen:
        hold_still(seen.page)
        met = list(stops(seen.page))
        assert len(met) > 4
        assert [stop["name"] for stop in met if not stop["seen"]] == []
        assert [stop["name"] for stop in met if stop["again"]] == []


def test_the_search_opens_from_its_button_and_closes_on_escape(visit):
    with visit(CHAPTER) as seen:
        page = seen.page
        button = page.locator("#pst-primary-sidebar .search-button__button")
        dialog = page.locator("#pst-search-dialog")
        button.focus()
        page.keyboard.press("Enter")
        assert dialog.evaluate("element => element.open")
        assert page.evaluate(f"{_ACTIVE}.type") == "search"
        page.keyboard.press("Escape")
        assert not dialog.evaluate("element => element.open")
        assert page.evaluate(f"{_ACTIVE}.title || {_ACTIVE}.dataset.bsOriginalTitle") == "Search"
        page.keyboard.press("Control+k")
        assert dialog.evaluate("element => element.open")


def test_the_colours_change_with_a_key_and_stay_changed(visit):
    with visit(CHAPTER, color_scheme="light") as seen:
        page = seen.page
        mode = "document.documentElement.dataset.mode"
        page.locator(".theme-switch-button").focus()
        modes = []
        for _ in range(3):
            page.keyboard.press("Enter")
            modes.append(page.evaluate(mode))
        assert sorted(modes) == ["auto", "dark", "light"]
        while page.evaluate(mode) != "dark":
            page.keyboard.press("Enter")
        page.reload()
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"


def test_the_menu_of_downloads_opens_and_closes(visit):
    with visit(CHAPTER) as seen:
        page = seen.page
        button = page.locator(".dropdown-download-buttons > button")
        entries = page.locator(".dropdown-download-buttons .dropdown-item")
        button.focus()
        page.keyboard.press("Enter")
        entries.first.wait_for(state="visible")
        page.keyboard.press("ArrowDown")
        assert entries.first.evaluate("element => element === document.activeElement")
        page.keyboard.press("Escape")
        entries.first.wait_for(state="hidden")
        assert button.evaluate("element => element === document.activeElement")


def test_the_arrow_beside_a_chapter_shows_its_pages(visit):
    with visit("book/index.html") as seen:
        page = seen.page
        arrow = page.locator("#pst-primary-sidebar summary")
        assert arrow.get_attribute("aria-label").startswith("Pages of ")
        link = page.locator("#pst-primary-sidebar a[href$='api/ground.html']")
        assert not link.is_visible()
        arrow.focus()
        page.keyboard.press("Enter")
        assert link.is_visible()


@pytest.mark.parametrize("side", ["primary", "secondary"])
def test_both_lists_of_contents_open_on_a_phone_and_close_on_escape(visit, side):
    with visit(CHAPTER, viewport=PHONE) as seen:
        page = seen.page
        page.locator(f"button.{side}-toggle").focus()
        page.keyboard.press("Enter")
        dialog = page.locator(f"#pst-{side}-sidebar-modal")
        link = dialog.locator("nav a").first
        link.wait_for(state="visible")
        page.keyboard.press("Tab")
        assert dialog.evaluate("element => element.contains(document.activeElement)")
        page.keyboard.press("Escape")
        link.wait_for(state="hidden")
        assert page.evaluate(f"{_ACTIVE}.classList.contains('{side}-toggle')")
