"""From the page's schema.org items to candidates: which item is the page's product, and what it states.

What belongs here: choosing the main product among variants, neighbours and reviews, and reading its offer.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

from arb_pipelines.scraping.extraction.candidates import CandidateSheet
from arb_pipelines.scraping.extraction.currencies import iso_code
from arb_pipelines.scraping.extraction.document import squeeze
from arb_pipelines.scraping.extraction.identity import ALIKE, PageIdentity
from arb_pipelines.scraping.extraction.labels import bare_brand
from arb_pipelines.scraping.extraction.money_text import find_money
from arb_pipelines.scraping.extraction.schema_items import SchemaNode, as_list
from arb_pipelines.scraping.extraction.stock_words import availability_of_markup, availability_of_text

PRODUCT_TYPES = frozenset(
    {
        "product", "productgroup", "individualproduct", "productmodel", "someproducts", "book", "vehicle", "car",
        "motorcycle", "videogame", "musicalbum", "movie", "drug", "game", "boat", "realestatelisting",
    }
)  # fmt: skip
OFFER_TYPES = frozenset({"offer", "aggregateoffer", "demand", "offerforpurchase"})
_NEIGHBOUR_KEYS = frozenset(
    {
        "itemListElement",
        "isRelatedTo",
        "isSimilarTo",
        "isAccessoryOrSparePartFor",
        "isConsumableFor",
        "review",
        "itemReviewed",
    }
)
MAX_IMAGES = 20
UNTAXED = "untaxed_price"  # on the sheet: a price that the markup says tax comes upon
_WEIGHT = {"json-ld": 4.0, "microdata": 4.0, "rdfa": 3.0}


def propose_from_schema(
    nodes: list[SchemaNode], identity: PageIdentity, sheet: CandidateSheet
) -> tuple[float | None, int]:
    """Propose what the main product's item states.

    Returns:
        How well the best item fits the page (None: there is none), and how many different products are named.
    """
    products = [node for node in nodes if _is_product(node)]
    ranked = sorted(products, key=lambda node: -_fit(node, identity))
    for rank, node in enumerate(ranked[:3]):
        fit = _fit(node, identity)
        if fit < 0 or (rank and fit < 3):
            break
        _propose_product(
            node, identity, sheet, _WEIGHT[node.method] * (1.0 if rank == 0 else 0.6) * min(1.0, 0.5 + fit / 6)
        )
    if not products:
        for node in [n for n in nodes if n.types & OFFER_TYPES and not n.path][:1]:
            _propose_offers([node.data], node, identity, sheet, 0.6 * _WEIGHT[node.method])
    names = {name for node in products if (name := text(node.data.get("name")))}
    return _fit(ranked[0], identity) if ranked else None, len(names)


def _is_product(node: SchemaNode) -> bool:
    if node.types & PRODUCT_TYPES:
        return "review" not in node.path and "itemReviewed" not in node.path
    return False


def _fit(node: SchemaNode, identity: PageIdentity) -> float:
    """Return how sure the item is the page's product: about 3 and more for a good match, below 0 for a neighbour."""
    data = node.data
    fit = 0.0
    alike = identity.resembles(text(data.get("name")))
    fit += 3 * alike if alike >= ALIKE else 0
    own_url = any(identity.is_own_url(data.get(key)) for key in ("url", "@id", "mainEntityOfPage"))
    fit += 2 if own_url else 0
    ids = {
        str(v).lower()
        for key in ("sku", "productID", "mpn", "gtin13")
        for v in as_list(data.get(key))
        if isinstance(v, (str, int))
    }
    fit += 1 if ids & identity.url_ids else 0
    fit += 1 if data.get("offers") else 0
    fit += 0.5 if "productgroup" in node.types else 0
    if _NEIGHBOUR_KEYS & set(node.path) and not own_url:
        fit -= 4
    if "hasVariant" in node.path:
        fit -= 0 if own_url else 1
    if not alike and not own_url and identity.is_foreign(text(data.get("name"))):
        fit -= 2
    return fit


def _propose_product(node: SchemaNode, identity: PageIdentity, sheet: CandidateSheet, weight: float) -> None:
    data, method, place = node.data, node.method, node.place

    def add(field: str, value: Any, factor: float = 1.0) -> None:
        sheet.add(field, text(value), method, weight * factor, value if isinstance(value, str) else "", place)

    add("name", data.get("name"))
    brand = named(data.get("brand"))
    add("brand", bare_brand(brand) if brand else None)
    add("brand", named(data.get("manufacturer")), 0.5)
    add("sku", _bare_id(data.get("sku")))
    add("sku", _bare_id(data.get("productID")), 0.7)
    for key in ("gtin13", "gtin", "gtin14", "gtin12", "gtin8", "ean", "isbn"):
        add("gtin", _bare_id(data.get(key)))
    add("mpn", data.get("mpn"))
    add("mpn", named(data.get("model")) if not isinstance(data.get("model"), list) else None, 0.3)
    add("category", named(data.get("category")))
    for rank, image in enumerate(_images(data.get("image"))):
        add("image", image, 1.0 if rank == 0 else 0.9)
    rating = next((r for r in as_list(data.get("aggregateRating")) if isinstance(r, dict)), {})
    add("rating_count", count_of(rating.get("reviewCount")) or count_of(rating.get("ratingCount")))
    add("condition", _condition(data.get("itemCondition")))
    offers = [offer for offer in as_list(data.get("offers")) if isinstance(offer, dict)]
    offers += [
        o
        for v in as_list(data.get("hasVariant"))
        if isinstance(v, dict)
        for o in as_list(v.get("offers"))
        if isinstance(o, dict)
    ]
    if offers:
        _propose_offers(offers, node, identity, sheet, weight)
    elif data.get("price"):
        _propose_offers([data], node, identity, sheet, 0.7 * weight)


def _propose_offers(
    offers: list[dict[str, Any]], node: SchemaNode, identity: PageIdentity, sheet: CandidateSheet, weight: float
) -> None:
    flat = list(_flat_offers(offers))
    own = [o for o in flat if _is_own_offer(o, identity)]
    chosen = own if own and len(own) < len(flat) else flat
    prices = {price for offer in chosen for price, *_ in _prices(offer)}
    share = 1.0 if len(prices) <= 1 else 0.5
    for offer in chosen[:1] if len(prices) <= 1 else chosen[:6]:
        _propose_offer(offer, node, sheet, weight * share)
        share *= 0.8
    states = {availability_of_markup(text(o.get("availability"))) for o in chosen}
    if len(states) > 1 and None not in states:
        sheet.add("availability", "InStock", node.method, 0.3 * weight, "several offers", node.place)


def _flat_offers(offers: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for offer in offers:
        inner = [o for o in as_list(offer.get("offers")) if isinstance(o, dict)]
        if inner:
            yield from inner
        else:
            yield offer


def _is_own_offer(offer: dict[str, Any], identity: PageIdentity) -> bool:
    url = offer.get("url")
    if isinstance(url, str) and "?" in url and url.split("?", 1)[1] == identity.url.split("?", 1)[-1]:
        return True
    sku = text(offer.get("sku"))
    return bool(sku) and str(sku).lower() in identity.url_ids


def _propose_offer(offer: dict[str, Any], node: SchemaNode, sheet: CandidateSheet, weight: float) -> None:
    method, place = node.method, node.place
    for price, raw, role, codes in _prices(offer):
        sheet.add(role, price, method, weight, raw, place)
        sheet.add(UNTAXED, price if role == "price" and _is_untaxed(offer) else None, method, weight, raw, place)
        for code in codes:
            sheet.add("currency", code, method, weight, code, place)
    sheet.add("currency", iso_code(text(offer.get("priceCurrency"))), method, weight, "", place)
    stated = text(offer.get("availability"))
    state = availability_of_markup(stated) or availability_of_text(stated)
    sheet.add("availability", state.value if state else None, method, weight, stated, place)
    sheet.add("condition", _condition(offer.get("itemCondition")), method, weight, "", place)
    sheet.add("seller", named(offer.get("seller") or offer.get("offeredBy")), method, weight, "", place)
    sheet.add("sku", _bare_id(offer.get("sku")), method, 0.7 * weight, "", place)
    for key in ("gtin13", "gtin", "gtin12", "gtin8", "gtin14"):
        sheet.add("gtin", _bare_id(offer.get(key)), method, 0.8 * weight, "", place)
    sheet.add("mpn", text(offer.get("mpn")), method, 0.7 * weight, "", place)
    for rate in _shipping_rates(offer):
        sheet.add("shipping", rate, method, weight, rate, place)


def _prices(offer: dict[str, Any]) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """Return (amount, raw, field, currencies) for each price that the offer states."""
    found: list[tuple[str, str, str, tuple[str, ...]]] = []
    for raw in as_list(offer.get("price"))[:2] or as_list(offer.get("lowPrice"))[:1]:
        amount = amount_of(raw)
        if amount:
            money = find_money(str(raw))
            found.append(
                (amount, str(raw), "price", money[0].currencies[:1] if money and len(money[0].currencies) == 1 else ())
            )
    specs = [spec for spec in as_list(offer.get("priceSpecification")) if isinstance(spec, dict)]
    specs = [spec for spec in specs if not spec.get("validForMemberTier")] or specs
    taxed = [spec for spec in specs if _says_taxed(spec) is True]
    for spec in taxed or specs:
        if spec.get("referenceQuantity") or "delivery" in str(spec.get("@type")).lower():
            continue
        kind = str(spec.get("priceType") or "").lower()
        amount = amount_of(spec.get("price") or spec.get("minPrice"))
        if amount and ("list" in kind or "strike" in kind or "msrp" in kind or "srp" in kind):
            found.append((amount, str(spec.get("price")), "list_price", ()))
        elif amount and not any(role == "price" for _, _, role, _ in found):
            code = iso_code(text(spec.get("priceCurrency")))
            found.append((amount, str(spec.get("price")), "price", (code,) if code else ()))
    return found


def _is_untaxed(offer: dict[str, Any]) -> bool:
    """Return whether all that the offer says of tax is that its price has none: what is paid may be more."""
    said = {_says_taxed(part) for part in (offer, *as_list(offer.get("priceSpecification"))) if isinstance(part, dict)}
    return said - {None} == {False}


def _says_taxed(part: dict[str, Any]) -> bool | None:
    said = str(part.get("valueAddedTaxIncluded")).rsplit("/", 1)[-1].lower()
    return {"true": True, "false": False}.get(said)


def amount_of(raw: Any) -> str | None:
    """Return the amount that a markup value states; 0 and less are no prices."""
    if isinstance(raw, bool) or raw is None:
        return None
    if isinstance(raw, (int, float)):
        raw = repr(raw)
    if not isinstance(raw, str):
        return None
    money = find_money(squeeze(raw)[:100])
    amount = money[0].amount if money else None
    return amount if amount and amount.strip("0.") else None


def _shipping_rates(offer: dict[str, Any]) -> list[str]:
    rates: set[str] = set()
    for details in as_list(offer.get("shippingDetails")):
        rate = details.get("shippingRate") if isinstance(details, dict) else None
        if isinstance(rate, dict):
            value = rate.get("value", rate.get("price"))
            money = find_money(str(value)) if value is not None else []
            rates.update(m.amount for m in money[:1])
    return sorted(rates) if len(rates) == 1 else []


def text(value: Any) -> str | None:
    """Return the first plain text in a markup value."""
    for item in as_list(value):
        if isinstance(item, dict):
            item = item.get("@value") or item.get("name")
        if isinstance(item, (str, int, float)) and not isinstance(item, bool):
            plain = squeeze(html.unescape(str(item)))
            if plain:
                return plain
    return None


def named(value: Any) -> str | None:
    """Return the name of a nested item, or the text itself; an address is no name."""
    name = text(value)
    return name if name and not name.startswith(("http://", "https://")) else None


def _bare_id(value: Any) -> str | None:
    """Return an identifier without the scheme that schema.org allows before it (`sku:123`)."""
    plain = text(value)
    if plain and ":" in plain[:12]:
        head, _, tail = plain.partition(":")
        plain = tail.strip() if head.strip().isalpha() else plain
    return plain


def _images(value: Any) -> list[str]:
    """Return the addresses in an `image` value: plain, ImageObjects, or lists of either."""
    found: list[str] = []
    for item in as_list(value):
        if isinstance(item, dict):
            item = item.get("url") or item.get("contentUrl") or item.get("src")
        found.extend(i.strip() for i in as_list(item) if isinstance(i, str) and i.strip())
    return list(dict.fromkeys(found))[:MAX_IMAGES]


def count_of(value: Any) -> str | None:
    """Return a whole number as digits (`"1,234"` and 1234.0 are `"1234"`), None when it is none."""
    plain = text(value)
    match = re.fullmatch(r"(\d{1,3}(?:[.,\s]\d{3})+|\d{1,9})(?:\.0+)?", plain or "")
    return str(int(re.sub(r"\D", "", match[1]))) if match else None


def _condition(value: Any) -> str | None:
    plain = text(value)
    return plain.rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1] if plain else None
