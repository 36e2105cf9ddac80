"""Glitches wait for a second day, promotions never wait, and a shop of another unit is not believed for a month."""

import pytest

from arb_pipelines.transforms.price_glitches import judge_spells
from arb_pipelines.transforms.spells import clean_spells
from arb_pipelines.transforms.store_health import find_drifts, with_era
from arb_pipelines_tests.backtest.spell_sets import day, spells_of, store_days_of


def judge(*rows, silent=(), products=100):
    days = store_days_of(120, {"a": dict.fromkeys(silent, 0)}, usual=products)
    spells = clean_spells(spells_of(*rows)).spells
    drifts = find_drifts(spells, days)
    judged = judge_spells(with_era(spells, drifts), days, drifts)
    return {row["first_seen_on"]: (row["held"], row["believed_on"]) for row in judged.iter_rows(named=True)}


@pytest.mark.parametrize("price", [0.01, 1.0, 3.0, 40.0])
def test_a_glitch_of_one_day_is_never_believed(price):
    found = judge(("a", "p", 0, 29, 10.0), ("a", "p", 30, 30, price), ("a", "p", 31, 60, 10.0))
    assert found[day(30)] == ("price_jump", None)
    assert found[day(31)] == (None, day(31))


@pytest.mark.parametrize("price", [3.1, 5.0, 6.0, 7.0, 39.0])
def test_a_promotion_is_believed_on_its_day(price):
    found = judge(("a", "p", 0, 29, 10.0), ("a", "p", 30, 34, price))
    assert found[day(30)] == (None, day(30))


def test_a_low_price_is_believed_when_seen_on_a_later_day():
    assert judge(("a", "p", 0, 29, 10.0), ("a", "p", 30, 34, 2.0))[day(30)] == ("price_jump", day(31))


def test_a_day_on_which_the_shop_is_silent_is_no_second_sighting():
    found = judge(("a", "p", 0, 29, 10.0), ("a", "p", 30, 34, 2.0), silent=(31, 32))
    assert found[day(30)] == ("price_jump", day(33))


def test_return_from_a_believed_low_price_does_not_wait():
    found = judge(("a", "p", 0, 29, 10.0), ("a", "p", 30, 33, 1.0), ("a", "p", 34, 60, 10.0))
    assert found[day(34)] == (None, day(34))


def test_a_shop_of_another_unit_waits_a_month():
    rows = [("a", f"p{n}", 0, 29, 2.0) for n in range(20)] + [("a", f"p{n}", 30, 100, 20.0) for n in range(20)]
    assert judge(*rows, products=20)[day(30)] == ("shop_drift", day(60))
    gone = [("a", f"p{n}", 0, 29, 2.0) for n in range(20)] + [("a", f"p{n}", 30, 40, 20.0) for n in range(20)]
    assert judge(*gone, products=20)[day(30)] == ("shop_drift", None)


def test_the_future_of_a_price_does_not_change_whether_it_is_held():
    past = [("a", "p", 0, 29, 10.0), ("a", "p", 30, 34, 2.0)]
    assert judge(*past)[day(30)] == judge(*past, ("a", "p", 35, 90, 0.5))[day(30)]
