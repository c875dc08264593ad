"""Pages on paper: black on white, whole, and without what only a screen can use."""

from __future__ import annotations

from pathlib import Path

import pytest

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
CHAPTERS = sorted(
    page.relative_to(SITE).as_posix()
    for page in SITE.glob("book/*.html")
    if page.name != "index.html"
)
SCREEN_ONLY = (
    ".bd-header, .bd-header-article, .bd-sidebar-primary, .bd-sidebar-secondary, .bd-footer, "
    ".prev-next-footer, .bd-article button, a.headerlink, .lv-explorer, dialog"
)
PAPER = {"width": 660, "height": 970}  # the printed part of A4, in CSS pixels

pytestmark = pytest.mark.site

VISIBLE = """selector => [...document.querySelectorAll(selector)]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().height > 0)
  .map(e => e.outerHTML.slice(0, 100))"""
# Text that is pale on white, or ground that is not white, where ink is all there is.
FAINT = """() => {
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const part = v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const opaque = c => c.length === 3 || c[3] > 0;
  const own = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  return [...document.querySelectorAll("html, body, .bd-article *")]
    .filter(e => e.checkVisibility() && !e.closest("img"))
    .filter(e => {
      const style = getComputedStyle(e), ground = parse(style.backgroundColor);
      const pale = own(e) && 1.05 / (luminance(parse(style.color)) + 0.05) < 4.5;
      return pale || (opaque(ground) && luminance(ground) < 0.9);
    }).slice(0, 5).map(e => e.outerHTML.slice(0, 120));
}"""
WIDE = """() => [...document.querySelectorAll(".bd-article *")]
  .filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1
    && !e.closest("mjx-assistive-mml"))
  .slice(0, 5).map(e => e.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module", params=CHAPTERS)
def paper(request, visit):
    with visit(request.param, viewport=PAPER, color_scheme="dark") as seen:
        assert seen.page.evaluate("document.documentElement.dataset.theme") == "dark"
        seen.page.emulate_media(media="print")
        yield seen.page


def test_it_is_black_on_white_from_a_dark_screen(paper):
    assert paper.evaluate(FAINT) == []


def test_what_only_a_screen_can_use_is_not_there(paper):
    assert paper.evaluate(VISIBLE, SCREEN_ONLY) == []
    assert paper.locator(".bd-article h1").first.is_visible()


def test_explorers_are_pictures(paper):
    hosts = paper.locator(".lv-host").count()
    assert len(paper.evaluate(VISIBLE, ".lv-host img.lv-fallback")) == hosts


def test_solutions_are_open_and_folded_code_stays_out(paper):
    solutions = "details.sd-dropdown .sd-summary-content"
    assert len(paper.evaluate(VISIBLE, solutions)) == paper.locator(solutions).count()
    assert paper.evaluate(VISIBLE, "details.hide .cell_input") == []
    folded = "details.hide .cell_output"
    assert len(paper.evaluate(VISIBLE, folded)) == paper.locator(folded).count()


def test_nothing_is_wider_than_the_paper(paper):
    assert paper.evaluate(WIDE) == []


def test_links_to_other_hosts_are_spelled_out(visit):
    with visit("book/api/explorers.html", viewport=PAPER) as seen:
        seen.page.emulate_media(media="print")
        seen.page.evaluate(
            """() => document.querySelector("article p").insertAdjacentHTML("beforeend",
              '<a class="reference external" href="https://host.example/x">there</a>' +
              '<a class="reference external" href="https://doi.org/10.1/x">doi:10.1/x</a>')"""
        )
        added = "a => getComputedStyle(a, '::after').content"
        links = [seen.page.locator(f'a[href*="{host}"]') for host in ("host.example", "doi.org")]
        shown = [link.last.evaluate(added) for link in links]
        assert "https://host.example/x" in shown[0]
        assert shown[1] == "none"
