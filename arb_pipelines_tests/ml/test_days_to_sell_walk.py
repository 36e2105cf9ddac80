"""Times to sell over months: rule and hazard find what was drawn, and a month knows only what came before it."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from arb_pipelines.ml.days_to_sell_walk import GRID, spell_figures, walk_spells
from arb_pipelines.ml.price_listings import ListingsError, type_listings
from arb_pipelines_tests.ml.listings import draw_listings

START = date(2025, 3, 1)


@pytest.fixture(scope="module")
def walked():
    return walk_spells(type_listings(draw_listings(1000, days=90)), START)


def test_fast_and_slow_products_are_told_apart(walked):
    for unsold in (walked.rule, walked.hazard, walked.model):
        found = spell_figures(walked.spells, unsold, 21)
        assert found["auc"] > 0.65
        assert found["c_index"] > 0.6
        assert found["brier"] < 0.25
        assert 0 < found["ibs"] < 0.2


def test_curves_fall_and_are_shares(walked):
    for unsold in (walked.rule, walked.hazard, walked.model):
        assert unsold.shape == (walked.spells.height, len(GRID))
        assert ((unsold >= 0) & (unsold <= 1)).all()
        assert (np.diff(unsold, axis=1) <= 1e-12).all()


def test_only_what_was_followed_counts_for_the_horizon(walked):
    followed = walked.spells["watched_until"] - walked.spells["begin"] > 21
    assert spell_figures(walked.spells, walked.rule, 21)["n_followed"] == followed.sum() < walked.spells.height


def test_what_is_asked_begins_in_its_month(walked):
    assert walked.spells["listed_on"].min() >= START
    assert walked.spells["fold"].unique().sort().to_list() == ["2025-03"]


def test_without_dates_it_is_said():
    with pytest.raises(ListingsError, match="listed_on and last_seen_on"):
        walk_spells(type_listings(draw_listings(50).drop("last_seen_on")), START)


def test_too_few_spells_are_said():
    with pytest.raises(ListingsError, match="too few"):
        walk_spells(type_listings(draw_listings(60)), START)


def test_listings_after_the_data_are_said():
    with pytest.raises(ListingsError, match="earlier --from"):
        walk_spells(type_listings(draw_listings(40)), date(2026, 1, 1))


def test_unmarked_ends_are_told_by_the_source(walked):
    plain = draw_listings(1000, days=90).drop("ended", "marked_sold")
    from arb_pipelines.ml.days_to_sell_spells import read_spells

    found = read_spells(type_listings(plain))
    assert (found["gone"] == (pl.Series(found["end"]) < found["watched_until"])).all()
