"""Names and sizes: the words of the trade, and modules one can read."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PACKAGE = TOP / "arb_pipelines"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.read_text().strip())
VAGUE = {"handle", "process", "manage", "do", "utils", "util", "helpers", "helper", "common", "misc"}
LONGEST_MODULE, LONGEST_FUNCTION = 300, 50


def words_of(name: str) -> set[str]:
    """Return the words of a snake_case name."""
    return set(name.strip("_").split("_"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_is_readable(path: Path) -> None:
    """A module says what belongs in it, is at most 300 lines, its functions at most 50, its names not vague."""
    text = path.read_text()
    tree = ast.parse(text)
    generated = "versions" in path.parts  # migrations are written once and never edited
    assert ast.get_docstring(tree), "no module docstring"
    assert text.count("\n") <= LONGEST_MODULE or generated
    assert path.stem not in VAGUE
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= LONGEST_FUNCTION or generated, node.name
            assert words_of(node.name).isdisjoint(VAGUE - {"process"}), node.name


def test_packages_are_empty() -> None:
    """`__init__.py` files hold nothing."""
    assert not [path for path in PACKAGE.rglob("__init__.py") if path.read_text().strip()]


def test_no_branch_on_dry_run() -> None:
    """Paper trading is another adapter, never an `if dry_run`."""
    assert not [path for path in MODULES if "dry_run" in path.read_text()]


def test_no_registry_address_in_the_lock() -> None:
    """The lock pins versions and names no registry."""
    text = (TOP / "requirements.lock").read_text()
    assert "://" not in text
    assert "--index-url" not in text
    assert all("==" in line for line in text.splitlines() if line and line[0] not in "# ")
