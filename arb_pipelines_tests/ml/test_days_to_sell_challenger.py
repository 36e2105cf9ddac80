"""The hazard answers only where it predicts the newest listings better than the rule."""

from datetime import timedelta

import polars as pl
import pytest

from arb_pipelines.ml.days_to_sell_challenger import fit_days
from arb_pipelines_tests.ml.market import AS_OF, draw_sales

CHANGE = AS_OF - timedelta(days=60)
LISTED = pl.col("sold_at") - pl.duration(microseconds=(pl.col("days_to_sell") * 86_400e6).cast(pl.Int64))


@pytest.fixture(scope="module")
def steady():
    return draw_sales(n=1500)


@pytest.fixture(scope="module")
def faster(steady):
    """From one day on everything that is listed sells in a sixth of the time."""
    quick = pl.when(pl.lit(CHANGE) <= LISTED).then(pl.col("days_to_sell") / 6).otherwise(pl.col("days_to_sell"))
    return steady.with_columns(days_to_sell=quick)


@pytest.fixture(scope="module")
def found(faster):
    return fit_days(faster, None, as_of=AS_OF, seed=1)


def test_the_rule_stays_where_nothing_else_matters(steady):
    stays = fit_days(steady, None, as_of=AS_OF, seed=1)
    assert stays.champion == "rule"
    assert "integrated Brier score" in stays.reason
    assert stays.metrics["days_n_holdout"] >= 100


def test_the_hazard_wins_where_the_pace_changed(found):
    assert found.champion == "hazard"
    assert found.metrics["days_model_ibs"] < found.metrics["days_rule_ibs"]


def test_its_answers_are_in_order(found, faster):
    ruled = fit_days(faster, None, as_of=AS_OF, challenge=False)
    assert found.groups.columns == ruled.groups.columns
    assert found.groups.select("product_id", "condition", "outlet").equals(
        ruled.groups.select("product_id", "condition", "outlet")
    )
    within = pl.col("sold_within_30_days", "sold_within_60_days", "sold_within_90_days").is_between(0, 1)
    assert found.groups.select(pl.all_horizontal(within).all()).item()
    ordered = pl.col("sold_within_30_days") <= pl.col("sold_within_60_days")
    assert found.groups.select(ordered.all()).item()
    assert found.groups["days_to_sell"].mean() < ruled.groups["days_to_sell"].mean()


def test_few_sales_keep_the_rule(steady):
    few = fit_days(steady.tail(120), None, as_of=AS_OF)
    assert few.champion == "rule"
    assert "too few" in few.reason


def test_unchallenged_is_the_rule(steady):
    assert fit_days(steady, None, as_of=AS_OF, challenge=False).metrics == {}


def test_nothing_told_is_nothing_known(steady):
    silent = steady.with_columns(days_to_sell=pl.lit(None, dtype=pl.Float64))
    assert fit_days(silent, None, as_of=AS_OF).groups["days_to_sell"].null_count() > 0
