"""Candidates from the selectors that a site's own declaration names.

What belongs here: applying them. They outweigh every other reader, because a person looked at this shop; a
selector that finds nothing proposes nothing, and the general readers still answer.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cssselect import GenericTranslator, SelectorError
from lxml import etree

from arb_pipelines.domain.site import Site
from arb_pipelines.scraping.extraction.candidates import CandidateSheet
from arb_pipelines.scraping.extraction.currencies import iso_code, meanings_of
from arb_pipelines.scraping.extraction.document import Document, Element, place_of, squeeze
from arb_pipelines.scraping.extraction.labels import without_label
from arb_pipelines.scraping.extraction.money_text import find_money
from arb_pipelines.scraping.extraction.price_elements import joined_text
from arb_pipelines.scraping.extraction.price_roles import is_free_shipping
from arb_pipelines.scraping.extraction.stock_words import availability_of_markup, availability_of_text
from arb_pipelines.scraping.site_fields import is_xpath

METHOD = "selector"
WEIGHT = 20.0
AMOUNTS = frozenset({"price", "list_price", "shipping"})
_ATTRIBUTES = ("content", "value", "src", "href")


def propose_from_selectors(document: Document, site: Site, sheet: CandidateSheet) -> None:
    """Propose the value of the first element that each of the site's selectors finds."""
    for field_name, selector in site.selectors.items():
        raw, place = _find(document, selector)
        if not raw:
            continue
        if field_name in AMOUNTS:
            _propose_amount(field_name, raw, sheet, place)
        else:
            sheet.add(field_name, _plain(field_name, raw), METHOD, WEIGHT, raw, place)


def _find(document: Document, selector: str) -> tuple[str, str]:
    """Return the text of the selector's first match and its place; an XPath may also give a text or an attribute."""
    find = _compiled(selector)
    found = find(document.root) if find is not None else []
    first = found if isinstance(found, str) else next(iter(found), None) if isinstance(found, list) else None
    if first is None:
        return "", ""
    if not isinstance(first, str):
        return _shown(first), place_of(first)
    owner = first.getparent() if hasattr(first, "getparent") else None
    return squeeze(first), place_of(owner) if owner is not None else ""


def _propose_amount(field_name: str, raw: str, sheet: CandidateSheet, place: str) -> None:
    if field_name == "shipping" and is_free_shipping(raw):
        sheet.add(field_name, "0", METHOD, WEIGHT, raw, place)
        return
    money = find_money(raw)
    with_sign = [m for m in money if m.currencies] or money
    if not with_sign:
        return
    amount = with_sign[0]
    is_free = not amount.amount.strip("0.")
    if is_free and field_name != "shipping":
        return
    sheet.add(field_name, amount.amount, METHOD, WEIGHT, raw, place)
    if field_name == "price" and len(amount.currencies) == 1:
        sheet.add("currency", amount.currencies[0], METHOD, WEIGHT / 2, raw, place)


def _plain(field_name: str, raw: str) -> str | None:
    if field_name == "availability":
        state = availability_of_markup(raw) or availability_of_text(raw)
        return state.value if state else None
    if field_name == "currency":
        meanings = meanings_of(raw)
        return iso_code(raw) or (meanings[0] if meanings and meanings[0] != "?" else None)
    return without_label(field_name, raw) or None


def _shown(element: Element) -> str:
    text = joined_text(element)
    return text or squeeze(next((element.get(name) for name in _ATTRIBUTES if element.get(name)), ""))


@lru_cache(maxsize=4096)
def _compiled(selector: str) -> Any:
    """Return the selector as a compiled XPath, None when it is no selector (the registry says so to a person)."""
    try:
        return etree.XPath(selector if is_xpath(selector) else GenericTranslator().css_to_xpath(selector))
    except (SelectorError, etree.XPathSyntaxError):
        return None
