"""What a buyer sends back: the goods go through an inspection, the money goes back once.

What belongs here: the words, and which state may follow which. The way of the goods and the refund are two things:
an outlet may refund before anything has arrived, and a parcel may arrive that nobody refunds. A unit is stock again
only after somebody has looked at it. Acting is `services/returns.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from arb_pipelines.domain.money import Money


class ReturnState(StrEnum):
    """Where the goods are."""

    REQUESTED = "requested"  # with the buyer or the carrier
    RECEIVED = "received"  # here, not yet inspected: not stock
    RESTOCKED = "restocked"  # inspected, as good as when it left: stock again
    WRITTEN_OFF = "written_off"  # inspected, not to be sold in its condition any more
    CLOSED = "closed"  # nothing came back


TRANSITIONS: dict[ReturnState, frozenset[ReturnState]] = {
    ReturnState.REQUESTED: frozenset({ReturnState.RECEIVED, ReturnState.CLOSED}),
    ReturnState.RECEIVED: frozenset({ReturnState.RESTOCKED, ReturnState.WRITTEN_OFF}),
    ReturnState.RESTOCKED: frozenset(),
    ReturnState.WRITTEN_OFF: frozenset(),
    ReturnState.CLOSED: frozenset(),
}
INSPECTED = frozenset({ReturnState.RESTOCKED, ReturnState.WRITTEN_OFF})


class ReturnRefusedError(ValueError):
    """A return or refund that cannot be true: more units or money than the order had."""


@dataclass(frozen=True, slots=True)
class ReturnCase:
    """Units of one order that come back. `cost` is their landed cost, from the very lots they were taken from.

    `refund` is what the buyer got back without the tax (that is the outlet's), `fee_back` what the outlet returned
    of its fee; both None until refunded.
    """

    return_id: str
    order_id: str
    units: int
    reason: str
    state: ReturnState
    cost: Money
    requested_at: datetime
    received_at: datetime | None = None
    inspected_at: datetime | None = None
    refund: Money | None = None
    fee_back: Money | None = None
    refunded_at: datetime | None = None

    @property
    def profit(self) -> Money:
        """What the return changes of the order's profit so far; a loss is negative."""
        change = self.cost if self.state is ReturnState.RESTOCKED else Money.zero(self.cost.currency)
        if self.refund is None or self.fee_back is None:
            return change
        return change - self.refund + self.fee_back


def check_refund(refund: Money, fee_back: Money, revenue: Money, refunded: Money, fee: Money) -> None:
    """Refuse a refund that gives back more than was paid.

    Args:
        refund: what the buyer is to get.
        fee_back: what the outlet returns of its fee.
        revenue: what the buyer paid for the whole order, without tax.
        refunded: what the order's other returns gave back already.
        fee: the outlet's fee of the order, less what it returned already.

    Raises:
        ReturnRefusedError: the amounts cannot be true.
        MoneyError: the currencies differ.
    """
    if refund.minor <= 0:
        raise ReturnRefusedError(f"a refund is above zero, not {refund}")
    if refund + refunded > revenue:
        raise ReturnRefusedError(f"{refund} is more than what is left of the {revenue} that the buyer paid")
    if not fee_back.minor >= 0 or fee_back > fee:
        raise ReturnRefusedError(f"a fee of {fee_back} cannot come back from a fee of {fee}")


def units_left(sold: int, cases: list[ReturnCase]) -> int:
    """Return how many units of an order can still come back."""
    return sold - sum(case.units for case in cases if case.state is not ReturnState.CLOSED)


@dataclass(frozen=True, slots=True)
class ToldReturn:
    """What an outlet shows of one order line that was cancelled or refunded; sums over all of its refunds.

    `refund` is without tax. `fee_back` is None where the outlet does not tell it for certain.
    """

    outlet_order_id: str
    line_item_id: str
    is_cancelled: bool
    refund: Money | None = None
    fee_back: Money | None = None
