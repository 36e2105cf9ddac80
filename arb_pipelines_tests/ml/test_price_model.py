"""The price model: who wins, what it says, when it is silent, and that nothing comes from the future."""

import math
from datetime import timedelta

import polars as pl
import pytest

from arb_pipelines.domain.money import Money
from arb_pipelines.ml.price_model import (
    CHALLENGER_FILE,
    MODEL_FILE,
    SNAPSHOT_FILE,
    prediction_keys,
    read_model,
    train,
)
from arb_pipelines_tests.ml.market import AS_OF, draw_sales, keys_of, no_history
from arb_pipelines_tests.transforms.frames import no_products


@pytest.fixture(scope="module")
def plain_model():
    """Trained where the comps say everything: nothing to win for trees."""
    return train(draw_sales(n=1200), no_history(), as_of=AS_OF, seed=1)


@pytest.fixture(scope="module")
def worn_model():
    """Trained where wear decides, which only trees can see."""
    return train(draw_sales(n=700, wear=0.5), no_history(), as_of=AS_OF, seed=1)


@pytest.fixture(scope="module")
def worn_files(worn_model):
    return worn_model.files()


def test_rule_stays_where_it_cannot_be_beaten(plain_model):
    assert plain_model.champion == "rule"
    assert plain_model.challenger is None
    assert plain_model.metrics["rule_n"] == plain_model.metrics["challenger_n"] > 150


def test_figures_are_those_of_the_market(plain_model):
    # Noise of 5 % has a median absolute error of 0.674 x 5 %, and the 80 % interval 1.28 x 5 % on each side.
    assert plain_model.metrics["rule_mdape"] == pytest.approx(0.0337, abs=0.006)
    assert plain_model.metrics["rule_half_width"] == pytest.approx(0.064, abs=0.012)
    assert 0.72 <= plain_model.metrics["rule_coverage_80"] <= 0.88


def test_challenger_is_promoted_where_it_wins(worn_model):
    assert worn_model.champion == "challenger"
    assert worn_model.metrics["challenger_mdape"] < 0.6 * worn_model.metrics["rule_mdape"]
    assert 0.72 <= worn_model.metrics["challenger_coverage_80"] <= 0.90
    fresh, worn = (worn_model.predict(keys_of(("p01", "new"), wear=w), AS_OF)[0] for w in (0.05, 0.95))
    assert fresh.low <= fresh.middle <= fresh.high
    assert fresh.middle.minor == pytest.approx(3500, rel=0.1)
    assert worn.middle.minor == pytest.approx(3500 * math.exp(-0.475), rel=0.1)


def test_prediction_carries_everything_a_buyer_needs(plain_model):
    found = plain_model.predict(keys_of(("p01", "new")), AS_OF)[0]
    assert (found.product_id, found.condition, found.outlet) == ("p01", "new", "sandbox")
    assert found.abstained is None
    assert found.middle.currency == "USD"
    assert found.middle.minor == pytest.approx(3500, rel=0.05)
    assert found.low < found.middle < found.high
    assert found.days_to_sell == pytest.approx(6 * math.log(2), rel=0.35)
    assert 0.9 < found.sold_within_30_days <= 1
    assert (found.model_version, found.predicted_at) == (plain_model.version, AS_OF)


def test_unknown_is_said_and_priced_at_nothing(plain_model):
    found = plain_model.predict(keys_of(("p01", None), ("p01", "as shown"), ("nobody", "new"), ("p01", "used")), AS_OF)
    assert [p.abstained for p in found] == ["unknown_condition", "unknown_condition", "no_sales", "no_sales"]
    for prediction in found:
        told = (
            prediction.low,
            prediction.middle,
            prediction.high,
            prediction.days_to_sell,
            prediction.sold_within_30_days,
        )
        assert told == (None,) * 5


def test_abstains_by_reason():
    sales = draw_sales(n=300)
    few = sales.head(2).with_columns(product_id=pl.lit("few"), condition=pl.lit("new"))
    mixed = sales.head(8).with_columns(
        product_id=pl.lit("mixed"), condition=pl.lit("new"), currency=pl.Series(["USD", "EUR"] * 4)
    )
    wild = sales.head(40).with_columns(
        product_id=pl.lit("wild"),
        condition=pl.lit("new"),
        category=pl.lit("odd"),
        price_minor=pl.Series([100, 900] * 20),
    )
    extra = pl.concat([few, mixed, wild]).with_columns(sale_id=pl.concat_str("product_id", "sale_id"))
    model = train(pl.concat([sales, extra]), no_history(), as_of=AS_OF, seed=1)
    found = model.predict(keys_of(("few", "new"), ("mixed", "new"), ("wild", "new")), AS_OF)
    assert [p.abstained for p in found] == ["too_few_sales", "currency_mixed", "wide_interval"]


def test_no_sales_at_all_trains_a_model_that_abstains():
    model = train(draw_sales().clear(), no_history(), as_of=AS_OF)
    assert model.champion == "rule"
    assert [p.abstained for p in model.predict(keys_of(("p01", "new")), AS_OF)] == ["no_sales"]
    assert read_model(model.files()).version == model.version


def test_sales_of_one_moment_train_the_rule():
    sales = draw_sales(n=400).with_columns(sold_at=pl.lit(AS_OF - timedelta(days=1)).cast(pl.Datetime("us", "UTC")))
    model = train(sales, no_history(), as_of=AS_OF)
    found = model.predict(keys_of(("p01", "new")), AS_OF)[0]
    # Nothing was ever predicted before it was sold, so the spread is the wide one we begin with.
    assert found.abstained == "wide_interval"


def test_the_future_changes_nothing():
    sales = draw_sales(n=400)
    past = AS_OF - timedelta(days=30)
    later = sales.filter(pl.col("sold_at") >= past).with_columns(price_minor=pl.col("price_minor") * 50)
    known = sales.filter(pl.col("sold_at") < past)
    alone = train(known, no_history(), as_of=past)
    assert train(pl.concat([known, later]), no_history(), as_of=past).version == alone.version


def test_same_data_and_seed_give_the_same_model(worn_model):
    again = train(draw_sales(n=700, wear=0.5).reverse(), no_history(), as_of=AS_OF, seed=1)
    assert again.version == worn_model.version
    keys = keys_of(("p01", "new"), ("p03", "used"), wear=0.3)
    assert again.predict(keys, AS_OF) == worn_model.predict(keys, AS_OF)


def test_no_days_told_means_days_unknown():
    sales = draw_sales(n=300).with_columns(days_to_sell=pl.lit(None, dtype=pl.Float64))
    found = train(sales, no_history(), as_of=AS_OF).predict(keys_of(("p01", "new")), AS_OF)[0]
    assert found.abstained is None
    assert found.days_to_sell is None
    assert found.sold_within_30_days is None


def test_files_bring_the_rule_back(plain_model):
    files = plain_model.files()
    read = read_model(files)
    keys = keys_of(("p01", "new"), ("p03", "used"))
    assert read.predict(keys, AS_OF) == plain_model.predict(keys, AS_OF)
    assert (read.version, read.as_of, read.metrics) == (plain_model.version, plain_model.as_of, plain_model.metrics)
    assert CHALLENGER_FILE not in files


def test_files_bring_the_challenger_back(worn_model, worn_files):
    read = read_model(worn_files)
    keys = keys_of(("p01", "new"), ("p02", "new"), ("p03", "used"), wear=0.4)
    assert read.predict(keys, AS_OF) == worn_model.predict(keys, AS_OF)
    assert read.version == worn_model.version


def test_parts_of_two_models_are_not_mixed(plain_model, worn_files):
    with pytest.raises(ValueError, match="do not belong together"):
        read_model({**plain_model.files(), SNAPSHOT_FILE: worn_files[SNAPSHOT_FILE]})
    with pytest.raises(ValueError, match="do not belong together"):
        read_model({name: part for name, part in worn_files.items() if name != CHALLENGER_FILE})
    with pytest.raises(ValueError, match="model format None"):
        read_model({**plain_model.files(), MODEL_FILE: b"{}"})


def test_prices_are_never_mixed_across_outlets():
    sales = draw_sales(n=150)
    other = sales.with_columns(outlet=pl.lit("elsewhere"), price_minor=pl.col("price_minor") * 3)
    other = other.with_columns(sale_id=pl.lit("e") + pl.col("sale_id"))
    both = train(pl.concat([sales, other]), no_history(), as_of=AS_OF).predict(keys_of(("p01", "new")), AS_OF)[0]
    assert both.middle == train(sales, no_history(), as_of=AS_OF).predict(keys_of(("p01", "new")), AS_OF)[0].middle
    assert isinstance(both.middle, Money)


def test_keys_are_every_product_in_every_condition():
    products = pl.concat(
        [no_products(), pl.DataFrame({"product_id": ["a", "b"], "category": ["x", None]})], how="diagonal"
    )
    keys = prediction_keys(products, ["new", "used"], "sandbox")
    assert keys.drop("title").rows() == [
        ("a", "new", "sandbox", "x"),
        ("a", "used", "sandbox", "x"),
        ("b", "new", "sandbox", None),
        ("b", "used", "sandbox", None),
    ]
