"""Time-weighted averages: out of stock is no price, and the future is not looked at."""

from datetime import timedelta

import polars as pl

from arb_pipelines.transforms.price_averages import time_weighted_average
from arb_pipelines_tests.transforms.frames import T0, points_frame

AS_OF = T0 + timedelta(days=2)


def seen(day, price, availability="InStock", offer="o1"):
    return {
        "offer_key": offer,
        "scrape_id": f"{offer}-{day}",
        "price_minor": price,
        "availability": availability,
        "observed_at": T0 + timedelta(days=day),
    }


def average(*rows, days=2, **options):
    return time_weighted_average(points_frame(*rows), AS_OF, days, **options).row(0, named=True)


def test_each_price_counts_as_long_as_it_stood():
    found = average(seen(0, 1000), seen(1.5, 2000))
    assert found["average_minor"] == 1250
    assert (found["min_minor"], found["max_minor"], found["known_share"]) == (1000, 2000, 1.0)


def test_half_minor_units_round_up():
    assert average(seen(0, 1000), seen(1, 1001))["average_minor"] == 1001


def test_price_before_the_window_carries_into_it():
    assert average(seen(-1, 500), seen(1, 1000))["average_minor"] == 750


def test_time_out_of_stock_is_not_averaged():
    found = average(seen(0, 1000), seen(1, 9000, "OutOfStock"))
    assert found["average_minor"] == 1000
    assert found["max_minor"] == 1000
    assert found["out_of_stock_share"] == 0.5


def test_never_in_stock_has_no_average():
    found = average(seen(0, 1000, "OutOfStock"))
    assert found["average_minor"] is None
    assert found["out_of_stock_share"] == 1.0


def test_page_silent_about_stock_still_shows_a_price():
    assert average(seen(0, 1000, None))["average_minor"] == 1000


def test_silent_shop_does_not_keep_its_price_for_ever():
    found = average(seen(-9, 1000), seen(1, 2000))
    assert found["average_minor"] == 2000
    assert found["known_share"] == 0.5


def test_future_changes_nothing():
    assert average(seen(0, 1000)) == average(seen(0, 1000), seen(2, 1), seen(3, 9))


def test_offers_of_one_product_are_averaged_together():
    rows = points_frame(seen(0, 1000), seen(1, 3000, offer="o2")).with_columns(product_id=pl.lit("p"))
    found = time_weighted_average(rows, AS_OF, 2, by=("product_id",)).row(0, named=True)
    assert found["average_minor"] == round((1000 * 2 + 3000) / 3)
    assert found["known_share"] == 0.75


def test_no_points_no_rows():
    assert time_weighted_average(points_frame(seen(3, 1)), AS_OF, 2).is_empty()
