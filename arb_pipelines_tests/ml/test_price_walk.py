"""The walk over months: figures against drawn truth, intervals that hold, and nothing from the future."""

from datetime import date

import polars as pl
import pytest

from arb_pipelines.ml.conformal import Memory
from arb_pipelines.ml.price_listings import monthly_folds, type_listings
from arb_pipelines.ml.price_walk import interval_figures, predict_comps, price_figures, walk_prices
from arb_pipelines_tests.ml.listings import draw_listings

START = date(2025, 4, 1)


@pytest.fixture(scope="module")
def walked():
    listings = type_listings(draw_listings(900, days=115, drift=0.002))
    return walk_prices(listings, monthly_folds(listings, START), memory=Memory(least=100)).predicted


def test_model_beats_the_rule_and_follows_the_market(walked):
    counted = walked.filter("counted")
    rule, frozen, model = (price_figures(counted, name) for name in ("rule", "frozen", "middle"))
    assert model["mape"] < 0.7 * rule["mape"]
    assert model["mape"] < frozen["mape"]
    assert model["w15"] > 99


def test_intervals_hold(walked):
    counted = walked.filter("counted")
    for percent in (80, 90):
        found = interval_figures(counted, percent)
        assert abs(found["coverage"] - percent) < 8
        assert 0 < found["half_width"] < 20


def test_warm_up_is_not_counted(walked):
    assert walked.filter("counted")["listed_on"].min() >= START
    assert walked.filter(~pl.col("counted"))["fold"].unique().to_list() == ["2025-03"]


def test_the_future_changes_nothing(walked):
    frame = draw_listings(900, days=115, drift=0.002)
    cut = date(2025, 4, 20)
    later = pl.col("listed_on") >= cut
    changed = type_listings(frame.with_columns(price=pl.when(later).then(pl.col("price") * 3).otherwise("price")))
    folds = [fold for fold in monthly_folds(changed, START) if fold.name <= "2025-04"]
    again = walk_prices(changed, folds, memory=Memory(least=100)).predicted
    columns = ["listing_id", "rule", "frozen", "middle", "low_80", "high_90"]
    before = pl.col("listed_on") < cut
    assert again.filter(before).select(columns).equals(walked.filter(before).select(columns))


def test_rule_is_the_weighted_median_of_the_same_item():
    known = pl.DataFrame(
        {
            "listing_id": list("abcd"),
            "item_key": ["x", "x", "x", "y"],
            "log_price": [1.0, 2.0, 3.0, 9.0],
            "day": [0.0, 0.0, 80.0, 80.0],
        }
    ).with_columns(
        pl.lit(None, dtype=pl.String).alias(name) for name in ("title_key", "product", "condition", "brand", "category")
    )
    asked = known.select("item_key", "title_key", "product", "condition", "brand", "category").unique(
        maintain_order=True
    )
    # The newest of x weighs 1, the two old ones 0.16 each; y has too few of its own and takes all, whose middle is 3.
    assert predict_comps(known, asked).to_list() == [3.0, 3.0]


def test_nothing_to_learn_from_is_no_walk():
    listings = type_listings(draw_listings(30))
    assert walk_prices(listings, monthly_folds(listings, START)).predicted.is_empty()
