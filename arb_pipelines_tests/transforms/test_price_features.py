"""Features: nothing from the future, hand-computed values, keys kept in their order."""

from datetime import timedelta

import polars as pl
import pytest

from arb_pipelines.transforms.price_features import FEATURES, build_features, keys_from_sales
from arb_pipelines_tests.transforms.frames import T0, points_frame, sales_frame

AS_OF = T0 + timedelta(days=10)


def sales(*rows):
    return sales_frame(*[{"product_id": "p1", **row} for row in rows])


def history(*rows):
    return points_frame(*rows).with_columns(product_id=pl.lit("p1"))


def key(**fields):
    row = {"product_id": "p1", "condition": "new", "outlet": "sandbox", "category": "home", "as_of": AS_OF, **fields}
    return pl.DataFrame([row]).with_columns(pl.col("as_of").cast(pl.Datetime("us", "UTC")))


def features(sold, seen=None, **fields):
    shelf = history().clear() if seen is None else seen
    return build_features(key(**fields), sold, shelf).row(0, named=True)


def at(day, price, **fields):
    return {"sold_at": T0 + timedelta(days=day), "price_minor": price, **fields}


def test_median_weighs_new_sales_more():
    old_and_new = sales(at(-80, 1000), at(-80.1, 1000), at(8, 2000))
    found = features(old_and_new)
    assert found["comps_median"] == pytest.approx(pl.Series([2000.0]).log()[0])
    assert (found["comps_n"], found["comps_n_30d"]) == (3, 1)
    assert found["comps_age_d"] == pytest.approx(2)


def test_nothing_comparable_is_null_and_not_zero():
    found = features(sales(at(1, 1000, product_id="other", category="toys")))
    assert found["comps_n"] == 0
    assert all(found[name] is None for name in ("comps_median", "product_median", "category_median", "shelf_min"))


def test_other_conditions_and_products_help_only_as_such():
    found = features(sales(at(1, 1000, condition="used"), at(2, 5000, product_id="p2")))
    assert found["comps_median"] is None
    assert found["product_median"] == pytest.approx(pl.Series([1000.0]).log()[0])
    assert found["category_median"] is not None


def test_currencies_are_counted():
    found = features(sales(at(1, 1000), at(2, 1000, currency="EUR")))
    assert found["currencies"] == 2


def test_old_sales_do_not_count():
    assert features(sales(at(-200, 1000)))["comps_n"] == 0


def test_shelf_prices_are_of_the_last_whole_day_in_the_same_currency():
    seen = history(
        {"price_minor": 700, "observed_at": AS_OF - timedelta(hours=30)},
        {"price_minor": 900, "offer_key": "o2", "observed_at": AS_OF - timedelta(hours=31)},
        {"price_minor": 1, "currency": "EUR", "observed_at": AS_OF - timedelta(hours=32)},
        {"price_minor": 5, "observed_at": AS_OF - timedelta(days=9)},
    )
    found = features(sales(at(1, 1000)), seen)
    assert found["shelf_min"] == pytest.approx(pl.Series([700.0]).log()[0])
    assert found["shelf_offers"] == 2


def test_the_future_changes_no_feature():
    known = sales(*[at(day, 1000 + 10 * day) for day in range(9)])
    shelf = history({"observed_at": AS_OF - timedelta(days=2)})
    future_sales = sales(at(10, 1), at(10.1, 9_999_999), at(40, 5)).with_columns(sale_id=pl.lit("later"))
    future_shelf = history(
        {"price_minor": 1, "observed_at": AS_OF}, {"price_minor": 1, "observed_at": AS_OF + timedelta(days=3)}
    )
    assert features(known, shelf) == features(pl.concat([known, future_sales]), pl.concat([shelf, future_shelf]))


def test_a_sale_never_sees_itself_or_its_equals_in_time():
    sold = sales(at(1, 1000), at(1, 2000), at(5, 3000))
    built = build_features(keys_from_sales(sold, timedelta(0)), sold, history().clear())
    assert built["comps_n"].to_list() == [0, 0, 2]


def test_lead_hides_the_last_days():
    sold = sales(at(1, 1000), at(5, 3000))
    built = build_features(keys_from_sales(sold, timedelta(days=7)), sold, history().clear())
    assert built["comps_n"].to_list() == [0, 0]


def test_keys_keep_their_order_and_columns():
    keys = pl.concat([key(product_id=name) for name in ("z", "p1", "a")]).with_columns(attribute_size=pl.lit(3.0))
    built = build_features(keys, sales(at(1, 1000)), history().clear())
    assert built["product_id"].to_list() == ["z", "p1", "a"]
    assert built["attribute_size"].to_list() == [3.0] * 3
    assert set(FEATURES) <= set(built.columns)
