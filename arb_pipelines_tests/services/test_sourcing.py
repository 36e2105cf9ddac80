"""Saved searches at a marketplace: stored whole where they can be read, and nothing is made of what was not said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arb_pipelines.adapters.marketplaces.ebay.source import EbaySource
from arb_pipelines.adapters.parquet.raw_scrapes import ParquetRawScrapes
from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.domain.api_budget import BudgetRefusedError
from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.raw_product import Availability, RawProduct
from arb_pipelines.domain.saved_search import SavedSearch
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.services.pricing import update_price_history, update_products
from arb_pipelines.services.sourcing import Sourced, read_searches
from arb_pipelines_tests.adapters.marketplaces.ebay.stand import connect, free_budget
from arb_pipelines_tests.adapters.marketplaces.ebay.test_source import item
from arb_pipelines_tests.contracts.vendor_transport import ContractTransport
from arb_pipelines_tests.fakes.clock import START, SettableClock

TICK = "tick-20260105T090000Z"
KETTLE = SavedSearch("kettle")


def offer(number: int, **changes: Any) -> RawProduct:
    """Return the summary of an offer."""
    plain = RawProduct("ebay", f"https://e.example/{number}", START, TICK, "c", "A kettle", "19.99", currency="USD")
    return replace(plain, sku=f"v1|{number}|0", **changes)


class Source:
    """A marketplace of offers; `failing` says what a search or an item raises."""

    site = "ebay"

    def __init__(self, *numbers: int) -> None:
        self.numbers = numbers
        self.failing: dict[str, Exception] = {}
        self.gone: set[str] = set()
        self.read: list[str] = []

    def search(self, search: SavedSearch, tick_id: str, now: datetime) -> list[RawProduct]:
        if search.name in self.failing:
            raise self.failing[search.name]
        return [offer(number) for number in self.numbers]

    def fetch_item(self, item_id: str, tick_id: str, now: datetime) -> RawProduct | None:
        if item_id in self.failing:
            raise self.failing[item_id]
        self.read.append(item_id)
        if item_id in self.gone:
            return None
        return offer(int(item_id.split("|")[1]), availability=Availability.IN_STOCK, gtin="4006381333931")


class Raw:
    """A raw store in a dict."""

    def __init__(self) -> None:
        self.kept: dict[str, RawProduct] = {}

    def append(self, records: Sequence[RawProduct]) -> int:
        self.kept |= {record.scrape_id: record for record in records}
        return len(records)


def told(raw: Raw) -> dict[str, Availability | None]:
    return {str(record.sku): record.availability for record in raw.kept.values()}


def read(source: Source, raw: Any, *searches: SavedSearch, most_whole: int = 10, hot: Sequence[str] = ()) -> Sourced:
    return read_searches(source, searches or (KETTLE,), raw, TICK, SettableClock(), most_whole=most_whole, hot_urls=hot)


def test_what_is_found_is_stored_once_and_as_whole_as_it_may_be_read() -> None:
    source, raw = Source(1, 2, 3), Raw()
    done = read(source, raw, KETTLE, SavedSearch("pot"), most_whole=2, hot=["https://e.example/3"])
    assert source.read == ["v1|3|0", "v1|1|0"]  # an opportunity hangs on the third
    assert told(raw) == {"v1|1|0": Availability.IN_STOCK, "v1|2|0": None, "v1|3|0": Availability.IN_STOCK}
    assert done.summary() == {"searches": 2, "stored": 3, "read_whole": 2, "gone": 0, "not_done": 0}
    read(source, raw)
    assert len(raw.kept) == 3  # the same tick again


def test_what_is_gone_is_not_stored() -> None:
    source, raw = Source(1, 2), Raw()
    source.gone = {"v1|1|0"}
    assert read(source, raw).gone == ["https://e.example/1"]
    assert list(told(raw)) == ["v1|2|0"]


@pytest.mark.parametrize(
    ("error", "code", "whole"),
    [
        (BudgetRefusedError(Refusal("api_day_cap", "all used")), "api_day_cap", []),
        (ConnectionError("no answer"), "outlet_unreadable", []),
        (OutletRefusedError("outlet_403", "no"), "outlet_403", ["https://e.example/2"]),
    ],
)
def test_an_item_that_cannot_be_read_whole_says_nothing_of_its_stock(
    error: Exception, code: str, whole: list[str]
) -> None:
    """Without room or network nothing more is asked; a refusal is of one item."""
    source, raw = Source(1, 2), Raw()
    source.failing = {"v1|1|0": error}
    done = read(source, raw)
    assert [(one.key, one.code) for one in done.not_done] == [("https://e.example/1", code)]
    assert (told(raw)["v1|1|0"], done.read_whole) == (None, whole)
    assert len(raw.kept) == 2


def test_a_search_that_fails_stops_no_other() -> None:
    source, raw = Source(1), Raw()
    source.failing = {
        "pot": ConnectionError("no answer"),
        "cup": BudgetRefusedError(Refusal("api_without_budget", "none")),
    }
    done = read(source, raw, SavedSearch("pot"), SavedSearch("cup"), KETTLE)
    assert (done.searches, len(raw.kept)) == (["kettle"], 1)
    assert [(one.key, one.code) for one in done.not_done] == [
        ("pot", "outlet_unreadable"),
        ("cup", "api_without_budget"),
    ]


@pytest.fixture
def books(tmp_path: Path) -> Iterator[SqlBooks]:
    opened = open_books(f"sqlite:///{tmp_path / 'books.sqlite'}", mode="paper")
    opened.migrate()
    yield opened
    opened.close()


def test_from_ebays_answer_to_a_priced_and_matched_offer(tmp_path: Path, books: SqlBooks) -> None:
    """The same store and the same passes as a scraped page."""
    vendor, clock, raw = ContractTransport("ebay"), SettableClock(), ParquetRawScrapes(tmp_path / "raw")
    vendor.reply("search", {"total": 1, "itemSummaries": [item()]})
    stock = [{"estimatedAvailabilityStatus": "IN_STOCK"}]
    vendor.reply("getItem", item(categories=None, gtin="4006381333931", estimatedAvailabilities=stock))
    source = EbaySource(connect(vendor), free_budget())
    read_searches(source, [KETTLE], raw, TICK, clock, most_whole=1)
    assert update_price_history(raw, books, clock).inserted == 1
    [point] = pl.DataFrame(books.price_history.load_latest(START)).to_dicts()
    assert (point["site"], point["price_minor"], point["shipping_minor"]) == ("ebay", 1_999, 500)
    assert (point["availability"], point["gtin"]) == ("InStock", "4006381333931")
    update_products(books, clock)
    [match] = pl.DataFrame(books.products.load_matches()).to_dicts()
    assert (match["offer_key"], match["outcome"]) == (point["offer_key"], "same")
    raw.close()
