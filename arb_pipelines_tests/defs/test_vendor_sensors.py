"""The vendors' own interfaces under Dagster: off in one line, asked once an interval, nothing of theirs lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import polars as pl
import pytest
from dagster import (
    ConfigurableResource,
    DagsterInstance,
    RunRequest,
    SkipReason,
    build_asset_context,
    build_sensor_context,
)
from moto import mock_aws

from arb_pipelines.adapters.marketplaces.ebay.source import EbaySource
from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.defs.assets.ebay_offers import ebay_offers
from arb_pipelines.defs.checks import ebay_offers_answered
from arb_pipelines.defs.ops.amazon_notifications import amazon_notifications_job
from arb_pipelines.defs.resources import BooksResource, RawStoreResource, SettingsResource
from arb_pipelines.defs.vendor_sensors import amazon_notifications_sensor, ebay_searches_sensor, moved_market_sensor
from arb_pipelines.domain.access_stores import WebhookEvent
from arb_pipelines.domain.order import OutletOrder
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.outlet_settings import OutletSettings
from arb_pipelines.settings import Settings
from arb_pipelines_tests.adapters.marketplaces.amazon.test_notifications import APPLICATION, REGION, SELLER, a_message
from arb_pipelines_tests.adapters.marketplaces.ebay.stand import connect
from arb_pipelines_tests.adapters.marketplaces.ebay.test_source import item
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport
from arb_pipelines_tests.fakes.dying import WorkerKilled
from arb_pipelines_tests.fakes.outlet import FakeOutlet

ACCOUNT = {"client_id": "id", "client_secret": "canary-secret", "refresh_token": "canary-token"}


@pytest.fixture
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BooksResource:
    """Empty books in a home of their own."""
    monkeypatch.setenv("ARB_HOME", str(tmp_path))
    url = f"sqlite:///{tmp_path}/books.sqlite"
    opened = open_books(url)
    opened.migrate()
    opened.close()
    return BooksResource(url=url, mode="paper")


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> None:
    """One saved search, once an hour."""
    monkeypatch.setenv("ARB_EBAY", json.dumps(ACCOUNT))
    rules = {"searches": [{"keyword": "kettle", "max_price": "30"}], "tax_rate": "0.07"}
    monkeypatch.setenv("ARB_EBAY_SOURCE", json.dumps(rules))


def look(books: BooksResource) -> RunRequest | SkipReason:
    resources = {"books": books, "settings": SettingsResource()}
    with DagsterInstance.ephemeral() as instance, build_sensor_context(instance, resources=resources) as context:
        found = ebay_searches_sensor(context)
    assert isinstance(found, RunRequest | SkipReason)
    return found


def reason(found: RunRequest | SkipReason) -> str:
    assert isinstance(found, SkipReason)
    return found.skip_message or ""


def test_without_searches_ebay_is_left_alone(books: BooksResource, tmp_path: Path) -> None:
    """And says so in one line."""
    assert "ARB_EBAY_SOURCE names no saved searches" in reason(look(books))
    raw = RawStoreResource(factory="arb_pipelines.adapters.parquet.raw_scrapes:build", options={"path": str(tmp_path)})
    done: Any = ebay_offers(build_asset_context(), raw_store=raw, books=books, settings=SettingsResource())
    assert ebay_offers_answered(books=books, settings=SettingsResource()).passed
    assert "ARB_EBAY_SOURCE" in str(done.metadata["off"])


@pytest.mark.usefixtures("searches")
def test_searches_are_asked_once_an_interval(
    books: BooksResource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A visit is noted, what was found is in the raw store, and the refusals are told."""
    vendor = ContractTransport("ebay")
    vendor.reply("search", {"total": 1, "itemSummaries": [item()]})
    vendor.reply("getItem", {"errors": [{"errorId": 11002}]}, status=403)
    monkeypatch.setattr(OutletSettings, "open_ebay_source", lambda self, budget: EbaySource(connect(vendor), budget))
    assert isinstance(look(books), RunRequest)
    assert not ebay_offers_answered(books=books, settings=SettingsResource()).passed
    path = str(tmp_path / "raw")
    raw = RawStoreResource(factory="arb_pipelines.adapters.parquet.raw_scrapes:build", options={"path": path})
    done: Any = ebay_offers(build_asset_context(), raw_store=raw, books=books, settings=SettingsResource())
    assert (done.metadata["stored"], done.metadata["read_whole"], done.metadata["not_done"]) == (1, 0, 1)
    assert "outlet_11002" in str(done.metadata["refused"])
    assert vendor.exchanges[1].values["filter"].endswith("price:[..30.00],priceCurrency:USD")
    with raw.opened() as store:
        assert pl.DataFrame(store.load_newest(1))["site"].to_list() == ["ebay"]
    with books.opened() as opened:
        [visit] = opened.visits.load_between(datetime.now(UTC) - timedelta(minutes=5), datetime.now(UTC))
    assert (visit.site, visit.offers, visit.reason) == ("ebay", 1, None)
    assert ebay_offers_answered(books=books, settings=SettingsResource()).passed
    assert "eBay is searched again at" in reason(look(books))


class AmazonOutlet(ConfigurableResource):
    """Amazon in memory, the same one each time it is opened."""

    @contextmanager
    def sellers(self) -> Iterator[list[Any]]:
        yield [AMAZON]


class Amazon(FakeOutlet):
    """An Amazon that has sold nothing of ours; `dies_at` is the look at a single order that kills the worker."""

    outlet = "amazon"
    asked: list[str]
    dies_at: int | None = None

    def fetch_order(self, outlet_order_id: str) -> list[OutletOrder]:
        self._call("fetch_order")
        self.asked.append(outlet_order_id)
        if len(self.asked) == self.dies_at:
            raise WorkerKilled("killed")
        if outlet_order_id == "903-2":
            raise OutletRefusedError("outlet_404", "no such order")
        return []


AMAZON = Amazon()


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A queue at SQS with four orders' changes, one of them unknown to Amazon, and a page of HTML."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    AMAZON.asked, AMAZON.dies_at, AMAZON.calls, AMAZON.failing = [], None, [], set()
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        made: str = sqs.create_queue(QueueName="amazon", Attributes={"VisibilityTimeout": "0"})["QueueUrl"]
        for body in ("<html>", *(json.dumps(a_message(number)) for number in range(4))):
            sqs.send_message(QueueUrl=made, MessageBody=body)
        monkeypatch.setenv("ARB_OUTLETS", "amazon")
        account = {**ACCOUNT, "seller_id": SELLER, "environment": "sandbox"}
        monkeypatch.setenv("ARB_AMAZON", json.dumps(account))
        queue = {"queue_url": made, "application_id": APPLICATION, "region": REGION}
        monkeypatch.setenv("ARB_AMAZON_QUEUE", json.dumps(queue))
        yield made


def run(books: BooksResource, instance: DagsterInstance) -> Any:
    resources = {"books": books, "outlet": AmazonOutlet(), "settings": SettingsResource()}
    return amazon_notifications_job.execute_in_process(resources=resources, instance=instance, raise_on_error=False)


def waiting(url: str) -> int:
    return Settings().open_amazon_queue().count_waiting()


def test_without_a_queue_amazon_is_not_listened_to(books: BooksResource) -> None:
    """And says so in one line."""
    with DagsterInstance.ephemeral() as instance:
        for look_at, more in ((amazon_notifications_sensor, {}), (moved_market_sensor, {"books": books})):
            resources = {"settings": SettingsResource(), **more}
            with build_sensor_context(instance, resources=resources) as context:
                assert "ARB_AMAZON_QUEUE names no queue" in reason(look_at(context))
        assert run(books, instance).success


def test_a_killed_consumer_loses_nothing(books: BooksResource, url: str) -> None:
    """What it acted on is deleted, the rest comes again; what has no effect stays and is told to the operator."""
    with DagsterInstance.ephemeral() as instance:
        AMAZON.dies_at = 3
        assert not run(books, instance).success
        left = waiting(url)
        assert left >= 3  # the order that killed it, the one after it, and the page at least
        AMAZON.dies_at = None
        assert run(books, instance).success
    assert set(AMAZON.asked) == {"903-0", "903-1", "903-2", "903-3"}
    assert waiting(url) == 2
    with books.opened() as opened:
        assert {event.event_id for event in opened.webhook_events.load("amazon")} == {"n-0", "n-1", "n-3"}
        told = {one.alert.kind: one.alert.detail for one in opened.alerts.load_open()}
    assert "outlet_404" in told["amazon_notifications_left"]
    assert AMAZON.calls.count("fetch_orders") == 2  # each run reads the window of all orders before a single one


def test_nothing_is_taken_while_the_orders_cannot_be_read(books: BooksResource, url: str) -> None:
    """An order on its own would move the window of the next import past older ones."""
    AMAZON.failing = {"fetch_orders"}
    with DagsterInstance.ephemeral() as instance:
        assert not run(books, instance).success
    assert (AMAZON.asked, waiting(url)) == ([], 5)


def test_the_sensors_of_amazon(books: BooksResource, url: str) -> None:
    """One starts a run while something waits, the other looks at prices that moved for what we list."""
    with DagsterInstance.ephemeral() as instance:
        with build_sensor_context(instance, resources={"settings": SettingsResource()}) as context:
            found = amazon_notifications_sensor(context)
        assert isinstance(found, RunRequest)
        assert found.tags["arb/waiting"] == "5"
        moved = WebhookEvent("amazon", "n-9", "ANY_OFFER_CHANGED", {"asin": "B0"}, datetime.now(UTC))
        with books.opened() as opened:
            opened.webhook_events.insert([moved])
        resources = {"books": books, "settings": SettingsResource()}
        with build_sensor_context(instance, resources=resources) as context:
            assert "1 prices moved, none of what we list" in reason(moved_market_sensor(context))
            assert context.cursor == moved.received_at.isoformat()
            assert "0 prices moved" in reason(moved_market_sensor(context))
