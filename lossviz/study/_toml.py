"""Plans as TOML: read with a check of every word, and written in one form only."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lossviz import _checks
from lossviz.landscape.losses import LOSSES
from lossviz.problems import problem_names
from lossviz.sampling.walks import ZERO_GRADIENT_RULES
from lossviz.study._errors import StudyError
from lossviz.study._extra import needed
from lossviz.study._sources import read_sources, split_reference
from lossviz.study.grid import CURVATURES, Part, Plan, Setting

_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_PLAN = (
    "name", "activations", "seed", "loss", "precision", "zero_gradient", "rtols", "modules",
    "settings", "problems",
)  # fmt: skip
_SETTING = ("start_range", "share", "steps")
_PART = (
    "name", "problem", "landscape", "walks", "splits", "chunk", "curvature", "points",
    "batch_size",
)  # fmt: skip


def to_toml(plan: Plan) -> str:
    """Return a plan as TOML; plans that differ in anything have different texts."""
    table: dict[str, Any] = {
        name: _plain(getattr(plan, name)) for name in _PLAN if name not in ("settings", "problems")
    }
    table["settings"] = {
        setting.name: {name: getattr(setting, name) for name in _SETTING}
        for setting in plan.settings
    }
    table["problems"] = [
        {name: _plain(getattr(part, name)) for name in _PART if getattr(part, name) is not None}
        for part in plan.parts
    ]
    return needed("tomli_w").dumps(table)


def digest(plan: Plan) -> str:
    """Return a hash of all that decides a plan's results, a reader's own code included."""
    texts = [to_toml(plan), *(f"{name}\n{plan.sources[name]}" for name in plan.files)]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def from_toml(text: str, files: Path | Mapping[str, str]) -> Plan:
    """Return the plan of a text; files that it names are read from a folder, or are given.

    Raises:
        StudyError: if it is no TOML, or a file cannot be read.
        ValueError: for an unknown word or a number out of its range.
        TypeError: for a value of the wrong type.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"a plan must be TOML; got {error}.") from error
    return from_table(table, files)


def from_table(table: Mapping[str, Any], files: Path | Mapping[str, str]) -> Plan:
    """Return the plan of nested mappings; see :func:`from_toml`."""
    _only("a plan", table, _PLAN)
    for name in ("name", "settings", "problems"):
        if name not in table:
            raise ValueError(f"a plan must have {name}; got {sorted(table)}.")
    settings = tuple(_setting(*pair) for pair in _mapping("settings", table["settings"]).items())
    parts = tuple(_part(entry) for entry in _list("problems", table["problems"]))
    if len({part.name for part in parts}) < len(parts):
        raise ValueError(f"problems must have distinct names; got {[p.name for p in parts]}.")
    plan = Plan(
        name=_word("name", table["name"]),
        parts=parts,
        settings=settings,
        **{name: check(name, table[name]) for name, check in _CHECKS.items() if name in table},
    )
    names = [cell.name for cell in plan.cells]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"names must not run together; got two cells that are called {twice!r}.")
    return _with_sources(plan, files)


def _with_sources(plan: Plan, files: Path | Mapping[str, str]) -> Plan:
    sources = read_sources(list(plan.files), files) if isinstance(files, Path) else dict(files)
    return Plan(**{name: getattr(plan, name) for name in _FIELDS}, sources=sources)


_FIELDS = (
    "name", "parts", "settings", "activations", "seed", "loss", "precision", "zero_gradient",
    "rtols", "modules",
)  # fmt: skip


def _setting(name: str, entry: Any) -> Setting:
    what = f"settings.{_word('a setting', name)}"
    _only(what, _mapping(what, entry), _SETTING)
    missing = [key for key in _SETTING if key not in entry]
    if missing:
        raise ValueError(f"{what} must have {missing[0]}; got {sorted(entry)}.")
    share = _checks.real(f"{what}.share", entry["share"], above=0)
    b = _checks.real(f"{what}.start_range", entry["start_range"], above=0)
    return Setting(name, b, share, _checks.whole(f"{what}.steps", entry["steps"], 1))


def _part(entry: Any) -> Part:
    _only("a problem", _mapping("a problem", entry), _PART)
    given = [name for name in ("problem", "landscape") if name in entry]
    if len(given) != 1:
        raise ValueError(f"a problem must have either problem or landscape; got {given or 'none'}.")
    reference = _reference(given[0], entry[given[0]])
    default = reference if ":" not in reference else split_reference(reference)[1]
    name = _word("the name of a problem", entry.get("name", default))
    checked = {
        key: check(f"{name}.{key}", entry[key])
        for key, check in _PART_CHECKS.items()
        if key in entry
    }
    part = Part(name, **{given[0]: reference}, **checked)
    if len(part.splits) > part.walks:
        raise ValueError(
            f"{name}.walks must be at least the number of splits, {len(part.splits)}; "
            f"got {part.walks}."
        )
    if part.curvature in ("sample", "extremes") and part.points < 2:
        raise ValueError(
            f"{name}.points must be at least 2 for curvature {part.curvature!r}; got {part.points}."
        )
    return part


def _reference(what: str, got: Any) -> str:
    if not isinstance(got, str):
        raise TypeError(f"{what} must be a string; got {got!r} ({type(got).__name__}).")
    file, function = split_reference(got)
    if file.endswith(".py") and function.isidentifier():
        return got
    if what == "problem" and ":" not in got:
        return _checks.one_of("problem", got, problem_names())
    raise ValueError(f'{what} must be "file.py:function"; got {got!r}.')


def _only(what: str, entry: Mapping[str, Any], allowed: tuple[str, ...]) -> None:
    for name in entry:
        _checks.one_of(f"each entry of {what}", name, allowed)


def _mapping(what: str, got: Any) -> Mapping[str, Any]:
    if not isinstance(got, Mapping) or not got:
        raise TypeError(f"{what} must be a table with entries; got {got!r}.")
    return got


def _list(what: str, got: Any) -> list[Any]:
    if not isinstance(got, list | tuple) or not got:
        raise TypeError(f"{what} must be a list with entries; got {got!r}.")
    return list(got)


def _word(what: str, got: Any) -> str:
    """Return a name that can stand in the name of a file."""
    if not isinstance(got, str) or not _WORD.fullmatch(got):
        raise ValueError(f"{what} must be letters, digits, _, . and -; got {got!r}.")
    return got


def _distinct(what: str, values: list[Any]) -> tuple[Any, ...]:
    if len(set(values)) < len(values):
        raise ValueError(f"{what} must be distinct; got {values}.")
    return tuple(values)


def _whole(minimum: int) -> Callable[[str, Any], int]:
    return lambda what, got: _checks.whole(what, got, minimum)


def _name_of(*allowed: str) -> Callable[[str, Any], str]:
    return lambda what, got: _checks.one_of(what, got, allowed)


def _seeds(what: str, got: Any) -> tuple[int, ...]:
    return _distinct(what, [_checks.whole(f"each of {what}", s, 0) for s in _list(what, got)])


def _words(what: str, got: Any) -> tuple[str, ...]:
    return _distinct(what, [_word(f"each of {what}", name) for name in _list(what, got)])


def _files(what: str, got: Any) -> tuple[str, ...]:
    if not isinstance(got, list | tuple) or not all(isinstance(name, str) for name in got):
        raise TypeError(f"{what} must be a list of names of files; got {got!r}.")
    return tuple(got)


def _tolerances(what: str, got: Any) -> tuple[float, ...]:
    values = [_checks.real(f"each of {what}", rtol, minimum=0) for rtol in _list(what, got)]
    if max(values) >= 1:
        raise ValueError(f"each of {what} must be below 1; got {max(values)}.")
    return _distinct(what, values)


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "activations": _words,
    "seed": _whole(0),
    "loss": _name_of(*LOSSES),
    "precision": _name_of("float32", "float64"),
    "zero_gradient": _name_of(*ZERO_GRADIENT_RULES),
    "rtols": _tolerances,
    "modules": _files,
}
_PART_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "walks": _whole(1),
    "splits": _seeds,
    "chunk": _whole(1),
    "curvature": _name_of(*CURVATURES),
    "points": _whole(0),
    "batch_size": _whole(1),
}
