"""The rule's spread is shrunk to its category; too few comps give no price."""

import math

import polars as pl
import pytest

from arb_pipelines.ml.price_rule import fit_rule, predict_rule


def rows(ratios, product="p1", category="home", comps=5):
    return pl.DataFrame(
        {
            "product_id": product,
            "condition": "new",
            "outlet": "sandbox",
            "category": category,
            "comps_n": comps,
            "comps_median": 7.0,
            "log_price": [7.0 + ratio for ratio in ratios],
        }
    )


def interval(rule, **fields):
    found = predict_rule(rule, rows([0.0], **fields)).row(0, named=True)
    return found["low"], found["middle"], found["high"]


def test_spread_of_many_sales_is_their_own():
    rule = fit_rule(rows([step / 1000 for step in range(-100, 101)] * 20))
    assert interval(rule) == pytest.approx((6.92, 7.0, 7.08), abs=0.001)


def test_spread_of_few_sales_leans_on_the_category():
    wide = rows([-0.2, 0.2] * 200, product="p1")
    narrow = rows([0.0, 0.0], product="p2")
    rule = fit_rule(pl.concat([wide, narrow]))
    low, _, high = interval(rule, product="p2")
    assert (low, high) == pytest.approx((7 - 0.2 * 20 / 22, 7 + 0.2 * 20 / 22), abs=0.002)
    assert interval(rule, product="never sold") == pytest.approx(interval(rule, product="p1"), abs=0.001)


def test_unknown_category_takes_all_sales():
    rule = fit_rule(rows([-0.1, 0.1] * 100))
    assert interval(rule, product="x", category="y") == pytest.approx((6.9, 7.0, 7.1), abs=0.001)


def test_too_few_comps_give_no_price():
    rule = fit_rule(rows([0.1] * 10))
    assert interval(rule, comps=2) == (None, None, None)


def test_interval_holds_its_middle_after_a_fall_of_prices():
    low, middle, high = interval(fit_rule(rows([-0.3, -0.1] * 100)))
    assert low < middle == high


def test_level_moves_the_middle():
    rule = fit_rule(rows([-0.1, 0.1] * 100), level=math.log(0.9))
    assert interval(rule)[1] == pytest.approx(7 + math.log(0.9))
