"""A MyST-NB renderer that carries an image's description from a notebook into the page.

Without it MyST-NB writes the image's file name as alternative text. The book's build finds this
class under the entry point group ``myst_nb.mime_renderers``; nothing else imports it.
"""

from __future__ import annotations

from docutils.nodes import Element
from myst_nb.core.render import MimeData, MimeRenderPlugin, NbElementRenderer


class AltText(MimeRenderPlugin):
    """Render images whose output metadata has an ``alt`` with that text."""

    @staticmethod
    def handle_mime(
        renderer: NbElementRenderer, data: MimeData, inline: bool
    ) -> list[Element] | None:
        """Return the image's nodes, or None to leave the output to MyST-NB."""
        metadata = data.output_metadata
        alt = metadata.get(data.mime_type, {}).get("alt")
        if not data.mime_type.startswith("image/") or not alt:
            return None
        render = renderer.render_image_inline if inline else renderer.render_image
        nodes = render(data)
        for node in nodes:
            for image in node.findall(lambda found: found.tagname == "image"):
                image["alt"] = alt
        return nodes
