"""One answer an item: with a history, with a category's prior only, and with nothing."""

import polars as pl
import pytest

from arb_pipelines.ml.price_model import train
from arb_pipelines.ml.price_optimal import predict_optimal_price
from arb_pipelines_tests.ml.market import AS_OF, draw_sales, keys_of, no_history


@pytest.fixture(scope="module")
def model():
    return train(draw_sales(n=500, products=24), no_history(), as_of=AS_OF, seed=1)


def test_history_gives_interval_days_and_chances(model):
    found = predict_optimal_price(model, keys_of(("p02", "new")), AS_OF)[0]
    assert (found.basis, found.reason) == ("history", None)
    assert found.low < found.price < found.high
    assert 0 < found.sold_within[30] <= found.sold_within[60] <= found.sold_within[90] <= 1
    assert found.days_to_sell > 0


def test_no_history_is_the_category_wide_and_flagged(model):
    known, fresh = predict_optimal_price(model, keys_of(("p02", "new"), ("never", "new")), AS_OF)
    assert (fresh.basis, fresh.reason) == ("category_prior", "no_sales")
    assert fresh.low < fresh.price < fresh.high
    assert fresh.high.minor / fresh.low.minor > 2 > known.high.minor / known.low.minor
    assert 0 < fresh.sold_within[30] <= 1


def test_buying_stays_silent_without_history(model):
    assert model.predict(keys_of(("never", "new")), AS_OF)[0].low is None


def test_unknown_category_is_nothing(model):
    found = predict_optimal_price(model, keys_of(("never", "new"), category="nowhere"), AS_OF)[0]
    assert (found.basis, found.price, found.sold_within) == ("nothing", None, {30: None, 60: None, 90: None})


def test_unknown_condition_has_no_prior(model):
    found = predict_optimal_price(model, keys_of(("p02", "as shown")), AS_OF)[0]
    assert (found.basis, found.reason) == ("nothing", "unknown_condition")


def test_a_small_category_does_not_speak():
    few = draw_sales(n=200, products=2)
    found = predict_optimal_price(train(few, no_history(), as_of=AS_OF), keys_of(("x", "new")), AS_OF)[0]
    assert few.select(pl.col("product_id").n_unique()).item() == 2
    assert found.basis == "nothing"
