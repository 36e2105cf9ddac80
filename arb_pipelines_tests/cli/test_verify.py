"""`arb verify`: a planted violation is named, and an order at a shop that no purchase explains is found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.cli.main import app
from arb_pipelines.sandbox.running import WorldServer, run_world_in_thread
from arb_pipelines.sandbox.shop_orders import SANDBOX_BUYER_TOKEN
from arb_pipelines.settings import Settings
from arb_pipelines_tests.contracts.trade_records import buy

RUN = CliRunner()


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqlBooks]:
    """The books of a home of the test's own."""
    monkeypatch.setenv("ARB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ARB_SITES_DIR", str(tmp_path / "sites"))
    opened = open_books(Settings().books_url)
    opened.migrate()
    yield opened
    opened.close()


def order_one(world: WorldServer) -> None:
    """Order something at a shop behind the back of our books."""
    for shop in world.world.shops:
        for item in world.world.items_of(shop):
            body = {"sku": item.sku, "quantity": 1, "max_total_minor": 10**7, "reference": "pu-unknown"}
            headers = {"Authorization": f"Bearer {SANDBOX_BUYER_TOKEN}"}
            answer = httpx.post(f"{world.shop_urls[shop.key]}/api/orders", json=body, headers=headers)
            if answer.status_code == 201:
                return
    raise AssertionError("no shop sold anything")


def test_a_planted_violation_is_named(books: SqlBooks) -> None:
    buy(books)
    assert RUN.invoke(app, ["verify"]).exit_code == 0
    with books._engine.begin() as connection:
        connection.execute(text("UPDATE purchases SET total_minor = 1"))
    done = RUN.invoke(app, ["verify", "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["broken"] == {"I3_inventory_is_bought_less_sold": 1}
    assert "broken I3_inventory_is_bought_less_sold" in RUN.invoke(app, ["verify"]).stdout


def test_an_order_that_is_not_ours_is_found_and_a_silent_shop_is_no_all_clear(books: SqlBooks, tmp_path: Path) -> None:
    with run_world_in_thread(2, calm=True, misbehaving_every=10**6) as world:
        world.write_sites(tmp_path / "sites")
        assert RUN.invoke(app, ["verify", "--shops"]).exit_code == 0
        order_one(world)
        assert RUN.invoke(app, ["verify"]).exit_code == 0
        done = RUN.invoke(app, ["verify", "--shops", "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["broken"] == {"I8_shop_order_has_a_purchase": 1}
    silent = RUN.invoke(app, ["verify", "--shops"])
    assert silent.exit_code == 1
    assert "the order history of shop-001 cannot be read" in silent.stderr
