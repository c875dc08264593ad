"""How much the slow tests do: with LOSSVIZ_SHORT set, those that have a short form take it."""

from __future__ import annotations

import os

SHORT = bool(os.environ.get("LOSSVIZ_SHORT"))
