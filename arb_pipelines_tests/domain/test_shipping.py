"""Shipping cost: dimensional weight by each carrier's rule, and nothing priced that is not known."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from arb_pipelines.domain.shipping import (
    Parcel,
    ShippingRefusal,
    billable_weight_oz,
    load_shipping_cards,
    shipping_cost,
)

ON = date(2026, 11, 1)


def parcel(weight_oz="16", sides=("10", "8", "4")) -> Parcel:
    known = None if sides is None else tuple(Decimal(side) for side in sides)
    return Parcel(None if weight_oz is None else Decimal(weight_oz), known)


def card(carrier, service, on=ON):
    return load_shipping_cards().card(carrier, service, on)


@pytest.mark.parametrize(
    ("carrier", "service", "weight", "sides", "billed_oz"),
    [
        ("ups", "ground", "16", ("12", "12", "12"), 13 * 16),  # 1728 / 139 = 12.43 -> 13 lb
        ("fedex", "ground", "16", ("11.1", "11.9", "12"), 13 * 16),  # each side up first
        ("usps", "ground_advantage", "16", ("12", "12", "12"), 16),  # not above one cubic foot
        ("usps", "ground_advantage", "16", ("12", "12", "12.5"), 12 * 16),  # 1872 / 166 = 11.28 -> 12 lb
        ("ups", "ground", "17", ("2", "2", "2"), 32),  # weight is rounded up to the pound
        ("usps", "media_mail", "17", ("30", "30", "30"), 32),  # weight alone
    ],
)
def test_billable_weight(carrier, service, weight, sides, billed_oz):
    assert billable_weight_oz(parcel(weight, sides), card(carrier, service)) == billed_oz


@pytest.mark.parametrize(("weight", "price"), [("10", "4.50"), ("16", "4.50"), ("16.1", "5.10"), ("48", "5.70")])
def test_the_sandbox_carrier(weight, price):
    record = shipping_cost(parcel(weight, ("6", "4", "2")), card("sandbox", "parcel"))
    assert record.total.text == price
    assert record.lines[0].schedule == "sandbox_parcel_2024-01-01"


def test_an_envelope_has_outer_measures_and_categories():
    envelope = card("ebay", "standard_envelope")
    thin = parcel("1.5", ("6", "4", "0.2"))
    assert shipping_cost(thin, envelope, category="trading_cards").total.text == "1.07"
    for code, item, category in (
        ("category_not_allowed", thin, "books"),
        ("category_not_allowed", thin, None),
        ("too_large", parcel("1", ("6", "4", "0.3")), "coins"),
        ("no_rate", parcel("3.1", ("6", "4", "0.2")), "coins"),
    ):
        with pytest.raises(ShippingRefusal) as caught:
            shipping_cost(item, envelope, category=category)
        assert caught.value.code == code


@pytest.mark.parametrize(
    ("code", "item", "zone"),
    [
        ("unknown_weight", parcel(None), "1"),
        ("unknown_dimensions", parcel(sides=None), "1"),
        ("bad_parcel", parcel("0"), "1"),
        ("bad_parcel", parcel(sides=("1", "2")), "1"),
        ("bad_parcel", parcel(sides=("1", "2", "-3")), "1"),
        ("bad_parcel", parcel("nan"), "1"),
        ("no_rate", parcel("8"), "4"),  # that zone's price is not known
        ("no_rate", parcel("17"), "1"),
    ],
)
def test_unknown_parcels_zones_and_weights_have_no_price(code, item, zone):
    with pytest.raises(ShippingRefusal) as caught:
        shipping_cost(item, card("usps", "ground_advantage"), zone=zone)
    assert caught.value.code == code


def test_known_zones_have_their_price():
    usps = card("usps", "ground_advantage")
    assert shipping_cost(parcel("8"), usps, zone="1").total.text == "7.33"
    assert shipping_cost(parcel("16"), usps, zone="9").total.text == "11.22"


@pytest.mark.parametrize("service", [("ups", "ground"), ("fedex", "ground"), ("usps", "media_mail")])
def test_a_card_without_a_source_has_no_price(service):
    with pytest.raises(ShippingRefusal) as caught:
        shipping_cost(parcel(), card(*service), category="books")
    assert caught.value.code == "unsourced_card"


@pytest.mark.parametrize(
    ("code", "ask"),
    [
        ("unknown_service", ("dhl", "express", ON)),
        ("no_card_for_date", ("usps", "ground_advantage", date(2026, 10, 3))),
        ("bad_date", ("usps", "ground_advantage", "2026-11-01")),
    ],
)
def test_unknown_services_and_dates_are_refused(code, ask):
    with pytest.raises(ShippingRefusal) as caught:
        load_shipping_cards().card(*ask)
    assert caught.value.code == code


def test_an_operators_own_card_replaces_the_shipped_one(tmp_path):
    (tmp_path / "mine.toml").write_text(
        'id = "ups_ground_2022-12-19"\ncarrier = "ups"\nservice = "ground"\nversion = 2\ncurrency = "USD"\n'
        'effective_from = 2022-12-19\nsource = "our account"\nretrieved_on = 2026-11-01\nsourced = true\n'
        'dim_divisor = "166"\nrates = [{ zones = ["2"], up_to_oz = "320", price = "9.10" }]\n'
    )
    mine = load_shipping_cards(tmp_path).card("ups", "ground", ON)
    assert shipping_cost(parcel("32"), mine, zone="2").total.text == "9.10"
    assert len(load_shipping_cards(tmp_path).all()) == len(load_shipping_cards().all())
