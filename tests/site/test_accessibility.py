"""Every page before axe-core's rules: in a window by day and by night, and on a phone."""

from __future__ import annotations

import pytest

from audit_tools import installed
from built_pages import pages
from stillness import hold_still

pytestmark = pytest.mark.site

PHONE = {"width": 390, "height": 844}
# What is let through: a rule of axe-core, the places meant, and the reason.
LET_THROUGH = [
    # The formula stands there as MathML too, which axe-core does not take for text.
    ("empty-table-header", "th:has(mjx-assistive-mml math)"),
]
_RUN = """async letThrough => {
  const found = await axe.run({resultTypes: ["violations"]});
  const meant = (rule, place) => letThrough.some(
    ([one, where]) => one === rule && document.querySelector(place)?.matches(where));
  return found.violations.flatMap(rule => rule.nodes.map(node => [rule.id, node.target.join(" ")])
    .filter(fault => !meant(...fault)).map(fault => fault.join(": ")));
}"""
_THEME_LOOKS_AGAIN = 400  # ms after a window's size has changed


@pytest.fixture(scope="session")
def axe():
    return (installed() / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def faults(page):
    return page.evaluate(_RUN, LET_THROUGH)


@pytest.mark.parametrize("path", pages())
def test_axe_finds_nothing(visit, axe, path):
    with visit(path, color_scheme="light") as seen:
        page = seen.page
        hold_still(page)
        page.evaluate(axe)
        assert faults(page) == []
        page.emulate_media(color_scheme="dark")
        page.wait_for_function("document.documentElement.dataset.theme === 'dark'")
        if not path.startswith("book/api/"):  # they are alike, and long
            assert faults(page) == []
        page.set_viewport_size(PHONE)
        page.wait_for_timeout(_THEME_LOOKS_AGAIN)
        assert faults(page) == []


def test_axe_would_find_something(visit, axe):
    with visit("book/notation.html") as seen:
        seen.page.evaluate(axe)
        seen.page.evaluate("document.querySelector('.bd-article table').innerHTML += '<img>'")
        assert any(fault.startswith("image-alt: ") for fault in faults(seen.page))
