"""The glossary and the notation page can be looked things up in."""

from __future__ import annotations

import re
from pathlib import Path

BOOK = Path(__file__).parents[2] / "book"
ENTRIES = re.search(
    r"(?s)```\{glossary\}\n(.*?)\n```", (BOOK / "glossary.md").read_text(encoding="utf-8")
)[1].split("\n\n")
ROWS = re.findall(r"(?m)^\| (\$.*?) \| ", (BOOK / "notation.md").read_text(encoding="utf-8"))


def test_each_term_has_one_explanation():
    assert len(ENTRIES) > 60
    for entry in ENTRIES:
        term, *said = entry.splitlines()
        assert not term.startswith(" "), entry
        assert len(said) == 1, entry
        assert said[0].startswith("  "), entry


def test_terms_are_in_alphabetical_order():
    terms = [entry.splitlines()[0].lower() for entry in ENTRIES]
    assert terms == sorted(terms)


def test_no_symbol_has_two_rows():
    symbols = [symbol for row in ROWS for symbol in re.findall(r"\$(.*?)\$", row)]
    assert len(symbols) > 50
    assert sorted(symbols) == sorted(set(symbols))
