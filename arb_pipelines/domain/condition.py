"""The condition of an item, and what each marketplace calls it; a translation never makes an item better.

What belongs here: the grades, reading a grade from a page's words, and the category-aware maps to eBay condition
ids, Amazon conditions and Keepa series. Whether a category allows a condition is asked of the marketplace.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Condition(StrEnum):
    """One grade. The values are what we store; they follow eBay's enum, which splits conditions finest."""

    NEW = "new"
    NEW_OTHER = "new_other"  # open box, or without its packing or tags
    NEW_WITH_DEFECTS = "new_with_defects"
    CERTIFIED_REFURBISHED = "certified_refurbished"
    EXCELLENT_REFURBISHED = "excellent_refurbished"
    VERY_GOOD_REFURBISHED = "very_good_refurbished"
    GOOD_REFURBISHED = "good_refurbished"
    SELLER_REFURBISHED = "seller_refurbished"
    LIKE_NEW = "like_new"
    USED = "used"  # used, and nothing says how well kept
    VERY_GOOD = "very_good"
    GOOD = "good"
    ACCEPTABLE = "acceptable"
    GRADED = "graded"  # a trading card in a grader's case
    UNGRADED = "ungraded"  # a trading card without one
    FOR_PARTS = "for_parts"

    @property
    def is_refurbished(self) -> bool:
        """Whether selling it needs a marketplace's approval for refurbished goods."""
        return self in _REFURBISHED

    @property
    def is_sellable(self) -> bool:
        """Whether the item is bought for resale at all; goods for parts are not."""
        return self is not Condition.FOR_PARTS


_REFURBISHED = frozenset(
    {
        Condition.CERTIFIED_REFURBISHED,
        Condition.EXCELLENT_REFURBISHED,
        Condition.VERY_GOOD_REFURBISHED,
        Condition.GOOD_REFURBISHED,
        Condition.SELLER_REFURBISHED,
    }
)


class ConditionScheme(StrEnum):
    """The kinds of category that read the same condition differently."""

    GENERAL = "general"
    MEDIA = "media"
    TRADING_CARDS = "trading_cards"


CARD_CATEGORIES = frozenset({"trading_cards", "sports_trading_cards", "non_sport_trading_cards", "card_games"})
MEDIA_CATEGORIES = frozenset({"books", "music", "movies", "video", "dvd", "vinyl", "video_games", "games", "software"})


def scheme_of(category: str) -> ConditionScheme:
    """Return how a category reads conditions; one we do not know is `GENERAL`, where "used" has no grade."""
    if category in CARD_CATEGORIES:
        return ConditionScheme.TRADING_CARDS
    return ConditionScheme.MEDIA if category in MEDIA_CATEGORIES else ConditionScheme.GENERAL


@dataclass(frozen=True, slots=True)
class ChannelCondition:
    """What a channel calls a condition. `approval` names the programme that must have approved the seller."""

    value: str
    approval: str | None = None


_EBAY_IDS = {
    Condition.NEW: "1000",
    Condition.NEW_OTHER: "1500",
    Condition.NEW_WITH_DEFECTS: "1750",
    Condition.CERTIFIED_REFURBISHED: "2000",
    Condition.EXCELLENT_REFURBISHED: "2010",
    Condition.VERY_GOOD_REFURBISHED: "2020",
    Condition.GOOD_REFURBISHED: "2030",
    Condition.SELLER_REFURBISHED: "2500",
    Condition.LIKE_NEW: "2750",
    Condition.USED: "3000",
    Condition.VERY_GOOD: "4000",
    Condition.GOOD: "5000",
    Condition.ACCEPTABLE: "6000",
    Condition.FOR_PARTS: "7000",
}
_EBAY_CARD_IDS = {Condition.GRADED: "2750", Condition.UNGRADED: "4000"}
_FROM_EBAY = {number: condition for condition, number in _EBAY_IDS.items()}
_FROM_EBAY_CARDS = {number: condition for condition, number in _EBAY_CARD_IDS.items()}

_AMAZON = {
    Condition.NEW: "new_new",
    Condition.NEW_OTHER: "new_open_box",
    Condition.CERTIFIED_REFURBISHED: "refurbished_refurbished",
    Condition.EXCELLENT_REFURBISHED: "refurbished_refurbished",
    Condition.VERY_GOOD_REFURBISHED: "refurbished_refurbished",
    Condition.GOOD_REFURBISHED: "refurbished_refurbished",
    Condition.SELLER_REFURBISHED: "refurbished_refurbished",
    Condition.LIKE_NEW: "used_like_new",
    Condition.VERY_GOOD: "used_very_good",
    Condition.GOOD: "used_good",
    Condition.ACCEPTABLE: "used_acceptable",
}
_KEEPA = {
    Condition.NEW: "NEW",
    Condition.CERTIFIED_REFURBISHED: "REFURBISHED",
    Condition.EXCELLENT_REFURBISHED: "REFURBISHED",
    Condition.VERY_GOOD_REFURBISHED: "REFURBISHED",
    Condition.GOOD_REFURBISHED: "REFURBISHED",
    Condition.LIKE_NEW: "USED_NEW",
    Condition.USED: "USED",
    Condition.VERY_GOOD: "USED_VERY_GOOD",
    Condition.GOOD: "USED_GOOD",
    Condition.ACCEPTABLE: "USED_ACCEPTABLE",
}
# Grades of used goods, best first: a proven grade may replace "used", and only a worse one a stated grade.
_USED_GRADES = (Condition.LIKE_NEW, Condition.VERY_GOOD, Condition.GOOD, Condition.ACCEPTABLE)


def to_ebay(condition: Condition, category: str) -> ChannelCondition | None:
    """Return eBay's condition id for a category of ours, or None where eBay has none.

    In trading cards only graded and ungraded exist; anywhere else those two do not. Outside media eBay knows
    one "Used" without a grade, so every used grade becomes that.
    """
    scheme = scheme_of(category)
    if scheme is ConditionScheme.TRADING_CARDS:
        number = _EBAY_CARD_IDS.get(condition)
    elif scheme is ConditionScheme.GENERAL and condition in _USED_GRADES:
        number = _EBAY_IDS[Condition.USED]
    else:
        number = _EBAY_IDS.get(condition)
    if number is None:
        return None
    return ChannelCondition(number, "ebay_refurbished" if condition.is_refurbished else None)


def from_ebay(condition_id: str | int, category: str) -> Condition | None:
    """Return the grade that an eBay condition id means in a category, or None when it means none there.

    2750 and 4000 are grades in media but "graded" and "ungraded" on trading cards; in a category that is
    neither for certain they are None, because taking a raw card for "very good" would be an upgrade.
    """
    number, scheme = str(condition_id), scheme_of(category)
    if scheme is ConditionScheme.TRADING_CARDS:
        return _FROM_EBAY_CARDS.get(number)
    if scheme is ConditionScheme.GENERAL and number in _FROM_EBAY_CARDS:
        return None
    return _FROM_EBAY.get(number)


def to_amazon(condition: Condition, proven: Condition | None = None) -> ChannelCondition | None:
    """Return Amazon's condition, or None where the item cannot be offered there.

    Plain "used" needs `proven`, the lowest grade that text or photos prove; without it there is no answer.
    `proven` may only make a stated grade worse. Goods for parts, new goods with defects and trading-card
    grades have no Amazon condition of their own; collectible conditions are never inferred.
    """
    grade = lowest_grade(condition, proven)
    value = _AMAZON.get(grade)
    if value is None:
        return None
    return ChannelCondition(value, "amazon_renewed" if grade.is_refurbished else None)


def to_keepa(condition: Condition) -> str | None:
    """Return the Keepa price series to compare with, or None when no series means this condition."""
    return _KEEPA.get(condition)


def lowest_grade(condition: Condition, proven: Condition | None) -> Condition:
    """Return the worse of a stated used grade and a proven one; plain "used" takes the proven grade."""
    if proven not in _USED_GRADES:
        return condition
    if condition is Condition.USED:
        return proven
    if condition in _USED_GRADES:
        return max(condition, proven, key=_USED_GRADES.index)
    return condition


_SEPARATORS = re.compile(r"[\s_\-–—/:.,()]+")
_WORDS = {
    "new": Condition.NEW,
    "brand new": Condition.NEW,
    "new with tags": Condition.NEW,
    "new with box": Condition.NEW,
    "factory sealed": Condition.NEW,
    "sealed": Condition.NEW,
    "new new": Condition.NEW,
    "newcondition": Condition.NEW,
    "new other": Condition.NEW_OTHER,
    "new other see details": Condition.NEW_OTHER,
    "new open box": Condition.NEW_OTHER,
    "open box": Condition.NEW_OTHER,
    "open box new": Condition.NEW_OTHER,
    "new without tags": Condition.NEW_OTHER,
    "new without box": Condition.NEW_OTHER,
    "new with defects": Condition.NEW_WITH_DEFECTS,
    "new with imperfections": Condition.NEW_WITH_DEFECTS,
    "certified refurbished": Condition.CERTIFIED_REFURBISHED,
    "certified renewed": Condition.CERTIFIED_REFURBISHED,
    "excellent refurbished": Condition.EXCELLENT_REFURBISHED,
    "very good refurbished": Condition.VERY_GOOD_REFURBISHED,
    "good refurbished": Condition.GOOD_REFURBISHED,
    "seller refurbished": Condition.SELLER_REFURBISHED,
    "refurbished": Condition.SELLER_REFURBISHED,
    "refurbishedcondition": Condition.SELLER_REFURBISHED,
    "refurbished refurbished": Condition.SELLER_REFURBISHED,
    "renewed": Condition.SELLER_REFURBISHED,
    "reconditioned": Condition.SELLER_REFURBISHED,
    "like new": Condition.LIKE_NEW,
    "as new": Condition.LIKE_NEW,
    "used like new": Condition.LIKE_NEW,
    "used": Condition.USED,
    "usedcondition": Condition.USED,
    "pre owned": Condition.USED,
    "preowned": Condition.USED,
    "second hand": Condition.USED,
    "secondhand": Condition.USED,
    "used excellent": Condition.USED,
    "very good": Condition.VERY_GOOD,
    "used very good": Condition.VERY_GOOD,
    "good": Condition.GOOD,
    "used good": Condition.GOOD,
    "acceptable": Condition.ACCEPTABLE,
    "used acceptable": Condition.ACCEPTABLE,
    "fair": Condition.ACCEPTABLE,
    "graded": Condition.GRADED,
    "ungraded": Condition.UNGRADED,
    "for parts": Condition.FOR_PARTS,
    "parts only": Condition.FOR_PARTS,
    "for parts or not working": Condition.FOR_PARTS,
    "not working": Condition.FOR_PARTS,
    "damaged": Condition.FOR_PARTS,
    "damagedcondition": Condition.FOR_PARTS,
    "broken": Condition.FOR_PARTS,
}


def parse_condition(text: str | None) -> Condition | None:
    """Return the grade that a page's words state, or None when they are not one of the known phrases.

    The whole text must be a known phrase (schema.org addresses included): a word inside a sentence, as in
    "not new", proves nothing, and a guess upwards is how used goods get sold as new.
    """
    if text is None:
        return None
    words = text.strip().rsplit("schema.org/", 1)[-1].casefold()
    return _WORDS.get(_SEPARATORS.sub(" ", words).strip())
