"""Mends pages as a whole, when the templates have written them and nothing is saved yet.

What the theme's templates write themselves, such as the list of chapters, passes through no
other event.
"""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.jinja2glue import BuiltinTemplateLoader

from lossviz_book import assets, icons, theme

MENDS = (theme.mend_frame, theme.mend_outputs, icons.draw, assets.trim)


def connect(app: Sphinx) -> None:
    """Let pages be written by the class below."""
    app.connect("config-inited", _set_loader)


def _set_loader(_app: Sphinx, config: Config) -> None:
    config.template_bridge = f"{__name__}.MendingLoader"


class MendingLoader(BuiltinTemplateLoader):
    """Writes pages as Sphinx does, then passes each through all mends."""

    def render(self, template: str, context: dict[str, Any]) -> str:
        """Return the mended page of a template."""
        page = super().render(template, context)
        if template.endswith(".html"):
            for mend in MENDS:
                page = mend(page)
        return page
