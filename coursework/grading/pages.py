"""Plain, self-contained pages: no script, no request to any host."""

from __future__ import annotations

import base64
import binascii
import html
from collections.abc import Iterable

_STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 56rem }
main { padding: 0 1rem }
table { border-collapse: collapse; display: block; overflow-x: auto }
caption { text-align: left; font-weight: 600 }
th, td { border-bottom: 1px solid #8888; padding: .25rem .75rem }
th, td { text-align: left; vertical-align: top }
td.number { text-align: right; font-variant-numeric: tabular-nums }
pre { border-left: 3px solid #8888; overflow-x: auto; padding: .5rem .75rem; white-space: pre-wrap }
img { background: #fff; height: auto; max-width: 100% }
"""


def page(title: str, parts: Iterable[str]) -> bytes:
    """A whole page.

    Args:
        title: Its heading, as plain text.
        parts: Its content, as markup.
    """
    name = escape(title)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'\">\n"
        f"<title>{name}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>{name}</h1>\n" + "\n".join(parts) + "\n</main>\n</body>\n</html>\n"
    ).encode("utf-8", "replace")


def escape(text: object) -> str:
    """Text that is no markup, whoever wrote it.

    Example:
        >>> escape("<script>")
        '&lt;script&gt;'
    """
    return html.escape(str(text))


def table(caption: str, head: list[str], rows: list[list[object]]) -> str:
    """A table; numbers stand at the right."""
    cells = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "\n".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    return (
        f"<table>\n<caption>{escape(caption)}</caption>\n"
        f"<thead><tr>{cells}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    )


def _cell(value: object) -> str:
    number = isinstance(value, (int, float))
    shown = f"{value:g}" if number else escape(value)
    return f'<td class="number">{shown}</td>' if number else f"<td>{shown}</td>"


def png_code(png: str | bytes) -> str:
    """A PNG as base64, written anew; empty where the data is none."""
    try:
        data = base64.b64decode(png, validate=False) if isinstance(png, str) else png
    except (binascii.Error, ValueError):
        return ""
    return base64.b64encode(data).decode() if data.startswith(b"\x89PNG") else ""


def picture(png: str | bytes, description: str) -> str:
    """A picture in the page itself; nothing where the data is no PNG."""
    code = png_code(png)
    return f'<img src="data:image/png;base64,{code}" alt="{escape(description)}">' if code else ""
