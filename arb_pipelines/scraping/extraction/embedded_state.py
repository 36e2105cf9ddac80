"""What the page's own scripts know of its product: Next and Nuxt state, analytics layers, shop systems' objects.

What belongs here: finding objects in scripts and, in them, the ones that describe the page's product (by its
name or by a number in its address). Prices in scripts for other products must not leak in, so an object that
resembles nothing on the page proposes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import chompjs
import orjson

from arb_pipelines.scraping.extraction.candidates import CandidateSheet
from arb_pipelines.scraping.extraction.currencies import iso_code
from arb_pipelines.scraping.extraction.document import Document, squeeze
from arb_pipelines.scraping.extraction.identity import ALIKE, PageIdentity
from arb_pipelines.scraping.extraction.money_text import find_money, normal_amount
from arb_pipelines.scraping.extraction.stock_words import availability_of_markup
from arb_pipelines.scraping.extraction.vocabulary import entries

METHOD = "state"
MAX_SCRIPT_CHARS = 1_500_000
MAX_STARTS = 12
_NESTS = frozenset({dict, list})
_VARIANT_SKIPPED = frozenset({"id", "name", "title"})  # "Default Title", "Blue / XL"
MAX_VISITED = 20_000
_WANTED = ("price", "Price", "sku", "SKU")
_START = re.compile(r"(?:=|\(|,|return)\s*(?=\{\s*[\"'\w\[]|\[\s*\{)")
_NAME_KEYS = tuple(entries("state_keys", "name"))
_PRICE_KEYS = tuple(entries("state_keys", "price"))
_LIST_KEYS = tuple(entries("state_keys", "list_price"))
_SKU_KEYS = tuple(entries("state_keys", "sku"))
_ID_KEYS = tuple(entries("state_keys", "id"))
_BRAND_KEYS = tuple(entries("state_keys", "brand"))
_GTIN_KEYS = tuple(entries("state_keys", "gtin"))
_MPN_KEYS = tuple(entries("state_keys", "mpn"))
_STOCK_KEYS = tuple(entries("state_keys", "stock"))
_IN_STOCK_KEYS = tuple(entries("state_keys", "in_stock"))
_CURRENCY_KEYS = frozenset(entries("state_keys", "currency"))
_TELLING_KEYS = frozenset((*_PRICE_KEYS, *_SKU_KEYS, *_BRAND_KEYS))
_AMOUNT_FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (("price", _PRICE_KEYS), ("list_price", _LIST_KEYS))
_TEXT_FIELDS: tuple[tuple[str, tuple[str, ...], float], ...] = (
    ("sku", _SKU_KEYS, 1.6),  # what an object calls its SKU outweighs a number in the address
    ("brand", _BRAND_KEYS, 0.55),  # alone too little: scripts call many things a brand
    ("gtin", _GTIN_KEYS, 1.0),
    ("mpn", _MPN_KEYS, 1.0),
)

_NUMBER_FIELD = ("sku", _ID_KEYS, 0.5)  # of an object without a SKU


def propose_from_state(document: Document, identity: PageIdentity, sheet: CandidateSheet) -> None:
    """Propose what the objects in scripts state about the page's product."""
    currencies: set[str] = set()
    for number, script in enumerate(document.scripts):
        kind = (script.get("type") or "").lower()
        if "ld+json" in kind or script.get("src") or "template" in kind:
            continue
        text = script.text or ""
        if not 40 <= len(text) <= MAX_SCRIPT_CHARS or not any(word in text for word in _WANTED):
            continue
        for value in _objects(text, is_json="json" in kind):
            _propose_from_object(value, identity, sheet, f"script[{number}]", currencies)
    if len(currencies) == 1:
        sheet.add("currency", currencies.pop(), METHOD, 1.5)


def _objects(text: str, is_json: bool) -> Iterator[Any]:
    if is_json:
        value = read_strict(text)
        if value is not None:
            yield value
        return
    decoder = json.JSONDecoder(strict=False)
    position = 0
    for _ in range(MAX_STARTS):
        match = _START.search(text, position)
        if match is None:
            return
        start = match.end()
        try:
            value, position = decoder.raw_decode(text, start)
            yield value
        except (ValueError, RecursionError):
            position = start + 1
            chunk = text[start : start + 1_000_000]
            if _looks_like_data(chunk) and any(word in chunk[:5_000] for word in _WANTED):
                value = _javascript(chunk)
                if value is not None:
                    yield value


def read_strict(text: str) -> Any:
    """Return the value that JSON spells, also with line breaks in its strings; None when it is not JSON."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            return json.loads(text, strict=False)
        except (ValueError, RecursionError):
            return None


def _looks_like_data(chunk: str) -> bool:
    """Return whether an object literal starts with a quoted or plain key and a plain value, not with code."""
    return (
        re.match(r"[\[\s]*\{\s*[\"']?[\w$-]+[\"']?\s*:\s*(?:[\"'\d\[{tfn-])", chunk) is not None
        and "function" not in chunk[:80]
    )


def _javascript(chunk: str) -> Any:
    try:
        return chompjs.parse_js_object(chunk, loader_kwargs={"strict": False})
    except (ValueError, RecursionError, MemoryError, AttributeError, TypeError, IndexError):
        return None


def _propose_from_object(
    value: Any, identity: PageIdentity, sheet: CandidateSheet, place: str, currencies: set[str]
) -> None:
    stack: list[Any] = [value] if type(value) in _NESTS else []
    visited = 0
    while stack and visited < MAX_VISITED:
        item = stack.pop()
        visited += 1
        if isinstance(item, list):
            stack.extend([inner for inner in item[:500] if type(inner) in _NESTS])
        else:
            if not _CURRENCY_KEYS.isdisjoint(item):
                _note_currencies(item, currencies)
            trust = 0.0 if _TELLING_KEYS.isdisjoint(item) else _trust(item, identity)
            if trust:
                _propose_dict(item, sheet, trust, place)
                _propose_variant(item, identity, sheet, trust, place)
            stack.extend([inner for inner in item.values() if type(inner) in _NESTS])


def _note_currencies(item: dict[str, Any], currencies: set[str]) -> None:
    for key in _CURRENCY_KEYS & item.keys():
        code = iso_code(item[key]) if isinstance(item[key], str) else None
        if code:
            currencies.add(code)


def _trust(item: dict[str, Any], identity: PageIdentity) -> float:
    """Return the weight of an object that describes the page's product, 0 for anything else."""
    name = next((item[key] for key in _NAME_KEYS if isinstance(item.get(key), str)), None)
    alike = identity.resembles(name) if name and len(name) < 300 else 0.0
    ids = {str(item[key]).lower() for key in (*_SKU_KEYS, *_ID_KEYS) if isinstance(item.get(key), (str, int))}
    by_id = any(len(i) >= 4 for i in ids & identity.url_ids)
    if alike >= 0.8 or (alike >= ALIKE and by_id):
        return 2.5
    if alike >= ALIKE:
        return 1.8
    return 1.6 if by_id else 0.0


def _propose_dict(item: dict[str, Any], sheet: CandidateSheet, trust: float, place: str) -> None:
    for field_name, keys in _AMOUNT_FIELDS:
        for key in keys:
            amounts = _amounts(item.get(key))
            for amount, share in amounts:
                sheet.add(field_name, amount, METHOD, trust * share, f"{key}={item[key]!s:.40}", place)
            if amounts:
                break
    has_sku = any(_plain(item.get(key)) for key in _SKU_KEYS)
    for field_name, keys, share in _TEXT_FIELDS if has_sku else (*_TEXT_FIELDS, _NUMBER_FIELD):
        for key in keys:
            plain = _plain(item.get(key))
            if plain:
                sheet.add(field_name, plain, METHOD, trust * share, f"{key}={plain}", place)
                break
    name = next((item[key] for key in _NAME_KEYS if isinstance(item.get(key), str)), None)
    sheet.add("name", squeeze(name), METHOD, 0.5 * trust, "", place)
    _propose_stock(item, sheet, trust, place)


def _propose_variant(
    item: dict[str, Any], identity: PageIdentity, sheet: CandidateSheet, trust: float, place: str
) -> None:
    """Propose the product's only variant, or the one whose number the address names; of several none is the page's."""
    variants = [v for v in item.get("variants") or () if isinstance(v, dict)] if _has_variants(item) else []
    own = [v for v in variants if str(v.get("id")).lower() in identity.url_ids] or variants
    if len(own) == 1 and not _trust(own[0], identity):
        _propose_dict({key: value for key, value in own[0].items() if key not in _VARIANT_SKIPPED}, sheet, trust, place)


def _has_variants(item: dict[str, Any]) -> bool:
    return isinstance(item.get("variants"), list)


def _propose_stock(item: dict[str, Any], sheet: CandidateSheet, trust: float, place: str) -> None:
    for key in _STOCK_KEYS:
        if isinstance(item.get(key), str):
            state = availability_of_markup(item[key])
            sheet.add("availability", state.value if state else None, METHOD, 0.7 * trust, f"{key}={item[key]}", place)
    for key in _IN_STOCK_KEYS:
        if isinstance(item.get(key), bool):
            sheet.add(
                "availability",
                "InStock" if item[key] else "OutOfStock",
                METHOD,
                0.6 * trust,
                f"{key}={item[key]}",
                place,
            )


def _amounts(value: Any) -> list[tuple[str, float]]:
    """Return (amount, share of trust) for a price value; a bare whole number may be cents."""
    if isinstance(value, dict):
        for key in ("value", "amount", "current", "price", "sale", "final", "gross", "formatted", "min", "now"):
            if key in value:
                return _amounts(value[key])
        return []
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, float):
        return [(normal_amount(f"{value:.4f}"), 1.0)] if 0 < value < 1e9 else []
    if isinstance(value, int) or (isinstance(value, str) and value.isdigit()):
        number = int(value) if len(str(value)) < 12 else 0
        if number <= 0:
            return []
        cents = normal_amount(f"{number // 100}.{number % 100:02d}")
        return [(str(number), 0.8), (cents, 0.4)] if number >= 100 else [(str(number), 0.8)]
    money = find_money(value[:80]) if isinstance(value, str) else []
    return [(money[0].amount, 1.0)] if money and money[0].amount.strip("0.") else []


def _plain(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("name") or value.get("label") or value.get("title")
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    plain = squeeze(str(value))
    return plain if 0 < len(plain) <= 60 and plain.lower() not in ("null", "none", "undefined", "n/a") else None
