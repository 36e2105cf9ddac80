"""Completed sales into our store, from where it ends."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from arb_pipelines.domain.outlet import OutletRefusedError
from arb_pipelines.domain.price import SoldPrice
from arb_pipelines.services.market_data import fetch_new_sold_prices
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
    assert fetch_new_sold_prices(outlet, InMemoryBooks()) == 0
    outlet.code = "outlet_500"
    with pytest.raises(OutletRefusedError):
        fetch_new_sold_prices(outlet, InMemoryBooks())
