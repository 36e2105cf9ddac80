"""The figures of a history that is known: one outage, one drift, one glitch, one promotion."""

from arb_pipelines.backtest.history_figures import measure_history
from arb_pipelines.transforms.spells import SpellSet
from arb_pipelines_tests.backtest.spell_sets import day, spells_of, store_days_of, two_shops


def known_history():
    rows = [("a", "glitch", 0, 29, 10.0), ("a", "glitch", 30, 30, 0.5), ("a", "glitch", 31, 60, 10.0)]
    rows += [("a", "promotion", 0, 29, 10.0), ("a", "promotion", 30, 40, 6.0)]
    rows += [(store, f"p{n}", 0, 29, 2.0) for store in "b" for n in range(20)]
    rows += [("b", f"p{n}", 30, 60, 20.0) for n in range(20)]
    days = store_days_of(61, {"a": {50: 0, 51: 0}, "b": {}}, usual=20)
    return SpellSet(spells_of(*rows), two_shops(1, 30).products, days)


def test_everything_is_caught_once_and_nothing_else():
    figures = measure_history(known_history())
    ours = figures["ours"]
    assert (ours["outages"]["silent"], ours["outages"]["flagged_on_first_day"]) == (1, 1)
    assert ours["outages"]["full_days_flagged"] == 0
    assert [alarm["flagged_on"] for alarm in ours["drift"]["found"]] == [str(day(30))]
    assert ours["glitches"] == {"n": 1, "held": 1, "gone_next_day": 1, "gone_next_day_held": 1}
    assert ours["promotions"] == {"n": 1, "delayed": 0}
    assert ours["in_a_shop_with_another_unit"] == 20
    assert figures["observations"] == 61 + 41 + 20 * 61


def test_the_z_score_is_measured_on_the_same_rows():
    figures = measure_history(known_history())
    assert figures["z_score"]["glitches"]["n"] == figures["ours"]["glitches"]["n"]
    assert figures["z_score"]["outages"]["silent"] == 1
