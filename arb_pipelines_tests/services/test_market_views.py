"""What is known beside an offer: ninety days of prices only for a rule that asks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import polars as pl
import pytest

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.domain.eligibility import Eligibility, Permission
from arb_pipelines.domain.presets import load_preset
from arb_pipelines.services.market_views import with_what_is_known
from arb_pipelines.transforms.product_matching import MATCH_SCHEMA, PRODUCT_SCHEMA
from arb_pipelines_tests.contracts.trade_records import points, usd
from arb_pipelines_tests.domain.test_scoring import OFFER, RULES
from arb_pipelines_tests.fakes.clock import START

DAY = timedelta(days=1)


@pytest.fixture
def books(sqlite_url: str) -> Iterator[SqlBooks]:
    """Books that saw one matched offer at 30.00 for twenty days and at 10.00 since two days ago."""
    opened = open_books(sqlite_url)
    rows = [{"price_minor": 3_000, "observed_at": START - day * DAY, "condition": "new"} for day in range(3, 21)]
    opened.price_history.insert(
        points(*rows, {"price_minor": 1_000, "observed_at": START - 2 * DAY, "condition": "new"})
    )
    product = dict.fromkeys(PRODUCT_SCHEMA) | {"product_id": "product-1", "created_at": START}
    opened.products.insert(pl.DataFrame([product], schema=PRODUCT_SCHEMA))
    match = dict.fromkeys(MATCH_SCHEMA) | {
        "offer_key": "offer-1",
        "product_id": "product-1",
        "outcome": "same",
        "method": "gtin",
        "matched_at": START,
    }
    opened.products.store_matches(pl.DataFrame([match], schema=MATCH_SCHEMA))
    yield opened
    opened.close()


def test_a_rule_that_asks_gets_the_usual_price(books: SqlBooks) -> None:
    rules = RULES.with_preset(load_preset("watcher"))
    view = with_what_is_known(books, rules, [OFFER], START).market["product-1", "new"]
    assert (view.median, view.is_long_enough) == (usd(3_000), True)
    assert view.average == usd(2_800)


def test_otherwise_no_history_is_read(books: SqlBooks) -> None:
    assert with_what_is_known(books, RULES, [OFFER], START).market == {}


def test_outlets_answers_are_always_there(books: SqlBooks) -> None:
    answer = Eligibility("product-1", "new", "sandbox", Permission.ALLOWED, START)
    books.eligibility.put([answer])
    known = with_what_is_known(books, RULES, [OFFER], START)
    assert known.eligibility == {("product-1", "new", "sandbox"): answer}
