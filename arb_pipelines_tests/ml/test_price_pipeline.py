"""The learner finds prices in words, names and numbers, and says the same for the same input."""

import numpy as np
import polars as pl
import pytest

from arb_pipelines.ml.price_listings import type_listings
from arb_pipelines.ml.price_pipeline import Columns, fit_pipeline
from arb_pipelines_tests.ml.listings import draw_listings

COLUMNS = Columns(("number_year", "number_mileage"), ("product", "source"), "title")


@pytest.fixture(scope="module")
def rows():
    return type_listings(draw_listings(800)).rows.sample(fraction=1.0, shuffle=True, seed=1)


@pytest.fixture(scope="module")
def fitted(rows):
    taught = rows.head(600)
    return fit_pipeline(taught, taught["log_price"].to_numpy(), COLUMNS)


def test_unseen_items_are_priced_near_the_noise(rows, fitted):
    asked = rows.tail(200)
    middle, low, high = fitted.predict(asked)
    error = np.abs(np.expm1(middle - asked["log_price"].to_numpy()))
    assert np.median(error) < 2 * 0.674 * 0.04
    assert (low < middle).all()
    assert (middle < high).all()


def test_same_input_same_answer(rows, fitted):
    taught = rows.head(600)
    again = fit_pipeline(taught, taught["log_price"].to_numpy(), COLUMNS)
    assert np.array_equal(again.predict(rows.tail(50))[0], fitted.predict(rows.tail(50))[0])


def test_missing_columns_are_unknown(rows, fitted):
    asked = rows.tail(50).drop("title", "product", "number_mileage")
    assert np.isfinite(fitted.predict(asked)[0]).all()


def test_new_names_are_unknown(rows, fitted):
    asked = rows.tail(5).with_columns(product=pl.lit("never seen"), title=pl.lit("other words"))
    assert np.isfinite(fitted.predict(asked)[0]).all()


def test_a_column_of_nothing_is_dropped(rows):
    taught = rows.head(200).with_columns(number_empty=pl.lit(None, dtype=pl.Float64))
    fitted = fit_pipeline(taught, taught["log_price"].to_numpy(), Columns(("number_empty", "number_year")))
    assert fitted.columns.numbers == ("number_year",)


def test_a_known_reference_carries_the_level(rows):
    taught = rows.head(200)
    target = taught["log_price"].to_numpy()
    fitted = fit_pipeline(taught, target, Columns(("number_year",)), reference=target - 1.0)
    middle, _, _ = fitted.predict(taught.head(3), np.array([5.0, 6.0, 7.0]))
    assert middle == pytest.approx([6.0, 7.0, 8.0], abs=0.05)


def test_no_rows_no_answers(rows, fitted):
    assert [part.size for part in fitted.predict(rows.clear())] == [0, 0, 0]
