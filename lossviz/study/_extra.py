"""Packages that only studies need."""

from __future__ import annotations

import importlib
from types import ModuleType

from lossviz.study._errors import StudyError


def needed(name: str) -> ModuleType:
    """Import a package of the extra ``study``, when it is needed.

    Raises:
        StudyError: if it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise StudyError(
            f"a study needs the package {name}: pip install 'lossviz[study]'; got {error}."
        ) from error
