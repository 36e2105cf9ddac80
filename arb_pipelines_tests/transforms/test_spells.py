"""Spells: every row once, money exact, and the usual price knows nothing of its own day."""

import polars as pl
import pytest

from arb_pipelines.transforms.spells import clean_spells, usual_prices
from arb_pipelines_tests.backtest.spell_sets import day, spells_of


def test_prices_become_minor_units_half_up():
    cleaned = clean_spells(spells_of(("a", "p", 0, 5, 2.82), ("a", "q", 0, 0, 0.29)))
    assert cleaned.spells["price_minor"].to_list() == [282, 29]
    assert cleaned.quarantined.is_empty()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"price": 0.0}, "price_not_positive"),
        ({"price": None}, "price_missing"),
        ({"price": float("nan")}, "price_missing"),
        ({"price": 1e12}, "price_too_large"),
        ({"product_id": None}, "key_missing"),
        ({"first_seen_on": None}, "days_odd"),
        ({"last_seen_on": day(-1)}, "days_odd"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_reason(change, reason):
    raw = spells_of(("a", "p", 0, 5, 2.0)).with_columns(
        pl.lit(value, dtype=None if value is not None else pl.String)
        .cast({"price": pl.Float32, "product_id": pl.String}.get(name, pl.Date))
        .alias(name)
        for name, value in change.items()
    )
    cleaned = clean_spells(raw)
    assert cleaned.spells.is_empty()
    assert cleaned.quarantined["reason"].to_list() == [reason]


def test_two_spells_of_one_day_are_told_apart():
    cleaned = clean_spells(spells_of(("a", "p", 0, 5, 2.0), ("a", "p", 0, 3, 3.0), ("a", "q", 0, 5, 2.0)))
    assert cleaned.spells.height == 2
    assert cleaned.quarantined["reason"].to_list() == ["seen_twice"]


def usual(*rows, asked_day):
    spells = clean_spells(spells_of(*rows)).spells.with_columns(era=pl.lit(0))
    asked = spells.with_row_index("row").filter(pl.col("first_seen_on") == day(asked_day))
    return usual_prices(asked, spells)["usual_minor"].to_list()


def test_usual_price_is_weighted_by_time():
    rows = [("a", "p", 0, 9, 10.0), ("a", "p", 10, 12, 5.0), ("a", "p", 13, 13, 1.0)]
    assert usual(*rows, asked_day=13) == [1000]


def test_usual_price_forgets_what_is_older_than_90_days():
    rows = [("a", "p", 0, 9, 10.0), ("a", "p", 90, 99, 5.0), ("a", "p", 101, 101, 1.0)]
    assert usual(*rows, asked_day=101) == [500]


def test_usual_price_knows_nothing_of_its_own_day_or_later():
    past = [("a", "p", 0, 9, 10.0), ("a", "p", 10, 10, 1.0)]
    assert usual(*past, asked_day=10) == usual(*past, ("a", "p", 11, 80, 7.0), asked_day=10) == [1000]
    assert usual(("a", "p", 10, 10, 1.0), asked_day=10) == []
