"""What eBay's orders show of being cancelled and refunded.

What belongs here: reading that off an order, and off the bookings how much of the fee came back. Cancelling and
refunding are a person's. eBay's refund amounts are without the tax that it collects, as ours are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from arb_pipelines.adapters.http.fields import (
    read_money,
    read_object,
    read_objects,
    read_part,
    read_text,
    sum_money,
)
from arb_pipelines.adapters.marketplaces.ebay.parse import CANCELLED
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.return_case import ToldReturn

REFUNDED = "REFUNDED"
REFUND = "REFUND"


def parse_returns(document: Any) -> list[ToldReturn]:
    """Return the lines of an order that were cancelled or refunded; refunds that are under way are not counted.

    A refund of the whole order belongs to its line where it has one; of several lines nobody says whose it is.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    order = read_object(document, "the order")
    cancelled = read_part(order, "cancelStatus").get("cancelState") == CANCELLED
    lines = read_objects(order, "lineItems")
    of_order = [
        each
        for each in read_objects(read_part(order, "paymentSummary"), "refunds", may_miss=True)
        if each.get("refundStatus") == REFUNDED
    ]
    found = []
    for line in lines:
        of_line = [one for one in read_objects(line, "refunds", may_miss=True) if one.get("refundDate") is not None]
        refund = _sum(of_line or (of_order if len(lines) == 1 else []))
        if cancelled or refund is not None:
            found.append(ToldReturn(read_text(order, "orderId"), read_text(line, "lineItemId"), cancelled, refund))
    return found


def with_fees_back(told: Sequence[ToldReturn], bookings: Iterable[Mapping[str, Any]]) -> list[ToldReturn]:
    """Return what was told with the fee that came back, where the order's bookings add up to one refund.

    Of an order with several refunded lines, and where the money taken is not the refund less the fee, it stays None.

    Args:
        told: lines, each once.
        bookings: eBay's transactions; others than refunds are passed over.

    Raises:
        UnreadableAnswerError: a field is missing or wrong.
    """
    by_order: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for booking in bookings:
        if booking.get("transactionType") == REFUND:
            by_order[read_text(booking, "orderId")].append(booking)
    refunds_of: dict[str, int] = defaultdict(int)
    for one in told:
        refunds_of[one.outlet_order_id] += one.refund is not None
    return [
        replace(one, fee_back=_fee_back(one.refund, by_order[one.outlet_order_id]))
        if one.refund is not None and refunds_of[one.outlet_order_id] == 1
        else one
        for one in told
    ]


def _fee_back(refund: Money, bookings: Sequence[Mapping[str, Any]]) -> Money | None:
    if not bookings:
        return None
    taken = sum_money([read_money(each.get("amount"), "amount") for each in bookings], refund.currency)
    fees = [
        read_money(fee.get("amount"), "fee")
        for each in bookings
        for line in read_objects(each, "orderLineItems", may_miss=True)
        for fee in read_objects(line, "marketplaceFees", may_miss=True)
    ]
    back = sum_money(fees, refund.currency)
    return back if taken == refund - back else None


def _sum(refunds: Sequence[Mapping[str, Any]]) -> Money | None:
    amounts = [read_money(each.get("amount"), "refund") for each in refunds]
    return sum_money(amounts, amounts[0].currency) if amounts else None
