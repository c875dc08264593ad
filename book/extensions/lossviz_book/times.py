"""Shows how long a chapter takes, in the words of its own opening.

A chapter says "It takes about 45 minutes." The role ``{reading-time}`chapter``` repeats the time
elsewhere, so that no second number can fall behind.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxRole

_SAID = re.compile(r"\bIt takes about (\d+ minutes|an hour|\d+ hours)\b")


def connect(app: Sphinx) -> None:
    """Register the role."""
    app.add_role("reading-time", ReadingTime())


def reading_time(notebook: str) -> str:
    """Return the time that a notebook's text says it takes.

    Args:
        notebook: the notebook, as JSON.

    Raises:
        ValueError: if it names no time, or more than one.

    Example:
        >>> cell = {"cell_type": "markdown", "source": ["It takes about 45 minutes."]}
        >>> reading_time(json.dumps({"cells": [cell]}))
        '45 minutes'
    """
    cells = json.loads(notebook)["cells"]
    texts = (
        "".join(c["source"]) for c in cells if c["cell_type"] == "markdown"
    )
    found = [time for text in texts for time in _SAID.findall(text)]
    if len(found) != 1:
        raise ValueError(
            'a chapter must say once "It takes about ... minutes", '
            f"found {len(found)} times"
        )
    return found[0]


class ReadingTime(SphinxRole):
    """The time that the named chapter takes."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the words, or a warning that says what is wrong."""
        folder = Path(self.env.doc2path(self.env.docname)).parent
        chapter = folder / f"{self.text}.ipynb"
        self.env.note_dependency(str(chapter))
        try:
            said = reading_time(chapter.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            message = self.inliner.reporter.error(
                f"reading-time of {self.text!r}: {error}", line=self.lineno
            )
            return [nodes.problematic(self.rawtext, self.rawtext)], [message]
        return [nodes.Text(said)], []
