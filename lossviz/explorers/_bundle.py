"""Joins the ES modules of an explorer into one, as a module in a page from a file has no imports.

A module becomes the body of a function that returns what it exports:

    import { a, b } from "./x.js";     const { a, b } = x_js;
    export function f() {}             function f() {} ... return { f };

Only these two forms are used in our modules, with the imports at the top; a test runs the
joined module and the separate ones side by side.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

JS = Path(__file__).with_name("js")
_STYLE = Path(__file__).with_name("explorer.css")

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z_]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|const|class) (\w+))", re.MULTILINE)
_COMMENT = re.compile(r"^[ \t]*(?:/\*.*?\*/|//[^\n]*)[ \t]*\n", re.MULTILINE | re.DOTALL)
_MARGIN = re.compile(r"^[ \t]+|\n(?=\n)", re.MULTILINE)
# A line that goes on in the next by what it ends with; a comment or a text may end like that, too.
_OPEN_END = re.compile(r"^((?!.*(?://|`)).*[;{,(\[])\n", re.MULTILINE)


@cache
def bundle(*names: str) -> str:
    """Return one script that defines modules and all they need, each as ``NAME_js``.

    Comments, indentation and most ends of lines are left out: readers find them in the package.
    """
    needed = dict.fromkeys(each for name in names for each in _in_order(name, ()))
    return "".join(_scope(each) for each in needed)


def _in_order(name: str, above: tuple[str, ...]) -> tuple[str, ...]:
    """Return the modules that one needs, each before those that need it, and itself at the end."""
    if name in above:
        raise ImportError(f"modules must not import in circles; got {' > '.join((*above, name))}")
    found: dict[str, None] = {}
    for _, other in _IMPORT.findall(_source(name)):
        found |= dict.fromkeys(_in_order(other, (*above, name)))
    return (*found, name)


def _source(name: str) -> str:
    return (JS / f"{name}.js").read_text(encoding="utf-8")


def _scope(name: str) -> str:
    source = _source(name)
    exports = ", ".join(name for _, name in _EXPORT.findall(source))
    body = _IMPORT.sub(lambda found: f"const {{{found[1].strip()}}} = {found[2]}_js;\n", source)
    body = _MARGIN.sub("", _COMMENT.sub("", _EXPORT.sub(r"\1", body)))
    body = _OPEN_END.sub(r"\1", body)
    return f"const {name}_js = (() => {{\n{body}return {{{exports}}};\n}})();\n"


@cache
def style() -> str:
    """Return the explorers' style sheet."""
    return _STYLE.read_text(encoding="utf-8")
