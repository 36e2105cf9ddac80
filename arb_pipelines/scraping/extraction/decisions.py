"""From the sheet of candidates to the fields of the record.

What belongs here: what each field needs before it is believed, and how fields depend on each other: a price
that the page itself strikes out is the old one, a currency belongs to the price that won, a GTIN is a number
whose check digit is right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from stdnum import ean, isbn
from stdnum.exceptions import ValidationError

from arb_pipelines.scraping.extraction.brands import settle_brands
from arb_pipelines.scraping.extraction.candidates import Candidate, CandidateSheet
from arb_pipelines.scraping.extraction.currencies import (
    choose_meaning,
    home_currency,
    host_of,
    language_currency,
    locale_currency,
)
from arb_pipelines.scraping.extraction.document import Document, place_of
from arb_pipelines.scraping.extraction.own_numbers import makers_own, without_variants
from arb_pipelines.scraping.extraction.price_roles import FREE_SHIPPING, Role, is_free_shipping
from arb_pipelines.scraping.extraction.schema_product import UNTAXED
from arb_pipelines.scraping.extraction.tax_pairs import taxed_twin, untaxed_twin
from arb_pipelines.scraping.extraction.visible_prices import METHOD as VISIBLE
from arb_pipelines.scraping.extraction.visible_prices import PAIR_DISTANCE, SeenPrice
from arb_pipelines.scraping.extraction.vote import decide

THRESHOLD = 1.5
THRESHOLDS = {"name": 0.6, "currency": 1.0, "availability": 1.0, "category": 1.0, "image": 0.5}  # where they differ
AMOUNTS = frozenset({"price", "list_price", "shipping"})
STRUCK_SHARE = 0.4
DOUBT_RANK = 50.0  # puts the reason for giving no price before what was proposed
MAX_PLACES = 2  # of the winning price; free postage is looked for around these
SHIPPING_DISTANCE = 120  # elements between a price and the postage that goes with it
_PLACEHOLDER = re.compile(
    r"^(?:n/?a|none|null|undefined|unknown|default|-+|0+|does not apply|\{\{.*|no brand|unbranded/generic)$",
    re.IGNORECASE,
)


def decide_fields(document: Document, sheet: CandidateSheet, seen: Sequence[SeenPrice]) -> dict[str, Candidate]:
    """Return the winning candidate of every field that the page says enough about."""
    _weaken_struck(document, sheet, seen)
    decided: dict[str, Candidate] = {}
    price = _winner(sheet, "price", _same_amount)
    if price is not None and not _is_toss_up(sheet, price):
        _propose_currency(document, sheet, seen, price)
        _put(decided, "currency", _winner(sheet, "currency"))
        if not _is_tax_open(document, sheet, seen, price):
            decided["price"] = price = _with_tax(document, sheet, seen, price)
            _propose_beside_price(document, sheet, seen, price)
            _put(decided, "list_price", _list_price(sheet, price))
            _put(decided, "shipping", _shipping(sheet, price))
    _clean_ids(sheet)
    _put(decided, "name", _winner(sheet, "name", str.casefold))
    name = decided["name"].value if "name" in decided else None
    sheet.by_field["brand"] = settle_brands(sheet.of("brand"), name, host_of(document.url))
    for field_name in (
        "availability",
        "condition",
        "seller",
        "sku",
        "gtin",
        "mpn",
        "brand",
        "category",
        "image",
        "isbn",
        "asin",
        "rating_count",
        "views",
        "watchers",
    ):
        _put(decided, field_name, _winner(sheet, field_name, str.casefold))
    return decided


def _put(decided: dict[str, Candidate], field_name: str, candidate: Candidate | None) -> None:
    if candidate is not None:
        decided[field_name] = candidate


def _winner(sheet: CandidateSheet, field_name: str, key: object = None) -> Candidate | None:
    candidates = sheet.of(field_name)
    if field_name not in AMOUNTS:
        candidates = [c for c in candidates if not _PLACEHOLDER.match(c.value)]
    return decide(candidates, THRESHOLDS.get(field_name, THRESHOLD), key if callable(key) else str)


def _is_toss_up(sheet: CandidateSheet, price: Candidate) -> bool:
    """Return whether only the page's text names prices, and two of them equally: then neither is the page's.

    The two ends of a range stand in one text; its lower end is the price.
    """
    candidates = sheet.of("price")
    if any(c.method != VISIBLE for c in candidates):
        return False
    return any(
        c.raw != price.raw and _same_amount(c.value) != _same_amount(price.value) and c.weight >= price.weight - 0.01
        for c in candidates
    )


def _is_tax_open(document: Document, sheet: CandidateSheet, seen: Sequence[SeenPrice], price: Candidate) -> bool:
    """Return whether only the page's text names the price, and shows it first without tax and as clearly."""
    same = [c for c in sheet.of("price") if _same_amount(c.value) == _same_amount(price.value)]
    if any(c.method != VISIBLE and c.weight >= THRESHOLD for c in same):
        return False
    twin = untaxed_twin(document, seen, price.value)
    if twin is not None:
        words = f"{twin.mention.amount} without tax or {price.value} with it: depends on who buys"
        sheet.add("price", price.value, "doubt", DOUBT_RANK, words, place_of(twin.element))
    return twin is not None


def _with_tax(document: Document, sheet: CandidateSheet, seen: Sequence[SeenPrice], price: Candidate) -> Candidate:
    """Return the price with tax that the page shows, where its markup states one that tax comes upon."""
    is_untaxed = _same_amount(price.value) in {_same_amount(value) for value in sheet.values(UNTAXED)}
    twin = taxed_twin(seen, price.value) if is_untaxed else None
    if twin is None:
        return price
    return Candidate(twin.mention.amount, VISIBLE, price.weight, twin.text, place_of(twin.element))


def _same_amount(value: str) -> str:
    return str(Decimal(value).normalize())


def _weaken_struck(document: Document, sheet: CandidateSheet, seen: Sequence[SeenPrice]) -> None:
    """Take weight from prices that the page shows as replaced by a lower one beside them.

    Markup often states the list price long after a sale has begun; the reader pays what is not crossed out.
    """
    prices = [s for s in seen if s.role is Role.PRICE and s.score >= 4 and s.mention.currencies]
    olds = [s for s in seen if s.role is Role.LIST and s.score >= 3]
    struck = {old.mention.amount for old in olds if any(_replaces(document, now, old) for now in prices)}
    if not struck:
        return
    values = {_same_amount(amount) for amount in struck}
    kept = []
    for candidate in sheet.of("price"):
        if _same_amount(candidate.value) in values:
            sheet.add("list_price", candidate.value, candidate.method, candidate.weight, candidate.raw, candidate.place)
            candidate = replace(candidate, weight=candidate.weight * STRUCK_SHARE)
        kept.append(candidate)
    sheet.by_field["price"] = kept


def _replaces(document: Document, now: SeenPrice, old: SeenPrice) -> bool:
    """Return whether `now` is a lower amount close to `old`."""
    at = document.positions
    distance = abs(at.get(now.element, 0) - at.get(old.element, 0))
    return distance <= PAIR_DISTANCE and Decimal(now.mention.amount) < Decimal(old.mention.amount)


def _propose_currency(document: Document, sheet: CandidateSheet, seen: Sequence[SeenPrice], price: Candidate) -> None:
    """Propose the currency whose sign stands at the winning price; an ambiguous sign is read by the page's country."""
    home = home_currency(host_of(document.url))
    stated = [c.value for c in sorted(sheet.of("currency"), key=lambda c: -c.weight)]
    locales = (locale_currency(document.lang), locale_currency(document.meta("og:locale")))
    hints = [*stated, home, *locales, language_currency(document.lang)]
    shown = [s for s in seen if s.mention.currencies and _same_amount(s.mention.amount) == _same_amount(price.value)]
    for item in sorted(shown, key=lambda s: -s.score)[:1]:
        code = choose_meaning(item.mention.currencies, hints)
        weight = 3.5 if len(item.mention.currencies) == 1 else 1.5
        sheet.add("currency", code, VISIBLE, weight, item.text, place_of(item.element))
    if not shown and not stated:
        signs = {s.mention.currencies for s in seen if s.mention.currencies and s.score > 0}
        if len(signs) == 1:
            sheet.add("currency", choose_meaning(signs.pop(), hints), VISIBLE, 1.0, "the only sign on the page")
        sheet.add("currency", home, "host", 0.6, host_of(document.url))


def _propose_beside_price(
    document: Document, sheet: CandidateSheet, seen: Sequence[SeenPrice], price: Candidate
) -> None:
    """Propose the old price and the postage that stand near the winning price."""
    at = document.positions
    places = [at.get(s.element, 0) for s in seen if _same_amount(s.mention.amount) == _same_amount(price.value)]
    for item in seen:
        if not places or item.score < 1 or not item.mention.currencies:
            continue
        distance = min(abs(at.get(item.element, 0) - place) for place in places)
        if item.role is Role.LIST and distance <= PAIR_DISTANCE:
            sheet.add("list_price", item.mention.amount, VISIBLE, 2.5, item.text, place_of(item.element))
        elif item.role is Role.SHIPPING and distance <= SHIPPING_DISTANCE:
            sheet.add("shipping", item.mention.amount, VISIBLE, 2.0, item.text, place_of(item.element))
    _propose_free_shipping(document, sheet, places[:MAX_PLACES])


def _propose_free_shipping(document: Document, sheet: CandidateSheet, places: Sequence[int]) -> None:
    """Propose postage of 0 where a text near the price promises it without a condition, and no amount is stated."""
    if not places or sheet.of("shipping"):
        return
    first, last = min(places) - SHIPPING_DISTANCE, max(places) + SHIPPING_DISTANCE
    near = list(document.texts_between(first, last, longest=60))
    for number in FREE_SHIPPING.numbers_of([text for _, text, _ in near]):
        element, text, at = near[number]
        if min(abs(at - place) for place in places) <= SHIPPING_DISTANCE and is_free_shipping(text):
            sheet.add("shipping", "0", VISIBLE, 1.8, text, place_of(element))
            return


def _shipping(sheet: CandidateSheet, price: Candidate) -> Candidate | None:
    """Return the postage; a visible amount not below the price is rather the sum of both."""
    kept = [c for c in sheet.of("shipping") if c.method != VISIBLE or Decimal(c.value) < Decimal(price.value)]
    return decide(kept, THRESHOLD, _same_amount)


def _list_price(sheet: CandidateSheet, price: Candidate) -> Candidate | None:
    """Return the old price; one that is not above the price is none."""
    higher = [c for c in sheet.of("list_price") if Decimal(c.value) > Decimal(price.value)]
    return decide(higher, THRESHOLD, _same_amount)


def _clean_ids(sheet: CandidateSheet) -> None:
    """Keep only GTINs with a right check digit, as digits (an ISBN-10 becomes its 13), and numbers of the maker."""
    kept = []
    for candidate in sheet.of("gtin"):
        digits = normal_gtin(candidate.value)
        if digits:
            kept.append(replace(candidate, value=digits))
    kept = without_variants(kept)
    sheet.by_field["gtin"] = kept
    sheet.by_field["mpn"] = makers_own(without_variants(sheet.of("mpn")), sheet.values("sku"))
    sheet.by_field["isbn"] = [c for c in kept if c.value.startswith(("978", "9791", "9798")) and len(c.value) == 13]


def normal_gtin(value: str) -> str | None:
    """Return the GTIN-8, -12, -13 or -14 that `value` spells, None when its length or check digit is wrong."""
    digits = re.sub(r"[\s-]", "", value)
    try:
        if len(digits) == 10:
            return str(isbn.to_isbn13(isbn.validate(digits)))
        return str(ean.validate(digits)) if digits.strip("0") else None
    except (ValidationError, ValueError):
        return None
