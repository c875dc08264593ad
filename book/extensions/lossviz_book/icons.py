"""Draws the theme's icons into the pages, instead of a script of 1.5 MB that does so on each."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pydata_sphinx_theme
from sphinx.errors import ExtensionError

_SCRIPT = Path(
    pydata_sphinx_theme.__file__,
    "../theme/pydata_sphinx_theme/static/scripts/fontawesome.js",
).resolve()
_SCRIPT_TAG = re.compile(
    r'<script defer src="[^"]*/fontawesome\.js[^"]*"></script>\n?'
)
_ICON = re.compile(
    r'<(?P<tag>i|span) class="(?P<classes>[^"]*\bfa[srb]?[ -][^"]*)"(?P<rest>[^>]*)>'
    r"</(?P=tag)>"
)
_DATA = re.compile(r' data-[\w-]+="[^"]*"')
_STYLES = {
    "fas": "solid",
    "fa-solid": "solid",
    "far": "regular",
    "fa-regular": "regular",
    "fab": "brands",
    "fa-brands": "brands",
}
_SIZES = {"fa-fw", "fa-lg", "fa-sm", "fa-xl", "fa-xs"}
# The script holds a table for each style; each begins with the icon named here.
_FIRST = {"brands": "monero", "regular": '"trash-can"', "solid": "0"}


def draw(page: str) -> str:
    """Replace a page's icons by pictures, and drop the script that would.

    Raises:
        ExtensionError: if the theme has no icon of a name.

    Example:
        >>> draw('<i class="fas fa-file"></i>').startswith('<svg class="fas fa-file')
        True
    """
    return _SCRIPT_TAG.sub("", _ICON.sub(_drawn, page))


def _drawn(match: re.Match[str]) -> str:
    classes = match["classes"].split()
    style = next((_STYLES[c] for c in classes if c in _STYLES), None)
    names = [
        c.removeprefix("fa-")
        for c in classes
        if c.startswith("fa-") and c not in _SIZES | _STYLES.keys()
    ]
    if style is None or len(names) != 1:
        return match[0]  # a class of another's that only begins alike
    width, height, path = outline(style, names[0])
    data = "".join(_DATA.findall(match["rest"]))
    return (
        f'<svg class="{" ".join(classes)} svg-inline--fa" aria-hidden="true"{data} '
        f'viewBox="0 0 {width} {height}"><path fill="currentColor" d="{path}"/></svg>'
    )


@cache
def outline(style: str, name: str) -> tuple[int, int, str]:
    """Return the width, height and path of an icon of the theme.

    Args:
        style: "solid", "regular" or "brands".
        name: the icon's name, without "fa-".

    Raises:
        ExtensionError: if the theme has no such icon.

    Example:
        >>> outline("solid", "angle-left")[:2]
        (320, 512)
    """
    entry = re.search(
        rf'[{{,]"?{re.escape(name)}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"\]',
        _table(style),
    )
    if entry is None:
        raise ExtensionError(f"the theme has no {style} icon {name!r}")
    return int(entry[1]), int(entry[2]), entry[3]


@cache
def _table(style: str) -> str:
    """Return the part of the theme's script with the icons of one style."""
    script = _SCRIPT.read_text(encoding="utf-8")
    starts = {
        key: script.index(f"={{{first}:[") for key, first in _FIRST.items()
    }
    ends = [start for start in starts.values() if start > starts[style]]
    return script[starts[style] : min(ends, default=len(script))]
