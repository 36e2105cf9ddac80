"""The interval follows the sales since the training; too few of them change nothing."""

from datetime import timedelta

import polars as pl
import pytest

from arb_pipelines.ml.drift import realise
from arb_pipelines.ml.price_model import train
from arb_pipelines.ml.price_recalibration import Recalibration, recalibrate
from arb_pipelines_tests.ml.market import AS_OF, DAYS, START, draw_sales, keys_of, no_history

SPAN_D = 30
NOW = AS_OF + timedelta(days=SPAN_D)


@pytest.fixture(scope="module")
def model():
    return train(draw_sales(n=800), no_history(), as_of=AS_OF, seed=1)


def sold_after(factor=1.0, noise=0.05, n=600, seed=9):
    sales = draw_sales(n=n, noise=noise, seed=seed)
    return sales.with_columns(
        price_minor=(pl.col("price_minor") * factor).round().cast(pl.Int64),
        sold_at=pl.lit(AS_OF) + (pl.col("sold_at") - pl.lit(START)) * (SPAN_D / DAYS),
    )


def moved_by(model, sales, now=NOW):
    return recalibrate(realise(model, sales), model.as_of, now)


def coverage(model, moved, sales):
    said = {p.product_id: p for p in model.predict(sales.unique("product_id", maintain_order=True), NOW, moved)}
    held = [
        said[p].low.minor <= price <= said[p].high.minor
        for p, price in sales.select("product_id", "price_minor").rows()
    ]
    return sum(held) / len(held)


def test_the_same_market_keeps_the_interval(model):
    found = moved_by(model, sold_after())
    assert found.level == pytest.approx(0, abs=0.015)
    assert found.factors[""] == pytest.approx((-1, 1), abs=0.15)


def test_a_fallen_market_moves_the_price(model):
    found = moved_by(model, sold_after(factor=0.9))
    before = model.predict(keys_of(("p01", "new")), NOW)[0]
    after = model.predict(keys_of(("p01", "new")), NOW, found)[0]
    assert after.middle.minor == pytest.approx(0.9 * before.middle.minor, rel=0.02)
    assert after.low < after.middle < after.high


@pytest.mark.parametrize(("factor", "noise"), [(0.9, 0.05), (1.0, 0.1)])
def test_later_sales_are_covered_again(model, factor, noise):
    later = sold_after(factor, noise, seed=21).select("product_id", "condition", "outlet", "category", "price_minor")
    moved = moved_by(model, sold_after(factor, noise))
    assert coverage(model, None, later) < 0.65
    assert 0.74 <= coverage(model, moved, later) <= 0.88


def test_few_or_future_sales_change_nothing(model):
    few = moved_by(model, sold_after().head(30))
    assert few == Recalibration(30)
    asked = keys_of(("p01", "new"))
    assert model.predict(asked, NOW, few) == model.predict(asked, NOW)
    early = AS_OF + timedelta(days=10)
    changed = sold_after().with_columns(
        price_minor=pl.when(pl.col("sold_at") >= early).then(1).otherwise(pl.col("price_minor")).cast(pl.Int64)
    )
    assert moved_by(model, changed, early) == moved_by(model, sold_after(), early)
