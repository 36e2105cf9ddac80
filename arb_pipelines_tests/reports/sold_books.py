"""Books with a little of everything sold and returned, for the tests of the reports."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from arb_pipelines.domain.listing import ListingState
from arb_pipelines.domain.return_case import ReturnState
from arb_pipelines_tests.contracts.trade_records import listing, outlet_order, stock, usd
from arb_pipelines_tests.fakes.clock import START

DAY = timedelta(days=1)
PENDING, ACTIVE = ListingState.PENDING, ListingState.ACTIVE


def fill(books: Any) -> None:
    """Sell `fast` twice after 1 and 3 days, `slow` once after 10; let one come back; keep 2 units of `slow`.

    Each unit cost 20.00 and promised 20.00; each sale brought 54.00 less a fee of 7.00, so a profit of 27.00.
    """
    for number, (product, category, quantity) in enumerate([("fast", "Kitchen", 2), ("slow", "Toys", 3)], start=1):
        lot = stock(books, number, START, quantity=quantity, product_id=product, title=f"The {product} one")
        offered = listing(lot, START, category=category)
        assert books.listings.insert(offered)
        assert books.listings.advance(lot.sku, expected=[PENDING], state=ACTIVE)
        for days in (1, 3) if product == "fast" else (10,):
            at = START + days * DAY
            order = books.orders.import_order(
                outlet_order(lot.sku, 100 * number + days, at), usd(700), fee_estimated=days == 3
            )
            assert order is not None
            last = order.order_id
        if product == "fast":
            books.returns.open("r1", last, 1, "why", START + 4 * DAY)
            requested, received = ReturnState.REQUESTED, ReturnState.RECEIVED
            books.returns.advance("r1", expected=[requested], state=received, at=START + 5 * DAY)
            books.returns.refund("r1", usd(5_400), usd(600), START + 5 * DAY)
            books.returns.advance("r1", expected=[received], state=ReturnState.WRITTEN_OFF, at=START + 6 * DAY)
