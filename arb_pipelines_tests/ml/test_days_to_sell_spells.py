"""Spells: what is known of them on a day, and rates that never look ahead."""

from datetime import date

import polars as pl
import pytest

from arb_pipelines.ml.days_to_sell_spells import FIRST_RATE, PRIOR_LISTING_DAYS, RATE_COLUMNS, known_at, read_spells
from arb_pipelines.ml.price_listings import type_listings
from arb_pipelines_tests.ml.listings import draw_listings


def spells_of(rows):
    frame = pl.DataFrame(
        [(source, date(2025, 1, a), date(2025, 1, b), ended, sold) for source, a, b, ended, sold in rows],
        schema=["source", "listed_on", "last_seen_on", "ended", "marked_sold"],
        orient="row",
    )
    return read_spells(type_listings(frame.with_columns(price=pl.int_range(pl.len()) + 10.0)))


def test_a_spell_that_goes_on_is_unsold_so_far():
    spells = spells_of([("a", 1, 30, False, False), ("a", 5, 10, True, False)])
    on_day_7, on_day_20 = (known_at(spells, day).row(1, named=True) for day in (7, 20))
    assert (on_day_7["days"], on_day_7["sold"]) == (2.0, False)
    assert (on_day_20["days"], on_day_20["sold"]) == (5.0, True)


def test_a_disappearance_is_noticed_on_the_next_reading():
    spells = spells_of([("a", 1, 30, False, False), ("a", 5, 10, True, False)])
    assert known_at(spells, 10).row(1, named=True)["sold"] is False
    assert known_at(spells, 11).row(1, named=True)["sold"] is True


def test_marked_sold_but_still_listed_is_left_out():
    assert spells_of([("a", 1, 30, False, True), ("a", 2, 4, True, True)]).height == 1


def test_first_day_of_a_source_is_truncated():
    assert spells_of([("a", 1, 9, True, False), ("a", 2, 9, True, False)])["truncated"].to_list() == [True, False]


def test_rate_by_hand():
    # On day 9 (the tenth), a's sale of day 3 was noticed on day 4; 4 + 9 listing-days before it.
    spells = spells_of([("a", 1, 4, True, False), ("a", 1, 30, False, False), ("a", 11, 12, True, False)])
    expected = (1 + PRIOR_LISTING_DAYS * FIRST_RATE) / (13 + PRIOR_LISTING_DAYS)
    assert spells["source_14d"][2] == pytest.approx(expected, rel=0.02)


def test_rates_do_not_see_the_future():
    frame = draw_listings(400)
    cut = 60
    spells = read_spells(type_listings(frame))
    day = date(2025, 1, 1)
    begun = frame.filter((pl.col("listed_on") - day).dt.total_days() < cut)
    seen = pl.min_horizontal("last_seen_on", pl.lit(date(2025, 3, 1)))
    cut_off = begun.with_columns(ended=pl.col("ended") & (pl.col("last_seen_on") < date(2025, 3, 1)), last_seen_on=seen)
    earlier = read_spells(type_listings(cut_off))
    same = spells.filter(pl.col("begin") < cut).select("listing_id", *RATE_COLUMNS)
    assert same.equals(earlier.select("listing_id", *RATE_COLUMNS))
