"""Fulfilment by the marketplace: size tiers, dimensional weight, dated cards, and unknown where no card is sourced."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from arb_pipelines.domain.fees import FeeRefusal, FeeScheduleError, FulfilmentTerms, SaleOptions, load_schedules
from arb_pipelines.domain.fees_cards import CardKind, load_fulfilment_cards
from arb_pipelines.domain.fees_fulfilment import size_tier
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.shipping import Parcel

IN_2025 = date(2025, 3, 1)
ZERO = Money.zero("USD")


def usd(amount: str) -> Money:
    return Money.exact(amount, "USD")


def parcel(weight_lb, *sides) -> Parcel:
    length, width, height = (Decimal(side) for side in sides)
    return Parcel(Decimal(weight_lb) * 16, (length, width, height))


BOOK = parcel("0.75", "9", "6", "1")


def quote(terms, *, category="most", price="22.00", on=IN_2025, folder=None):
    return load_schedules(folder).quote(
        "amazon_us",
        category,
        price=usd(price),
        shipping=ZERO,
        tax_rate=Decimal(0),
        sold_on=on,
        options=SaleOptions(fulfilment=terms),
    )


def amounts(found):
    return {line.rule.split(".step")[0]: line.amount.text for line in found.lines}


@pytest.mark.parametrize(
    ("item", "on", "tier", "weight"),
    [
        (parcel("1", "15", "12", "0.75"), IN_2025, "small_standard", "1"),
        (parcel("0.5", "0.75", "12", "15"), IN_2025, "small_standard", "0.5"),  # sides are sorted
        (parcel("1.01", "15", "12", "0.75"), IN_2025, "large_standard", "1.01"),
        (parcel("1", "15", "12", "0.76"), IN_2025, "large_standard", "1"),
        (parcel("1", "18", "14", "8"), IN_2025, "large_standard", "14.503597"),  # 2016 / 139
        (parcel("1", "18.1", "14", "8"), IN_2025, "large_bulky", "14.584173"),
        (parcel("1", "30", "20", "1"), IN_2025, "large_bulky", "8.633094"),  # a side counts as two inches at least
        (parcel("49", "59", "10", "10"), IN_2025, "large_bulky", "49"),
        (parcel("49", "60", "10", "10"), IN_2025, "extra_large_0_50", "49"),
        (parcel("60", "40", "10", "10"), IN_2025, "extra_large_50_70", "60"),
        (parcel("151", "40", "40", "40"), IN_2025, "extra_large_150_plus", "151"),  # unit weight only
        (parcel("20", "37", "10", "5"), date(2026, 6, 1), "small_bulky", "20"),
        (parcel("20", "38", "10", "5"), date(2026, 6, 1), "large_bulky", "20"),
    ],
)
def test_size_tier_and_shipping_weight(item, on, tier, weight):
    card = load_fulfilment_cards().card("amazon_us", CardKind.SIZE_TIERS, on)
    found, shipping_lb = size_tier(item, card)
    assert found.key == tier
    assert float(shipping_lb) == pytest.approx(float(weight), abs=1e-6)


def test_a_parcel_too_voluminous_for_any_tier_is_refused():
    with pytest.raises(FeeRefusal) as caught:
        quote(FulfilmentTerms(parcel("10", "100", "60", "60")))
    assert caught.value.code == "no_size_tier"


@pytest.mark.parametrize(
    ("item", "price", "fee"),
    [
        (parcel("0.125", "9", "6", "0.5"), "22.00", "3.06"),
        (parcel("1", "9", "6", "0.5"), "22.00", "3.65"),
        (BOOK, "22.00", "4.15"),
        (BOOK, "9.99", "3.38"),
        (BOOK, "10.00", "4.15"),
        (parcel("3", "9", "6", "4"), "22.00", "6.62"),
        (parcel("3.26", "9", "6", "4"), "22.00", "7.08"),  # 6.92 + two quarters of a pound
        (parcel("7.9", "19", "10", "4"), "22.00", "12.27"),  # 9.61 + seven pounds
    ],
)
def test_the_card_of_2024_and_2025(item, price, fee):
    found = quote(FulfilmentTerms(item), price=price)
    line = next(line for line in found.lines if line.rule.startswith("fulfilment"))
    assert (line.amount.text, line.schedule) == (fee, "amazon_us_fulfilment_2024")


def test_an_fba_book_has_referral_closing_and_fulfilment_and_says_what_is_left_out():
    found = quote(FulfilmentTerms(BOOK), category="books")
    assert found.total_fee == usd("9.25")  # 3.30 + 1.80 + 4.15
    assert any("inbound placement and storage" in note for note in found.notes)


def test_without_fulfilment_only_referral_and_closing():
    assert quote(None, category="books").total_fee == usd("5.10")


@pytest.mark.parametrize("on", [date(2024, 12, 1), date(2026, 1, 14), date(2026, 1, 15), date(2026, 11, 22)])
def test_a_card_without_a_source_yields_unknown(on):
    with pytest.raises(FeeRefusal) as caught:
        quote(FulfilmentTerms(BOOK), on=on)
    assert caught.value.code == "unsourced_fee"


@pytest.mark.parametrize(
    ("code", "terms", "more"),
    [
        ("unknown_dimensions", FulfilmentTerms(), {}),
        ("unknown_dimensions", FulfilmentTerms(Parcel(Decimal(12), None)), {}),
        ("unknown_weight", FulfilmentTerms(Parcel(None, BOOK.sides_in)), {}),
        ("bad_parcel", FulfilmentTerms(Parcel(Decimal(-1), BOOK.sides_in)), {}),
        ("unsourced_fee", FulfilmentTerms(BOOK), {"category": "apparel"}),
        ("unsourced_fee", FulfilmentTerms(BOOK, inbound_placement=True), {}),
        ("unsourced_fee", FulfilmentTerms(BOOK, storage_months=1), {"on": date(2024, 10, 1)}),
        ("unsourced_fee", FulfilmentTerms(BOOK, storage_months=4), {"on": date(2025, 3, 31)}),
        ("unsourced_fee", FulfilmentTerms(parcel("9", "19", "9", "9"), storage_months=1), {}),
        ("bad_storage_months", FulfilmentTerms(BOOK, storage_months=-1), {}),
        ("no_schedule_for_date", FulfilmentTerms(BOOK), {"on": date(2024, 4, 14)}),
        ("wrong_currency", FulfilmentTerms(fulfilment_fee=Money(1, "EUR")), {}),
        ("negative_amount", FulfilmentTerms(fulfilment_fee=Money(-1, "USD")), {}),
    ],
)
def test_what_is_not_known_is_refused(code, terms, more):
    with pytest.raises(FeeRefusal) as caught:
        quote(terms, **more)
    assert caught.value.code == code


def test_other_channels_have_no_such_service():
    with pytest.raises(FeeRefusal) as caught:
        load_schedules().quote(
            "ebay_us",
            "most",
            price=usd("1.00"),
            shipping=ZERO,
            tax_rate=Decimal(0),
            sold_on=IN_2025,
            options=SaleOptions(fulfilment=FulfilmentTerms(BOOK)),
        )
    assert caught.value.code == "no_fulfilment_service"


def test_the_marketplaces_own_estimate_takes_the_place_of_the_card():
    terms = FulfilmentTerms(fulfilment_fee=usd("4.35"), inbound_fee=usd("0.40"))
    found = quote(terms, on=date(2026, 6, 1))
    assert amounts(found) == {"category.most": "3.30", "terms.fulfilment_fee": "4.35", "terms.inbound_fee": "0.40"}
    assert [line.schedule for line in found.lines][1:] == [None, None]


def test_storage_is_by_volume_and_month():
    found = quote(FulfilmentTerms(parcel("1", "12", "12", "6"), storage_months=3))
    assert amounts(found)["fulfilment.storage"] == "1.17"  # half a cubic foot x 0.78 x 3


def own_card(tmp_path, extra=""):
    folder = tmp_path / "fulfilment_cards"
    folder.mkdir()
    (folder / "mine.toml").write_text(
        'id = "amazon_us_fulfilment_2026"\nkind = "fulfilment"\nchannel = "amazon_us"\nversion = 7\n'
        'currency = "USD"\nperiods = [{ from = 2026-01-15 }]\nsource = "our fee preview"\nretrieved_on = 2026-05-01\n'
        'sourced = true\nprice_up_to = ["9.99", "50.00"]\n'
        f"{extra}\n"
        'rates = [{ tier = "large_standard", up_to_lb = "1", fees = ["3.38", "4.20", "4.46"] }]\n'
    )
    return tmp_path


def test_the_operators_own_card_replaces_the_unknown_one_and_the_surcharge_has_its_date(tmp_path):
    folder = own_card(tmp_path)
    before = quote(FulfilmentTerms(BOOK), on=date(2026, 4, 16), folder=folder)
    after = quote(FulfilmentTerms(BOOK), on=date(2026, 4, 17), folder=folder)
    dear = quote(FulfilmentTerms(BOOK), on=date(2026, 4, 17), folder=folder, price="50.01")
    assert amounts(before) == {"category.most": "3.30", "fulfilment.large_standard": "4.20"}
    assert amounts(after)["fulfilment.surcharge"] == "0.15"  # 3.5 % of 4.20, on this line only
    assert amounts(dear)["fulfilment.large_standard"] == "4.46"
    assert {line.version for line in after.lines} == {"1", "7"}
    with pytest.raises(FeeRefusal, match="no row for large_standard"):
        quote(FulfilmentTerms(parcel("2", "9", "6", "1")), on=date(2026, 4, 17), folder=folder)


def test_a_card_that_includes_the_surcharge_gets_it_once(tmp_path):
    folder = own_card(tmp_path, "includes_surcharge = true")
    found = quote(FulfilmentTerms(BOOK), on=date(2026, 6, 1), folder=folder)
    assert "fulfilment.surcharge" not in amounts(found)


def test_the_price_band_of_a_card_is_a_step_of_the_curve():
    curve = load_schedules().curve(
        "amazon_us",
        "books",
        shipping=ZERO,
        tax_rate=Decimal(0),
        sold_on=IN_2025,
        options=SaleOptions(fulfilment=FulfilmentTerms(BOOK)),
    )
    assert curve.steps() == [1000]
    assert curve.net(999) > curve.net(1000)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('sourced = "yes"', "sourced is true or false"),
        ('sourced = true\nprice_up_to = ["9.99"]\nrates = [{ tier = "t", fees = ["1.00"] }]', "one fee a price band"),
        ('sourced = true\nprice_up_to = ["9", "8"]\nrates = []', "must rise"),
        ("sourced = true", "'price_up_to' is missing"),
    ],
)
def test_a_card_that_cannot_be_trusted_is_refused_at_load(tmp_path, line, says):
    (tmp_path / "fulfilment_cards").mkdir()
    (tmp_path / "fulfilment_cards" / "bad.toml").write_text(
        'id = "x"\nkind = "fulfilment"\nchannel = "other"\nversion = 1\ncurrency = "USD"\n'
        f'periods = [{{ from = 2026-01-15 }}]\nsource = "s"\nretrieved_on = 2026-05-01\n{line}\n'
    )
    with pytest.raises(FeeScheduleError, match=says):
        load_schedules(tmp_path)
