"""What shops write about stock, and what it means.

What belongs here: schema.org's availability values and the phrases of visible text, in the languages of shops.
What says nothing about stock is None.
"""

from __future__ import annotations

import re
from functools import lru_cache

from arb_pipelines.domain.raw_product import Availability
from arb_pipelines.scraping.extraction.vocabulary import lexicon

_SCHEMA = {
    "instock": Availability.IN_STOCK,
    "onlineonly": Availability.IN_STOCK,
    "instoreonly": Availability.IN_STOCK,
    "available": Availability.IN_STOCK,
    "limitedavailability": Availability.LIMITED,
    "outofstock": Availability.OUT_OF_STOCK,
    "oos": Availability.OUT_OF_STOCK,
    "soldout": Availability.OUT_OF_STOCK,
    "unavailable": Availability.OUT_OF_STOCK,
    "notavailable": Availability.OUT_OF_STOCK,
    "preorder": Availability.PRE_ORDER,
    "presale": Availability.PRE_ORDER,
    "backorder": Availability.BACK_ORDER,
    "availablefororder": Availability.BACK_ORDER,
    "discontinued": Availability.DISCONTINUED,
}
# A negation is looked for before its positive: "not available" holds "available".
_BY_LIST = (
    ("gone", Availability.DISCONTINUED),
    ("out", Availability.OUT_OF_STOCK),
    ("pre_order", Availability.PRE_ORDER),
    ("back_order", Availability.BACK_ORDER),
    ("limited", Availability.LIMITED),
    ("in", Availability.IN_STOCK),
)
STOCK_LISTS = tuple(name for name, _ in _BY_LIST)


def availability_of_markup(text: str | None) -> Availability | None:
    """Return the state that a schema.org URL or a bare word names (`http://schema.org/InStock`, `in stock`)."""
    if not text:
        return None
    word = re.sub(r"[\s_-]", "", text.strip().rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1]).lower()
    return _SCHEMA.get(word)


@lru_cache(maxsize=8_192)
def availability_of_text(text: str | None) -> Availability | None:
    """Return the state that a phrase states, None when it says nothing about stock."""
    if not text:
        return None
    found = lexicon("stock").find(text).anywhere
    return next((state for name, state in _BY_LIST if name in found), None) if found else None
