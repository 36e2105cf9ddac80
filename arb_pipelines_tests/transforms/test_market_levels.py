"""The shops' usual prices: weighted by time, over certain matches, never from the future."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from arb_pipelines.transforms.market_levels import MARKET_SCHEMA, market_levels
from arb_pipelines_tests.contracts.trade_records import points
from arb_pipelines_tests.fakes.clock import START

DAY = timedelta(days=1)


def matches(**outcomes: str) -> pl.DataFrame:
    rows = [
        (key.replace("_", "-"), "product-1" if outcome == "same" else None, outcome)
        for key, outcome in outcomes.items()
    ]
    return pl.DataFrame(rows, schema=["offer_key", "product_id", "outcome"], orient="row")


def read(price: int, days_ago: float, offer: str = "offer-1", **changes: Any) -> dict[str, Any]:
    at: datetime = START - days_ago * DAY
    return {"offer_key": offer, "price_minor": price, "observed_at": at, "condition": "new"} | changes


def levels(*rows: dict[str, Any], **outcomes: str) -> list[dict[str, Any]]:
    found = market_levels(points(*rows), matches(**(outcomes or {"offer_1": "same"})), START)
    assert dict(found.schema) == MARKET_SCHEMA
    return found.to_dicts()


def test_a_price_weighs_by_the_time_it_stood() -> None:
    """Two days at 30.00, five at 20.00: half of the time is reached at 20.00."""
    (row,) = levels(read(3_000, 7), read(2_000, 5))
    assert (row["median_minor"], row["average_minor"]) == (2_000, 2_286)
    assert row["history_days"] == pytest.approx(7)


def test_out_of_stock_is_no_price() -> None:
    (row,) = levels(read(3_000, 7), read(1_000, 6, availability="OutOfStock"), read(3_200, 1))
    assert (row["median_minor"], row["average_minor"]) == (3_000, 3_100)


def test_only_certain_matches_with_a_condition_count() -> None:
    rows = [read(3_000, 2), read(100, 2, "offer-2"), read(200, 2, "offer-1", condition=None)]
    assert levels(*rows[:2], offer_1="same", offer_2="unsure")[0]["median_minor"] == 3_000
    assert levels(rows[2]) == []


def test_the_future_and_the_far_past_do_not_count() -> None:
    assert levels(read(3_000, -1), read(2_000, 120)) == []


def test_offers_of_one_product_are_one_market() -> None:
    (row,) = levels(
        read(1_000, 2),
        read(3_000, 2, "offer-2"),
        read(3_000, 2, "offer-3"),
        **{f"offer_{n}": "same" for n in (1, 2, 3)},
    )
    assert row["median_minor"] == 3_000
