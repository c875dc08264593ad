"""Finds in a text what students must not see: solutions, hidden tests and mark schemes.

The lines between the delimiters of a problem set's source are its secrets. A line that also stands
elsewhere in the source is none, nor is one that is too short to give anything away.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator

from nbformat import NotebookNode

REGIONS = ("SOLUTION", "HIDDEN TESTS", "MARK SCHEME")
MARKS = re.compile(rf"\b(BEGIN|END) ({'|'.join(REGIONS)})\b")
LEAST = 12  # characters; shorter lines, such as "z = 0", say nothing by themselves


def secrets(source: NotebookNode) -> list[str]:
    r"""Return the secret lines of a source, without their indents, each once.

    Example:
        >>> from nbformat.v4 import new_code_cell, new_notebook
        >>> text = "### BEGIN SOLUTION\nanswer = 42 * factor\n### END SOLUTION"
        >>> secrets(new_notebook(cells=[new_code_cell(text)]))
        ['answer = 42 * factor']
    """
    lines = [line for cell in source.cells for line in told_apart(cell.source)]
    open_ = {line for line, secret in lines if not secret}
    hidden = (line for line, secret in lines if secret and len(line) >= LEAST)
    return list(dict.fromkeys(line for line in hidden if line not in open_))


def found(text: str, hidden: Iterable[str]) -> list[str]:
    """Return which secret lines, and which delimiters, a text holds in any of its usual spellings.

    The text may be plain, HTML (coloured code included) or JSON.

    Example:
        >>> found("<span>answer</span> = 42 * &quot;a&quot;", ['answer = 42 * "a"'])
        ['answer = 42 * "a"']
        >>> found("### BEGIN SOLUTION", [])
        ['BEGIN SOLUTION']
    """
    bare = _squeezed(html.unescape(re.sub(r"<[^<>]*>", "", text)))
    whole = _squeezed(text)
    marks = list(dict.fromkeys(match[0] for match in MARKS.finditer(text)))
    return marks + [
        line
        for line in hidden
        if _squeezed(line) in bare
        or _squeezed(line) in whole
        or _squeezed(json.dumps(line)[1:-1]) in whole
    ]


def told_apart(text: str, regions: Iterable[str] = REGIONS) -> Iterator[tuple[str, bool]]:
    r"""Yield each line of a cell, without its indent, and whether it lies in one of the regions.

    Example:
        >>> text = "### BEGIN HIDDEN TESTS\nassert f(7)\n### END HIDDEN TESTS\nf(1)"
        >>> list(told_apart(text))
        [('assert f(7)', True), ('f(1)', False)]
    """
    open_regions = 0
    for line in text.splitlines():
        if mark := MARKS.search(line):
            if mark[2] in regions:
                open_regions += 1 if mark[1] == "BEGIN" else -1
        else:
            yield line.strip(), open_regions > 0


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)
