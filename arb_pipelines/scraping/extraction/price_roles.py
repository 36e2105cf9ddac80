"""What an amount on a page is: the price, the old price, an instalment, a threshold, postage ...

What belongs here: the words around an amount and in its element's class and id. Only roles are decided here;
which of the prices is the page's is `visible_prices.py`. The words themselves are in `vocabulary.toml`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from arb_pipelines.scraping.extraction.vocabulary import entries, mark_tokens, marks, phrases, tokens_of


class Role(StrEnum):
    """The role of one amount."""

    PRICE = "price"
    LIST = "list_price"
    SHIPPING = "shipping"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class MarkFlags:
    """What the class, id and test names of an element say about an amount in it."""

    is_price: bool
    is_old: bool
    is_current: bool
    is_other: bool
    is_cents: bool


_NO_MARKS = MarkFlags(False, False, False, False, False)
_OLD_LABEL = phrases("amounts", "list_price")
_OTHER_LABEL = phrases("amounts", "other")
_INSTALMENT = phrases("amounts", "instalment")
_SHIPPING = phrases("amounts", "shipping")
_THRESHOLD = phrases("amounts", "threshold")
_SAVING = phrases("amounts", "saving")
_BESIDE = phrases("amounts", "beside")
_FREE_SHIPPING = phrases("amounts", "free_shipping")
_BEFORE_TAX = phrases("amounts", "before_tax")
_FLAG_LISTS = ("price", "old", "current", "other", "cents")
_UNIT = re.compile(
    r"\s*(?:/|(?:per|pro|par|por|al|je|za|na|за|на|each|a)\b)\s?(?:\d+[.,]?\d*\s?)?(?:"
    + "|".join(re.escape(unit) for unit in sorted(entries("amounts", "units"), key=len, reverse=True))
    + r")(?![^\W\d_])",
    re.IGNORECASE,
)
_TIMES_AFTER = re.compile(r"\s*[x×]\s*\d", re.IGNORECASE)
_TIMES = re.compile(r"\d\s*[x×]\s*$|(?:^|\s)[-–−+]$", re.IGNORECASE)


@lru_cache(maxsize=16_384)
def flags_of(raw_marks: str) -> MarkFlags:
    """Return the flags of an element's marks (see `document.marks_of`); the same few hundred come again and again."""
    if not raw_marks:
        return _NO_MARKS
    tokens = mark_tokens(raw_marks)
    return MarkFlags(*(marks("marks", name).found_in(*tokens) for name in _FLAG_LISTS))


def is_old_label(text: str) -> bool:
    """Return whether `text` ends in words that announce an old or recommended price (`RRP:`, `statt`)."""
    near = text[-40:]
    return _OLD_LABEL.ends(tokens_of(near), near)


def is_free_shipping(text: str) -> bool:
    """Return whether a short text promises free postage without a condition (`Free shipping`, not `... over $50`)."""
    words = tokens_of(text)
    if not 1 <= len(words) <= 6 or any(word.isdigit() for word in words):
        return False
    return _FREE_SHIPPING.found_in(words, text) and not _THRESHOLD.ends(words, text)


@lru_cache(maxsize=8_192)
def role_of(before: str, after: str) -> Role:
    """Return the role of an amount from up to some sixty characters before and after it."""
    near, ahead = before[-45:], after[:30]
    if _UNIT.match(after) or _TIMES.search(near) or _TIMES_AFTER.match(after):
        return Role.OTHER
    words, next_words = tokens_of(near), tokens_of(ahead)
    if _SHIPPING.found_in(words, near) or _SHIPPING.starts(next_words, ahead):
        return Role.OTHER if _THRESHOLD.ends(words, near) else Role.SHIPPING
    if _is_no_price(words, near, next_words, ahead):
        return Role.OTHER
    return Role.LIST if _OLD_LABEL.ends(words, near) else Role.PRICE


def _is_no_price(words: list[str], near: str, next_words: list[str], ahead: str) -> bool:
    """Return whether the words around an amount make it an instalment, a saving, a price before tax ..."""
    return (
        (_THRESHOLD.ends(words, near) and _SHIPPING.found_in(next_words, ahead))
        or _OTHER_LABEL.ends(words, near)
        or _BESIDE.found_in(words, near)
        or _INSTALMENT.found_in(words, near)
        or _INSTALMENT.found_in(next_words, ahead)
        or _SAVING.found_in(words[-5:], near[-25:])
        or _SAVING.starts(next_words, ahead)
        or _BEFORE_TAX.found_in(next_words, ahead)
        or _BEFORE_TAX.found_in(words[-5:], near[-20:])
    )
