"""The shrunk rate: expected sales add up, groups lean on their parent, unsold items count."""

import math

import polars as pl
import pytest

from arb_pipelines.ml.days_to_sell_rule import SHRINK_SALES, fit_rates

LEVELS = (("shop",), ("shop", "item"))


def spells(days, sold, shop="a", item="x"):
    return pl.DataFrame({"days": days, "sold": sold, "shop": shop, "item": item}, schema_overrides={"days": pl.Float64})


def test_everything_goes_at_its_own_pace():
    rule = fit_rates(spells([1, 2, 3, 4], [True, False, True, True]), LEVELS)
    assert rule.pace_of(spells([0], [True])).tolist() == pytest.approx([1.0])
    assert rule.unsold_after(spells([0], [True]), [1.0, 3.0])[0] == pytest.approx([0.75, 0.375])


def test_pace_by_hand():
    # Together: 1 of 4 at day 1, 1 of 3 at day 2; shop b never sells though its two items are watched past both.
    both = pl.concat([spells([1, 2], [True, True]), spells([5, 5], [False, False], shop="b")])
    expected = 2 * (1 / 4 + 1 / 3)
    rule = fit_rates(both, (("shop",),))
    asked = spells([0], [False], shop="b")
    assert rule.pace_of(asked)[0] == pytest.approx(SHRINK_SALES / (expected + SHRINK_SALES))


def test_unknown_group_takes_its_parent_and_unknown_parent_everything():
    fast = spells([1.0] * 100, [True] * 100)
    slow = spells([50.0] * 100, [True] * 100, shop="b")
    rule = fit_rates(pl.concat([fast, slow]), LEVELS)
    known, cousin, stranger = (
        rule.pace_of(spells([0], [True], shop=shop, item=item))[0]
        for shop, item in (("b", "x"), ("b", "new"), ("c", "x"))
    )
    assert known <= cousin < 1
    assert stranger == 1
    assert math.isfinite(rule.unsold_after(spells([0], [True]), [365.0])[0, 0])
