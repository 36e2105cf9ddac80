"""Stock, an outlet and the rules to sell by, for the tests of listing, repricing and fulfilment."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.inventory import InventoryLot
from arb_pipelines.domain.listing import Listing
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.services.listing import Listed, list_unlisted, receive_delivered
from arb_pipelines.services.listing_drafts import ListingRules
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, purchase, usd
from arb_pipelines_tests.fakes.books import InMemoryBooks
from arb_pipelines_tests.fakes.clock import SettableClock
from arb_pipelines_tests.fakes.dying import Death, Mortal, MortalBooks
from arb_pipelines_tests.fakes.outlet import FakeOutlet

TERMS = OutletTerms(other_category="most")
RULES = ListingRules(TERMS, min_roi=Decimal("0.10"))
FACTS = {"product_id": "product-1", "gtin": "4006381333931", "brand": "Kett", "mpn": "K1", "title": "Kettle K1"}


class SellingDesk:
    """Books with delivered purchases, and an outlet."""

    def __init__(self, lots: int = 0, total: int = 2_000) -> None:
        """Receive `lots` lots of one unit at `total` cents."""
        self.clock = SettableClock()
        self.books = InMemoryBooks()
        self.outlet = FakeOutlet()
        self.books.products.rows.append({**FACTS, "category": "Kitchen"})
        self.predict()
        for number in range(1, lots + 1):
            self.deliver(number, total)
        receive_delivered(self.books, self.clock)

    def deliver(self, number: int, total: int = 2_000, quantity: int = 1) -> str:
        """Put a bought and delivered purchase into the books."""
        found = opportunity(number)
        self.books.opportunities.store([found], [])
        leave = approval(found, self.clock.now(), quantity=quantity)
        self.books.approvals.insert(leave)
        claimed = purchase(leave, self.clock.now())
        assert self.books.purchases.claim(claimed, (), self.clock.now()) is None
        claim, sent, bought = PurchaseState.CLAIMED, PurchaseState.SUBMITTING, PurchaseState.BOUGHT
        advance = self.books.purchases.advance
        assert advance(claimed.purchase_id, expected=(claim,), state=sent, now=self.clock.now())
        assert advance(
            claimed.purchase_id,
            expected=(sent,),
            state=bought,
            now=self.clock.now(),
            shop_order_id=f"so-{number}",
            total=usd(total),
        )
        assert self.books.purchases.mark_delivered(claimed.purchase_id, self.clock.now())
        return claimed.purchase_id

    def predict(self, low: int = 4_000, middle: int = 5_000, high: int = 6_000, **changes: Any) -> None:
        """Set the model's answer for the product."""
        prices = (usd(low), usd(middle), usd(high))
        answer = PricePrediction("product-1", "new", "sandbox", *prices, 10.0, 0.9, "model-1", self.clock.now())
        self.books.predictions.replace([replace(answer, **changes)])

    def list_all(self, rules: ListingRules = RULES, death: Death | None = None) -> Listed:
        """Run the listing service, perhaps to its death."""
        end = death or Death(0)
        predictions = self.books.predictions.load()
        return list_unlisted(
            MortalBooks(self.books, end), Mortal(self.outlet, end), predictions, load_schedules(), rules, self.clock
        )

    def listings(self) -> list[Listing]:
        """Return our listings."""
        return self.books.listings.load()

    def lots(self) -> list[InventoryLot]:
        """Return our lots."""
        return self.books.inventory.load()
