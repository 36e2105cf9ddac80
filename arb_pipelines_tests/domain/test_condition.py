"""Conditions: read only from known words, translated by category, never made better."""

from __future__ import annotations

import pytest

from arb_pipelines.domain.condition import (
    ChannelCondition,
    Condition,
    from_ebay,
    lowest_grade,
    parse_condition,
    to_amazon,
    to_ebay,
    to_keepa,
)

QUALITY = [  # worst first, for "never upgrade"
    Condition.FOR_PARTS,
    Condition.ACCEPTABLE,
    Condition.GOOD,
    Condition.VERY_GOOD,
    Condition.LIKE_NEW,
    Condition.NEW_WITH_DEFECTS,
    Condition.NEW_OTHER,
    Condition.NEW,
]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("New", Condition.NEW),
        ("https://schema.org/NewCondition", Condition.NEW),
        ("http://schema.org/UsedCondition", Condition.USED),
        ("Used - Very Good", Condition.VERY_GOOD),
        ("used_like_new", Condition.LIKE_NEW),
        ("Open box", Condition.NEW_OTHER),
        ("New (other)", Condition.NEW_OTHER),
        ("NEW_WITH_DEFECTS", Condition.NEW_WITH_DEFECTS),
        ("Refurbished", Condition.SELLER_REFURBISHED),
        ("Excellent - Refurbished", Condition.EXCELLENT_REFURBISHED),
        ("For parts or not working", Condition.FOR_PARTS),
        ("Pre-owned", Condition.USED),
        ("USED_EXCELLENT", Condition.USED),
    ],
)
def test_known_words(text, condition):
    assert parse_condition(text) is condition


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "not new",
        "like new but scratched",
        "almost new",
        "New York",
        "mint",
        "collectible_like_new",
        "A+",
        "1000",
    ],
)
def test_unknown_words_are_unknown(text):
    assert parse_condition(text) is None


def test_trading_cards_read_two_ids_differently():
    assert from_ebay("2750", "trading_cards") is Condition.GRADED
    assert from_ebay(4000, "trading_cards") is Condition.UNGRADED
    assert from_ebay("2750", "books") is Condition.LIKE_NEW
    assert from_ebay("4000", "books") is Condition.VERY_GOOD
    assert from_ebay("4000", "a category we do not know") is None
    assert from_ebay("1000", "trading_cards") is None
    assert from_ebay("9999", "books") is None


@pytest.mark.parametrize(
    ("condition", "category", "number"),
    [
        (Condition.NEW, "toys", "1000"),
        (Condition.NEW_OTHER, "toys", "1500"),
        (Condition.GOOD, "books", "5000"),
        (Condition.GOOD, "toys", "3000"),
        (Condition.LIKE_NEW, "toys", "3000"),
        (Condition.GRADED, "trading_cards", "2750"),
        (Condition.UNGRADED, "trading_cards", "4000"),
        (Condition.FOR_PARTS, "toys", "7000"),
    ],
)
def test_to_ebay(condition, category, number):
    assert to_ebay(condition, category) == ChannelCondition(number)


def test_conditions_that_a_category_does_not_have():
    assert to_ebay(Condition.GRADED, "books") is None
    assert to_ebay(Condition.LIKE_NEW, "trading_cards") is None


@pytest.mark.parametrize("condition", [found for found in Condition if found.is_refurbished])
def test_refurbished_goods_need_a_programmes_approval(condition):
    assert to_ebay(condition, "computers").approval == "ebay_refurbished"
    assert to_amazon(condition) == ChannelCondition("refurbished_refurbished", "amazon_renewed")


def test_plain_used_has_no_amazon_condition_until_a_grade_is_proven():
    assert to_amazon(Condition.USED) is None
    assert to_amazon(Condition.USED, Condition.GOOD) == ChannelCondition("used_good")


def test_proof_only_ever_lowers_a_stated_grade():
    assert to_amazon(Condition.VERY_GOOD, Condition.ACCEPTABLE) == ChannelCondition("used_acceptable")
    assert to_amazon(Condition.ACCEPTABLE, Condition.LIKE_NEW) == ChannelCondition("used_acceptable")
    assert lowest_grade(Condition.USED, Condition.NEW) is Condition.USED


@pytest.mark.parametrize(
    "condition", [Condition.FOR_PARTS, Condition.NEW_WITH_DEFECTS, Condition.GRADED, Condition.UNGRADED]
)
def test_what_amazon_has_no_condition_for(condition):
    assert to_amazon(condition) is None
    assert to_keepa(condition) is None


def test_only_new_is_new():
    assert [found for found in Condition if (to_amazon(found) or ChannelCondition("")).value == "new_new"] == [
        Condition.NEW
    ]
    assert [found for found in Condition if to_keepa(found) == "NEW"] == [Condition.NEW]
    assert [found for found in Condition if (to_ebay(found, "toys") or ChannelCondition("")).value == "1000"] == [
        Condition.NEW
    ]


@pytest.mark.parametrize("category", ["books", "toys", "trading_cards"])
@pytest.mark.parametrize("condition", QUALITY)
def test_a_round_trip_through_ebay_never_upgrades(condition, category):
    there = to_ebay(condition, category)
    back = None if there is None else from_ebay(there.value, category)
    assert back in (None, Condition.USED) or QUALITY.index(back) <= QUALITY.index(condition)


def test_goods_for_parts_are_not_resold():
    assert [found for found in Condition if not found.is_sellable] == [Condition.FOR_PARTS]
