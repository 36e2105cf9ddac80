"""Raw scrapes in, cleaned observations and a quarantine out.

What belongs here: the frame schemas of the price history and the cleaning of one observation at a time, as polars
expressions. Prices against their own past are `price_jumps.py`; averages over time are `price_averages.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from arb_pipelines.domain.condition import parse_condition
from arb_pipelines.domain.money import MINOR_DIGITS
from arb_pipelines.domain.raw_product import Availability

POINT_SCHEMA: dict[str, pl.DataType] = {
    "scrape_id": pl.String(),
    "offer_key": pl.String(),
    "site": pl.String(),
    "url": pl.String(),
    "title": pl.String(),
    "price_minor": pl.Int64(),
    "shipping_minor": pl.Int64(),  # null where the page is silent, never 0
    "currency": pl.String(),
    "availability": pl.String(),
    "condition": pl.String(),
    "sku": pl.String(),
    "gtin": pl.String(),
    "mpn": pl.String(),
    "brand": pl.String(),
    "category": pl.String(),
    "observed_at": pl.Datetime("us", "UTC"),
}

QUARANTINE_SCHEMA: dict[str, pl.DataType] = {
    "scrape_id": pl.String(),
    "offer_key": pl.String(),
    "site": pl.String(),
    "url": pl.String(),
    "reason": pl.String(),
    "detail": pl.String(),
    "observed_at": pl.Datetime("us", "UTC"),
}

MAX_PRICE_MINOR = 1_000_000_000  # ten million dollars, one billion yen: above it is a telephone number or a glitch
DETAIL_CHARS = 120

# Currencies whose minor unit `domain.money` knows. Those with other digits than two and not named there are left
# out on purpose: refusing a price is better than reading it a hundred times too high.
_TWO_DIGITS = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
    CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD
    KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR
    NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS
    TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW
"""
KNOWN_CURRENCIES = frozenset(MINOR_DIGITS) | frozenset(_TWO_DIGITS.split())

_TEXTS = ("condition", "sku", "gtin", "mpn", "brand", "category", "availability")
_AMOUNT = r"^([+-]?)([0-9]{1,18})(?:\.([0-9]*))?$"


class Cleaned(NamedTuple):
    """Accepted observations (POINT_SCHEMA) and refused ones with their reason (QUARANTINE_SCHEMA)."""

    points: pl.DataFrame
    quarantined: pl.DataFrame


def clean_scrapes(raw: pl.DataFrame) -> Cleaned:
    """Type and check raw scrapes (columns as `domain.stores.RawScrapes.load_since`).

    Every `scrape_id` ends in exactly one of the two frames, once. Money goes from decimal text to minor units by
    integer arithmetic, rounded half up. Shipping that is missing, negative or unreadable is null.
    Reasons: currency_missing, currency_unknown, price_missing, price_unreadable, price_not_positive,
    price_too_large, title_missing.
    """
    rows = raw.unique("scrape_id", keep="first", maintain_order=True).with_columns(
        title=_text("name"),
        price_text=_text("price"),
        currency=_text("currency").str.to_uppercase(),
        observed_at=pl.col("fetched_at").cast(pl.Datetime("us", "UTC")),
        **{name: _text(name) for name in _TEXTS},
    )
    rows = rows.with_columns(
        price_minor=_minor_units("price_text", "currency"),
        shipping_minor=_minor_units("shipping", "currency"),
        availability=pl.when(pl.col("availability").is_in([word.value for word in Availability])).then(
            pl.col("availability")
        ),
        condition=_our_condition(rows["condition"]),
    ).with_columns(shipping_minor=pl.when(pl.col("shipping_minor") >= 0).then(pl.col("shipping_minor")))
    rows = rows.with_columns(reason=_reason())
    refused = rows.filter(pl.col("reason").is_not_null()).with_columns(detail=_detail())
    accepted = rows.filter(pl.col("reason").is_null())
    return Cleaned(as_frame(accepted, POINT_SCHEMA), as_frame(refused, QUARANTINE_SCHEMA))


def as_frame(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Return the frame with exactly the columns and types of a schema."""
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def _text(column: str) -> pl.Expr:
    """Return stripped text; blank is null."""
    stripped = pl.col(column).cast(pl.String).str.strip_chars()
    return pl.when(stripped != "").then(stripped)


def _minor_units(amount: str, currency: str) -> pl.Expr:
    """Return minor units of decimal text, half up; null where the text is not a plain decimal number."""
    parts = pl.col(amount).str.strip_chars().str.extract_groups(_AMOUNT)
    sign = pl.when(parts.struct[0] == "-").then(-1).otherwise(1)
    digits = pl.col(currency).replace_strict(MINOR_DIGITS, default=2, return_dtype=pl.Int64)
    fraction = parts.struct[2].fill_null("")
    padded = (fraction + "0000").str.slice(0, digits)
    kept = pl.when(digits == 0).then(pl.lit(0)).otherwise(padded.replace("", "0").cast(pl.Int64, strict=False))
    round_up = fraction.str.slice(digits, 1).is_in(["5", "6", "7", "8", "9"]).cast(pl.Int64)
    whole = parts.struct[1].cast(pl.Int128) * pl.lit(10, dtype=pl.Int128).pow(digits)
    total = whole + kept + round_up
    # Capped before the cast, so that eighteen digits cannot overflow; the cap is far above MAX_PRICE_MINOR.
    capped = pl.when(total > 10 * MAX_PRICE_MINOR).then(pl.lit(10 * MAX_PRICE_MINOR)).otherwise(total)
    return (sign * capped.cast(pl.Int64)).cast(pl.Int64)


def _our_condition(stated: pl.Series) -> pl.Expr:
    """Return our condition words; null where the page's word is not known."""
    words = {text: parse_condition(text) for text in stated.drop_nulls().unique()}
    known = {text: word.value for text, word in words.items() if word is not None}
    return pl.col("condition").replace_strict(known, default=None, return_dtype=pl.String)


def _reason() -> pl.Expr:
    """Return the first reason to refuse a row, else null."""
    price = pl.col("price_minor")
    oversize = pl.col("price_text").str.contains(r"^[0-9]{19,}(\.[0-9]*)?$")
    return (
        pl.when(pl.col("price_text").is_null())
        .then(pl.lit("price_missing"))
        .when(pl.col("currency").is_null())
        .then(pl.lit("currency_missing"))
        .when(~pl.col("currency").is_in(sorted(KNOWN_CURRENCIES)))
        .then(pl.lit("currency_unknown"))
        .when(oversize | (price > MAX_PRICE_MINOR))
        .then(pl.lit("price_too_large"))
        .when(price.is_null())
        .then(pl.lit("price_unreadable"))
        .when(price <= 0)
        .then(pl.lit("price_not_positive"))
        .when(pl.col("title").is_null())
        .then(pl.lit("title_missing"))
    )


def _detail() -> pl.Expr:
    """Return what was read, for a person."""
    price, currency = pl.col("price_text").fill_null("nothing"), pl.col("currency").fill_null("nothing")
    return pl.format("price {}, currency {}", price.str.slice(0, DETAIL_CHARS // 2), currency.str.slice(0, 20))
