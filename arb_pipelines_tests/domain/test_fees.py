"""Selling fees: the published examples to the cent, and a refusal for everything that is not known."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from arb_pipelines.domain.fees import FeeRefusal, FeeScheduleError, SaleOptions, load_schedules
from arb_pipelines.domain.fees_cards import FulfilmentCards
from arb_pipelines.domain.fees_charges import percent
from arb_pipelines.domain.money import Money

SOLD_ON = date(2025, 3, 1)
ZERO = Money.zero("USD")


def usd(amount: str) -> Money:
    return Money.exact(amount, "USD")


def quote(channel, category, price, *, shipping="0", tax="0", options=None, on=SOLD_ON):
    return load_schedules().quote(
        channel,
        category,
        price=usd(price),
        shipping=usd(shipping),
        tax_rate=Decimal(tax),
        sold_on=on,
        options=options or SaleOptions(),
    )


@pytest.mark.parametrize(
    ("category", "price", "shipping", "tax", "fee"),
    [
        ("most", "10.00", "0", "0", "1.66"),
        ("most", "10.01", "0", "0", "1.76"),
        ("most", "100.00", "0", "0.08", "15.09"),
        ("most", "8000.00", "0", "0", "1032.15"),
        ("books", "20.00", "4.00", "0.07", "4.33"),
        ("books", "20.00", "4.00", "0", "4.07"),
        ("athletic_shoes", "149.99", "0", "0", "20.80"),
        ("athletic_shoes", "150.00", "0", "0", "12.00"),
        ("watches", "6020.00", "0", "0", "476.70"),
        ("jewelry", "6000.00", "0", "0", "540.40"),
        ("most", "50.00", "0", "0", "7.20"),
        ("most", "50.00", "0", "0.07", "7.68"),
        ("most", "50.00", "0", "0.10", "7.88"),
    ],
)
def test_ebay_golden_vectors(category, price, shipping, tax, fee):
    found = quote("ebay_us", category, price, shipping=shipping, tax=tax, options=SaleOptions(plan="none"))
    assert found.total_fee.text == fee
    assert found.schedule_id == "ebay_us_2025-02-14"
    assert found.net == found.price + found.shipping - found.total_fee


@pytest.mark.parametrize(
    ("category", "price", "fee"),
    [
        ("books", "12.99", "3.75"),
        ("electronics_accessories", "150.00", "19.00"),
        ("jewelry", "300.00", "52.50"),
        ("grocery", "15.00", "1.20"),
        ("grocery", "15.01", "2.25"),
    ],
)
def test_amazon_golden_vectors(category, price, fee):
    assert quote("amazon_us", category, price).total_fee.text == fee


@pytest.mark.parametrize(
    ("channel", "category", "options", "price", "fee"),
    [
        ("ebay_us", "most", {"plan": "basic"}, "3000.00", "329.65"),  # 2500 x 12.7 % + 500 x 2.35 % + 0.40
        ("ebay_us", "watches", {"plan": "basic"}, "6000.00", "315.40"),  # 125 + 160 + 30 + 0.40
        ("ebay_us", "athletic_shoes", {"plan": "basic"}, "150.00", "10.50"),
        ("ebay_us", "motors_parts", {"plan": "basic"}, "1000.00", "115.40"),
        ("ebay_us", "womens_bags", {}, "2000.01", "180.40"),
        ("ebay_us", "womens_bags", {}, "2000.00", "300.40"),
        ("ebay_us", "heavy_equipment", {}, "20000.00", "475.40"),
        ("ebay_us", "most", {"international": True}, "100.00", "15.65"),
        ("ebay_us", "most", {"below_standard": True}, "100.00", "20.00"),
        ("ebay_us", "most", {"promoted_rate": Decimal("0.05")}, "100.00", "19.00"),
        ("ebay_us", "most", {"insertion": True}, "100.00", "14.35"),
        ("amazon_us", "most", {"plan": "individual"}, "10.00", "2.49"),
        ("amazon_us", "toys", {}, "1.00", "0.30"),  # the minimum
        ("amazon_us", "device_accessories", {}, "20.00", "9.00"),
        ("amazon_us", "collectible_coins", {}, "2000.00", "172.50"),  # 37.50 + 75 + 60
        ("amazon_us", "furniture", {}, "300.00", "40.00"),
        ("amazon_us", "watches", {}, "2000.00", "255.00"),
        ("generic", "most", {"rate": Decimal("0.10"), "fixed_fee": Money(25, "USD")}, "10.00", "1.25"),
        ("sandbox", "most", {}, "100.00", "12.30"),
    ],
)
def test_other_rows_of_the_schedules(channel, category, options, price, fee):
    assert quote(channel, category, price, options=SaleOptions(**options)).total_fee.text == fee


def test_each_line_names_its_rule_and_the_schedule_it_was_read_from():
    found = quote("ebay_us", "watches", "8000.00")
    assert [(line.label, line.amount.text, line.rule) for line in found.lines] == [
        ("final value fee 15 %", "150.00", "category.watches.portion1"),
        ("final value fee 6.5 %", "422.50", "category.watches.portion2"),
        ("final value fee 3 %", "15.00", "category.watches.portion3"),
        ("per-order fee", "0.40", "order_fee"),
    ]
    assert {(line.schedule, line.version) for line in found.lines} == {("ebay_us_2025-02-14", "1")}
    assert found.record().total == found.total_fee
    assert found.net_record().total == found.net


def test_the_callers_own_terms_are_not_ascribed_to_a_schedule():
    options = SaleOptions(rate=Decimal("0.1"), fixed_fee=usd("0.30"))
    assert [line.schedule for line in quote("generic", "most", "10.00", options=options).lines] == [
        "generic_2000-01-01",
        None,
    ]


def test_tax_is_shown_and_never_income():
    found = quote("ebay_us", "most", "50.00", tax="0.10")
    assert found.tax == usd("5.00")
    assert found.net == usd("42.12")


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("unknown_channel", {"channel": "etsy"}),
        ("unknown_category", {"category": "books > fiction"}),
        ("unknown_plan", {"options": SaleOptions(plan="gold")}),
        ("no_schedule_for_date", {"sold_on": date(2025, 2, 13)}),
        ("bad_date", {"sold_on": "2025-03-01"}),
        ("bad_date", {"sold_on": datetime(2025, 3, 1)}),  # noqa: DTZ001 - a time of day is refused
        ("negative_amount", {"price": Money(-1, "USD")}),
        ("negative_amount", {"shipping": Money(-1, "USD")}),
        ("wrong_currency", {"price": Money(1, "EUR")}),
        ("wrong_currency", {"shipping": Money(1, "EUR")}),
        ("not_money", {"price": 20.0}),
        ("bad_tax_rate", {"tax_rate": Decimal("nan")}),
        ("bad_tax_rate", {"tax_rate": Decimal("-0.01")}),
        ("bad_tax_rate", {"tax_rate": Decimal(7)}),
        ("bad_tax_rate", {"tax_rate": 0.07}),
        ("bad_tax_rate", {"tax_rate": 0}),
        ("bad_tax_rate", {"tax_rate": Decimal("snan")}),
        ("unsourced_fee", {"options": SaleOptions(currency_conversion=True)}),
        ("unsourced_fee", {"options": SaleOptions(plan="basic", insertion=True)}),
        ("bad_rate", {"options": SaleOptions(promoted_rate=Decimal("1.5"))}),
        ("bad_rate", {"options": SaleOptions(promoted_rate=Decimal("0.0000001"))}),
        ("terms_not_wanted", {"options": SaleOptions(rate=Decimal("0.1"))}),
        ("terms_required", {"channel": "generic"}),
        ("unknown_add_on", {"channel": "amazon_us", "options": SaleOptions(international=True)}),
        ("bad_fixed_fee", {"channel": "generic", "options": SaleOptions(rate=Decimal(0), fixed_fee=Money(1, "EUR"))}),
    ],
)
def test_what_is_not_known_is_refused_with_its_code(code, change):
    question = {
        "channel": "ebay_us",
        "category": "most",
        "price": usd("20.00"),
        "shipping": ZERO,
        "tax_rate": Decimal("0.07"),
        "sold_on": SOLD_ON,
    } | change
    with pytest.raises(FeeRefusal) as caught:
        load_schedules().quote(question.pop("channel"), question.pop("category"), **question)
    assert caught.value.code == code
    assert str(caught.value)


def test_the_same_terms_give_the_same_curve_and_other_terms_another():
    ask = {"shipping": ZERO, "tax_rate": Decimal(0), "sold_on": SOLD_ON}
    kernel = load_schedules()
    assert kernel.curve("ebay_us", "most", **ask) is kernel.curve("ebay_us", "most", **ask)
    dearer = kernel.curve("ebay_us", "most", **ask, options=SaleOptions(international=True))
    assert dearer.fee(10_000) > kernel.curve("ebay_us", "most", **ask).fee(10_000)


SCHEDULE = """
id = "{id}"
channel = "market"
version = 3
currency = "USD"
effective_from = {start}
{end}
source = "a test"
retrieved_on = 2025-01-01
fee_label = "fee"
base = "price"
default_plan = "p"
[plans.p]
label = "p"
[plans.p.categories]
{category}
"""
FLAT = 'most = {{ kind = "portion", tiers = [{{ rate = "{}" }}] }}'


def write(folder, name, start, end="", category=None):
    (folder / "fee_schedules").mkdir(exist_ok=True)
    text = SCHEDULE.format(
        id=name, start=start, end=f"effective_to = {end}" if end else "", category=category or FLAT.format("0.10")
    )
    (folder / "fee_schedules" / f"{name}.toml").write_text(text)


def test_adding_a_schedule_is_adding_a_file_and_the_sale_date_picks_it(tmp_path):
    write(tmp_path, "market_2024", "2024-01-01", "2024-12-31")
    write(tmp_path, "market_2025", "2025-01-01", category=FLAT.format("0.20"))
    kernel = load_schedules(tmp_path)

    def fee(on):
        ask = {"price": usd("10.00"), "shipping": ZERO, "tax_rate": Decimal(0), "sold_on": on}
        found = kernel.quote("market", "most", **ask)
        return found.schedule_id, found.schedule_version, found.total_fee.text

    assert fee(date(2024, 12, 31)) == ("market_2024", "3", "1.00")
    assert fee(date(2025, 1, 1)) == ("market_2025", "3", "2.00")


@pytest.mark.parametrize(
    ("second", "says"),
    [(("2024-12-31",), "overlap"), (("2025-01-02",), "close the gap")],
)
def test_overlapping_and_missing_dates_are_errors_at_load(tmp_path, second, says):
    write(tmp_path, "market_a", "2024-01-01", "2024-12-31")
    write(tmp_path, "market_b", *second)
    with pytest.raises(FeeScheduleError, match=says):
        load_schedules(tmp_path)


@pytest.mark.parametrize(
    ("category", "says"),
    [
        ('most = { kind = "portion", tiers = [{ rate = 0.1 }] }', "as text"),
        ('most = { kind = "portion", tiers = [{ rate = "1.1" }] }', "between 0 and 1"),
        ('most = { kind = "portion", tiers = [{ rate = "-0.1" }] }', "from zero up"),
        ('most = { kind = "portion", tiers = [] }', "every tier but the last"),
        ('most = { kind = "portion", tiers = [{ up_to = "5.00", rate = "0.1" }] }', "every tier but the last"),
        (
            'most = { kind = "step", '
            'tiers = [{ up_to = "5", rate = "0" }, { up_to = "5", rate = "0" }, { rate = "0" }] }',
            "must rise",
        ),
        ('most = { kind = "slope", tiers = [{ rate = "0.1" }] }', "slope"),
        ('most = { kind = "portion" }', "'tiers' is missing"),
        ('most = { kind = "portion", minimum = "0.301", tiers = [{ rate = "0.1" }] }', "more digits"),
        ("", "no categories"),
    ],
)
def test_a_schedule_that_cannot_be_trusted_is_refused_at_load(tmp_path, category, says):
    write(tmp_path, "market_a", "2024-01-01", category=category or "# none")
    with pytest.raises(FeeScheduleError, match=says) as caught:
        load_schedules(tmp_path)
    assert "market_a.toml" in str(caught.value)


def test_a_mistyped_folder_is_an_error(tmp_path):
    with pytest.raises(FeeScheduleError, match="no such folder"):
        load_schedules(tmp_path / "absent")


def test_every_shipped_schedule_says_where_it_is_from():
    kernel = load_schedules()
    assert {found.channel for found in kernel.all()} == {"ebay_us", "amazon_us", "generic", "sandbox"}
    for found in kernel.all():
        assert found.source
        assert found.retrieved_on
        assert found.id.startswith(found.channel)
    assert isinstance(kernel.cards, FulfilmentCards)


def test_percent_is_for_people():
    assert [percent(ppm) for ppm in (132_500, 0, 1_000_000, 23_500)] == ["13.25 %", "0 %", "100 %", "2.35 %"]
