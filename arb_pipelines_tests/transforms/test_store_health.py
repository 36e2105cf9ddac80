"""Shops that fall silent, send half a page or change unit are flagged on the first day, and full ones never."""

import polars as pl
import pytest

from arb_pipelines.transforms.spells import clean_spells
from arb_pipelines.transforms.store_health import find_drifts, find_outages, store_day_states, with_era
from arb_pipelines_tests.backtest.spell_sets import day, spells_of, store_days_of


def outages(odd, days=40):
    found = find_outages(store_day_states(store_days_of(days, {"a": odd, "b": {}})))
    return [(row["store"], row["kind"], row["flagged_on"], row["days"]) for row in found.iter_rows(named=True)]


def test_silence_is_flagged_on_its_first_day():
    assert outages({20: 0, 21: 0, 22: 0}) == [("a", "silent", day(20), 3)]


def test_silence_from_the_very_first_day_is_flagged():
    assert outages({0: 0}) == [("a", "silent", day(0), 1)]


def test_half_a_page_is_no_full_day():
    assert outages({20: 8, 30: 49}) == [("a", "partial", day(20), 1), ("a", "partial", day(30), 1)]
    assert outages({20: 50}) == []


def test_a_day_is_judged_by_the_days_before_it_alone():
    states = store_day_states(store_days_of(40, {"a": {20: 60}}))
    changed = store_day_states(store_days_of(40, {"a": {20: 60, 25: 10_000, 26: 0}}))
    assert states["state"].head(25).equals(changed["state"].head(25))


def moved_shop(moved, products=100, factor=10.0):
    rows = [("a", f"p{n}", 0, 9, 2.0) for n in range(products)]
    rows += [("a", f"p{n}", 10, 30, 2.0 * factor if n < moved else 2.1) for n in range(products)]
    return clean_spells(spells_of(*rows)).spells, store_days_of(31, {"a": {}}, usual=products)


@pytest.mark.parametrize(("moved", "factor", "alarms"), [(98, 10.0, 1), (98, 0.1, 1), (10, 0.4, 1), (9, 10.0, 0)])
def test_a_shop_that_moves_as_one_is_flagged_that_day(moved, factor, alarms):
    drifts = find_drifts(*moved_shop(moved, factor=factor))
    assert drifts["flagged_on"].to_list() == [day(10)] * alarms


def test_a_shop_wide_half_price_is_no_change_of_unit():
    assert find_drifts(*moved_shop(100, factor=0.5)).is_empty()


def test_one_product_on_a_partial_page_is_no_drift():
    assert find_drifts(*moved_shop(1, products=1)).is_empty()


def test_prices_before_and_after_a_drift_are_of_two_eras():
    spells, days = moved_shop(98)
    eras = with_era(spells, find_drifts(spells, days))
    assert eras.filter(pl.col("first_seen_on") < day(10))["era"].unique().to_list() == [0]
    assert eras.filter(pl.col("first_seen_on") >= day(10))["era"].unique().to_list() == [1]
    assert with_era(spells, find_drifts(spells, days).clear())["era"].unique().to_list() == [0]
