"""Days to sell: shrunk to the category, unsold items count, unknown stays unknown."""

import math

import polars as pl
import pytest

from arb_pipelines.ml.days_to_sell import fit_days_to_sell


def sales(days, product="p1", category="home"):
    return pl.DataFrame(
        {"product_id": product, "condition": "new", "outlet": "sandbox", "category": category, "days_to_sell": days},
        schema_overrides={"days_to_sell": pl.Float64, "category": pl.String},
    )


def figures(frame, product="p1", unsold=None):
    found = fit_days_to_sell(frame, unsold).filter(pl.col("product_id") == product)
    return found.select("days_to_sell", "sold_within_30_days").row(0)


def exponential(mean, n):
    return [-mean * math.log(1 - (i + 0.5) / n) for i in range(n)]


def test_many_sales_speak_for_themselves():
    days, soon = figures(sales([10.0, 50.0] * 500))
    assert days == pytest.approx(30, abs=0.5)
    assert soon == pytest.approx(0.5, abs=0.01)


def test_few_sales_lean_on_the_category():
    frame = pl.concat([sales(exponential(10, 900)), sales(exponential(40, 4), product="slow")])
    slow, usual = figures(frame, "slow"), figures(frame)
    assert 10 * math.log(2) < usual[0] * 1.05 < slow[0] < 40 * math.log(2)
    assert 1 - math.exp(-30 / 40) < slow[1] < usual[1]


def test_what_does_not_sell_makes_it_slower():
    sold = sales(exponential(10, 200))
    unsold = sales([60.0] * 100).rename({"days_to_sell": "days"})
    days, soon = figures(sold, unsold=unsold)
    hopeful_days, hopeful_soon = figures(sold)
    assert hopeful_days == pytest.approx(10 * math.log(2), rel=0.05)
    assert days > 1.5 * hopeful_days
    assert soon == pytest.approx(hopeful_soon * 200 / 300, abs=0.02)


def test_later_horizons_hold_more():
    found = fit_days_to_sell(sales(exponential(40, 500))).row(0, named=True)
    within = [found[f"sold_within_{days}_days"] for days in (30, 60, 90)]
    assert within == pytest.approx([1 - math.exp(-days / 40) for days in (30, 60, 90)], abs=0.01)


def test_group_that_tells_nothing_takes_its_category():
    frame = pl.concat([sales([10.0] * 50), sales([None] * 3, product="silent")])
    assert figures(frame, "silent") == pytest.approx((10, 1.0), abs=1e-3)


def test_nobody_tells():
    assert figures(sales([None, None])) == (None, None)


def test_sales_without_category_share_one():
    assert figures(sales([10.0] * 5, category=None)) == pytest.approx((10, 1.0), abs=1e-3)
