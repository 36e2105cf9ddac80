"""Dagster bodies read like a web endpoint: load, call, store, metadata."""

from __future__ import annotations

import ast
import statistics
from pathlib import Path

from dagster import AssetKey, AssetsDefinition, Definitions

from arb_pipelines.definitions import defs

FOLDER = Path(__file__).resolve().parents[2] / "arb_pipelines" / "defs"
DECORATORS = {"asset", "multi_asset", "op", "graph_asset", "asset_check", "sensor", "schedule"}
NOUNS = {
    "raw_scrapes", "price_history", "products", "price_model", "opportunities", "purchases",
    "inventory_lots", "listings", "orders", "profit_and_loss",
}  # fmt: skip


def body_lengths() -> dict[str, int]:
    """Return the lines of every decorated body, docstring apart."""
    lengths = {}
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any(name_of(d) in DECORATORS for d in node.decorator_list):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lengths[node.name] = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
    return lengths


def name_of(decorator: ast.expr) -> str:
    """Return a decorator's bare name."""
    node = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(node, "attr", getattr(node, "id", ""))


def test_bodies_are_short() -> None:
    """Median at most 10 lines, none over 30."""
    lengths = body_lengths()
    assert statistics.median(lengths.values()) <= 10
    assert {name: length for name, length in lengths.items() if length > 30} == {}


def asset_specs(definitions: Definitions) -> dict[str, AssetsDefinition]:
    """Return every asset by name."""
    graph = definitions.resolve_asset_graph()
    return {key.to_user_string(): graph.get(key) for key in graph.get_all_asset_keys()}


def test_every_asset_says_what_it_is() -> None:
    """Each has a description, group, kinds and owners, and the mission's nouns are all there."""
    specs = asset_specs(defs)
    assert set(specs) >= NOUNS
    for name, node in specs.items():
        assert node.description, name
        assert node.group_name != "default", name
        assert node.owners, name
        assert node.kinds, name


def test_every_asset_has_a_check() -> None:
    """At least one check an asset."""
    graph = defs.resolve_asset_graph()
    checked = {check.asset_key for check in graph.asset_check_keys}
    assert {AssetKey(name) for name in asset_specs(defs)} <= checked


def test_acting_jobs_are_never_retried() -> None:
    """Dagster is at-least-once; once-only is the database's work, so Dagster may not try again by itself."""
    for name in ("purchase_job", "listing_job", "repricing_job", "fulfilment_job"):
        job = defs.resolve_job_def(name)
        assert job.tags["dagster/max_retries"] == "0", name
        assert all(node.definition.retry_policy is None for node in job.nodes), name
        assert all(node.definition.pool == "trading_account" for node in job.nodes), name
