"""Exceptions that are raised in one process and handled in another."""

from __future__ import annotations

import builtins
from typing import Any

from grading.plain import ForgedError


def told(error: BaseException, trusted: bool) -> dict[str, Any]:
    """What another process hears of an exception.

    Args:
        error: What was raised.
        trusted: Whether it is the lecturer's: of that, its kind alone is told.
    """
    kinds = [kind.__name__ for kind in type(error).__mro__]
    try:
        text = "" if trusted else str(error)[:500]
    except BaseException as second:  # an exception's own __str__ may fail
        text = f"(its text could not be made: {type(second).__name__})"
    missing = getattr(error, "name", None) if isinstance(error, ModuleNotFoundError) else None
    return {"kinds": kinds, "text": text, "missing": missing if isinstance(missing, str) else None}


def exception(what: Any) -> BaseException:
    """An exception of the nearest builtin kind, under the name that it had.

    Args:
        what: What `told` has said, or somebody else.

    Raises:
        ForgedError: If it is nothing of the kind.
    """
    if not isinstance(what, dict) or not isinstance(what.get("kinds"), list):
        raise ForgedError("an error that is none")
    kinds = [str(kind)[:60] for kind in what["kinds"][:20]]
    found = (getattr(builtins, kind, None) for kind in kinds)
    base = next((k for k in found if isinstance(k, type) and issubclass(k, BaseException)), None)
    if base is None:
        raise ForgedError("an error that is none")
    text = str(what.get("text") or "")[:500]
    if issubclass(base, ModuleNotFoundError):
        return base(text, name=str(what.get("missing") or "")[:60])
    for wants_more, enough in ((UnicodeError, UnicodeError), (BaseExceptionGroup, RuntimeError)):
        base = enough if issubclass(base, wants_more) else base  # than a text
    own = kinds[0].isidentifier() and kinds[0] != base.__name__
    return (type(kinds[0], (base,), {"__module__": "student"}) if own else base)(text)
