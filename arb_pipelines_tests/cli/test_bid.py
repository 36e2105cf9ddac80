"""`arb bid` at a running sandbox: one bid of a group, then nothing more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.cli.main import app
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.sandbox.running import WorldServer, run_world_in_thread
from arb_pipelines.settings import Settings
from arb_pipelines_tests.contracts.trade_records import approval, opportunity

SITE = 'key = "{key}"\nname = "A"\nurl = "{url}"\nsite_class = "permitted"\nstart_urls = ["/"]\nbuyer = "sandbox"\n'
HEADERS = {"Authorization": "Bearer sandbox-buyer"}


def auctions_of(server: WorldServer) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Yield each shop's key, address and running auctions in dollars."""
    for key, url in server.shop_urls.items():
        answer = httpx.get(f"{url}/api/auctions", headers=HEADERS, trust_env=False)
        if answer.status_code == httpx.codes.OK:
            yield key, url, [lot for lot in answer.json()["auctions"] if lot["currency"] == "USD"]


def test_a_group_is_bid_on_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    monkeypatch.setenv("ARB_CURRENCY", "USD")
    (tmp_path / "sites").mkdir()
    with run_world_in_thread(shops=20, speed=1.0) as server:
        key, url, lots = next(found for found in auctions_of(server) if len(found[2]) > 1)
        (tmp_path / "sites" / f"{key}.toml").write_text(SITE.format(key=key, url=url))
        books = open_books(Settings().books_url)
        books.migrate()
        now = datetime.now(UTC)
        for number, lot in enumerate(lots[:2], 1):
            most = Money(lot["minimum_bid_minor"] + lot["shipping_minor"] + 50, "USD")
            fields = {"site": key, "url": f"{url}/auctions", "sku": lot["auction_id"], "max_cost": most}
            found = opportunity(number, **fields, observed_at=now - timedelta(minutes=1), decided_at=now)
            books.opportunities.store([found], [])
            books.approvals.insert(approval(found, now, approval_id=f"ap-{number}", ceiling=most))
            prices = (found.expected_sale,) * 3
            outlet = (found.product_id, found.condition, found.outlet)
            books.predictions.replace([PricePrediction(*outlet, *prices, 10.0, 0.9, "model-1", now)])

        def bid(*more: str) -> tuple[int, list[str]]:
            command = ["bid", "ap-1", "ap-2", "--group", "kettles", "--json", *more]
            done = CliRunner().invoke(app, command)
            return done.exit_code, [one["code"] for one in json.loads(done.stdout)["bids"]]

        assert bid() == (0, ["bid_placed", "bid_group_full"])
        (kept,) = books.purchases.load()
        shown = httpx.get(f"{url}/api/auctions/{kept.sku}", headers=HEADERS, trust_env=False).json()
        assert kept.bid == Money(shown["own_maximum_minor"], "USD")
        assert bid("--wanted", "1") == (1, ["bid_group_full", "approval_missing"])
        assert books.broken_invariants() == {}
        books.close()
