"""Takes scripts and styles off the pages that have no use for them."""

from __future__ import annotations

import re

# Part of a tag in the head -> what a page must have for the tag to stay; None stands for nothing.
NEEDED_BY: dict[str, str | None] = {
    "mathjax/": r'class="math ',
    "window.MathJax": r'class="math ',
    "clipboard.min.js": r'class="highlight',
    "copybutton": r'class="highlight',
    "sphinx-design": r'class="(?:[^"]* )?sd-',
    "design-tabs.js": r'class="(?:[^"]* )?sd-tab',
    "toggle": r'class="(?:[^"]* )?(?:toggle[ "]|(?=[^"]*\badmonition\b)[^"]*\bdropdown\b)',
    "sphinx-thebe.css": None,
}
_TAG = re.compile(
    r"[ ]*(?:<script\b[^>]*>.*?</script>|<link\b[^>]*>)\n?", re.DOTALL
)
_SEARCH = re.compile(
    r'<script (src="[^"]*(?:searchtools|language_data|searchindex)\.js[^"]*")>'
)


def trim(page: str) -> str:
    """Drop from a page's head what its body does not use, and let the search's scripts wait.

    Deferred scripts keep their order, so the theme's own comes after them.

    Example:
        >>> trim('<head><script src="_static/copybutton.js"></script></head><body></body>')
        '<head></head><body></body>'
    """
    head, mark, body = page.partition("</head>")
    seen: set[str] = set()

    def kept(match: re.Match[str]) -> str:
        tag = match[0]
        needs = [need for part, need in NEEDED_BY.items() if part in tag]
        if any(need is None or not re.search(need, body) for need in needs):
            return ""
        if "<script" in tag and tag.strip() in seen:
            return ""  # two extensions ask for one and the same
        seen.add(tag.strip())
        return tag

    head = _TAG.sub(kept, head)
    if (
        'id="search-results"' not in body
    ):  # that page's own script calls them at once
        head = _SEARCH.sub(r"<script defer \1>", head)
    return head + mark + body
