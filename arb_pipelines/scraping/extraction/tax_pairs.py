"""Pages that show one price twice, without and with tax: which of the two the page asks.

What belongs here: recognising such a pair by the words and the rate between the amounts, and saying when the page
leaves open for whom it is priced. A shop for consumers must show the price with tax first or most clearly; one
that puts the price without tax first speaks to traders, and then what is paid depends on who buys: unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from arb_pipelines.scraping.extraction.document import Document, Element, marks_of, squeeze
from arb_pipelines.scraping.extraction.price_elements import label_before
from arb_pipelines.scraping.extraction.price_roles import Role
from arb_pipelines.scraping.extraction.visible_prices import SeenPrice
from arb_pipelines.scraping.extraction.vocabulary import lexicon, mark_names

PAIR_DISTANCE = 15  # elements between the two
WORDS_CHARS = 120
_TAX = lexicon("amounts", "before_tax", "with_tax")
# Rates of value added and sales taxes that shops show prices with, in per mille.
_RATES = (50, 55, 60, 70, 77, 80, 81, 90, 100, 120, 130, 135, 140, 150, 160, 170, 180, 190, 200, 210, 220, 230, 240)
_HIGH_RATES = (250, 255, 270)
_STRONG_TAGS = frozenset({"strong", "b", "big", "em", "h1", "h2", "h3", "h4"})
_SMALL_TAGS = frozenset({"small", "sub", "sup"})
_SMALL_MARKS = re.compile(r"(?<![a-z])(?:small|muted|secondary|sub|minor|light|hint|note|info)(?![a-z])")


def untaxed_twin(document: Document, seen: Sequence[SeenPrice], amount: str) -> SeenPrice | None:
    """Return the price without tax that the page puts before `amount`, the same price with tax, and as clearly.

    None when the page shows no such pair, or shows the price with tax first or more clearly: then that is the price.
    """
    taxed = Decimal(amount)
    pairs = [
        (net, gross)
        for gross in seen
        if Decimal(gross.mention.amount) == taxed and gross.role is Role.PRICE and gross.mention.currencies
        for net in seen
        if net.mention.currencies and is_taxed(Decimal(net.mention.amount), taxed) and _is_pair(document, net, gross)
    ]
    if not pairs or any(
        _stands_before(document, gross, net) or _clarity(gross) > _clarity(net) for net, gross in pairs
    ):
        return None
    return pairs[0][0]


def taxed_twin(seen: Sequence[SeenPrice], amount: str) -> SeenPrice | None:
    """Return the likeliest price in the text that is `amount` with tax, and says so; None when there is none."""
    untaxed = Decimal(amount)
    twins = [
        item
        for item in seen
        if item.role is Role.PRICE
        and item.score > 0
        and item.mention.currencies
        and is_taxed(untaxed, Decimal(item.mention.amount))
        and "with_tax" in _TAX.find(_words_around(item)).anywhere
    ]
    return max(twins, key=lambda item: item.score, default=None)


def is_taxed(net: Decimal, gross: Decimal) -> bool:
    """Return whether a usual tax rate lies between two amounts, rounding aside."""
    if not net or gross <= net:
        return False
    are_whole = net == net.to_integral_value() and gross == gross.to_integral_value()
    slack = Decimal(1) if are_whole and net >= 100 else Decimal("0.02")
    return any(abs(net * (1000 + rate) / 1000 - gross) <= slack for rate in (*_RATES, *_HIGH_RATES))


def _is_pair(document: Document, net: SeenPrice, gross: SeenPrice) -> bool:
    """Return whether the two stand together and words around them speak of tax."""
    at = document.positions
    if abs(at.get(net.element, 0) - at.get(gross.element, 0)) > PAIR_DISTANCE:
        return False
    return any(_TAX.find(_words_around(item)).anywhere for item in (net, gross))


def _words_around(item: SeenPrice) -> str:
    words = f"{label_before(item.element)[-WORDS_CHARS:]} {item.text[:WORDS_CHARS]} {squeeze(item.element.tail)}"
    return words[: 3 * WORDS_CHARS]


def _stands_before(document: Document, first: SeenPrice, second: SeenPrice) -> bool:
    at = document.positions
    here, there = (at.get(item.element, 0) for item in (first, second))
    return (here, first.mention.start) < (there, second.mention.start)


def _clarity(item: SeenPrice) -> int:
    """Return how clearly an amount is shown: 1 set off, 0 plain, -1 small or in brackets."""
    element = _own_element(item)
    before, after = item.text[: item.mention.start].rstrip(), item.text[item.mention.end :].lstrip()
    if before.endswith("(") or (before.rfind("(") > before.rfind(")") and ")" in after):
        return -1
    for _ in range(2):
        if element is None or (element is item.element and len(element) > 1):
            return 0
        marks = marks_of(element)
        if element.tag in _STRONG_TAGS or element.get("itemprop") == "price" or "current" in mark_names(marks):
            return 1
        if element.tag in _SMALL_TAGS or _SMALL_MARKS.search(marks.lower()):
            return -1
        element = element.getparent()
    return 0


def _own_element(item: SeenPrice) -> Element:
    """Return the innermost element that shows the amount."""
    shown = re.search(r"\d[\d.,]*", item.text[item.mention.start : item.mention.end])
    number = shown[0] if shown else item.mention.amount
    for element in item.element.iter():
        if number in (element.text or ""):
            return element
    return item.element
