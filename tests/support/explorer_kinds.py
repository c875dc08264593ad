"""An explorer of every kind, for tests of what all of them must do."""

from __future__ import annotations

from functools import cache

import lossviz as lv


@cache
def make(kind: str) -> lv.explorers.Explorer:
    """Return an explorer of a kind, with its defaults."""
    return _MAKERS[kind]()


_MAKERS = {
    "activation_lab": lv.explorers.activation_lab,
    "xor_landscape": lv.explorers.xor_landscape,
}

KINDS = sorted(_MAKERS)
