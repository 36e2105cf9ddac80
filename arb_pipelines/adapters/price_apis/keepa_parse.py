"""From Keepa's answer to facts.

What belongs here: the meaning of its fields (source: Keepa's published Java structs, `Product`, `Stats`, `Response`).
Keepa writes -1 where there is no offer and -2 where there is no data: both are "not known", never a price.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.domain.api_budget import Pool
from arb_pipelines.domain.product import normal_gtin
from arb_pipelines.domain.product_facts import ProductFacts
from arb_pipelines.domain.product_ids import normal_asin

SOURCE = "keepa"
EPOCH = datetime(2011, 1, 1, tzinfo=UTC)  # Keepa counts minutes from here
# The currency of each of Keepa's domains, by its number.
DOMAINS: Mapping[int, str] = {
    1: "USD", 2: "GBP", 3: "EUR", 4: "EUR", 5: "JPY", 6: "CAD", 8: "EUR", 9: "EUR", 10: "INR", 11: "MXN",
}  # fmt: skip
# Places of the price types in `current` and `avg90`.
PRICES = {
    "amazon": 0, "new": 1, "used": 2, "list": 4, "collectible": 5, "refurbished": 6, "used_like_new": 19,
    "used_very_good": 20, "used_good": 21, "used_acceptable": 22,
}  # fmt: skip
SALES_RANK, BUY_BOX = 3, 18
MOST_MINOR = 10**10  # a price beyond this is a fault of the answer


def lookup_key(code: str) -> tuple[str, str]:
    """Return the name and value of the query for a code: `code` for a GTIN, `asin` for an ASIN.

    Raises:
        ValueError: it is neither.
    """
    text = code.strip().upper()
    gtin = normal_gtin(text)
    if gtin is not None:
        return "code", gtin[1:] if gtin.startswith("0") else gtin
    asin = normal_asin(text)
    if asin is None:
        raise ValueError(f"{code[:40]!r} is neither a GTIN (8 to 14 digits, check digit right) nor an ASIN")
    return "asin", asin


def parse_tokens(body: Any, now: datetime) -> tuple[int | None, Pool | None]:
    """Return what the request cost and what is left, None where the answer does not say."""
    if not isinstance(body, dict):
        return None, None
    left, rate, consumed = (_whole(body.get(name)) for name in ("tokensLeft", "refillRate", "tokensConsumed"))
    reduction = body.get("tokenFlowReduction")
    pool = None
    if left is not None and rate is not None:
        # Trackings eat a part of the refill; a figure that cannot be read counts as none of it left.
        eaten = _number(reduction, float(rate))
        pool = Pool(left, max(rate - eaten, 0.0), now)
    return (consumed if consumed is not None and consumed >= 0 else None), pool


def parse_product(body: Any, currency: str) -> ProductFacts | None:
    """Return the facts of the one product of an answer, None where Keepa knows none.

    Raises:
        UnreadableAnswerError: the answer has another shape.
    """
    products = body.get("products") if isinstance(body, dict) else None
    if products is None or products == [] or products == [None]:
        if isinstance(body, dict) and body.get("error") is None:
            return None
        raise UnreadableAnswerError("Keepa answered without products")
    if not isinstance(products, list) or not isinstance(products[0], dict):
        raise UnreadableAnswerError("Keepa answered with products that are none")
    if len(products) > 1:
        # One GTIN may stand for several listings; which of them is ours is not for us to guess.
        raise UnreadableAnswerError(f"Keepa knows {len(products)} products of this code: ask by ASIN")
    product = products[0]
    if _text(product.get("title")) is None and not product.get("stats"):
        return None
    stats = product.get("stats")
    return _facts(product, stats if isinstance(stats, dict) else {}, currency)


def _facts(product: Mapping[str, Any], stats: Mapping[str, Any], currency: str) -> ProductFacts:
    current, average = _series(stats.get("current")), _series(stats.get("avg90"))
    buy_box = _known(stats.get("buyBoxPrice"))
    is_amazon = stats.get("buyBoxIsAmazon")
    return ProductFacts(
        source=SOURCE,
        currency=currency,
        asin=_text(product.get("asin")),
        title=_text(product.get("title")),
        brand=_text(product.get("brand")),
        gtins=_gtins(product),
        package_quantity=_positive(product.get("packageQuantity")),
        parent_asin=_text(product.get("parentAsin")),
        current_minor=_prices(current),
        average_90d_minor=_prices(average),
        buy_box_minor=buy_box if buy_box is not None else current.get(BUY_BOX),
        buy_box_is_amazon=is_amazon if isinstance(is_amazon, bool) else None,
        amazon_out_of_stock_90d=_series(stats.get("outOfStockPercentage90")).get(PRICES["amazon"]),
        sales_rank=_positive(current.get(SALES_RANK)),
        rank_drops_30d=_known(stats.get("salesRankDrops30")),
        rank_drops_90d=_known(stats.get("salesRankDrops90")),
        rank_drops_180d=_known(stats.get("salesRankDrops180")),
        monthly_sold=_positive(product.get("monthlySold")),
        offer_count=_known(stats.get("totalOfferCount")),
        as_of=_time(product.get("lastUpdate")),
    )


def _prices(series: Mapping[int, int]) -> dict[str, int]:
    """A price of 0 is no price: nothing is sold for nothing."""
    return {name: series[place] for name, place in PRICES.items() if series.get(place, 0) > 0}


def _series(values: Any) -> dict[int, int]:
    if not isinstance(values, list):
        return {}
    known = ((place, _known(value)) for place, value in enumerate(values))
    return {place: value for place, value in known if value is not None}


def _known(value: Any) -> int | None:
    number = _whole(value)
    return number if number is not None and 0 <= number <= MOST_MINOR else None


def _positive(value: Any) -> int | None:
    number = _known(value)
    return number or None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any, otherwise: float) -> float:
    if value is None:
        return 0.0
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool) and 0 <= value <= MOST_MINOR
    return float(value) if is_number else otherwise


def _text(value: Any) -> str | None:
    return value.strip()[:500] or None if isinstance(value, str) else None


def _gtins(product: Mapping[str, Any]) -> tuple[str, ...]:
    lists = (product.get(name) for name in ("gtinList", "eanList", "upcList"))
    codes = [code for values in lists if isinstance(values, list) for code in values if isinstance(code, str)]
    return tuple(dict.fromkeys(gtin for gtin in map(normal_gtin, codes) if gtin is not None))


def _time(minutes: Any) -> datetime | None:
    known = _positive(minutes)
    return None if known is None or known > 10**8 else EPOCH + timedelta(minutes=known)
