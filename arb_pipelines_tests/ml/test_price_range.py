"""Far outside of what was trained on there is no answer."""

import polars as pl
import pytest

from arb_pipelines.ml.price_model import read_model, train
from arb_pipelines.ml.price_range import MIN_ROWS, is_outside, learn_ranges
from arb_pipelines_tests.ml.market import AS_OF, draw_sales, keys_of, no_history


def rows(n=200, wear=0.5):
    near = {"comps_n": 5, "comps_spread": 0.02, "comps_trend": 0.0, "shelf_median": 7.0, "comps_median": 7.1}
    ages = pl.Series("comps_age_d", [i / n for i in range(n)])
    return pl.DataFrame({**near, "attribute_wear": wear}).join(ages.to_frame(), how="cross")


@pytest.mark.parametrize(
    ("name", "value", "outside"),
    [
        ("comps_age_d", 20.0, False),
        ("comps_age_d", 90.0, True),
        ("comps_spread", 0.2, False),
        ("comps_spread", 0.5, True),
        ("comps_trend", -0.6, True),
        ("shelf_median", 7.8, True),
        ("shelf_median", None, False),
        ("attribute_wear", 3.0, True),
        ("attribute_wear", None, False),
    ],
)
def test_what_is_far_is_outside(name, value, outside):
    ranges = learn_ranges(rows())
    asked = rows(1).with_columns(pl.lit(value, dtype=pl.Float64).alias(name))
    assert asked.select(is_outside(ranges, asked.columns)).to_series().to_list() == [outside]


def test_few_rows_know_no_range():
    assert learn_ranges(rows(MIN_ROWS - 1)) == {}
    assert not rows(1).select(is_outside({}, ())).to_series().any()


def test_a_model_is_silent_far_outside_and_for_unknown_categories():
    model = train(draw_sales(n=700, wear=0.5), no_history(), as_of=AS_OF, seed=1)
    assert model.predict(keys_of(("p01", "new"), wear=0.9), AS_OF)[0].abstained is None
    assert model.predict(keys_of(("p01", "new"), wear=40.0), AS_OF)[0].abstained == "out_of_distribution"
    strange = keys_of(("nobody", "new"), category="never seen", wear=0.5)
    assert model.predict(strange, AS_OF)[0].abstained == "unknown_category"
    assert read_model(model.files()).ranges == model.ranges
