"""The package's floors, sizes and docstrings."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

import lossviz as lv

ROOT = Path(lv.__file__).resolve().parent
PROJECT = Path(__file__).resolve().parents[2]
FILES = sorted(ROOT.rglob("*.py"))

# A module imports only from floors below its own, or from its own folder.
FLOORS = {
    "_checks": 0, "_compiled": 0, "_files": 0, "_progress": 0, "_streams": 0, "_threads": 0,
    "activations": 0, "problems": 0,
    "landscape": 1,
    "curvature": 2,
    "sampling": 3, "geometry": 3,
    "analysis": 4, "plots": 4,
    "study": 5,
    "explorers": 6,
    "cli": 7,
    "__main__": 8, "": 8,
}  # fmt: skip
HELPERS = {"_checks", "_compiled", "_files", "_progress", "_streams", "_threads"}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in FILES}


def imported(path):
    """Names of lossviz modules (without "lossviz.") that a file imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            base = node.module
            names = [f"{base}.{alias.name}" for alias in node.names]
            found |= {n if n.removeprefix("lossviz.") in MODULES else base for n in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    mine = {name for name in found if name.split(".")[0] == "lossviz"}
    return {name.removeprefix("lossviz").removeprefix(".") for name in mine}


@pytest.mark.parametrize("name", MODULES)
def test_imports_come_from_floors_below(name):
    top = name.split(".")[0]
    for target in imported(MODULES[name]):
        other = target.split(".")[0]
        if other == top or (top not in HELPERS and other in HELPERS):
            continue
        assert FLOORS[other] < FLOORS[top], f"{name} imports {target}"


def test_there_is_no_circle_of_imports():
    edges = {name: imported(path) - {name} for name, path in MODULES.items()}
    while free := [name for name, targets in edges.items() if not targets & edges.keys()]:
        for name in free:
            del edges[name]
    assert edges == {}


def test_every_module_has_a_floor():
    assert {name.split(".")[0] for name in MODULES} <= FLOORS.keys()


@pytest.mark.parametrize("layer", ["landscape", "curvature", "sampling", "geometry", "analysis"])
def test_computing_does_not_plot(layer):
    for path in (ROOT / layer).rglob("*.py"):
        assert "matplotlib" not in path.read_text(), path


# --- sizes ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_files_and_functions_are_small(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 280
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            first, last = node.body[0], node.end_lineno
            skip = first.end_lineno - first.lineno + 1 if ast.get_docstring(node) else 0
            assert last - node.lineno + 1 - skip <= 40, node.name


# --- docstrings -------------------------------------------------------------------------------

FUNCTIONS = {
    f"{prefix}{name}": getattr(module, name)
    for prefix, module in (("", lv), ("plots.", lv.plots))
    for name in module.__all__
    if inspect.isfunction(getattr(module, name))
}
CLASSES = {
    name: getattr(module, name)
    for module in (lv, lv.plots)
    for name in module.__all__
    if inspect.isclass(getattr(module, name))
}
METHODS = {
    f"{owner}.{name}": method
    for owner, cls in CLASSES.items()
    for name, method in inspect.getmembers(cls, inspect.isfunction)
    if not name.startswith("_")
}


def parameters(function):
    return [name for name in inspect.signature(function).parameters if name != "self"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_public_functions_are_documented(name):
    text = inspect.getdoc(FUNCTIONS[name]) or ""
    names = parameters(FUNCTIONS[name])
    wanted = ["Example:", *(["Args:", "Returns:", "Raises:"] if names else [])]
    assert [section for section in wanted if f"\n{section}\n" not in text] == []
    described = re.findall(r"^    (\w+): ", text.split("Args:")[-1].split("Returns:")[0], re.M)
    assert described == names


@pytest.mark.parametrize("name", CLASSES)
def test_public_classes_are_documented(name):
    text = inspect.getdoc(CLASSES[name]) or ""
    assert "\nAttributes:\n" in text or "\n\n" not in text
    assert len(text) > 40


@pytest.mark.parametrize("name", METHODS)
def test_public_methods_are_documented(name):
    assert len(inspect.getdoc(METHODS[name]) or "") > 20


def test_public_names_are_listed_once_and_exist():
    for module in (lv, lv.plots):
        assert len(set(module.__all__)) == len(module.__all__)
        assert all(hasattr(module, name) for name in module.__all__)


# --- no trace of any one machine --------------------------------------------------------------

PLACES = re.compile(r"(?<![\w/.])/(work|root)/|https?://[^\s\"')]*(pypi|/simple|devpi|artifact)")


@pytest.mark.parametrize("folder", ["lossviz", "tests", "benchmarks", "book", "coursework"])
def test_no_file_names_a_machine_or_a_package_index(folder):
    endings = {".py", ".md", ".ipynb", ".yml", ".toml", ".txt", ".cfg", ".bib", ".css"}
    for path in (PROJECT / folder).rglob("*"):
        if path.suffix in endings and "vendor" not in path.parts and path != Path(__file__):
            found = PLACES.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{path}: {found.group()}"
