"""What shop systems print the same way in every shop: WooCommerce, Magento, Shopify, PrestaShop, BigCommerce, Shopware.

What belongs here: the places that a system's own templates fix, each with a mark in the source that says the system
is there. A rule is about a system, never about one shop; shops that changed the template are read by the others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from arb_pipelines.scraping.extraction.candidates import CandidateSheet
from arb_pipelines.scraping.extraction.document import Document, Element, place_of, squeeze, text_of
from arb_pipelines.scraping.extraction.labels import clean_value, without_label
from arb_pipelines.scraping.extraction.money_text import find_money
from arb_pipelines.scraping.extraction.price_elements import joined_text
from arb_pipelines.scraping.extraction.stock_words import availability_of_markup, availability_of_text

METHOD = "platform"
WEIGHT = 2.6
MAX_JSON_CHARS = 500_000
AMOUNTS = frozenset({"price", "list_price"})
_SUMMARY = "//div[contains(@class, 'summary')]"
_INFO = "//div[contains(@class, 'product-info-main')]"


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a system shows a field: `path` finds elements, or attribute values."""

    field: str
    path: Callable[[Element], list[Any]]


def _rules(**paths: str) -> tuple[Rule, ...]:
    return tuple(Rule(name.rstrip("_"), etree.XPath(path)) for name, path in paths.items())


# The mark in the source, and the rules. The first element that a rule finds counts; `price_` is the second place.
_SYSTEMS: tuple[tuple[bytes, tuple[Rule, ...]], ...] = (
    (
        b"woocommerce",
        _rules(
            price=f"{_SUMMARY}//p[contains(@class, 'price')]//ins",
            price_=f"{_SUMMARY}//p[contains(@class, 'price')][not(.//ins)]//span[contains(@class, 'amount')]",
            list_price=f"{_SUMMARY}//p[contains(@class, 'price')]//del",
            sku="//span[@class='sku']",
            availability="//p[contains(concat(' ', @class, ' '), ' stock ')]",
        ),
    ),
    (
        b"data-price-type",
        _rules(
            price=f"{_INFO}//*[@data-price-type='finalPrice']/@data-price-amount",
            list_price=f"{_INFO}//*[@data-price-type='oldPrice']/@data-price-amount",
            sku=f"{_INFO}//*[@itemprop='sku']",
            availability=f"{_INFO}//div[contains(concat(' ', @class, ' '), ' stock ')]",
        ),
    ),
    (
        b"cdn.shopify.com",
        _rules(availability="//form[contains(@action, '/cart/add')]//button[@type='submit' or @name='add']"),
    ),
    (
        b"prestashop",
        _rules(
            price="//*[@id='our_price_display']",
            price_="//div[contains(@class, 'current-price')]//span[@content]/@content",
            list_price="//*[@id='old_price_display']",
            sku="//*[@id='product_reference']/span",
            availability="//*[@id='product-availability' or @id='availability_value']",
        ),
    ),
    (
        b"productView",
        _rules(
            price="//div[contains(@class, 'productView')]//span[@data-product-price-with-tax]",
            price_="//div[contains(@class, 'productView')]//span[@data-product-price-without-tax]",
            list_price="//div[contains(@class, 'productView')]//span[@data-product-rrp-price-with-tax]",
            sku="//*[@data-product-sku]",
        ),
    ),
    (
        b"product-detail-price",
        _rules(
            price="//p[contains(@class, 'product-detail-price')]",
            list_price="//span[contains(@class, 'list-price-price')]",
            sku="//span[contains(@class, 'product-detail-ordernumber')]",
            availability="//p[contains(@class, 'delivery-information')]",
        ),
    ),
    (
        b"product--buybox",
        _rules(
            price="//div[contains(@class, 'product--buybox')]//span[contains(@class, 'price--content')]",
            sku="//span[contains(@class, 'entry--content') and @itemprop='sku']",
            availability="//span[contains(@class, 'delivery--text')]",
        ),
    ),
)  # fmt: skip
_DETAILS = etree.XPath("//@data-product")
_DETAIL_STATES = {"available": "InStock", "unavailable": "OutOfStock", "last_remaining_items": "LimitedAvailability"}
_DETAIL_KEYS = (
    ("price", "price_amount"),
    ("sku", "reference"),
    ("gtin", "ean13"),
    ("gtin", "isbn"),
    ("mpn", "mpn"),
    ("name", "name"),
)


def propose_from_platform(document: Document, html: bytes, sheet: CandidateSheet) -> None:
    """Propose what the templates of the page's shop system show."""
    for mark, rules in _SYSTEMS:
        if mark not in html:
            continue
        done: set[str] = set()
        for rule in rules:
            for found in rule.path(document.root)[:1] if rule.field not in done else ():
                done.add(rule.field)
                _propose(rule.field, found, sheet)
        if mark == b"prestashop":
            _propose_details(document, sheet)


def _propose(field_name: str, found: Any, sheet: CandidateSheet) -> None:
    is_text = isinstance(found, str)
    raw = squeeze(found) if is_text else joined_text(found)
    place = "" if is_text else place_of(found)
    if field_name in AMOUNTS:
        money = find_money(raw[:80])
        amount = money[0].amount if money and money[0].amount.strip("0.") else None
        sheet.add(field_name, amount, METHOD, WEIGHT, raw, place)
    elif field_name == "availability":
        sheet.add(field_name, _stock_of(found), METHOD, WEIGHT, raw, place)
    else:
        sheet.add(field_name, clean_value(field_name, without_label(field_name, raw)), METHOD, 2 * WEIGHT, raw, place)


def _stock_of(element: Element) -> str | None:
    """Return the state in an element's classes or words; a button that can be pressed takes an order."""
    if element.tag == "button":
        state = availability_of_text(text_of(element, 60))
        if state is not None:
            return state.value
        return "OutOfStock" if element.get("disabled") is not None else "InStock"
    states = (availability_of_markup(word) for word in (element.get("class") or "").split())
    found = next((state for state in states if state is not None), None) or availability_of_text(text_of(element, 100))
    return found.value if found is not None else None


def _propose_details(document: Document, sheet: CandidateSheet) -> None:
    """Propose what PrestaShop tells its own script of the product."""
    for data in _loaded([text for text in _DETAILS(document.root) if text.lstrip().startswith("{")]):
        sheet.add(
            "availability", _stock_in(data), METHOD, WEIGHT, f"quantity={data.get('quantity')}", "product-details"
        )
        for field_name, key in _DETAIL_KEYS:
            value = data.get(key)
            if isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
                plain = (
                    find_money(str(value))[0].amount if field_name == "price" and find_money(str(value)) else str(value)
                )
                sheet.add(field_name, plain.strip(), METHOD, WEIGHT, f"{key}={value}", "product-details")


def _stock_in(data: dict[str, Any]) -> str | None:
    """Return the state that the details name, else what the quantity says; none left may still be ordered."""
    named = _DETAIL_STATES.get(str(data.get("availability")))
    quantity = data.get("quantity")
    if named is not None or isinstance(quantity, bool) or not str(quantity).lstrip("-").isdigit():
        return named
    if int(str(quantity)) > 0:
        return "InStock"
    return None if data.get("allow_oosp") in (1, True, "1") else "OutOfStock"


def _loaded(texts: list[str]) -> Iterator[dict[str, Any]]:
    for text in texts[:1]:
        try:
            data = json.loads(text[:MAX_JSON_CHARS])
        except (ValueError, RecursionError):
            return
        if isinstance(data, dict):
            yield data
