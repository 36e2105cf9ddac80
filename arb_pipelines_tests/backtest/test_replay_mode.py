"""Stored prices traded through by the services of every other mode: bought once, at the time, knowing nothing later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from arb_pipelines.adapters.checkout.paper import PaperBuyers
from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.backtest.replay import Past, Span, with_prediction_keys
from arb_pipelines.backtest.replay_mode import ReplayClock, Told, Trading, realised, replay_trade
from arb_pipelines.cli.replay import fresh_books, replay_settings, trading_of
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.price import PricePrediction
from arb_pipelines.domain.purchase import PurchaseState
from arb_pipelines.domain.site import Site, SiteClass
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.settings import Settings
from arb_pipelines.transforms.product_matching import MATCH_SCHEMA, PRODUCT_SCHEMA
from arb_pipelines_tests.transforms.frames import SALE_SCHEMA, T0, points_frame

DAY = timedelta(days=1)
SITE = Site(
    "shop-001", "A shop", "https://shop-001.example", site_class=SiteClass.PERMITTED, tax_rate=Decimal("0.1")
)  # fmt: skip


def usd(minor: int) -> Money:
    return Money(minor, "USD")


def reading(day: float, price: int = 1_000, **fields: Any) -> dict[str, Any]:
    plain = {"scrape_id": f"s{day}", "price_minor": price, "shipping_minor": 100, "availability": "InStock"}
    plain |= {"condition": "new", "sku": "K1", "title": "A kettle", "category": "kitchen", "site": SITE.key}
    return {**plain, "observed_at": T0 + timedelta(days=day), "url": "https://shop-001.example/k1", **fields}


def predict(moment: datetime) -> Any:
    low, middle, high = usd(1_950), usd(2_000), usd(2_200)
    found = PricePrediction("p1", "new", "sandbox", low, middle, high, 5.0, 0.9, "m1", moment)
    return with_prediction_keys([found])


@pytest.fixture
def trading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trading:
    monkeypatch.chdir(tmp_path)
    return trading_of(replay_settings(Settings()), [SITE], DAY)


@pytest.fixture
def clock() -> ReplayClock:
    return ReplayClock(T0)


@pytest.fixture
def books(tmp_path: Path, clock: ReplayClock) -> Iterator[SqlBooks]:
    opened = fresh_books(tmp_path / "books-replay.sqlite", clock)
    product = dict.fromkeys(PRODUCT_SCHEMA) | {"product_id": "p1", "title": "A kettle", "category": "kitchen"}
    opened.products.insert(pl.DataFrame([product | {"created_at": T0}], schema=PRODUCT_SCHEMA))
    match = dict.fromkeys(MATCH_SCHEMA) | {"product_id": "p1", "outcome": "same", "method": "gtin", "score": 1.0}
    key = points_frame(reading(0))["offer_key"][0]
    opened.products.store_matches(pl.DataFrame([match | {"offer_key": key, "matched_at": T0}], schema=MATCH_SCHEMA))
    yield opened
    opened.close()


def trade(books: SqlBooks, clock: ReplayClock, trading: Trading, *readings: dict[str, Any], days: int = 6) -> Told:
    past = Past(points_frame(*readings), pl.DataFrame([], schema={**SALE_SCHEMA, "product_id": pl.String()}))
    paper = PaperBuyers([SITE], lambda: books.opportunities.load_offers(clock.now() - trading.rules.max_age), clock)
    return replay_trade(past, predict, trading, Span(T0, T0 + days * DAY, DAY, 7 * DAY), books, paper, clock)


def test_a_bargain_is_decided_approved_claimed_and_bought_once(
    books: SqlBooks, clock: ReplayClock, trading: Trading
) -> None:
    told = trade(books, clock, trading, *(reading(day + 0.5) for day in range(6)))
    assert (told.moments, told.approvals, told.outcomes) == (6, 1, {"bought": 1}), told
    (purchase,) = books.purchases.load()
    assert (purchase.state, purchase.total) == (PurchaseState.BOUGHT, usd(1_200))
    assert purchase.claimed_at == T0 + DAY
    assert purchase.delivered_at == T0 + 4 * DAY
    assert books.broken_invariants() == {}


def test_a_price_that_is_read_later_changes_nothing_earlier(
    books: SqlBooks, clock: ReplayClock, trading: Trading
) -> None:
    trade(books, clock, trading, reading(0.5), reading(1.5, price=1_050), days=2)
    (purchase,) = books.purchases.load()
    assert purchase.total == usd(1_200)


def test_the_switch_and_the_limits_bind_as_in_every_mode(books: SqlBooks, clock: ReplayClock, trading: Trading) -> None:
    books.switches.put(Action.BUY, ActionState.HALTED, "a test", "me", T0)
    assert trade(books, clock, trading, reading(0.5), days=1).outcomes == {"buy_halted": 1}
    books.switches.put(Action.BUY, ActionState.ACTIVE, "a test", "me", T0)
    poor = replace(trading, limits=[replace(limit, limit=usd(1_199)) for limit in trading.limits])
    told = trade(books, clock, poor, reading(1.4, scrape_id="later"), days=2)
    assert told.outcomes["spend_limit"] >= 1
    assert books.purchases.load() == []


def test_what_is_not_read_is_not_bought(books: SqlBooks, clock: ReplayClock, trading: Trading) -> None:
    told = trade(books, clock, trading, reading(0.5, shipping_minor=None), days=1)
    assert (told.refused, told.approvals) == ({"shipping_unknown": 1}, 0)


def test_what_it_brought_is_told_only_where_a_sale_is_known(
    books: SqlBooks, clock: ReplayClock, trading: Trading
) -> None:
    trade(books, clock, trading, reading(0.5), days=1)
    sale = {"sale_id": "x", "outlet": "sandbox", "condition": "new", "price_minor": 2_100, "currency": "USD"}
    schema = {**SALE_SCHEMA, "product_id": pl.String()}
    sold = pl.DataFrame([{**sale, "sold_at": T0 + 9 * DAY, "product_id": "p1"}], schema=schema)
    figures = realised(books, Past(points_frame(), sold))
    assert (figures["bought"], figures["sold_minor"], figures["sale_unknown"]) == (1, 2_100, 0)
    none = realised(books, Past(points_frame(), sold.clear()))
    assert (none["sold_minor"], none["sale_unknown"]) == (0, 1)
