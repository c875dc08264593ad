"""See whether functions that tests rely on were exchanged.

It finds the common ways, not all: whoever runs in the same process can undo any watch.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Mapping, Sequence
from types import FunctionType, ModuleType
from typing import Any

_MODULES = (
    "builtins",
    "math",
    "numpy",
    "numpy.linalg",
    "numpy.random",
    "numpy.testing",
    "torch",
    "torch.linalg",
    "torch.nn.functional",
    "torch.testing",
)
_CLASSES = (("torch", "Tensor"),)


def _watched() -> dict[str, Mapping[str, Any]]:
    """Every namespace that is watched, by name; each shows changes that come later."""
    found = {}
    for name, module in list(sys.modules.items()):
        own = name.partition(".")[0] == "lossviz"
        if isinstance(module, ModuleType) and (own or name in _MODULES):
            found[name] = vars(module)
            classes = [v for v in vars(module).values() if own and isinstance(v, type)]
            found |= {
                f"{c.__module__}.{c.__qualname__}": vars(c)
                for c in classes
                if c.__module__.partition(".")[0] == "lossviz"
            }
    for module_name, class_name in _CLASSES:
        if module_name in sys.modules:
            found[f"{module_name}.{class_name}"] = vars(
                getattr(sys.modules[module_name], class_name)
            )
    return found


def _essence(value: Any) -> tuple[Any, Any, Any]:
    """A callable's identity and what it runs."""
    if isinstance(value, FunctionType):
        return value, value.__code__, value.__defaults__
    return value, None, None


class Watch:
    """Remembers functions and classes, and names those that have changed since.

    Example:
        >>> import math
        >>> watch = Watch()
        >>> watch.changed()
        []
        >>> right, math.sqrt = math.sqrt, abs
        >>> watch.changed()
        ['math.sqrt']
        >>> math.sqrt = right
    """

    def __init__(self) -> None:
        self._spaces = _watched()
        self._modules = {name: sys.modules[name] for name in self._spaces if name in sys.modules}
        self._kept = [
            (space, key, *_essence(value))
            for space, names in self._spaces.items()
            for key, value in names.items()
            if callable(value)
        ]
        self._given: dict[str, tuple[Any, Any, Any]] = {}

    def protect(self, namespace: dict[str, Any], names: set[str]) -> None:
        """Remember what given cells defined: modules, functions and classes."""
        for name in names:
            value = namespace.get(name)
            if callable(value) or isinstance(value, ModuleType):
                self._given[name] = _essence(value)

    def changed(self, namespace: dict[str, Any] | None = None, used: frozenset[str] = frozenset()):
        """The names that stand for something else now.

        Args:
            namespace: The notebook's names, where given cells' names are looked up.
            used: The names that the coming test uses; others may be taken by the student.

        Returns:
            Dotted names, sorted.
        """
        found = [
            f"{space}.{key}"
            for space, key, *essence in self._kept
            if not _same(self._spaces[space].get(key), essence)
        ]
        found += [name for name, m in self._modules.items() if sys.modules.get(name) is not m]
        if namespace is not None:
            given = [n for n in used if n in self._given]
            found += [n for n in given if not _same(namespace.get(n), self._given[n])]
            found += [n for n in used - {*given} if n in namespace and hasattr(builtins, n)]
        if sys.gettrace() is not None:
            found.append("sys.settrace")
        return sorted(found)


def _same(value: Any, essence: Sequence[Any]) -> bool:
    known, code, defaults = essence
    if value is not known:
        return False
    return code is None or (value.__code__ is code and value.__defaults__ is defaults)
