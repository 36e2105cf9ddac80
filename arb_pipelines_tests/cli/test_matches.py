"""A person looks at matches and says which are wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.cli.main import app
from arb_pipelines.settings import Settings
from arb_pipelines.transforms.product_matching import MATCH_SCHEMA, PRODUCT_SCHEMA
from arb_pipelines_tests.contracts.trade_records import points

RUN = CliRunner()


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlBooks]:
    """Books with one offer of today that is held to be one product."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARB_HOME", str(tmp_path / "home"))
    opened = open_books(Settings().books_url)
    opened.migrate()
    now = datetime.now(UTC)
    opened.price_history.insert(points({"observed_at": now}))
    product = dict.fromkeys(PRODUCT_SCHEMA) | {
        "product_id": "p-1",
        "title": "A kettle",
        "pack_quantity": 1,
        "created_at": now,
    }
    opened.products.insert(pl.DataFrame([product], schema=PRODUCT_SCHEMA))
    match = dict.fromkeys(MATCH_SCHEMA) | {
        "offer_key": "offer-1", "product_id": "p-1", "outcome": "same", "method": "title", "score": 0.99,
        "matched_at": now,
    }  # fmt: skip
    opened.products.store_matches(pl.DataFrame([match], schema=MATCH_SCHEMA))
    yield opened
    opened.close()


def test_a_wrong_match_ends_at_once(books: SqlBooks) -> None:
    shown = json.loads(RUN.invoke(app, ["match", "list", "--outcome", "same", "--json"]).stdout)["matches"]
    assert [(row["offer_key"], row["product_id"], row["title"]) for row in shown] == [("offer-1", "p-1", "A kettle")]
    done = RUN.invoke(app, ["match", "judge", "offer-1", "p-1", "wrong"])
    assert (done.exit_code, done.stdout) == (0, "offer-1 is not p-1: noted\n")
    assert books.products.count_outcomes() == {"unsure": 1}
    assert books.products.count_feedback() == 1
    assert "offer-1" in RUN.invoke(app, ["match", "list"]).stdout


def test_what_is_not_there_is_told(books: SqlBooks) -> None:
    done = RUN.invoke(app, ["match", "judge", "offer-9", "p-1", "right"])
    assert done.exit_code == 2
    assert "offer offer-9 has not been matched yet" in done.stderr
    assert RUN.invoke(app, ["match", "judge", "offer-1", "p-1", "maybe"]).exit_code == 2
    assert "no offers" in RUN.invoke(app, ["match", "list"]).stderr
