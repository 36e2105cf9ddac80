"""Contract V: what every database must show a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl

from arb_pipelines.adapters.sql.books import SqlBooks
from arb_pipelines.domain.manners import VisitManners
from arb_pipelines.domain.opportunity import RefusedOffer
from arb_pipelines.domain.price import SoldPrice
from arb_pipelines.domain.site import SiteVisit, VisitOutcome
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines.transforms.product_matching import MATCH_SCHEMA, PRODUCT_SCHEMA
from arb_pipelines_tests.contracts.trade_records import points, usd
from arb_pipelines_tests.fakes.clock import START

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def visit(site: str, number: int, reason: str | None = None) -> SiteVisit:
    """Return visit `number` of a site, a minute after the one before."""
    at = START + number * MINUTE
    outcome = VisitOutcome.OK if reason is None else VisitOutcome.FAILED
    manners = VisitManners(requests=3, too_soon=number)
    return SiteVisit(site, f"t{number}", at, at, outcome, reason, 3, 2, 100, 40 + number, manners=manners)


def match_product(books: SqlBooks, offer_key: str, outcome: str = "same", gtin: str | None = "9501101530003") -> None:
    """Say that an offer is product `p` (or that nobody knows)."""
    row = dict.fromkeys(PRODUCT_SCHEMA) | {"product_id": "p", "title": "A", "gtin": gtin, "created_at": START}
    books.products.insert(pl.DataFrame([row], schema=PRODUCT_SCHEMA))
    known = "p" if outcome == "same" else None
    books.products.store_matches(
        pl.DataFrame([(offer_key, known, outcome, "gtin", 1.0, START)], schema=MATCH_SCHEMA, orient="row")
    )


def test_v01_refusals_are_counted_by_reason(books: SqlBooks) -> None:
    rows = [RefusedOffer(f"o{n}", "roi_low", f"{n} %", START + n * MINUTE) for n in range(3)]
    books.opportunities.store([], [*rows, RefusedOffer("o9", "out_of_stock", "none", START)])
    counts = books.views.count_refusals(START)
    assert [(row.code, row.offers) for row in counts] == [("roi_low", 3), ("out_of_stock", 1)]
    assert counts[0].decided_at == START + 2 * MINUTE
    assert books.views.count_refusals(START + DAY) == []


def test_v02_a_refusal_names_its_offer_where_it_is_known(books: SqlBooks) -> None:
    books.price_history.insert(points({"offer_key": "o1"}))
    refused = [RefusedOffer("o1", "roi_low", "3 %", START), RefusedOffer("gone", "roi_low", "4 %", START + MINUTE)]
    books.opportunities.store([], [*refused, RefusedOffer("o1", "too_slow", "90 days", START)])
    newest, known = books.views.load_refusals(START, "roi_low")
    assert (newest.offer_key, newest.title, newest.site) == ("gone", None, None)
    assert (known.title, known.site, known.detail, known.times) == ("A kettle", "shop-1", "3 %", 1)
    assert len(books.views.load_refusals(START, limit=2)) == 2


def test_v03_asks_are_those_of_certain_matches_oldest_first(books: SqlBooks) -> None:
    rows = [{"offer_key": "o1", "observed_at": START + n * MINUTE, "price_minor": 100 + n} for n in range(4)]
    books.price_history.insert(points(*rows, {"offer_key": "o2", "scrape_id": "other"}))
    match_product(books, "o1")
    match_product(books, "o2", "unsure")
    asks = books.views.load_asks("p", START)
    assert [ask.price.minor for ask in asks] == [100, 101, 102, 103]
    assert {ask.site for ask in asks} == {"shop-1"}
    assert [ask.price.minor for ask in books.views.load_asks("p", START, limit=2)] == [102, 103]
    assert books.views.load_asks("p", START + DAY) == []


def test_v04_sales_are_found_by_the_barcode_alone(books: SqlBooks) -> None:
    match_product(books, "o1")
    plain = SoldPrice("s1", "ebay", "A", "9501101530003", None, "new", usd(4_000), START, None)
    books.sold_prices.insert([plain, replace(plain, sale_id="s2", gtin=None)])
    assert [sale.price for sale in books.views.load_sales("p", START)] == [usd(4_000)]


def test_v05_without_a_barcode_no_sale_is_claimed(books: SqlBooks) -> None:
    match_product(books, "o1", gtin=None)
    books.sold_prices.insert([SoldPrice("s1", "ebay", "A", None, None, None, usd(1), START, None)])
    assert books.views.load_sales("p", START) == []


def test_v06_the_least_healthy_site_comes_first(books: SqlBooks) -> None:
    books.visits.record([visit("good", 1), visit("good", 2), visit("bad", 1), visit("bad", 2, "http_503")])
    bad, good = books.views.load_site_health(START)
    assert (bad.site, bad.success_rate, bad.last_reason) == ("bad", 0.5, "http_503")
    assert bad.last_good_at == START + MINUTE
    assert (good.last_reason, good.offers, good.latency_ms, good.too_soon) == (None, 4, 42, 2)
    assert books.views.load_site_health(START + DAY) == []
    assert books.views.load_site_names() == ["bad", "good"]


def test_v07_every_switch_is_shown_as_a_claim_reads_it(books: SqlBooks) -> None:
    books.switches.put(Action.BUY, ActionState.HALTED, "odd prices", "somebody", START)
    rows = {row.action: row for row in books.views.load_switches()}
    assert set(rows) == set(Action)
    assert (rows[Action.BUY].state, rows[Action.BUY].reason) == (ActionState.HALTED, "odd prices")
    assert (rows[Action.LIST].state, rows[Action.LIST].set_by) == (ActionState.ACTIVE, None)
