"""The cheat sheet names all that there is, and what stands on it runs."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import lossviz as lv
from lossviz.activations import registry

SHEET = (Path(__file__).parents[2] / "book" / "cheat-sheet.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"(?ms)^```python\n(.*?)^```$", SHEET)


def functions(module) -> set[str]:
    return {name for name, value in vars(module).items() if inspect.isfunction(value)}


def public(module) -> set[str]:
    return functions(module) & set(module.__all__)


@pytest.mark.parametrize("module", [lv, lv.plots, lv.explorers], ids=lambda m: m.__name__)
def test_every_function_is_on_it(module):
    assert public(module) - set(re.findall(r"\w+", SHEET)) == set()


def test_what_its_tables_name_exists_and_stands_there_once():
    for module in ("plots", "explorers"):
        table = re.search(rf"(?s)in `lv\.{module}` \|\n.*?\n\n", SHEET).group()
        named = re.findall(r"`(\w+)`", table)
        assert len(named) == len(set(named)), f"{module}: named twice"
        assert set(named) <= functions(getattr(lv, module)), module


def test_its_lines_are_not_too_wide_for_a_page():
    assert max(len(line) for block in BLOCKS for line in block.splitlines()) <= 78


def test_its_lines_run(monkeypatch):
    monkeypatch.setattr(registry, "_REGISTERED", {})
    names = {}
    for block in BLOCKS:
        exec(compile(block, "cheat-sheet.md", "exec"), names)
    assert names["plane"].sizes == {"alpha": 21, "beta": 21}
