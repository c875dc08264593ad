"""Puts an explorer on a page that is no notebook: ``{explorer} activation_lab``."""

from __future__ import annotations

from inspect import isfunction

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import lossviz as lv


def connect(app: Sphinx) -> None:
    """Register the directive."""
    app.add_directive("explorer", ExplorerOnPage)


def as_html(kind: str) -> str:
    """Return an explorer of a kind, with its defaults, as a notebook's page would hold it.

    Raises:
        ValueError: if there is none of that kind, or it needs data.

    Example:
        >>> as_html("curvature_classifier").startswith('<div class="lv-host"')
        True
    """
    maker = getattr(lv.explorers, kind, None)
    if kind not in lv.explorers.__all__ or not isfunction(maker):
        raise ValueError(
            f"there is no explorer {kind!r}; lossviz has {lv.explorers.__all__}"
        )
    try:
        return maker()._repr_mimebundle_()[0]["text/html"]
    except TypeError as error:
        raise ValueError(
            f"the explorer {kind!r} needs data: {error}"
        ) from error


class ExplorerOnPage(SphinxDirective):
    """The explorer of the named kind, with its defaults."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the explorer, or an error that says what is wrong."""
        try:
            html = as_html(self.arguments[0])
        except ValueError as error:
            raise self.error(str(error)) from error
        return [nodes.raw("", html, format="html")]
