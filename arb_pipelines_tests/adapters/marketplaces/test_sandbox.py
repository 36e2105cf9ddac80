"""The whole trade over real HTTP: bought at the sandbox's shops, listed on its channel, sold, shipped, accounted for.

Services, adapters, SQL books and the sandbox world together; the world's time is the test's clock.
"""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arb_pipelines.adapters.marketplaces.sandbox.buyer import SandboxBuyers
from arb_pipelines.adapters.marketplaces.sandbox.seller import SandboxSeller
from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.domain.approval import ApprovalPolicy
from arb_pipelines.domain.condition import parse_condition
from arb_pipelines.domain.fees import load_schedules
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.offer import Offer
from arb_pipelines.domain.outlet import OutletTerms
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.domain.raw_product import Availability
from arb_pipelines.domain.rule_book import load_rule_book
from arb_pipelines.domain.scoring import BuyingRules, score_offers
from arb_pipelines.domain.site import Site, SiteClass
from arb_pipelines.domain.spend_limit import SpendLimit
from arb_pipelines.reports.profit_and_loss import build_daily, summarise
from arb_pipelines.sandbox.channel.tokens import SANDBOX_REFRESH_TOKEN
from arb_pipelines.sandbox.running import WorldServer, run_world_in_thread
from arb_pipelines.sandbox.shop_orders import SANDBOX_BUYER_TOKEN
from arb_pipelines.services.approvals import approve_open
from arb_pipelines.services.fulfilment import import_orders, ship_orders, tracking_number_for
from arb_pipelines.services.listing import list_unlisted, receive_delivered
from arb_pipelines.services.listing_drafts import ListingRules
from arb_pipelines.services.market_data import fetch_new_sold_prices
from arb_pipelines.services.purchasing import PurchaseOutcome, buy_approved
from arb_pipelines.services.reconciling import Reconciliation, reconcile
from arb_pipelines.services.repricing import reprice
from arb_pipelines.services.risk_checks import build_submit_check
from arb_pipelines.transforms.product_matching import PRODUCT_SCHEMA
from arb_pipelines_tests.contracts.trade_records import usd
from arb_pipelines_tests.fakes.clock import SettableClock

WORLD_HOUR_S = 1  # of our clock, at the speed below
SPEED = 3_600
QUIET_S, HORIZON_S = 5, 50
TERMS = OutletTerms(other_category="most", postage=usd(0))
POLICY = ApprovalPolicy("paper", usd(100_000), 12, timedelta(hours=1))
LIMITS = [SpendLimit("total", usd(10_000_000), None), SpendLimit("site:*", usd(1_000_000), timedelta(days=1))]


@dataclass
class Trade:
    """A world, our accounts in it and our books."""

    world: WorldServer
    clock: SettableClock
    books: SqlBooks
    buyers: SandboxBuyers
    seller: SandboxSeller

    def admin(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Ask the world's administration."""
        request = urllib.request.Request(
            f"{self.world.channel_url}/sandbox/{path}", json.dumps(body).encode() if body else None
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def decide(self) -> int:
        """Read every offer as a perfect scraper and model would, and store the opportunities."""
        now = self.clock.now()
        truth = [row for row in self.admin("offers") if row["currency"] == "USD"]
        offers = [_offer(row, now) for row in truth]
        predictions = [_prediction(row, now) for row in truth]
        known = {row["product_id"] for row in pl.DataFrame(self.books.products.load()).iter_rows(named=True)}
        new = {row["gtin"]: row for row in truth if row["gtin"] not in known}
        self.books.products.insert(pl.DataFrame([_product(row, now) for row in new.values()], schema=PRODUCT_SCHEMA))
        self.books.predictions.replace(predictions)
        rules = BuyingRules(TERMS, self.sites(), usd(300), min_roi=Decimal("0.15"))
        found, refused = score_offers(offers, self.books.predictions.load(), load_schedules(), rules, now)
        self.books.opportunities.store(found, refused)
        return len(found)

    def sites(self) -> dict[str, Site]:
        """Declare every shop of the world."""
        declared = {"site_class": SiteClass.PERMITTED, "tax_rate": Decimal(0), "buyer": "sandbox"}
        return {key: Site(key, key, url, **declared) for key, url in self.world.shop_urls.items()}

    def buy(self) -> list[PurchaseOutcome]:
        """Approve by policy, look again, and buy."""
        approve_open(self.books, POLICY, self.clock)
        usable = self.books.approvals.load_usable(self.clock.now())
        book = load_rule_book()
        risk = build_submit_check(self.books, book.submit_rules(self.sites()), book.loss_rules(usd(50_000)), self.clock)
        patience = {"quiet_s": QUIET_S, "horizon_s": HORIZON_S}
        return buy_approved(usable, self.books, self.buyers, LIMITS, self.clock, **patience, risk=risk)

    def reconcile(self, sites: Sequence[str] = ()) -> Reconciliation:
        """Compare the shops with open purchases, and `sites`."""
        return reconcile(self.books, self.buyers, self.clock, quiet_s=QUIET_S, horizon_s=HORIZON_S, sites=sites)

    def sell(self, world_hours: int) -> None:
        """Let time pass; then receive, list, reprice, import and ship."""
        self.clock.advance(seconds=world_hours * WORLD_HOUR_S)
        assert self.reconcile().alarms == []
        predictions, schedules = self.books.predictions.load(), load_schedules()
        receive_delivered(self.books, self.clock)
        listed = list_unlisted(
            self.books, self.seller, predictions, schedules, ListingRules(TERMS, Decimal("0.05")), self.clock
        )
        assert listed.not_listed == []
        assert import_orders(self.books, self.seller, schedules, TERMS, self.clock).not_done == []
        repriced = reprice(self.books, self.seller, predictions, self.clock, days_a_day=SPEED)
        assert [left for left in repriced.not_done if left.code != "absent_at_outlet"] == []
        assert ship_orders(self.books, self.seller, tracking_number_for, self.clock).not_done == []


def _offer(row: dict[str, Any], now: Any) -> Offer:
    return Offer(
        offer_key=row["sku"],
        site=row["shop"],
        url=row["url"],
        sku=row["sku"],
        title=row["name"],
        category=row["category"],
        product_id=row["gtin"],
        match="gtin",
        price=usd(row["price_minor"]),
        shipping=usd(row["shipping_minor"]),
        availability=Availability.IN_STOCK if row["available"] else Availability.OUT_OF_STOCK,
        condition=parse_condition(row["condition"].removeprefix("Used - ")),
        observed_at=now,
        scrape_id=f"{row['sku']}@{now.isoformat()}",
        agreeing_reads=2,
    )


def _prediction(row: dict[str, Any], now: Any) -> PricePrediction:
    value = row["market_value_minor"]
    prices = [usd(value * share // 100) for share in (95, 100, 105)]
    condition = parse_condition(row["condition"].removeprefix("Used - "))
    return PricePrediction(row["gtin"], str(condition), "sandbox", *prices, 2.0, 0.95, "perfect", now)


def _product(row: dict[str, Any], now: Any) -> dict[str, Any]:
    names = ("gtin", "brand", "mpn", "category")
    return {
        "product_id": row["gtin"], "title": row["name"], "pack_quantity": 1, "created_at": now,
        **{name: row[name] for name in names},
    }  # fmt: skip


@contextmanager
def trading(path: Path, shops: int) -> Iterator[Trade]:
    """Open everything and close it again."""
    clock = SettableClock()
    options = {"speed": SPEED, "misbehaving_every": 10_000, "clock": clock.now, "delivery_h": 20}
    with run_world_in_thread(shops=shops, **options) as world:
        books = open_books(f"sqlite:///{path / 'books.db'}", now=clock.now)
        books.migrate()
        buyers = SandboxBuyers(world.shop_urls, SANDBOX_BUYER_TOKEN, timeout_s=0.5)
        seller = SandboxSeller(world.channel_url, "client", "secret", SANDBOX_REFRESH_TOKEN, timeout_s=5)
        try:
            yield Trade(world, clock, books, buyers, seller)
        finally:
            buyers.close()
            seller.close()
            books.close()


def test_from_an_offer_to_the_profit(tmp_path: Path) -> None:
    """Everything that is bought is delivered, listed, sold, shipped and in the books to the cent."""
    with trading(tmp_path, shops=40) as trade:
        outcomes: list[PurchaseOutcome] = []
        for day in range(9):
            if day < 3:
                assert trade.decide() >= 1
                outcomes += trade.buy()
                assert not trade.buy()
            trade.sell(world_hours=24)
        bought = [outcome for outcome in outcomes if outcome.state is PurchaseState.BOUGHT]
        assert len(bought) >= 6
        assert trade.admin("state")["shop_orders"] == len(bought)
        assert trade.books.totals()["purchases"] == len(bought)
        assert trade.reconcile(list(trade.world.shop_urls)).alarms == []
        orders = trade.books.orders.load()
        assert len(orders) >= len(bought) // 2
        assert len(orders) == trade.admin("state")["sold_units"]
        assert all(order.tracking_number for order in orders)
        assert not any(order.fee_estimated for order in orders)
        assert trade.books.broken_invariants() == {}
        total = summarise(orders, trade.books.ledger.balances(), "USD")
        assert total.ledger_difference == usd(0)
        assert total.profit > usd(0)
        assert build_daily(orders, "USD")["profit_minor"].sum() == total.profit.minor
        assert trade.admin("state")["unmatched_listings"] == 0


@pytest.mark.parametrize(
    "kind", ["refuse", "drop", "500", "drop_after_commit", "500_after_commit", "timeout_after_commit"]
)
def test_a_shop_that_loses_answers_is_bought_from_once(tmp_path: Path, kind: str) -> None:
    """Uncertain until the order history tells; never ordered twice."""
    with trading(tmp_path, shops=40) as trade:
        assert trade.decide() >= 1
        for shop in trade.world.shop_urls:
            trade.admin("faults", {"target": shop, "kind": kind, "times": 1})
        first = Counter(outcome.code for outcome in trade.buy())
        faulty = "refused:out_of_stock" if kind == "refuse" else "uncertain"
        assert first[faulty] >= 1
        for _ in range(3):
            trade.buy()
            trade.clock.advance(seconds=HORIZON_S)
            assert trade.reconcile().alarms == []
        assert trade.reconcile(list(trade.world.shop_urls)).alarms == []
        references = Counter(p.purchase_id for p in trade.books.purchases.load((PurchaseState.BOUGHT,)))
        assert trade.admin("state")["shop_orders"] == references.total() == len(references)
        states = {p.state for p in trade.books.purchases.load()}
        settled = {
            "refuse": PurchaseState.REFUSED, "drop": PurchaseState.NOT_PLACED, "500": PurchaseState.NOT_PLACED,
        }.get(kind, PurchaseState.BOUGHT)  # fmt: skip
        assert settled in states
        assert states <= {settled, PurchaseState.BOUGHT}
        assert trade.books.broken_invariants() == {}


def test_a_channel_that_loses_answers_lists_once(tmp_path: Path) -> None:
    """Each call of a listing is answered by nothing once; the next runs finish it without a second listing."""
    with trading(tmp_path, shops=40) as trade:
        trade.decide()
        trade.buy()
        trade.clock.advance(seconds=21 * WORLD_HOUR_S)
        trade.reconcile()
        receive_delivered(trade.books, trade.clock)
        lots = len(trade.books.inventory.load())
        assert lots >= 1
        rules, predictions = ListingRules(TERMS, Decimal("0.05")), trade.books.predictions.load()
        for kind in ("drop", "drop_after_commit", "500_after_commit", "refuse"):
            for path in ("/sell/inventory/v1/inventory_item", "/sell/inventory/v1/offer"):
                trade.admin("faults", {"target": "channel", "kind": kind, "times": 2, "path": path})
        for _ in range(12):
            list_unlisted(trade.books, trade.seller, predictions, load_schedules(), rules, trade.clock)
        state = trade.admin("state")
        assert (state["offers"], state["inventory_items"]) == (lots, lots)
        assert len(trade.books.listings.load()) == lots
        assert {listing.state for listing in trade.books.listings.load()} == {"active"}


def test_sold_prices_are_fetched_once(tmp_path: Path) -> None:
    """All pages of the history, then only what is new."""
    with trading(tmp_path, shops=20) as trade:
        assert fetch_new_sold_prices(trade.seller, trade.books) > 200
        assert fetch_new_sold_prices(trade.seller, trade.books) == 0
        trade.clock.advance(seconds=48 * WORLD_HOUR_S)
        assert fetch_new_sold_prices(trade.seller, trade.books) > 0


def test_an_unknown_article_and_a_wrong_token(tmp_path: Path) -> None:
    """A quote says "not in stock"; credentials that are refused are named as such."""
    with trading(tmp_path, shops=2) as trade:
        buyer = trade.buyers.buyer_for("shop-001")
        assert buyer is not None
        quote = buyer.fetch_quote("", "no-such-article")
        assert (quote.total, quote.in_stock) == (None, False)
        assert trade.buyers.buyer_for("elsewhere") is None
        seller = SandboxSeller(trade.world.channel_url, "client", "secret", "wrong")
        with pytest.raises(PermissionError, match="refresh token"):
            seller.fetch_orders(None)
        seller.close()
        stranger = SandboxBuyers(trade.world.shop_urls, "wrong")
        other = stranger.buyer_for("shop-001")
        assert other is not None
        with pytest.raises(ValueError, match="401"):
            other.fetch_orders(trade.clock.now())
        stranger.close()


def test_money_on_the_wire_is_exact() -> None:
    """No float on the way."""
    from arb_pipelines.adapters.http.fields import write_money
    from arb_pipelines.adapters.marketplaces.sandbox.parse import read_price

    for minor in (1, 99, 100, 123_456_789):
        money = Money(minor, "USD")
        assert read_price({"pricingSummary": {"price": write_money(money)}}) == money
