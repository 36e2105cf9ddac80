"""Lines of Amazon's orders: what the buyer paid, which lines are ours; parts that do not add up are refused."""

from __future__ import annotations

from typing import Any

import pytest

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.marketplaces.amazon.listing_document import wire_number
from arb_pipelines.adapters.marketplaces.amazon.parse import parse_orders, parse_shipped_lines, read_amazon_money
from arb_pipelines.domain.money import Money
from arb_pipelines_tests.adapters.marketplaces.amazon.account import an_amazon_order


def usd(text: str) -> dict[str, str]:
    """Return an amount as Amazon writes it."""
    return {"amount": text, "currencyCode": "USD"}


def proceeds(total: str, **parts: str) -> dict[str, Any]:
    """Return the proceeds of a line."""
    breakdowns = [{"type": name, "subtotal": usd(amount)} for name, amount in parts.items()]
    return {"proceeds": {"proceedsTotal": usd(total), "breakdowns": breakdowns}}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (proceeds("10.00", ITEM="10.00"), ("10.00", "0.00", "0.00")),
        (proceeds("13.70", ITEM="10.00", SHIPPING="3.00", TAX="0.70"), ("10.00", "3.00", "0.70")),
        (proceeds("13.00", ITEM="10.00", SHIPPING="3.00", TAX="0.70"), ("10.00", "3.00", "0.70")),
        (proceeds("8.50", ITEM="10.00", DISCOUNT="-1.50"), ("8.50", "0.00", "0.00")),
        (proceeds("8.50", ITEM="10.00", DISCOUNT="1.50"), ("8.50", "0.00", "0.00")),
        (proceeds("12.00", ITEM="10.00", GIFT_WRAP="2.00"), ("12.00", "0.00", "0.00")),
        (proceeds("0.00", ITEM="10.00", DISCOUNT="-10.00"), ("0.00", "0.00", "0.00")),
    ],
)
def test_a_line_is_split_into_goods_shipping_and_tax(line: dict[str, Any], expected: tuple[str, str, str]) -> None:
    (found,) = parse_orders(an_amazon_order(**line))
    assert (found.item_price.text, found.shipping_paid.text, found.tax.text) == expected
    assert (found.fee, found.due, found.sku, found.shipped) == (None, None, "LOT-1", False)


@pytest.mark.parametrize(
    "line",
    [
        proceeds("11.00", ITEM="10.00"),
        proceeds("10.00", ITEM="10.00", SOMETHING_NEW="0.00"),
        proceeds("-1.00", ITEM="-1.00"),
        proceeds("10.00", ITEM="ten"),
        proceeds("0.00", ITEM="1.00", DISCOUNT="2.00"),
        {"proceeds": {}},
        {"proceeds": {"proceedsTotal": usd("1.00")}},
        {"proceeds": {"proceedsTotal": usd("1.00"), "breakdowns": [{"type": "ITEM", "subtotal": {"amount": "1.00"}}]}},
        {"quantityOrdered": "1"},
        {"quantityOrdered": -1},
        {"orderItemId": ""},
    ],
)
def test_a_line_that_does_not_add_up_is_refused(line: dict[str, Any]) -> None:
    with pytest.raises(UnreadableAnswerError):
        parse_orders(an_amazon_order(**line))


@pytest.mark.parametrize("status", ["PENDING", "PENDING_AVAILABILITY", "CANCELLED", "UNFULFILLABLE"])
def test_an_order_that_is_not_ours_to_ship_has_no_lines(status: str) -> None:
    assert parse_orders(an_amazon_order(status=status)) == []


def test_only_a_shipped_order_is_shipped() -> None:
    for status, shipped in (("UNSHIPPED", False), ("PARTIALLY_SHIPPED", False), ("SHIPPED", True)):
        (line,) = parse_orders(an_amazon_order(status=status))
        assert line.shipped is shipped
    with pytest.raises(UnreadableAnswerError, match="status"):
        parse_orders(an_amazon_order(status="LOST"))


def test_cancelled_lines_are_left_out() -> None:
    assert parse_orders(an_amazon_order(quantityOrdered=0)) == []
    assert parse_orders(an_amazon_order(cancellation={"cancellationExecution": {"cancelledBy": "BUYER"}})) == []
    assert len(parse_orders(an_amazon_order(cancellation={"cancellationRequest": {"requester": "BUYER"}}))) == 1


def test_a_line_without_a_sku_is_no_sku_of_ours() -> None:
    (line,) = parse_orders(an_amazon_order(product={"asin": "B0OTHER000"}))
    assert line.sku == "asin:B0OTHER000"
    with pytest.raises(UnreadableAnswerError):
        parse_orders(an_amazon_order(product={}))


def test_the_date_to_ship_by_is_kept() -> None:
    order = an_amazon_order()
    assert parse_orders(order)[0].ship_by is None
    order["fulfillment"]["shipByWindow"] = {"latestDateTime": "2026-05-03T10:00:00Z"}
    assert str(parse_orders(order)[0].ship_by) == "2026-05-03 10:00:00+00:00"


def test_a_package_that_was_cancelled_ships_nothing() -> None:
    package = {"packageReferenceId": "1", "trackingNumber": "9", "packageItems": [{"orderItemId": "i", "quantity": 1}]}
    assert parse_shipped_lines({"packages": [package]}, "9") == {"i"}
    assert parse_shipped_lines({"packages": [package]}, "8") == set()
    assert parse_shipped_lines({"packages": [{**package, "packageStatus": {"status": "CANCELLED"}}]}, "9") == set()
    assert parse_shipped_lines({}, "9") == set()


def test_amounts_are_written_and_read_to_the_last_digit() -> None:
    for text in ("0.01", "19.99", "0.10", "1.15", "123456789.01", "20.00", "99999999999.99"):
        money = Money.of(text, "USD")
        assert Money.of(str(wire_number(money)), "USD") == money
        assert read_amazon_money({"amount": text, "currencyCode": "USD"}, "it") == money
        assert read_amazon_money({"Amount": money.amount, "CurrencyCode": "USD"}, "it") == money
    assert wire_number(Money.of("5980", "JPY")) == 5980
