"""The check before buying, over real books: what changed since the decision refuses, and losses lock."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.eligibility import Eligibility, Permission
from arb_pipelines.domain.locks import LossRules, RiskLock
from arb_pipelines.domain.opportunity import RefusedOffer
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.purchase import BuyQuote
from arb_pipelines.domain.site import Site, SiteClass
from arb_pipelines.domain.submit_rules import SubmitRules
from arb_pipelines.services.purchasing import buy_approved
from arb_pipelines.services.risk_checks import build_submit_check, update_locks
from arb_pipelines.transforms.product_matching import FEEDBACK_SCHEMA
from arb_pipelines_tests.contracts.trade_records import (
    approve,
    offer_for_sale,
    outlet_order,
    purchase,
    usd,
)
from arb_pipelines_tests.fakes.clock import START, SettableClock

SITE = Site("shop-1", "Shop", "https://shop-1.example", SiteClass.PERMITTED, tax_rate=Decimal("0.08"))
RULES = SubmitRules({"shop-1": SITE})
LOSSES = LossRules(capital=usd(100_000))
PREDICTION = PricePrediction(
    "product-1", "new", "outlet-1", usd(5_000), usd(5_500), usd(6_000), 12.5, 0.8, "model-1", START
)


@pytest.fixture
def books(sqlite_url: str, clock: SettableClock) -> Iterator[SqlBooks]:
    """Books with a prediction for what the cases buy."""
    opened = open_books(sqlite_url, now=clock.now)
    opened.predictions.replace([PREDICTION])
    yield opened
    opened.close()


def check(books: SqlBooks, leave: Approval, clock: SettableClock, rules: SubmitRules = RULES) -> str | None:
    refusal = build_submit_check(books, rules, LOSSES, clock)(leave)
    return None if refusal is None else refusal.code


def test_what_still_holds_passes(books: SqlBooks, clock: SettableClock) -> None:
    assert check(books, approve(books), clock) is None


def test_time_passes(books: SqlBooks, clock: SettableClock) -> None:
    leave = approve(books)
    clock.advance(minutes=28)
    assert check(books, leave, clock) == "stale_price"


def test_a_decision_that_is_not_kept_refuses(books: SqlBooks, clock: SettableClock) -> None:
    leave = replace(approve(books), opportunity_id="opportunity-9")
    assert check(books, leave, clock) == "decision_missing"


def test_the_model_is_asked_again(books: SqlBooks, clock: SettableClock) -> None:
    leave = approve(books)
    books.predictions.replace([replace(PREDICTION, abstained="too_few_sales", low=None, middle=None, high=None)])
    assert check(books, leave, clock) == "model_abstains(too_few_sales)"


def test_what_a_later_look_refused_is_not_bought(books: SqlBooks, clock: SettableClock) -> None:
    """The page says another condition by now, or the matcher another product; no shop's quote tells either."""
    leave = approve(books)
    submit = build_submit_check(books, RULES, LOSSES, clock)
    books.opportunities.store([], [RefusedOffer("offer-1", "not_matched", "unsure", START + timedelta(minutes=5))])
    refusal = submit(leave)
    assert refusal is not None
    assert (refusal.code, "not_matched" in refusal.detail) == ("refused_since", True)


def test_a_persons_verdict_on_the_match_is_read(books: SqlBooks, clock: SettableClock) -> None:
    leave = approve(books)
    verdict = {
        "offer_key": "offer-1",
        "product_id": "product-1",
        "verdict": "wrong",
        "given_by": "me",
        "given_at": START,
    }
    empty = dict.fromkeys(FEEDBACK_SCHEMA)
    books.products.store_feedback(pl.DataFrame([empty | verdict], schema=FEEDBACK_SCHEMA))
    assert check(books, leave, clock) == "match_revoked"


def test_the_outlet_is_believed(books: SqlBooks, clock: SettableClock) -> None:
    leave, rules = approve(books), replace(RULES, restricting_outlets=frozenset({"outlet-1"}))
    assert check(books, leave, clock, rules) == "eligibility_unknown"
    books.eligibility.put([Eligibility("product-1", "new", "outlet-1", Permission.ALLOWED, START)])
    assert check(books, leave, clock, rules) is None


def sell_at_a_loss(books: SqlBooks, number: int, at: datetime) -> None:
    """Bought for 20.00, sold for 5.00."""
    offered = offer_for_sale(books, number, at, category="kitchen", product_id=f"product-{number}")
    order = outlet_order(offered.sku, number, at, item_price=usd(500), shipping_paid=usd(0))
    assert books.orders.import_order(order, usd(100), fee_estimated=False)


def test_three_losing_sales_lock_their_category(books: SqlBooks, clock: SettableClock) -> None:
    for number in range(1, 4):
        sell_at_a_loss(books, number, START - timedelta(hours=number))
    locks = update_locks(books, LOSSES, START)
    assert {(lock.code, lock.scope) for lock in locks} == {
        ("lock_cool_down", "category:kitchen"),
        ("lock_daily_loss", "total"),
    }
    assert update_locks(books, LOSSES, START) == locks
    calm = replace(LOSSES, capital=None)
    refusal = books.purchases.claim(purchase(approve(books, 9, category="kitchen")), [], START)
    assert refusal is not None
    assert (refusal.code, refusal.until) == ("lock_cool_down", START + timedelta(hours=47))
    clock.advance(hours=48)
    assert update_locks(books, calm, clock.now()) == []


class NoBuyers:
    """Every site is left to a person."""

    def buyer_for(self, site: str) -> None:
        return None


def test_a_person_is_not_even_shown_what_is_refused(books: SqlBooks, clock: SettableClock) -> None:
    """The link of a refused purchase would be an invitation."""
    leave = approve(books)
    risk = build_submit_check(books, replace(RULES, sites={}), LOSSES, clock)
    (refused,) = buy_approved([leave], books, NoBuyers(), [], clock, risk=risk)  # type: ignore[arg-type]
    assert (refused.code, refused.link) == ("site_may_not_buy", None)
    (shown,) = buy_approved([leave], books, NoBuyers(), [], clock)  # type: ignore[arg-type]
    assert shown.code == "person_required"


class DeafBuyer:
    """A shop with a readable, empty history that quotes what was approved."""

    def fetch_orders(self, since: datetime) -> list[object]:
        return []

    def fetch_quote(self, url: str, sku: str) -> BuyQuote:
        return BuyQuote(sku, usd(2_000), True)


class OneBuyer:
    """Every site has the same buyer."""

    def buyer_for(self, site: str) -> DeafBuyer:
        return DeafBuyer()


def test_a_refusal_that_ends_says_when(books: SqlBooks, clock: SettableClock) -> None:
    ends_at = START + timedelta(hours=3)
    books.locks.insert([RiskLock("total", "lock_drawdown", "why", START, ends_at)])
    (outcome,) = buy_approved([approve(books)], books, OneBuyer(), [], clock)  # type: ignore[arg-type]
    assert (outcome.code, outcome.until, outcome.state) == ("lock_drawdown", ends_at, None)
