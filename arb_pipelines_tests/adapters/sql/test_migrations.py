"""The migrations make exactly the tables that the code speaks of, and can be undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from arb_pipelines.adapters.sql import book_tables, books, purchase_tables, sale_tables
from arb_pipelines.adapters.sql.engine import build_engine, money_transaction
from arb_pipelines.adapters.sql.tables import metadata
from arb_pipelines_tests.conftest import PostgresCluster

MIGRATIONS = Path(books.__file__).with_name("migrations")


@pytest.fixture
def engine(books_url: str) -> Iterator[Engine]:
    """An engine on migrated books."""
    opened = build_engine(books_url)
    yield opened
    opened.dispose()


@pytest.fixture
def unmigrated(engine: Engine, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """An engine on an empty database of the same kind, filled from the metadata alone."""
    url = f"sqlite:///{tmp_path / 'plain.db'}"
    if engine.dialect.name == "postgresql":
        cluster: PostgresCluster = request.getfixturevalue("postgres_cluster")
        url = cluster.url(cluster.create_database())
    opened = build_engine(url)
    with money_transaction(opened) as connection:
        metadata.create_all(connection)
    yield opened
    opened.dispose()


def constraints(connection: Connection) -> dict[str, Any]:
    """Return what `compare_metadata` does not look at: checks, keys and partial indexes."""
    inspector = inspect(connection)
    found: dict[str, Any] = {}
    for table in metadata.tables:
        found[f"{table} checks"] = {one["name"]: one["sqltext"] for one in inspector.get_check_constraints(table)}
        found[f"{table} key"] = inspector.get_pk_constraint(table)["constrained_columns"]
        found[f"{table} links"] = sorted(str(one["referred_table"]) for one in inspector.get_foreign_keys(table))
        indexes = inspector.get_indexes(table)
        found[f"{table} indexes"] = {
            str(one["name"]): (one["column_names"], bool(one["unique"]), _conditions(one.get("dialect_options", {})))
            for one in indexes
        }
    return found


def _conditions(options: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in options.items()}


def test_metadata_and_migrations_agree(engine: Engine) -> None:
    assert {book_tables.switches, purchase_tables.purchases, sale_tables.orders} <= set(metadata.tables.values())
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_constraints_agree_as_well(engine: Engine, unmigrated: Engine) -> None:
    with engine.connect() as migrated, unmigrated.connect() as plain:
        assert constraints(migrated) == constraints(plain)


def test_every_check_has_the_name_it_was_given(engine: Engine) -> None:
    with engine.connect() as connection:
        names = {name for key, found in constraints(connection).items() if key.endswith("checks") for name in found}
    assert "ck_listings_price_within_bounds" in names
    assert "ck_budgets_used_within_limit" in names


def test_migrations_can_be_undone(engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with money_transaction(engine) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
        command.upgrade(config, "head")
        assert set(metadata.tables) <= set(inspect(connection).get_table_names())


def test_there_is_one_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1
