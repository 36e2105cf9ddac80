"""Cleaning: exact money, one reason a refusal, every scrape once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.money import Money
from arb_pipelines.transforms.price_history import KNOWN_CURRENCIES, POINT_SCHEMA, QUARANTINE_SCHEMA, clean_scrapes
from arb_pipelines_tests.transforms.frames import raw_frame


@pytest.mark.parametrize(
    "price,currency,minor",
    [
        ("12.99", "USD", 1299),
        ("12", "usd", 1200),
        (" 7.5 ", "EUR", 750),
        ("5.", "USD", 500),
        ("12.995", "USD", 1300),
        ("12.9949", "USD", 1299),
        ("0.005", "USD", 1),
        ("1234.5", "JPY", 1235),
        ("1.2345", "KWD", 1235),
        ("10000000.00", "USD", 1_000_000_000),
        ("0.1", "USD", 10),
    ],
)
def test_price_becomes_exact_minor_units(price, currency, minor):
    cleaned = clean_scrapes(raw_frame({"price": price, "currency": currency}))
    assert cleaned.points["price_minor"].to_list() == [minor]
    assert cleaned.points["currency"].to_list() == [currency.upper()]


@given(st.decimals("0.01", "9999999", places=4), st.sampled_from(["USD", "JPY", "KWD"]))
def test_minor_units_agree_with_money(amount: Decimal, currency: str):
    expected = Money.of(amount, currency).minor
    cleaned = clean_scrapes(raw_frame({"price": f"{amount:f}", "currency": currency}))
    assert cleaned.points["price_minor"].to_list() == ([expected] if 0 < expected <= 10**9 else [])


@pytest.mark.parametrize(
    "fields,reason",
    [
        ({"price": None}, "price_missing"),
        ({"price": "  "}, "price_missing"),
        ({"price": "1,234.50"}, "price_unreadable"),
        ({"price": "1e309"}, "price_unreadable"),
        ({"price": "NaN"}, "price_unreadable"),
        ({"price": "٣"}, "price_unreadable"),
        ({"price": "12.99 - 15.99"}, "price_unreadable"),
        ({"price": "0"}, "price_not_positive"),
        ({"price": "0.004"}, "price_not_positive"),
        ({"price": "-5"}, "price_not_positive"),
        ({"price": "10000000.01"}, "price_too_large"),
        ({"price": "9" * 40}, "price_too_large"),
        ({"currency": None}, "currency_missing"),
        ({"currency": "XYZ"}, "currency_unknown"),
        ({"currency": "UGX"}, "currency_unknown"),  # no minor unit, which our money does not know
        ({"currency": "$"}, "currency_unknown"),
        ({"name": None}, "title_missing"),
        ({"name": " \t"}, "title_missing"),
    ],
)
def test_refusal_names_its_reason(fields, reason):
    cleaned = clean_scrapes(raw_frame(fields))
    assert cleaned.points.is_empty()
    assert cleaned.quarantined["reason"].to_list() == [reason]
    assert len(cleaned.quarantined["detail"][0]) < 200


@pytest.mark.parametrize(
    "shipping,minor", [(None, None), ("", None), ("free", None), ("-1", None), ("0", 0), ("4.95", 495)]
)
def test_shipping_that_is_not_told_is_unknown_and_never_free(shipping, minor):
    assert clean_scrapes(raw_frame({"shipping": shipping})).points["shipping_minor"].to_list() == [minor]


def test_words_become_ours_or_unknown():
    cleaned = clean_scrapes(
        raw_frame(
            {"condition": "https://schema.org/NewCondition", "availability": "InStock"},
            {"condition": "as shown", "availability": "maybe"},
        )
    )
    assert cleaned.points["condition"].to_list() == ["new", None]
    assert cleaned.points["availability"].to_list() == ["InStock", None]


def test_every_scrape_ends_in_one_frame_once():
    cleaned = clean_scrapes(
        raw_frame(
            {"scrape_id": "a"}, {"scrape_id": "a", "price": "99"}, {"scrape_id": "b", "price": None}, {"scrape_id": "b"}
        )
    )
    assert cleaned.points.select("scrape_id", "price_minor").rows() == [("a", 1299)]
    assert cleaned.quarantined["scrape_id"].to_list() == ["b"]


def test_empty_batch_keeps_the_schemas():
    cleaned = clean_scrapes(raw_frame().clear())
    assert cleaned.points.schema == POINT_SCHEMA
    assert cleaned.quarantined.schema == QUARANTINE_SCHEMA


def test_currencies_of_other_digits_are_left_out():
    assert {"UGX", "XAF", "IQD", "LYD"}.isdisjoint(KNOWN_CURRENCIES)
    assert {"USD", "EUR", "GBP", "JPY", "KWD"} <= KNOWN_CURRENCIES
