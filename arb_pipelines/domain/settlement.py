"""What an outlet settles: the fee it really took, what it paid out, and how far the books are compared with it.

What belongs here: the words and the date through which everything is reconciled. Importing a statement is
`services/settling.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order

DAY = timedelta(days=1)
ON_THE_ORDER = "order"  # the statement of a fee that the outlet's own order tells
FINANCES = "finances"  # the same of its finance data
TOLD = frozenset({ON_THE_ORDER, FINANCES})  # of the whole line, until a real statement comes


class Again(StrEnum):
    """What a second statement of an order line means; only a person who has both can say."""

    ADD = "add"  # further charges or a credit
    REPLACE = "replace"  # the whole fee, put right


class AlreadySettledError(ValueError):
    """Another statement has settled the line; whether this one adds or replaces is not known."""


def fee_after(booked: Money, stated: Money, earlier: Sequence[str], again: Again | None) -> Money:
    """Return the fee of an order line after one more statement.

    Args:
        booked: the fee in the books.
        stated: what the statement says.
        earlier: the statements that settled the line before.
        again: what a second real statement means.

    Raises:
        AlreadySettledError: there is an earlier real statement, and `again` does not say what this one is.
        MoneyError: the currencies differ.
    """
    real = sorted(set(earlier) - TOLD)
    if not real:
        return booked + (stated - booked)
    if again is None:
        raise AlreadySettledError(
            f"statement {real[-1]} settled this line, its fee is {booked}; this one says {stated}: "
            "say whether that is added or replaces it"
        )
    return booked + stated if again is Again.ADD else booked + (stated - booked)


@dataclass(frozen=True, slots=True)
class SettledFee:
    """The fee of one order line as a statement tells it, for the whole line."""

    outlet_order_id: str
    line_item_id: str
    fee: Money


@dataclass(frozen=True, slots=True)
class Payout:
    """Money that an outlet sent us."""

    payout_id: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Statement:
    """What one statement of an outlet says; `statement_id` is its own number, so that it counts once."""

    statement_id: str
    outlet: str
    settled_at: datetime
    fees: tuple[SettledFee, ...] = ()
    payouts: tuple[Payout, ...] = ()


def reconciled_through(orders: Iterable[Order], outlet: str, now: datetime) -> date | None:
    """Return the last day through which every sale at an outlet has a fee that the outlet itself told.

    That is the day before the first sale with an estimated fee, else yesterday; None where nothing was sold there.
    """
    sold = [order for order in orders if order.outlet == outlet]
    if not sold:
        return None
    open_days = [order.ordered_at.date() for order in sold if order.fee_estimated]
    return min([*open_days, now.date()]) - DAY


def reconciled_days(orders: Sequence[Order], now: datetime) -> dict[str, date | None]:
    """Return `reconciled_through` of every outlet that something was sold at."""
    outlets = sorted({order.outlet for order in orders})
    return {outlet: reconciled_through(orders, outlet, now) for outlet in outlets}
