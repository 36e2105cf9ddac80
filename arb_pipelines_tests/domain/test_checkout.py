"""What of the last page forbids the order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from arb_pipelines.domain.checkout import LastPage, refuse_last_page
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import Purchase, PurchaseState

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def usd(amount: str) -> Money:
    return Money.of(amount, "USD")


PURCHASE = Purchase(
    purchase_id="pu-1",
    approval_id="ap-1",
    opportunity_id="op-1",
    offer_key="kettles|K",
    site="kettles",
    url="http://kettles.example/p/K",
    sku="K",
    product_id="p-1",
    condition="new",
    title="Kettle",
    quantity=2,
    reserved=usd("29.00"),
    state=PurchaseState.SUBMITTING,
    claimed_at=NOW,
    changed_at=NOW,
)
PAGE = LastPage(1, "K", 2, usd("12.50"), usd("3.00"), usd("1.00"), usd("29.00"))


def test_exactly_what_was_approved_passes() -> None:
    assert refuse_last_page(PURCHASE, PAGE, usd("12.50")) is None


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"sku": "L"}, "checkout_item_differs"),
        ({"sku": None}, "checkout_item_differs"),
        ({"lines": 2}, "checkout_item_differs"),
        ({"quantity": 3}, "checkout_quantity_differs"),
        ({"quantity": None}, "checkout_quantity_differs"),
        ({"unit_price": None}, "checkout_amount_unreadable"),
        ({"shipping": None}, "checkout_amount_unreadable"),
        ({"tax": None}, "checkout_amount_unreadable"),
        ({"total": None}, "checkout_amount_unreadable"),
        ({"total": Money.of("29", "EUR")}, "checkout_currency_differs"),
        ({"shipping": Money.of("3", "CAD")}, "checkout_currency_differs"),
        ({"unit_price": usd("12.49")}, "checkout_price_changed"),
        ({"unit_price": usd("12.51")}, "checkout_price_changed"),
        ({"total": usd("28.00")}, "checkout_sum_differs"),
        ({"shipping": usd("3.01"), "total": usd("29.01")}, "checkout_over_ceiling"),
    ],
)
def test_any_difference_is_a_refusal(changes: dict[str, object], code: str) -> None:
    refused = refuse_last_page(PURCHASE, replace(PAGE, **changes), usd("12.50"))
    assert refused is not None
    assert refused.code == code
