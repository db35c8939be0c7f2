"""The house stays readable: sizes of files and functions, names of modules, what stands at the top."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

FILE_LINES = 320
FUNCTION_LINES = 50
"""Without decorators and docstring."""

NO_NAMES = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}

TOP = {"gts", "gts_tui", "workspace", "themes", "tests", "pyproject.toml", "README.md", "Makefile", "LICENSE", "CHANGELOG.md"}
BY_USE = {"build", "dist", "gts.db", "MUJOCO_LOG.TXT", "runs", "studies", "__pycache__"}
"""What tools and use make there; none of it is kept under version control."""

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for room in ("gts", "gts_tui") for path in (ROOT / room).rglob("*.py"))
CODE = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    assert function.end_lineno is not None
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        doc = function.body[0]
        assert doc.end_lineno is not None
        lines -= doc.end_lineno - doc.lineno + 1
    return lines


def test_sources_are_found() -> None:
    assert ROOT / "gts" / "__init__.py" in SOURCES


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_file_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= FILE_LINES


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_functions_are_short(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert {node.name: lines_of(node) for node in functions if lines_of(node) > FUNCTION_LINES} == {}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_module_says_what_it_is(path: Path) -> None:
    assert NO_NAMES.isdisjoint(path.relative_to(ROOT).with_suffix("").parts)
    text = path.read_text(encoding="utf-8")
    assert not text or ast.get_docstring(ast.parse(text))


def test_top_level() -> None:
    entries = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")}
    assert {entry for entry in entries if not entry.endswith(".egg-info")} - BY_USE <= TOP
