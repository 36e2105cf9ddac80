"""Days to sell: shrunk to the category, unknown stays unknown."""

import polars as pl
import pytest

from arb_pipelines.ml.days_to_sell import fit_days_to_sell


def sales(days, product="p1", category="home"):
    return pl.DataFrame(
        {"product_id": product, "condition": "new", "outlet": "sandbox", "category": category, "days_to_sell": days},
        schema_overrides={"days_to_sell": pl.Float64, "category": pl.String},
    )


def figures(frame, product="p1"):
    return fit_days_to_sell(frame).filter(pl.col("product_id") == product).row(0)[3:]


def test_many_sales_speak_for_themselves():
    days, soon = figures(sales([10.0, 50.0] * 500))
    assert days == pytest.approx(30, abs=0.5)
    assert soon == pytest.approx(0.5, abs=0.01)


def test_few_sales_lean_on_the_category():
    frame = pl.concat([sales([10.0] * 990), sales([100.0] * 10, product="slow")])
    days, soon = figures(frame, "slow")
    assert days == pytest.approx((100 + 10) / 2, abs=1)
    assert soon == pytest.approx(0.5, abs=0.01)


def test_group_that_tells_nothing_takes_its_category():
    frame = pl.concat([sales([10.0] * 50), sales([None] * 3, product="silent")])
    assert figures(frame, "silent") == pytest.approx((10, 1.0))


def test_nobody_tells():
    assert figures(sales([None, None])) == (None, None)


def test_sales_without_category_share_one():
    assert figures(sales([10.0] * 5, category=None)) == pytest.approx((10, 1.0))
