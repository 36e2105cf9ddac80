"""What an amount on a page is: the price, the old price, an instalment, a threshold, postage ...

What belongs here: the words around an amount and in its element's class and id. Only roles are decided here;
which of the prices is the page's is `visible_prices.py`. The words themselves are in `vocabulary.toml`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from arb_pipelines.scraping.extraction.vocabulary import entries, marks, split_marks, words


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
_ENDS_IN_LABEL = r"\W{0,3}$"
_OLD_LABEL = words("amounts", "list_price", _ENDS_IN_LABEL)
_OTHER_LABEL = words("amounts", "other", _ENDS_IN_LABEL)
_INSTALMENT = words("amounts", "instalment")
_SHIPPING = words("amounts", "shipping")
_THRESHOLD = words("amounts", "threshold", _ENDS_IN_LABEL)
_SAVING = words("amounts", "saving")
_BEFORE_TAX = words("amounts", "before_tax")
_UNIT = re.compile(
    r"\s*(?:/|(?:per|pro|par|por|al|je|za|na|за|на|each|a)\b)\s?(?:\d+[.,]?\d*\s?)?(?:"
    + "|".join(re.escape(unit) for unit in sorted(entries("amounts", "units"), key=len, reverse=True))
    + r")(?![^\W\d_])",
    re.IGNORECASE,
)
_TIMES = re.compile(r"\d\s*[x×]\s*$|(?:^|\s)[-–−+]$", re.IGNORECASE)


@lru_cache(maxsize=16_384)
def flags_of(raw_marks: str) -> MarkFlags:
    """Return the flags of an element's marks (see `document.marks_of`); the same few hundred come again and again."""
    if not raw_marks:
        return _NO_MARKS
    text = split_marks(raw_marks)
    found = (marks("marks", name).search(text) is not None for name in ("price", "old", "current", "other", "cents"))
    return MarkFlags(*found)


def is_old_label(text: str) -> bool:
    """Return whether `text` ends in words that announce an old or recommended price (`RRP:`, `statt`)."""
    return _OLD_LABEL.search(text[-40:]) is not None


@lru_cache(maxsize=4_096)
def role_of(before: str, after: str) -> Role:
    """Return the role of an amount from up to some sixty characters before and after it."""
    near = before[-45:]
    if _UNIT.match(after) or _TIMES.search(near) or re.match(r"\s*[x×]\s*\d", after):
        return Role.OTHER
    if _SHIPPING.search(near) or _SHIPPING.match(after.lstrip(" +-(")[:30]):
        return Role.OTHER if _THRESHOLD.search(near) else Role.SHIPPING
    if _THRESHOLD.search(near) and _SHIPPING.search(after):
        return Role.OTHER
    if _OTHER_LABEL.search(near) or _INSTALMENT.search(near) or _INSTALMENT.search(after[:25]):
        return Role.OTHER
    if _SAVING.search(near[-25:]) or _SAVING.match(after.lstrip()[:15]):
        return Role.OTHER
    if _BEFORE_TAX.search(after[:25]) or _BEFORE_TAX.search(near[-20:]):
        return Role.OTHER
    return Role.LIST if is_old_label(near) else Role.PRICE
