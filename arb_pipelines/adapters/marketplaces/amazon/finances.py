"""What Amazon really took of a sale (finances of 2024-06-19).

What belongs here: the call, and reading the fee of an order off its transactions. The interface names no kinds of
charge, so a fee counts only where the sale less that fee is what Amazon credits; everything else stays unknown.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from arb_pipelines.adapters.http.answers import UnreadableAnswerError
from arb_pipelines.adapters.http.fields import read_object, read_objects, read_optional_text, read_text, write_time
from arb_pipelines.adapters.marketplaces.amazon.catalogue import fetch_pages
from arb_pipelines.adapters.marketplaces.amazon.client import AmazonConnection
from arb_pipelines.domain.money import Money, MoneyError
from arb_pipelines.domain.order import Order

TRANSACTIONS = "/finances/2024-06-19/transactions"
LONGEST = timedelta(days=179)  # a span of more than 180 days is answered with nothing
EARLIER = timedelta(days=1)
SALE, FEES = "Shipment", "AmazonFees"
SETTLED = ("RELEASED", "DEFERRED_RELEASED")  # one that was deferred comes again once it is released


@dataclass(frozen=True, slots=True)
class SaleBooking:
    """One booking of a sale: what Amazon credited, its fees as a positive amount, and the SKU where it names one."""

    order_id: str
    sku: str | None
    status: str
    credited: Money
    fee: Money


class AmazonFinances:
    """The bookings of one seller account."""

    def __init__(self, connection: AmazonConnection) -> None:
        """Use a connection."""
        self._connection = connection

    def fetch_settled_fees(self, orders: Sequence[Order], now: datetime) -> dict[str, Money]:
        """Return the fee of each of these orders whose bookings add up to it, by our order id.

        Raises:
            OutletRefusedError: Amazon refuses.
            ConnectionError: no answer.
        """
        since = max(min(order.ordered_at for order in orders) - EARLIER, now - LONGEST)
        # Without a marketplace: with one, Amazon leaves out what sellers in the US ship themselves.
        query = {"postedAfter": write_time(since)}
        found: dict[str, list[SaleBooking]] = defaultdict(list)
        for page in fetch_pages(
            self._connection, "listTransactions", TRANSACTIONS, query, "nextToken", token_of=_next_token
        ):
            for document in read_objects(_payload(page), "transactions", may_miss=True):
                for booking in parse_sale(document):
                    found[booking.order_id].append(booking)
        lines = Counter(order.outlet_order_id for order in orders)
        fees = {one.order_id: fee_of(one, found[one.outlet_order_id], lines[one.outlet_order_id]) for one in orders}
        return {order_id: fee for order_id, fee in fees.items() if fee is not None}


def fee_of(order: Order, bookings: Sequence[SaleBooking], lines: int) -> Money | None:
    """Return the fee of an order line, None unless its bookings are certainly its own and add up.

    Args:
        order: the line.
        bookings: of its order at Amazon.
        lines: how many lines of that order we know.
    """
    named = [one for one in bookings if one.sku == order.sku or (one.sku is None and lines == 1)]
    for status in SETTLED:
        own = [one for one in named if one.status == status]
        if not own or any(one.fee.currency != order.revenue.currency for one in own):
            continue
        fee = Money(sum(one.fee.minor for one in own), order.revenue.currency)
        credited = sum(one.credited.minor for one in own)
        if fee.minor > 0 and credited == order.revenue.minor - fee.minor:
            return fee
    return None


def parse_sale(document: Any) -> Iterator[SaleBooking]:
    """Yield the bookings of a transaction, one an item where it has some; none where it is no sale of an order.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    body = read_object(document, "the transaction")
    named = {
        read_text(each, "relatedIdentifierName"): read_optional_text(each, "relatedIdentifierValue")
        for each in read_objects(body, "relatedIdentifiers", may_miss=True)
    }
    order_id = named.get("ORDER_ID")
    if body.get("transactionType") != SALE or order_id is None:
        return
    items = read_objects(body, "items", may_miss=True)
    for part in items or [body]:
        credited, fee = _signed(part.get("totalAmount")), _fees(part)
        if credited is not None and fee is not None:
            status = read_optional_text(body, "transactionStatus") or ""
            yield SaleBooking(order_id, _sku(part), status, credited, fee)


def _payload(page: Mapping[str, Any]) -> Mapping[str, Any]:
    return read_object(page.get("payload"), "the payload")


def _next_token(page: Mapping[str, Any]) -> str | None:
    return read_optional_text(_payload(page), "nextToken")


def _sku(part: Mapping[str, Any]) -> str | None:
    named = {read_optional_text(each, "sku") for each in read_objects(part, "contexts", may_miss=True)} - {None}
    return named.pop() if len(named) == 1 else None


def _fees(part: Mapping[str, Any]) -> Money | None:
    """Return Amazon's fees, which stand under their name at any depth, as a positive amount; None where none do."""
    found = [amount for amount in _named(read_objects(part, "breakdowns", may_miss=True), 5) if amount is not None]
    if not found or len({amount.currency for amount in found}) > 1:
        return None
    return Money(-sum(amount.minor for amount in found), found[0].currency)


def _named(breakdowns: Sequence[Mapping[str, Any]], depth: int) -> Iterator[Money | None]:
    for each in breakdowns if depth else ():
        if each.get("breakdownType") == FEES:
            yield _signed(each.get("breakdownAmount"))
        else:
            yield from _named(read_objects(each, "breakdowns", may_miss=True), depth - 1)


def _signed(value: Any) -> Money | None:
    """Return an amount that may be below zero, None where there is none."""
    if value is None:
        return None
    body = read_object(value, "the amount")
    number = body.get("currencyAmount")
    if isinstance(number, bool) or not isinstance(number, int | Decimal):
        raise UnreadableAnswerError("currencyAmount is no number")
    try:
        return Money.exact(number, read_text(body, "currencyCode"))
    except MoneyError as error:
        raise UnreadableAnswerError(f"currencyAmount: {error}") from error
