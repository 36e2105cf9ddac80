"""What an amount on a page is: the price, the old price, an instalment, a threshold, postage ...

What belongs here: the words around an amount and in its element's class and id. Only roles are decided here;
which of the prices is the page's is `visible_prices.py`. The words themselves are in `vocabulary.toml`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from arb_pipelines.scraping.extraction.vocabulary import Found, entries, lexicon


class Role(StrEnum):
    """The role of one amount."""

    PRICE = "price"
    LIST = "list_price"
    SHIPPING = "shipping"
    OTHER = "other"


_WORDS = lexicon(
    "amounts",
    "list_price",
    "other",
    "instalment",
    "shipping",
    "threshold",
    "saving_after",
    "beside",
    "before_tax",
)
_LABEL = lexicon("amounts", "list_price")
_FREE = lexicon("amounts", "free_shipping", "threshold")
FREE_SHIPPING = lexicon("amounts", "free_shipping")
# Nearer to the amount than the others: further away they belong to another one.
_SAVING = lexicon("amounts", "saving")
_UNTAXED = lexicon("amounts", "before_tax")
_TAXED = lexicon("amounts", "with_tax")
CONTEXT_CHARS = 60
CLOSE_CHARS = 25
_UNIT = re.compile(
    r"\s*(?:/|(?:per|pro|par|por|al|je|za|na|за|на|each|a)\b)\s?(?:\d+[.,]?\d*\s?)?(?:"
    + "|".join(re.escape(unit) for unit in sorted(entries("amounts", "units"), key=len, reverse=True))
    + r")(?![^\W\d_])",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_TIMES_AFTER = re.compile(r"\s*[x×]\s*\d", re.IGNORECASE)
_TIMES = re.compile(r"\d\s*[x×]\s*$|(?:^|\s)[-–−+]$|[≈≃]\s*$", re.IGNORECASE)


def is_old_label(text: str) -> bool:
    """Return whether `text` ends in words that announce an old or recommended price (`RRP:`, `statt`)."""
    return bool(_LABEL.find(text[-40:]).at_end)


def is_free_shipping(text: str) -> bool:
    """Return whether a short text promises free postage without a condition (`Free shipping`, not `... over $50`)."""
    if len(text) > 60 or _DIGIT.search(text) is not None:
        return False
    found = _FREE.find(text)
    return "free_shipping" in found.anywhere and "threshold" not in found.at_end


@lru_cache(maxsize=8_192)
def role_of(before: str, after: str) -> Role:
    """Return the role of an amount from up to some sixty characters before and after it."""
    near, ahead = before[-45:], after[:30]
    # A sign or a factor must touch the amount: a dash set off by blanks only separates.
    if _UNIT.match(after) or _TIMES.search(before) or _TIMES_AFTER.match(after):
        return Role.OTHER
    left, right = _WORDS.find(near), _WORDS.find(ahead)
    if "shipping" in left.anywhere or "shipping" in right.at_start:
        return Role.OTHER if "threshold" in left.at_end else Role.SHIPPING
    if _is_no_price(left, right) or _SAVING.find(near[-CLOSE_CHARS:]).anywhere or _is_untaxed(near, ahead, right):
        return Role.OTHER
    return Role.LIST if "list_price" in left.at_end else Role.PRICE


def _is_untaxed(near: str, ahead: str, right: Found) -> bool:
    """Return whether an amount is without tax; what follows the next amount says nothing of this one."""
    own = _DIGIT.split(ahead, maxsplit=1)[0]
    if "before_tax" in right.anywhere and _UNTAXED.find(own).anywhere:
        return True
    return bool(_UNTAXED.find(near[-CLOSE_CHARS:]).anywhere)


def own_label(between: str, after: str) -> str:
    """Return the words between two amounts as far as they label the second: in `100 € net 119 € gross` none do."""
    is_behind = bool(_UNTAXED.find(between).at_start) and bool(_TAXED.find(after[:CONTEXT_CHARS]).at_start)
    return "" if is_behind else between


def _is_no_price(left: Found, right: Found) -> bool:
    """Return whether the words around an amount make it an instalment, a saving, a price before tax ..."""
    return (
        ("threshold" in left.at_end and "shipping" in right.anywhere)
        or "other" in left.at_end
        or not left.anywhere.isdisjoint(("instalment", "beside"))
        or "instalment" in right.anywhere
        or "saving_after" in right.at_start
    )
