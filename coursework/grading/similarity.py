"""Hints at answers that may have been written together: reasons to look, never proof."""

from __future__ import annotations

import io
import keyword
import re
import tokenize
from collections import Counter
from dataclasses import dataclass
from itertools import combinations

from grading.model import Rebuilt

_LENGTH = 6  # tokens, or words, in a row
_READ = 20_000  # characters of a cell; nobody writes more by hand
_ENOUGH = 12  # what two submissions must have in common beyond the rest of the class


@dataclass(frozen=True)
class Hint:
    """Two students, and how much of the rarer passages they share (0 to 1)."""

    first: str
    second: str
    share: float
    passages: int


def hints(
    submissions: dict[str, Rebuilt], handed_out: str, least: float = 0.5, most: int = 30
) -> list[Hint]:
    """Compare all pairs of students.

    Names chosen by students do not matter, nor do comments and spaces. Passages that were
    handed out, or that many students wrote, do not count: short right answers are alike.

    Args:
        submissions: The rebuilt notebooks, by student.
        handed_out: The student's version, as one text.
        least: The smallest share that is reported.
        most: How many pairs are reported.

    Returns:
        The closest pairs first.
    """
    given = _passages(handed_out)
    found = {s: _of(rebuilt) - given for s, rebuilt in submissions.items()}
    counts = Counter(passage for passages in found.values() for passage in passages)
    common = max(2, len(found) // 20)
    rare = {s: {p for p in ps if counts[p] <= common} for s, ps in found.items()}
    pairs = []
    for (first, a), (second, b) in combinations(sorted(rare.items()), 2):
        both = len(a & b)
        if both >= _ENOUGH and both / min(len(a), len(b)) >= least:
            pairs.append(Hint(first, second, both / min(len(a), len(b)), both))
    return sorted(pairs, key=lambda hint: -hint.share * hint.passages)[:most]


def _of(rebuilt: Rebuilt) -> set[tuple[str, ...]]:
    passages = set()
    for step in rebuilt.steps:
        if step.kind in ("answer", "manual", "added") and not step.blank:
            words = _tokens if step.cell_type == "code" else _words
            passages |= _in_a_row(words(step.source[:_READ]))
    return passages


def _passages(text: str) -> set[tuple[str, ...]]:
    return _in_a_row(_tokens(text)) | _in_a_row(_words(text))


def _in_a_row(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[i : i + _LENGTH]) for i in range(len(words) - _LENGTH + 1)}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _tokens(code: str) -> list[str]:
    """The code's tokens; a name that is assigned or defined in it stands as `name`."""
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT)
    tokens = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type not in skipped and token.string:
                tokens.append(token)
    except (tokenize.TokenError, SyntaxError, ValueError):
        pass  # code that does not end: what was read so far is compared
    return [_plain(tokens, index) for index in range(len(tokens))]


def _plain(tokens: list[tokenize.TokenInfo], index: int) -> str:
    token = tokens[index]
    own = token.type == tokenize.NAME and not keyword.iskeyword(token.string)
    attribute = index > 0 and tokens[index - 1].string == "."
    called = index + 1 < len(tokens) and tokens[index + 1].string in (".", "(")
    return "name" if own and not attribute and not called else token.string
