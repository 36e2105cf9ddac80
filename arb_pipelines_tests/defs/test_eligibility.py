"""Outlets that restrict are asked before each scoring; without one nothing is opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from arb_pipelines.defs.eligibility import ask_outlets
from arb_pipelines.domain.eligibility import Permission
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines_tests.contracts.trade_records import approval, lot, opportunity, purchase
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.services.test_eligibility import GTIN, Outlet


class Outlets:
    """A resource of one outlet that restricts and one that does not."""

    def __init__(self) -> None:
        self.restricting = Outlet(Permission.ALLOWED)
        self.opened = 0

    @contextmanager
    def sellers(self) -> Iterator[list[Any]]:
        self.opened += 1
        yield [SimpleNamespace(outlet="sandbox"), self.restricting]


@pytest.mark.parametrize("restricts", [True, False])
def test_only_an_outlet_that_restricts_is_asked(restricts: bool) -> None:
    books, outlets = InMemoryBooks(), Outlets()
    books.products.rows = [{"product_id": "product-1", "gtin": GTIN}]
    bought = lot(purchase(approval(opportunity())))
    books.inventory.rows[bought.lot_id] = bought
    settings: Any = SimpleNamespace(terms_of_outlets={"outlet-1": OutletTerms(outlet="outlet-1", restricts=restricts)})
    resource: Any = outlets
    told = ask_outlets(books, resource, settings, timedelta(hours=1))  # type: ignore[arg-type]
    assert (outlets.opened, outlets.restricting.asked) == ((1, [(GTIN, "new")]) if restricts else (0, []))
    assert told.get("outlet-1_allowed") == (1 if restricts else None)
