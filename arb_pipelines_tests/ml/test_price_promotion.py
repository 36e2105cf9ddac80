"""The alias moves only to a model that wins against the old champion on sales neither has seen."""

from dataclasses import replace
from datetime import timedelta

import polars as pl
import pytest

from arb_pipelines.ml.price_model import train
from arb_pipelines.ml.price_promotion import compare_with_champion
from arb_pipelines_tests.ml.market import AS_OF, draw_sales, no_history

EARLIER = AS_OF - timedelta(days=30)


@pytest.fixture(scope="module")
def old():
    """A challenger of a month ago."""
    return train(draw_sales(n=1000, wear=0.5), no_history(), as_of=EARLIER, seed=1)


@pytest.fixture(scope="module")
def new():
    return train(draw_sales(n=1000, wear=0.5), no_history(), as_of=AS_OF, seed=1)


def shifted(model, by):
    return replace(model, holdout=model.holdout.with_columns(pl.col("low", "middle", "high") + by))


def test_first_model_is_promoted(new):
    assert compare_with_champion(None, new).granted


def test_the_past_never_takes_the_place_of_the_present(old, new):
    verdict = compare_with_champion(new, old)
    assert not verdict.granted
    assert "knows more" in verdict.reason


def test_worse_than_the_old_champion_stays_out(old, new):
    assert old.champion == new.champion == "challenger"
    assert not compare_with_champion(old, shifted(new, 0.2)).granted


def test_better_than_the_old_champion_comes_in(old, new):
    # Predicting exactly what was paid beats whatever the old one says.
    perfect = replace(new, holdout=new.holdout.with_columns(low=pl.col("log_price"), middle=pl.col("log_price")))
    assert compare_with_champion(old, perfect).granted


def test_too_few_new_sales_change_nothing(old, new):
    few = replace(new, holdout=new.holdout.head(5))
    verdict = compare_with_champion(old, few)
    assert not verdict.granted
    assert "are needed" in verdict.reason


def test_a_rule_gives_way_to_what_beat_the_rule(new):
    rule = train(draw_sales(n=300), no_history(), as_of=EARLIER, seed=1)
    assert rule.champion == "rule"
    assert compare_with_champion(rule, new).granted
