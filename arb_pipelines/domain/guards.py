"""Automatic stops, each after an accident that was published: what went wrong, and the smallest rule against it.

What belongs here: pure rules over numbers that the services already hold. A guard that trips is a refusal with a
reason, not an alarm that somebody may read; no argument of a service switches one off.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Refusal

if TYPE_CHECKING:  # approvals, which these follow from, ask a guard themselves
    from arb_pipelines.domain.listing import Listing
    from arb_pipelines.domain.order import Order
    from arb_pipelines.domain.repricing import PriceChange
    from arb_pipelines.domain.return_case import ReturnCase

# A bank's trader typed 58 million into the quantity field and sold 1.4 billion before it was stopped (2022).
MOST_UNITS = 20
# Old code on one server of eight sent four million orders that nobody had asked for (2012).
MOST_STRANGE_ORDERS, STRANGE_SHARE = 3, 10
# A house buyer went on buying for a quarter after its resales had begun to lose money (2021).
LOSS_WINDOW, LEAST_SALES = timedelta(days=30), 10
# Repricers took whole catalogues down to a cent within minutes, in steps or at once (2012, 2014).
FALL_WINDOW, MOST_FALLING, FALLING_SHARE = timedelta(hours=1), 3, 20


def refuse_quantity(quantity: int) -> Refusal | None:
    """Return why so many units cannot be approved at once, or None. No user interface overrides it."""
    if quantity <= MOST_UNITS:
        return None
    return Refusal("quantity_cap", f"{quantity} units asked for, at most {MOST_UNITS} can be approved at once")


def refuse_strange_orders(strange: int, purchases: int) -> Refusal | None:
    """Return why buying at a site stops: its account makes orders that our books never asked for.

    One order by hand is an alarm; `MOST_STRANGE_ORDERS` of them, and more than one in `STRANGE_SHARE` purchases,
    look like a second program on the account.

    Args:
        strange: orders in the account's history that none of our purchases explains.
        purchases: our purchases at the site.
    """
    if strange < MOST_STRANGE_ORDERS or strange * STRANGE_SHARE <= purchases:
        return None
    return Refusal("strange_orders", f"{strange} orders of the account are not ours, {purchases} purchases are")


def refuse_realised_loss(orders: Iterable[Order], now: datetime, returns: Iterable[ReturnCase] = ()) -> Refusal | None:
    """Return why buying stops: the sales of the last 30 days together lost money, or None.

    The realised error of the forecasts is then larger than the whole margin that was planned. Each currency is
    judged by itself, from `LEAST_SALES` sales on.

    Args:
        orders: our sales.
        now: aware UTC.
        returns: what buyers sent back; a refunded sale brought what was left of it.
    """
    given_back: dict[str, int] = {}
    for case in returns:
        if case.refunded_at is not None:
            given_back[case.order_id] = given_back.get(case.order_id, 0) - case.profit.minor
    profits: dict[str, list[int]] = {}
    for order in orders:
        if order.ordered_at > now - LOSS_WINDOW:
            left = order.profit.minor - given_back.get(order.order_id, 0)
            profits.setdefault(order.profit.currency, []).append(left)
    for currency, minors in profits.items():
        if len(minors) >= LEAST_SALES and sum(minors) < 0:
            lost = Money(-sum(minors), currency)
            return Refusal("realised_loss", f"the last {len(minors)} sales lost {lost} together; look at the model")
    return None


def refuse_repeated_falls(
    changes: Iterable[tuple[Listing, PriceChange]], listings: int, now: datetime, *, days_a_day: float = 1.0
) -> Refusal | None:
    """Return why a repricing run stops before its first change: too many listings fall again within the hour.

    Small steps that each pass the run's own breaker add up; more than one listing in `FALLING_SHARE`, and at least
    `MOST_FALLING`, falling a second time within a selling hour stops the run.

    Args:
        changes: each listing with its next price.
        listings: how many listings are active.
        now: aware UTC.
        days_a_day: selling days in one calendar day (the sandbox world runs faster).
    """
    since = now - FALL_WINDOW / max(days_a_day, 1.0)
    again = sum(
        change.new < change.old and listing.repriced_at > since and listing.repriced_at > listing.listed_at
        for listing, change in changes
    )
    if again < MOST_FALLING or again * FALLING_SHARE <= listings:
        return None
    return Refusal("falls_too_fast", f"{again} of {listings} listings would fall for the second time within an hour")
