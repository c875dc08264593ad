"""Plans by name, from files, and with other numbers."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from lossviz import _checks
from lossviz.study._errors import StudyError
from lossviz.study._toml import from_table, from_toml, to_toml
from lossviz.study.grid import Plan
from lossviz.study.presets import PRESETS


def plan(source: str | Path, **changes: Any) -> Plan:
    """Return a plan: what a study computes.

    Presets are ``"paper"`` (ten walks per weight and cell, as the study had them, spread over five
    splits), ``"laptop"`` (about an hour on two cores) and ``"smoke"`` (less than a minute, without
    a data file). A TOML file may name a reader's own code, in files beside it: a problem or a
    landscape as ``"file.py:function"``, and ``modules`` that register activations.

    Args:
        source: a preset's name, or the path of a TOML file: anything that ends in ``.toml``.
        **changes: other values of the plan's entries, such as ``activations=["relu", "gelu"]``,
            ``seed=1`` or ``rtols=[1e-8]``; ``only=["xor"]`` keeps some problems.

    Returns:
        The plan. ``to_toml`` turns it into text.

    Raises:
        StudyError: if a file cannot be read or is no TOML.
        ValueError: for an unknown name or entry, or a number out of its range.
        TypeError: if a value is of the wrong type.

    Example:
        >>> smoke = plan("smoke", only=["xor"])
        >>> len(smoke.cells), len(smoke.chunks), sum(chunk.num_points for chunk in smoke.chunks)
        (6, 12, 67500)
    """
    only = changes.pop("only", None)
    if isinstance(source, Path) or (isinstance(source, str) and source.endswith(".toml")):
        found = _from_file(Path(source), changes)
    else:
        name = _checks.one_of("a plan", source, PRESETS)
        found = from_table(PRESETS[name] | changes, Path.cwd())
    if only is None:
        return found
    names = _checks.some_of("only", only, [part.name for part in found.parts])
    if not names:
        raise ValueError("only must name a problem or more; got none.")
    return found.with_problems(names)


def _from_file(path: Path, changes: dict[str, Any]) -> Plan:
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path} must be a file with a plan; got {error}.") from error
    found = from_toml(text, path.parent)
    if not changes:
        return found
    return from_table(tomllib.loads(to_toml(found)) | changes, path.parent)
