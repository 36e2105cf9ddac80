"""Finding a product by what somebody typed, and its figures ready for JSON."""

import json
from datetime import timedelta

import polars as pl
import pytest

from arb_pipelines.transforms.product_history import describe_history, describe_trends, find_products
from arb_pipelines.transforms.product_matching import PRODUCT_SCHEMA
from arb_pipelines_tests.transforms.frames import T0, points_frame

PRODUCTS = pl.DataFrame(
    [
        {"product_id": "p1", "title": "Brass Table Lamp", "gtin": "4006381333931"},
        {"product_id": "p2", "title": "Steel Table Lamp (small)"},
    ],
    schema=PRODUCT_SCHEMA,
)


@pytest.mark.parametrize(
    ("asked", "found"),
    [("p2", ["p2"]), ("4006381333931", ["p1"]), ("lamp BRASS", ["p1"]), ("lamp", ["p1", "p2"]),
     ("(small)", ["p2"]), ("chair", []), ("  ", [])],
)  # fmt: skip
def test_a_product_is_found_by_id_gtin_or_words(asked, found):
    assert find_products(PRODUCTS, asked)["product_id"].to_list() == found


def test_history_is_point_in_time_and_plain_json():
    points = points_frame({"price_minor": 1000}, {"price_minor": 2000})
    as_of = T0 + timedelta(hours=1)
    figures = describe_history(points, as_of, 30)
    assert json.loads(json.dumps(figures)) == figures
    assert [row["price_minor"] for row in figures["points"]] == [1000]
    assert {row["days"] for row in figures["averages"]} == {30, 90, 180}
    assert figures["averages"][0]["out_of_stock_share"] is None


def test_nothing_known_is_no_zero():
    figures = describe_history(points_frame({}), T0, 30)
    assert figures == {"observations": 0, "averages": [], "offers": [], "points": []}


def test_offers_without_a_product_have_no_trend():
    points = points_frame({}).with_columns(product_id=pl.lit(None, dtype=pl.String))
    assert describe_trends(points, T0 + timedelta(days=1), 7, 5) == []
