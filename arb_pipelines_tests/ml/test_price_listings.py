"""Listings: any column but the price may be missing, and a fold never knows what came after."""

from datetime import date

import polars as pl
import pytest

from arb_pipelines.ml.price_listings import ListingsError, monthly_folds, read_listings, type_listings
from arb_pipelines_tests.ml.listings import draw_listings


def test_attributes_become_numbers_and_words():
    frame = pl.DataFrame(
        {"price": [1.0, 2.0], "attributes": ['{"size": 3, "tone": "red"}', '{"size": 4, "tone": "b"}']}
    )
    found = type_listings(frame)
    assert found.numbers == ("number_size",)
    assert "word_tone" in found.names


@pytest.mark.parametrize("attributes", ["not json", "[1]", "", None])
def test_unreadable_attributes_are_none(attributes):
    found = type_listings(pl.DataFrame({"price": [1.0], "attributes": pl.Series([attributes], dtype=pl.String)}))
    assert found.numbers == ()


def test_rows_without_price_and_of_other_currencies_are_left_out_and_counted():
    frame = pl.DataFrame(
        {"price": [1.0, None, 0.0, -3.0, 5.0, 6.0], "currency": ["EUR", "EUR", "EUR", "EUR", "USD", "EUR"]}
    )
    found = type_listings(frame)
    assert (found.rows.height, found.left_out, found.currency) == (2, 4, "EUR")


def test_price_as_text_is_read():
    assert type_listings(pl.DataFrame({"price": ["12.5", "x"]})).rows["price"].to_list() == [12.5]


def test_what_cannot_be_used_is_said(tmp_path):
    with pytest.raises(ListingsError, match="no column named price"):
        type_listings(pl.DataFrame({"cost": [1]}))
    with pytest.raises(ListingsError, match="positive price"):
        type_listings(pl.DataFrame({"price": [0.0]}))
    with pytest.raises(ListingsError, match="neither"):
        read_listings(tmp_path / "x.txt")
    with pytest.raises(ListingsError, match="cannot be read"):
        read_listings(tmp_path / "none.parquet")


@pytest.mark.parametrize("suffix", ["parquet", "csv", "ndjson"])
def test_each_format_is_read(tmp_path, suffix):
    frame, path = draw_listings(20), tmp_path / f"listings.{suffix}"
    getattr(frame, f"write_{suffix}")(path)
    found = read_listings(path)
    assert found.dated
    assert found.rows["listed_on"].to_list() == frame["listed_on"].to_list()


def test_a_month_knows_only_what_was_listed_before_it():
    listings = type_listings(draw_listings())
    folds = list(monthly_folds(listings, date(2025, 3, 1)))
    assert [fold.name for fold in folds] == ["2025-02", "2025-03", "2025-04", "2025-05"]
    for fold in folds:
        assert fold.known["listed_on"].max() < fold.starts_on <= fold.asked["listed_on"].min()
    assert sum(fold.asked.height for fold in folds[1:]) == (listings.rows["listed_on"] >= date(2025, 3, 1)).sum()


def test_never_retrained_knows_the_start_only():
    listings = type_listings(draw_listings())
    folds = list(monthly_folds(listings, date(2025, 3, 1), retrain=False))
    assert {fold.known.height for fold in folds[1:]} == {folds[1].known.height}


def test_without_dates_the_ids_are_split_the_same_each_time():
    frame = draw_listings().drop("listed_on", "last_seen_on")
    calibration, held = monthly_folds(type_listings(frame), None)
    again = list(monthly_folds(type_listings(frame.sample(fraction=1.0, shuffle=True, seed=1)), None))[1]
    assert set(held.asked["listing_id"]) == set(again.asked["listing_id"])
    assert 0.15 < held.asked.height / frame.height < 0.25
    assert not set(held.asked["listing_id"]) & (set(held.known["listing_id"]) | set(calibration.known["listing_id"]))


def test_dates_without_a_start_are_asked_for():
    with pytest.raises(ListingsError, match="--from"):
        list(monthly_folds(type_listings(draw_listings(50)), None))
