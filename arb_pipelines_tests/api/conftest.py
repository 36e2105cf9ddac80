"""The house of this folder: SQLite books of its own for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines_tests.api.house import House
from arb_pipelines_tests.fakes.clock import SettableClock


@pytest.fixture
def api_books(sqlite_url: str, clock: SettableClock) -> Iterator[SqlBooks]:
    """Migrated, empty books."""
    opened = open_books(sqlite_url, now=clock.now)
    yield opened
    opened.close()


@pytest.fixture
def house(api_books: SqlBooks, clock: SettableClock, tmp_path: Path) -> Iterator[House]:
    """An API over them."""
    made = House(api_books, clock, home=tmp_path / "home", sites_dir=tmp_path / "sites")
    yield made
    made.close()
