"""Pages that do not move: colours and places on their way are no one's to judge."""

from __future__ import annotations

from playwright.sync_api import Page

_STILL = "*, ::before, ::after { transition: none !important; animation: none !important }"


def hold_still(page: Page) -> None:
    """End all transitions and animations of a page at once, and those to come."""
    page.add_style_tag(content=_STILL)
