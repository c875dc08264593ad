"""How claims are judged: what ``analysis.toml`` says, checked."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from lossviz import _checks
from lossviz.study._errors import StudyError

#: What is compared for a claim; see :class:`Claim`.
KINDS = ("between", "within", "valleys", "attractors", "minima")

_FRAME = ("level", "resamples", "seed", "least_delta", "holds_share", "fails_share")
_WHOLE = ("resamples", "seed")
_TEXTS = ("name", "text", "source", "kind")
_LISTS = {"others": str, "statistics": str, "without": str, "levels": float,
          "quantiles": float, "gradient_tolerances": float}  # fmt: skip
_NUMBERS = ("quantile", "separation", "least_walk_share", "least_share", "least_walks")
_WORDS = ("first", "expected", "problem")

#: What each kind of claim must say.
_NEEDED = {
    "between": ("first", "others", "expected", "statistics"),
    "within": ("first", "others", "expected", "statistics", "least_walks"),
    "valleys": ("quantiles",),
    "attractors": ("problem", "levels", "gradient_tolerances", "separation", "least_walk_share"),
    "minima": (
        "problem", "levels", "gradient_tolerances", "separation", "least_walk_share", "least_share",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Claim:
    """A claim, and what is compared to judge it.

    Attributes:
        name: a word for tables.
        text: the claim in a sentence.
        source: where it is made.
        kind: ``"between"`` activations, ``"within"`` one between groups of points, ``"valleys"``,
            ``"attractors"`` or ``"minima"``.
        first: the activation, or the group of points, that is said to differ.
        others: what it is compared with.
        expected: ``"larger"`` or ``"smaller"``: the statistic of ``first``.
        statistics: what is measured on each walk.
        without: problems that cannot tell.
        problem: the only problem that the claim is about.
        quantile: points up to this quantile of the loss are low.
        quantiles: the same, where several are tried.
        levels: predicted losses of attractors.
        gradient_tolerances: largest gradient norms of low points; each is tried.
        separation: smallest difference between two attractors' losses.
        least_walk_share: attractors that fewer walks visit are left out.
        least_share: an attractor is a minimum if at least this share of its points is
            semidefinite.
        least_walks: walks that each group needs.
    """

    name: str
    text: str
    source: str
    kind: str
    first: str = ""
    others: tuple[str, ...] = ()
    expected: str = "larger"
    statistics: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    problem: str = ""
    quantile: float = 0.25
    quantiles: tuple[float, ...] = ()
    levels: tuple[float, ...] = ()
    gradient_tolerances: tuple[float, ...] = ()
    separation: float = 0.03
    least_walk_share: float = 0.0
    least_share: float = 0.5
    least_walks: int = 1

    @property
    def sign(self) -> int:
        """1 where the statistic should be larger, -1 where smaller."""
        return 1 if self.expected == "larger" else -1


@dataclass(frozen=True)
class Analysis:
    """How a study's claims are judged.

    Attributes:
        claims: the claims.
        text: the TOML that this was read from.
        level: confidence level of intervals.
        resamples: number of bootstrap samples.
        seed: of the bootstrap.
        least_delta: smaller effects, by Cliff's delta, count for nothing.
        holds_share: a claim holds if at least this share of its conditions does ...
        fails_share: ... and at most this share of them fails.
    """

    claims: tuple[Claim, ...]
    text: str
    level: float
    resamples: int
    seed: int
    least_delta: float
    holds_share: float
    fails_share: float


def analysis(path: str | Path | None = None) -> Analysis:
    """Return how claims are judged.

    Args:
        path: a TOML file; None for the one that comes with the package, which was written before
            the first results were looked at.

    Returns:
        The claims, and the numbers by which they are judged.

    Raises:
        StudyError: if the file cannot be read, or says what it should not.

    Example:
        >>> [claim.name for claim in analysis().claims][:3]
        ['most-convex', 'least-flat', 'generalises-best']
    """
    source = resources.files("lossviz.study") / "analysis.toml" if path is None else Path(path)
    try:
        text = source.read_text(encoding="utf-8")
        return _from_table(tomllib.loads(text), text)
    except (OSError, ValueError, TypeError) as error:
        raise StudyError(f"{source} must say how claims are judged; got {error}") from error


def _from_table(table: dict[str, Any], text: str) -> Analysis:
    for name in table:
        _checks.one_of("each entry", name, (*_FRAME, "claims"))
    missing = [name for name in (*_FRAME, "claims") if name not in table]
    if missing:
        raise ValueError(f"an analysis must have {missing[0]}; got {sorted(table)}.")
    claims = tuple(_claim(entry) for entry in table["claims"])
    if len({claim.name for claim in claims}) < len(claims):
        raise ValueError(f"claims must have distinct names; got {[c.name for c in claims]}.")
    shares = {name: _share(name, table[name]) for name in _FRAME if name not in _WHOLE}
    return Analysis(
        claims, text,
        resamples=_checks.whole("resamples", table["resamples"], 1),
        seed=_checks.whole("seed", table["seed"], 0), **shares,
    )  # fmt: skip


def _claim(entry: dict[str, Any]) -> Claim:
    allowed = (*_TEXTS, *_LISTS, *_NUMBERS, *_WORDS)
    for name in entry:
        _checks.one_of("each entry of a claim", name, allowed)
    kind = _checks.one_of("kind", entry.get("kind"), KINDS)
    missing = [name for name in (*_TEXTS, *_NEEDED[kind]) if name not in entry]
    if missing:
        raise ValueError(f"a claim of kind {kind!r} must have {missing[0]}; got {sorted(entry)}.")
    values: dict[str, Any] = {name: _text(name, entry[name]) for name in (*_TEXTS, *_WORDS)
                              if name in entry}  # fmt: skip
    values |= {name: _list(name, entry[name], of) for name, of in _LISTS.items() if name in entry}
    values |= {name: _checks.real(name, entry[name], minimum=0) for name in _NUMBERS
               if name in entry}  # fmt: skip
    _checks.one_of("expected", values.get("expected", "larger"), ("larger", "smaller"))
    return Claim(**values)


def _share(name: str, got: Any) -> float:
    value = _checks.real(name, got, minimum=0)
    if value > 1:
        raise ValueError(f"{name} must be at most 1; got {value}.")
    return value


def _text(name: str, got: Any) -> str:
    if not isinstance(got, str) or not got:
        raise TypeError(f"{name} must be text; got {got!r}.")
    return got


def _list(name: str, got: Any, of: type) -> tuple[Any, ...]:
    if not isinstance(got, list) or not got:
        raise TypeError(f"{name} must be a list with entries; got {got!r}.")
    check = _text if of is str else lambda what, value: _checks.real(what, value, minimum=0)
    return tuple(check(f"each of {name}", value) for value in got)
