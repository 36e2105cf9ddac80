"""Names without spelling, gaps on their first day, outcomes that may be unknown."""

import polars as pl
import pytest

from arb_pipelines.backtest.pairs import find_gaps, find_quotes, name_key, with_outcomes
from arb_pipelines.transforms.price_glitches import judge_spells
from arb_pipelines.transforms.spells import clean_spells
from arb_pipelines.transforms.store_health import find_drifts, with_era
from arb_pipelines_tests.backtest.spell_sets import day, spells_of, store_days_of

NAMES = pl.DataFrame(
    {"store": ["a", "b"], "product_id": ["1", "2"], "name": ["Lamp brass 250 gr", "brass  LAMP, 250g"]}
)


def quotes(*rows, names=NAMES, odd=None, days=60):
    spells = clean_spells(spells_of(*rows)).spells
    store_days = store_days_of(days, {"a": odd or {}, "b": {}})
    drifts = find_drifts(spells, store_days)
    return find_quotes(names, judge_spells(with_era(spells, drifts), store_days, drifts)), store_days


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Καφές  Φίλτρου 250 gr", "ΚΑΦΕΣ φιλτρου 250g", True),
        ("Milk 1,5 lt", "milk 1.5L", True),
        ("Salt &amp; Pepper", "salt - pepper", True),
        ("Milk 1 l", "Milk 2 l", False),
        ("Milk 15 l", "Milk 1.5 l", False),
    ],
)
def test_a_key_forgets_spelling_and_nothing_else(one, other, same):
    keys = pl.DataFrame({"name": [one, other]}).select(name_key(pl.col("name"))).to_series()
    assert (keys[0] == keys[1]) is same


def test_a_gap_is_new_once_and_says_where_to_buy():
    found, days = quotes(
        ("a", "1", 0, 50, 10.0), ("b", "2", 0, 9, 11.0), ("b", "2", 10, 20, 14.0), ("b", "2", 21, 50, 15.0)
    )
    gaps = with_outcomes(find_gaps(found, days), found, (7, 14))
    assert gaps.select("buy_store", "sell_store", "found_on", "ask_minor", "sale_minor").rows() == [
        ("a", "b", day(10), 1000, 1400)
    ]
    assert gaps.select("sale_minor_7", "sale_minor_14").row(0) == (1400, 1500)


def test_an_outcome_that_is_not_on_show_is_unknown():
    found, days = quotes(("a", "1", 0, 50, 10.0), ("b", "2", 0, 9, 11.0), ("b", "2", 10, 12, 14.0))
    assert with_outcomes(find_gaps(found, days), found, (7,))["sale_minor_7"].to_list() == [None]


def test_no_gap_on_a_day_when_a_shop_is_silent():
    rows = [("a", "1", 0, 50, 10.0), ("b", "2", 0, 9, 11.0), ("b", "2", 10, 20, 14.0)]
    assert find_gaps(*quotes(*rows, odd={10: 0})).is_empty()


def test_a_held_glitch_opens_no_gap():
    rows = [("a", "1", 0, 29, 10.0), ("a", "1", 30, 30, 1.0), ("a", "1", 31, 50, 10.0), ("b", "2", 0, 50, 11.0)]
    assert find_gaps(*quotes(*rows)).is_empty()


def test_a_name_that_a_shop_uses_twice_is_left_out():
    twice = pl.concat([NAMES, NAMES.filter(pl.col("store") == "a").with_columns(product_id=pl.lit("9"))])
    found, _ = quotes(("a", "1", 0, 50, 10.0), ("b", "2", 0, 50, 11.0), names=twice)
    assert found.is_empty()
