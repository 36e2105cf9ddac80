"""What an outlet settles: the fee it really took, what it paid out, and how far the books are compared with it.

What belongs here: the words and the date through which everything is reconciled. Importing a statement is
`services/settling.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.order import Order

DAY = timedelta(days=1)


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
