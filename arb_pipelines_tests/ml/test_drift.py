"""A champion whose promises broke is locked; one that keeps them, or of which too little is known, is not."""

from datetime import timedelta

import polars as pl
import pytest

from arb_pipelines.ml.drift import LOCKED, MIN_SALES, lock, measure_drift
from arb_pipelines.ml.price_model import train
from arb_pipelines_tests.ml.market import AS_OF, draw_sales, keys_of, no_history


@pytest.fixture(scope="module")
def model():
    return train(draw_sales(n=800), no_history(), as_of=AS_OF, seed=1)


def later(n=200, factor=1.0, seed=9):
    sales = draw_sales(n=n, seed=seed)
    return sales.with_columns(
        price_minor=(pl.col("price_minor") * factor).round().cast(pl.Int64),
        sold_at=pl.lit(AS_OF + timedelta(days=3)).cast(pl.Datetime("us", "UTC")),
    )


def test_the_same_market_is_no_drift(model):
    found = measure_drift(model, later())
    assert found.reason is None
    assert found.n > 150
    assert found.coverage_80 > 0.7


@pytest.mark.parametrize("factor", [0.85, 1.2])
def test_a_moved_market_locks(model, factor):
    found = measure_drift(model, later(factor=factor))
    assert "realised sales" in found.reason
    assert (found.bias > 0) == (factor < 1)


def test_a_few_bad_sales_lock_nothing(model):
    found = measure_drift(model, later(n=MIN_SALES - 1, factor=0.5))
    assert found.reason is None
    assert found.coverage_80 is None


def test_sales_it_knew_do_not_count(model):
    assert measure_drift(model, draw_sales(n=800)).n == 0


def test_sales_in_another_currency_do_not_count(model):
    assert measure_drift(model, later().with_columns(currency=pl.lit("EUR"))).n == 0


def test_locked_predictions_say_nothing(model):
    locked = lock(model.predict(keys_of(("p01", "new"), ("nobody", "new")), AS_OF))
    assert [p.abstained for p in locked] == [LOCKED, "no_sales"]
    assert all(p.low is p.middle is p.high is p.days_to_sell is p.sold_within_30_days is None for p in locked)
