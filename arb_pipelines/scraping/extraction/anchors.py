"""The two fixed points of a product page: its heading and its buy button.

What belongs here: finding them. Distances to them tell the product's own price and stock from its neighbours'.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from arb_pipelines.scraping.extraction.document import Document, Element, marks_of, text_of
from arb_pipelines.scraping.extraction.regions import Regions
from arb_pipelines.scraping.extraction.vocabulary import lexicon, mark_names
from arb_pipelines.scraping.extraction.words import overlap

UNLIKE = 0.25
BEFORE_HEADING, AFTER_HEADING, AROUND_BUTTON = 60, 150, 60  # in elements
# What a button's script is called when it takes an order: `javascript:addToCart(7)`, `buy_process('x')`.
_ORDERING = re.compile(
    r"(?:javascript:|^|[\s.;])\w*(?:add\w{0,8}(?:cart|basket|bag)|cart_?add|buy_?(?:now|it|process|item|product))\w*\s*\(",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Anchors:
    """The product's heading with its position, and the first buy button after it; None where there is none."""

    heading: int | None
    button: Element | None


def find_heading(document: Document) -> Element | None:
    """Return the h1 that the page's titles and address name best, the first of equals; None without any.

    A page whose h1 says something else (`Sale`) may name its product in an h2.
    """
    titles = [t for t in (document.meta("og:title"), document.title, url_words(document.url)) if t]
    best, best_alike = _best_heading(document, titles, "h1")
    if best is None or best_alike < UNLIKE:
        other, other_alike = _best_heading(document, titles, "h2")
        if other is not None and other_alike > max(best_alike, UNLIKE):
            return other
    return best


def url_words(url: str) -> str:
    """Return the last step of the URL's path as words: `/p/blue-kettle_17.html` is `blue kettle 17 html`."""
    try:
        steps = [step for step in unquote(urlsplit(url).path).split("/") if step]
    except ValueError:
        return ""
    return re.sub(r"[\W_]+", " ", max(steps[-2:], key=len)) if steps else ""


def _best_heading(document: Document, titles: list[str], tag: str) -> tuple[Element | None, float]:
    best, best_alike = None, -1.0
    for heading in document.headings:
        name = text_of(heading, 300) if heading.tag == tag else ""
        if name:
            alike = max((overlap(name, title) for title in titles), default=0.0)
            if alike > best_alike + 0.05:
                best, best_alike = heading, alike
    return best, best_alike


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


def spans_around(document: Document, anchors: Anchors) -> tuple[range, ...]:
    """Return the positions around the heading and the buy button; empty (all of the page) without a heading."""
    if anchors.heading is None:
        return ()
    around = [range(anchors.heading - BEFORE_HEADING, anchors.heading + AFTER_HEADING)]
    at_button = document.positions.get(anchors.button)
    if at_button is not None and at_button > around[0].stop - AROUND_BUTTON:
        around.append(range(at_button - AROUND_BUTTON, at_button + AROUND_BUTTON))
    return tuple(around)


def _takes_orders(element: Element) -> bool:
    script = element.get("onclick") or ""
    if element.tag == "a":
        href = element.get("href") or ""
        script = script or (href if href.startswith("javascript:") else "")
    marks = marks_of(element)
    if not marks and not script and element.tag == "a" and element.get("role") is None:
        return False
    names = mark_names(marks)
    if "not_buy" in names:
        return False
    if "buy" in names or (script and _ORDERING.search(script[:200])):
        return True
    if element.tag == "input":
        shown = element.get("value") or element.get("alt") or ""
    elif element.tag == "button" or "button" in names or element.get("role") == "button":
        shown = text_of(element, 40)
    else:
        return False
    return _says(shown, "buy")


def find_contact(document: Document, regions: Regions) -> Element | None:
    """Return the first button that answers an advertisement or makes a bid: some pages have it instead of a cart."""
    for element in document.root.iter("button", "input", "a"):
        if element.tag == "a" and (not element.get("class") or "button" not in mark_names(marks_of(element))):
            continue
        shown = text_of(element, 40) or element.get("value") or ""
        is_shown = _says(shown, "contact") and element in document.positions
        if is_shown and not (_is_framed(element) if element.tag == "button" else regions.is_aside(element)):
            return element
    return None


def _is_framed(element: Element) -> bool:
    """Return whether `element` stands in the page's head or foot; a seller's box in a sidebar is no neighbour."""
    return any(step.tag in ("header", "footer", "nav") for step in element.iterancestors())


@lru_cache(maxsize=4_096)
def _says(shown: str, what: str) -> bool:
    return 2 < len(shown) <= 40 and what in lexicon("buttons").find(shown).anywhere
