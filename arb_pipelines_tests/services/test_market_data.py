"""Completed sales into our store, from where it ends."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.price import SoldPrice
from arb_pipelines.services.market_data import fetch_all_sold_prices, fetch_new_sold_prices
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import START
from arb_pipelines_tests.fakes.outlet import FakeOutlet


def sale(number: int, hours: float) -> SoldPrice:
    return SoldPrice(
        f"s{number}", "sandbox", "Kettle", None, None, "new", usd(5_000), START + timedelta(hours=hours), 3.0
    )


def test_new_sales_are_stored_once() -> None:
    """A sale that is published late is still seen; known ones are skipped."""
    books, outlet = InMemoryBooks(), FakeOutlet()
    outlet.sales = [sale(1, 0), sale(2, 1)]
    assert fetch_new_sold_prices(outlet, books) == 2
    outlet.sales += [sale(3, 0.5), sale(4, 2), sale(5, -10)]
    assert fetch_new_sold_prices(outlet, books) == 2
    assert sorted(books.sold_prices.rows) == ["s1", "s2", "s3", "s4"]


def test_an_unreachable_outlet_is_an_error() -> None:
    """There is nothing to report instead."""
    outlet = FakeOutlet()
    outlet.failing = {"fetch_sold_prices"}
    with pytest.raises(ConnectionError):
        fetch_new_sold_prices(outlet, InMemoryBooks())


def test_an_outlet_that_tells_nobody_brings_none() -> None:
    """Any other refusal is an error."""

    class Silent(FakeOutlet):
        code = "not_supported"

        def fetch_sold_prices(self, since: datetime | None) -> list[SoldPrice]:
            raise OutletRefusedError(self.code, "no")

    outlet = Silent()
    assert fetch_new_sold_prices(outlet, InMemoryBooks()) is None
    outlet.code = "outlet_500"
    with pytest.raises(OutletRefusedError):
        fetch_new_sold_prices(outlet, InMemoryBooks())


def test_every_outlet_that_can_tell_is_asked() -> None:
    """One that tells nobody and one that is away stop no other; nobody's answer is not the same as no sales."""

    class Named(FakeOutlet):
        def __init__(self, name: str, error: Exception | None = None) -> None:
            super().__init__()
            self.outlet, self.error = name, error

        def fetch_sold_prices(self, since: datetime | None) -> list[SoldPrice]:
            if self.error is not None:
                raise self.error
            return super().fetch_sold_prices(since)

    books, first, last = InMemoryBooks(), Named("first"), Named("last")
    first.sales, last.sales = [sale(1, 0)], [sale(2, 0), sale(3, 1)]
    silent = Named("silent", OutletRefusedError("not_supported", "no"))
    away = Named("away", ConnectionError("no answer"))
    told = fetch_all_sold_prices([silent, away, first, last], books)
    assert (told.new, told.silent, told.is_unknown) == ({"first": 1, "last": 2}, ["silent"], False)
    assert [(one.key, one.code) for one in told.not_done] == [("away", "outlet_unreadable")]
    assert sorted(books.sold_prices.rows) == ["s1", "s2", "s3"]
    assert fetch_all_sold_prices([silent, away], books).is_unknown
    assert not fetch_all_sold_prices([silent], books).is_unknown
