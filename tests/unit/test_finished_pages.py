"""What the book's extension makes of finished pages: icons, assets, names, heads, pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from docutils.core import publish_doctree
from sphinx.errors import ExtensionError

from lossviz_book import assets, crawlers, head, icons, pictures, theme

BASE = "https://owner.example/name/"


@pytest.mark.parametrize("style", ["solid", "regular", "brands"])
def test_an_icon_comes_from_its_own_style(style):
    names = {"solid": "file", "regular": "file", "brands": "github"}
    width, height, path = icons.outline(style, names[style])
    assert width > 0
    assert height == 512
    assert path.startswith("M")
    assert icons.outline("solid", "file") != icons.outline("regular", "file")


def test_icons_are_drawn_with_their_classes_and_data():
    page = '<i class="theme-switch fa-solid fa-moon  fa-lg" data-mode="dark" title="Dark"></i>'
    drawn = icons.draw(page)
    assert drawn.startswith('<svg class="theme-switch fa-solid fa-moon fa-lg svg-inline--fa"')
    assert ' data-mode="dark"' in drawn
    assert 'aria-hidden="true"' in drawn
    assert "title" not in drawn
    assert icons.draw(drawn) == drawn


def test_the_script_of_the_icons_goes():
    tag = '<script defer src="../_static/scripts/fontawesome.js?digest=1"></script>\n'
    assert icons.draw(f"<head>{tag}</head>") == "<head></head>"


def test_an_icon_that_the_theme_lacks_stops_the_build():
    with pytest.raises(ExtensionError, match="no solid icon 'no-such-thing'"):
        icons.draw('<i class="fas fa-no-such-thing"></i>')


@pytest.mark.parametrize("other", ['<i class="fast"></i>', '<span class="sofas x"></span>'])
def test_other_classes_are_no_icons(other):
    assert icons.draw(other) == other


MATHJAX = '<script defer="defer" src="_static/mathjax/tex-chtml.js"></script>'
TOGGLE = '<script src="_static/togglebutton.js"></script>'
DESIGN = '<link rel="stylesheet" href="_static/sphinx-design.min.css" />'
COPY = '<script src="_static/copybutton.js"></script>'
THEBE = '<link rel="stylesheet" href="_static/sphinx-thebe.css" />'


@pytest.mark.parametrize(
    ("tag", "body", "stays"),
    [
        (MATHJAX, '<span class="math notranslate">', True),
        (MATHJAX, '<span class="mathematics">', False),
        (MATHJAX, "<p>class math</p>", False),
        (TOGGLE, '<div class="toggle docutils">', True),
        (TOGGLE, '<div class="admonition tip dropdown">', True),
        (TOGGLE, '<div class="dropdown admonition tip">', True),
        (TOGGLE, '<button class="btn dropdown-toggle">', False),
        (TOGGLE, '<span class="toctree-toggle">', False),
        (DESIGN, '<div class="docutils sd-card">', True),
        (DESIGN, '<div class="sd-card">', True),
        (DESIGN, '<div class="tsd-card">', False),
        (COPY, '<div class="highlight-python notranslate">', True),
        (COPY, "<p>", False),
        (THEBE, '<div class="thebe">', False),
    ],
)
def test_an_asset_stays_where_something_needs_it(tag, body, stays):
    page = assets.trim(f"<head>{tag}</head><body>{body}</body>")
    assert (tag in page) == stays
    assert body in page


def test_one_script_is_asked_for_once_and_others_keep_their_order():
    first, second = "<script>var a = 1;</script>", '<script src="b.js"></script>'
    page = assets.trim(f"<head>{first}{second}{first}</head><body></body>")
    assert page == f"<head>{first}{second}</head><body></body>"


def test_the_search_waits_on_pages_but_not_on_its_own():
    tag = '<script src="../_static/searchtools.js"></script>'
    page = f"<head>{tag}</head><body></body>"
    assert "<script defer src" in assets.trim(page)
    own = f'<head>{tag}</head><body><div id="search-results"></div></body>'
    assert assets.trim(own) == own


def test_the_arrow_beside_a_chapter_is_named_after_it():
    link = '<a href="x.html">Clouds &amp; <code class="x">"paths"</code></a>'
    page = theme.mend_frame(f"<a href='y'>No</a>\n{link}<details><summary><span>")
    assert f"{link}<details><summary aria-label=" in page
    assert 'aria-label="Pages of Clouds &amp; &quot;paths&quot;"' in page


def test_only_headers_of_data_frames_become_cells():
    frame = '<table border="1" class="dataframe">\n<th></th><th>a</th>\n</table>'
    other = '<table class="docutils"><th></th></table>'
    mended = theme.mend_outputs(frame + other)
    assert mended == frame.replace("<th></th>", "<td></td>") + other


def test_the_description_is_the_first_paragraph_of_the_text_itself():
    text = """
.. note:: Not this.

.. figure:: a.png

   Nor this.

The *first* words,
on two lines.

Others.
"""
    doctree = publish_doctree(text, settings_overrides={"report_level": 5})
    assert head.opening(doctree) == "The first words, on two lines."
    assert head.opening(publish_doctree("====\nOnly\n====\n")) == ""
    assert head.opening(None) == ""


@pytest.mark.parametrize(
    "text", ["Short.", "word " * 80, "One sentence. " * 30, "x" * 300, "A. " + "long " * 60]
)
def test_a_shortened_text_fits_and_begins_alike(text):
    short = head.shortened(text.strip())
    assert 0 < len(short) <= head.LONGEST
    assert text.startswith(short.removesuffix("…"))
    assert len(text.strip()) <= head.LONGEST or len(short) >= head.SHORTEST


def test_previews_have_a_picture_only_where_its_address_is_known():
    args = ("What it is.", "XOR", "A book")
    known = {name: text for _, name, text in head.tags(*args, BASE + "xor.html", BASE)}
    assert known["og:url"] == BASE + "xor.html"
    assert known["og:image"] == BASE + head.CARD
    assert known["twitter:card"] == "summary_large_image"
    without = {name: text for _, name, text in head.tags(*args, None, "")}
    assert not {"og:url", "og:image"} & set(without)
    assert without["twitter:card"] == "summary"
    assert {name for name in known if name not in without} >= {"og:url", "og:image"}


def test_the_list_of_pages_is_xml_whatever_they_are_called():
    root = ET.fromstring(crawlers.sitemap(BASE, ["a&b.html", "book/index.html"]))
    places = [place.text for place in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert places == [BASE + "a&b.html", BASE + "book/index.html"]
    assert "Sitemap" not in crawlers.robots("")


def test_pictures_after_the_first_wait_and_those_with_a_size_keep_it():
    body = (
        '<img alt="of some width" src="../_images/a.png" />'
        '<img alt="b" src="../_images/b.png" style="width: 50%;" />'
        '<img alt="c" src="../_images/c.svg" />'
        '<img class="lv-fallback" alt="d" src="data:image/png;base64,AAAA">'
    )
    mended = pictures.describe(body, lambda name: (3, 2) if name.endswith("png") else None)
    first, second, third, own = mended.split("<img ")[1:]
    assert 'width="3" height="2"' in first
    assert "loading" not in first
    assert "height=" not in second
    assert 'loading="lazy"' in second
    assert "height=" not in third
    assert own == 'class="lv-fallback" alt="d" src="data:image/png;base64,AAAA">'


def test_a_size_is_read_from_png_files_only(tmp_path):
    other = tmp_path / "a.svg"
    other.write_text("<svg/>", encoding="utf-8")
    assert pictures.png_size(other) is None
