"""Tax: passed on, recovered or owed, and only under the conditions of each treatment."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.tax import (
    ResaleCertificate,
    StockBookEntry,
    TaxRefusal,
    facilitated_sales_tax,
    global_margin_vat,
    margin_vat,
    purchase_tax_recoverable,
    standard_vat,
    vat_in,
)

UK = Decimal("0.20")


def gbp(amount: str) -> Money:
    return Money.exact(amount, "GBP")


LOT = StockBookEntry("L1", "a private seller", date(2025, 3, 1), gbp("40.00"), vat_invoiced=False)


def test_a_certificate_counts_for_its_supplier_state_and_time():
    held = [ResaleCertificate("shop", "NY", date(2025, 1, 1), date(2025, 12, 31))]
    assert purchase_tax_recoverable(held, "shop", "NY", date(2025, 12, 31))
    for supplier, state, on in (
        ("other", "NY", date(2025, 6, 1)),
        ("shop", "NJ", date(2025, 6, 1)),
        ("shop", "NY", date(2024, 12, 31)),
        ("shop", "NY", date(2026, 1, 1)),
    ):
        assert not purchase_tax_recoverable(held, supplier, state, on)


def test_facilitated_tax_is_half_up():
    assert facilitated_sales_tax(Money(2_400, "USD"), Decimal("0.07")) == Money(168, "USD")


def test_vat_at_20_percent_is_a_sixth():
    assert vat_in(gbp("60.00"), UK) == gbp("10.00")
    assert vat_in(gbp("0.09"), UK) == gbp("0.02")


def test_standard_scheme():
    record = standard_vat(gbp("120.00"), gbp("8.00"), UK)
    assert record.total == gbp("12.00")


def test_margin_scheme_taxes_each_lots_margin_and_relieves_no_loss():
    assert margin_vat(LOT, gbp("100.00")).total == gbp("10.00")
    loss = margin_vat(LOT, gbp("30.00"))
    assert loss.total == gbp("0.00")
    assert "no relief" in loss.notes[0]


@pytest.mark.parametrize("field", ["bought_from", "bought_on", "purchase_price", "vat_invoiced"])
def test_the_margin_scheme_needs_a_full_stock_book(field):
    with pytest.raises(TaxRefusal, match=field) as caught:
        margin_vat(replace(LOT, **{field: None}), gbp("100.00"))
    assert caught.value.code == "stock_book_incomplete"


def test_goods_bought_with_vat_are_not_in_the_margin_scheme():
    with pytest.raises(TaxRefusal) as caught:
        margin_vat(replace(LOT, vat_invoiced=True), gbp("100.00"))
    assert caught.value.code == "vat_on_purchase"


def test_global_accounting_offsets_losses_up_to_500_an_item():
    record = global_margin_vat([(LOT, gbp("100.00")), (replace(LOT, lot="L2"), gbp("10.00"))])
    assert record.total == gbp("5.00")
    assert global_margin_vat([(LOT, gbp("10.00"))]).total == gbp("0.00")
    for code, sold in (
        ("nothing_sold", []),
        ("above_global_limit", [(replace(LOT, purchase_price=gbp("500.01")), gbp("700.00"))]),
        ("wrong_currency", [(replace(LOT, purchase_price=Money(1, "EUR")), Money(2, "EUR"))]),
    ):
        with pytest.raises(TaxRefusal) as caught:
            global_margin_vat(sold)
        assert caught.value.code == code


@pytest.mark.parametrize("rate", [Decimal("nan"), Decimal(-1), Decimal(20), 0.2])
def test_rates_are_fractions(rate):
    with pytest.raises(TaxRefusal, match="fraction"):
        vat_in(gbp("1.00"), rate)


def test_amounts_are_of_one_currency_and_not_negative():
    for code, vat in (("wrong_currency", Money(1, "EUR")), ("negative_amount", Money(-1, "GBP"))):
        with pytest.raises(TaxRefusal) as caught:
            standard_vat(gbp("1.00"), vat, UK)
        assert caught.value.code == code


@given(st.integers(0, 10**7), st.integers(0, 10**7))
def test_margin_vat_is_never_negative_and_within_half_a_penny_of_a_sixth(bought, sold):
    owed = margin_vat(replace(LOT, purchase_price=Money(bought, "GBP")), Money(sold, "GBP")).total.minor
    assert abs(6 * owed - max(0, sold - bought)) <= 3
