"""No path leads from a language model or the support assistant to an act: read from the imports and the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
PACKAGE = TOP / "arb_pipelines"
# What can spend, approve, buy, sell or send, and the books that keep it.
ACTING = (
    "arb_pipelines.adapters.sql",
    "arb_pipelines.adapters.checkout",
    "arb_pipelines.adapters.marketplaces",
    "arb_pipelines.adapters.messaging",
    "arb_pipelines.services.approvals",
    "arb_pipelines.services.purchasing",
    "arb_pipelines.services.listing",
    "arb_pipelines.services.repricing",
    "arb_pipelines.services.delivering",
    "arb_pipelines.services.messages",
    "arb_pipelines.domain.stores",
    "arb_pipelines.domain.approval",
    "arb_pipelines.domain.purchase",
)


def file_of(module: str) -> Path | None:
    path = TOP / Path(*module.split("."))
    found = [path.with_suffix(".py"), path / "__init__.py"]
    return next((each for each in found if each.is_file()), None)


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def reached_from(module: str) -> set[str]:
    """Return every module of ours that a module imports, directly or not."""
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        path = file_of(waiting.pop())
        if path is None:
            continue
        for name in imports_of(path):
            if name.startswith("arb_pipelines.") and name not in reached and file_of(name):
                reached.add(name)
                waiting.append(name)
    return reached


ROOTS = [
    *(f"arb_pipelines.adapters.llm.{path.stem}" for path in sorted((PACKAGE / "adapters" / "llm").glob("[!_]*.py"))),
    "arb_pipelines.services.support",
    "arb_pipelines.domain.support",
    "arb_pipelines.domain.drafting",
    "arb_pipelines.ml.support_training",
]


@pytest.mark.parametrize("module", ROOTS)
def test_no_import_leads_to_an_act(module: str) -> None:
    assert sorted(name for name in reached_from(module) if name.startswith(ACTING)) == []


def test_the_search_finds_what_acts() -> None:
    """The same search from the service that buys does find it, so an empty answer means something."""
    assert any(name.startswith(ACTING) for name in reached_from("arb_pipelines.services.purchasing"))
    assert len(ROOTS) >= 6
