"""Every page of the built site, as a reader's browser shows it."""

from __future__ import annotations

import re

import pytest

from built_pages import SITE, pages
from stillness import hold_still

PAGES = pages()
PHONE = {"width": 360, "height": 780}  # as narrow as phones in use are
EXPECTED = {"book/index.html", "search.html", "genindex.html", "404.html"}

pytestmark = pytest.mark.site

# A formula that was not set, in text that is neither code nor MathJax's own.
RAW_TEX = re.compile(r"\\[(\[]|\$\$|\\(?:begin|frac|mathbf|sum|lambda|operatorname)\b")
TEXT = """() => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll("pre, code, script, style, mjx-container").forEach(e => e.remove());
  return copy.textContent;
}"""
# Those further down wait for the reader.
IMAGES = """async () => {
  const images = [...document.querySelectorAll("article img")];
  for (const image of images) image.loading = "eager";
  await Promise.all(images.map(image => image.decode()));
  return images.map(image => [image.alt, image.naturalWidth]);
}"""
WIDE = """() => [...document.querySelectorAll("body *")]
  .filter(e => e.getBoundingClientRect().right > innerWidth + 1 && e.checkVisibility())
  .slice(0, 5).map(e => e.outerHTML.slice(0, 120))"""
# Formulas, also those in closed solutions, whose end can neither be seen nor be scrolled to.
CLIPPED = """() => {
  document.querySelectorAll("details").forEach(e => (e.open = true));
  return [...document.querySelectorAll(".bd-article p span.math > mjx-container")]
    .filter(e => e.getBoundingClientRect().right > innerWidth && !e.closest("table"))
    .map(e => e.textContent.slice(0, 120));
}"""
# The lowest contrast (WCAG 2) between visible text and the colour behind it, and where.
CONTRAST = """() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const part = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const behind = e => {
    for (; e; e = e.parentElement) {
      const colour = parse(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const own = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const found = [...document.querySelectorAll("main *, .bd-sidebar *")]
    .filter(e => own(e) && e.checkVisibility({opacityProperty: true, visibilityProperty: true}))
    .map(e => {
      const [a, b] = [parse(getComputedStyle(e).color), behind(e)].map(luminance);
      return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.outerHTML.slice(0, 120)];
    });
  return found.filter(([ratio]) => ratio < 4.5).slice(0, 5);
}"""


def source(path: str) -> str:
    return (SITE / path).read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=PAGES)
def path(request):
    return request.param


@pytest.fixture(scope="module")
def seen(visit, path):
    """One visit that all looks at a page in a wide window share: pages are slow to load."""
    with visit(path, color_scheme="light") as visited:
        hold_still(visited.page)
        yield visited


def test_the_site_is_built():
    assert set(PAGES) >= EXPECTED, "run `make book`"


def test_the_console_is_silent(seen):
    assert seen.console == []


def test_no_request_leaves_the_site_and_none_fails(seen, address):
    local = (f"{address}/", "data:", "blob:", "about:")
    assert [url for url in seen.requests if not url.startswith(local)] == []
    assert seen.failed == []


def test_title_and_language_are_set(seen):
    assert len(seen.page.title()) > 3
    assert seen.page.evaluate("document.documentElement.lang") == "en-GB"


def test_mathematics_is_rendered(seen, path):
    expected = len(re.findall(r'class="math ', source(path)))
    assert seen.page.locator(".math mjx-container").count() == expected
    assert seen.page.locator("mjx-merror, [data-mjx-error]").count() == 0
    assert RAW_TEX.findall(seen.page.evaluate(TEXT)) == []


def test_every_picture_has_a_description(seen):
    for alt, width in seen.page.evaluate(IMAGES):
        assert width > 0
        assert len(alt.split()) >= 3, f"an image is described as {alt!r}"
        assert not re.search(r"\.(?:png|jpe?g|svg|gif)$|_images/", alt)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(seen, scheme):
    page = seen.page
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("want => document.documentElement.dataset.theme === want", arg=scheme)
    assert page.evaluate(CONTRAST) == []


def test_the_first_stop_of_the_keyboard_skips_to_the_text(seen):
    page, active = seen.page, "document.activeElement"
    page.keyboard.press("Tab")
    assert page.evaluate(f"{active}.innerText") == "Skip to main content"
    assert page.evaluate(f"{active}.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(f"{active}.closest('main') !== null")


def test_nothing_scrolls_sideways_on_a_phone(visit, path):
    phone = {"viewport": PHONE, "is_mobile": True, "has_touch": True, "color_scheme": "dark"}
    with visit(path, **phone) as seen:
        page = seen.page
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], (
            page.evaluate(WIDE)
        )
        assert page.evaluate(CLIPPED) == []
        assert seen.console == []
