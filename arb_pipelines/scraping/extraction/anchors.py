"""The two fixed points of a product page: its heading and its buy button.

What belongs here: finding them. Distances to them tell the product's own price and stock from its neighbours'.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from arb_pipelines.scraping.extraction.document import Document, Element, marks_of, text_of
from arb_pipelines.scraping.extraction.regions import Regions
from arb_pipelines.scraping.extraction.vocabulary import phrases, split_marks, tokens_of
from arb_pipelines.scraping.extraction.words import overlap

_BUY = phrases("buttons", "buy")
_BUTTON_MARKS = re.compile(r"btn|button|cart|basket|buy|cta")
_BUY_MARKS = re.compile(
    r"add-?(?:2|to)?-?(?:cart|bag|basket|trolley)|buy-?(?:now|it|button)|btn-?buy|addcart|(?:cart|basket)-?(?:add|button|btn)"
)


@dataclass(frozen=True, slots=True)
class Anchors:
    """The product's heading with its position, and the first buy button after it; None where there is none."""

    heading: int | None
    button: Element | None


def find_heading(document: Document) -> Element | None:
    """Return the h1 that the page's titles name best, the first of equals; None without any."""
    titles = [t for t in (document.meta("og:title"), document.title) if t]
    best, best_alike = None, -1.0
    for heading in document.headings:
        name = text_of(heading, 300) if heading.tag == "h1" else ""
        if name:
            alike = max((overlap(name, title) for title in titles), default=0.0)
            if alike > best_alike + 0.05:
                best, best_alike = heading, alike
    return best


def find_anchors(document: Document, heading: Element | None, regions: Regions) -> Anchors:
    """Return the page's anchors."""
    at_heading = document.positions.get(heading) if heading is not None else None
    for element in document.root.iter("button", "input", "a"):
        at = document.positions.get(element)
        if at is None or (at_heading is not None and at < at_heading):
            continue
        if _takes_orders(element) and not regions.is_aside(element):
            return Anchors(at_heading, element)
    return Anchors(at_heading, None)


def _takes_orders(element: Element) -> bool:
    has_buy_marks, is_button = _button_flags(marks_of(element))
    if has_buy_marks:
        return True
    if element.tag == "input":
        shown = element.get("value") or ""
    elif element.tag == "button" or is_button or element.get("role") == "button":
        shown = text_of(element, 40)
    else:
        return False
    return _says_buy(shown)


@lru_cache(maxsize=16_384)
def _button_flags(raw_marks: str) -> tuple[bool, bool]:
    """Return whether the marks name a buy button, and whether they name any button."""
    text = split_marks(raw_marks).replace("_", "-")
    return _BUY_MARKS.search(text) is not None, _BUTTON_MARKS.search(text) is not None


@lru_cache(maxsize=4_096)
def _says_buy(shown: str) -> bool:
    return 2 < len(shown) <= 40 and _BUY.found_in(tokens_of(shown), shown)
