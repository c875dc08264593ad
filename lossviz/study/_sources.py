"""A reader's own code in a plan: the text of files, kept with the plan, and what they define.

The text and not the path belongs to the plan: a changed file is another plan, and a worker on
another machine needs no copy.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from lossviz.study._errors import StudyError


def read_sources(names: list[str], folder: Path) -> dict[str, str]:
    """Return the texts of files by the names that a plan has for them, relative to its folder."""
    texts = {}
    for name in dict.fromkeys(names):
        try:
            texts[name] = (folder / name).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise StudyError(
                f"{name} must be a Python file beside the plan, in {folder}; got {error}."
            ) from error
    return texts


def split_reference(reference: str) -> tuple[str, str]:
    """Return file and function of a reference "file.py:function"."""
    file, _, function = reference.rpartition(":")
    return file, function


def load(sources: Mapping[str, str], reference: str) -> Callable:
    """Return the function that "file.py:function" names."""
    file, name = split_reference(reference)
    found = getattr(execute(file, sources[file]), name, None)
    if not callable(found):
        raise StudyError(f"{reference} must name a function; {file} defines none called {name!r}.")
    return found


@lru_cache(maxsize=64)
def execute(file: str, text: str) -> ModuleType:
    """Run the text of a file as a module, once in a process."""
    name = f"lossviz_study_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    module = ModuleType(name)
    module.__file__ = file
    sys.modules[name] = module  # what it defines can be pickled and inspected
    try:
        exec(compile(text, file, "exec"), module.__dict__)
    except Exception as error:
        del sys.modules[name]
        raise StudyError(f"{file} must run; got {type(error).__name__}: {error}") from error
    return module
