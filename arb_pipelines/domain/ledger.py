"""Double-entry books: every event of the trade is one transaction whose entries sum to zero in one currency.

What belongs here: accounts and the postings of each event. Keeping them is `adapters/sql/ledger.py`.
Debits are positive, credits negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from arb_pipelines.domain.money import Money


class Account(StrEnum):
    """The chart of accounts."""

    CASH = "cash"
    RESERVED = "reserved"  # held back for open purchases
    INVENTORY = "inventory"
    RECEIVABLE = "receivable"  # due from an outlet
    REVENUE = "revenue"
    SELLING_FEES = "selling_fees"
    COST_OF_GOODS = "cost_of_goods"
    REFUNDS = "refunds"  # given back to buyers: the other side of revenue
    SHIPPING = "shipping"  # labels we paid
    WRITE_OFFS = "write_offs"  # goods that came back and cannot be sold


class UnbalancedError(ValueError):
    """A transaction whose entries do not sum to zero, or in more than one currency."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a transaction."""

    account: Account
    amount: Money


@dataclass(frozen=True, slots=True)
class LedgerTransaction:
    """A balanced transaction. `transaction_id` names the event (`reserve:<purchase>`), so it posts only once."""

    transaction_id: str
    occurred_at: datetime
    memo: str
    entries: tuple[Entry, ...]

    def __post_init__(self) -> None:
        """Refuse an unbalanced or mixed-currency transaction."""
        if len({entry.amount.currency for entry in self.entries}) != 1:
            raise UnbalancedError(f"{self.transaction_id}: entries in more than one currency")
        total = sum(entry.amount.minor for entry in self.entries)
        if total:
            raise UnbalancedError(f"{self.transaction_id}: entries sum to {total}, not 0")


def _move(transaction_id: str, at: datetime, memo: str, *entries: tuple[Account, Money]) -> LedgerTransaction:
    return LedgerTransaction(transaction_id, at, memo, tuple(Entry(a, m) for a, m in entries if m.minor))


def post_reserve(purchase_id: str, reserved: Money, at: datetime) -> LedgerTransaction:
    """Hold back the most a purchase may cost."""
    return _move(
        f"reserve:{purchase_id}",
        at,
        "purchase claimed",
        (Account.RESERVED, reserved),
        (Account.CASH, -reserved),
    )


def post_release(purchase_id: str, reserved: Money, at: datetime) -> LedgerTransaction:
    """Give a reservation back: the purchase was refused, released or never placed."""
    return _move(
        f"release:{purchase_id}",
        at,
        "reservation released",
        (Account.CASH, reserved),
        (Account.RESERVED, -reserved),
    )


def post_bought(purchase_id: str, reserved: Money, total: Money, at: datetime) -> LedgerTransaction:
    """Settle a purchase: stock at what was paid, the rest of the reservation back to cash."""
    return _move(
        f"bought:{purchase_id}",
        at,
        "purchase settled",
        (Account.INVENTORY, total),
        (Account.CASH, reserved - total),
        (Account.RESERVED, -reserved),
    )


def post_adopted(purchase_id: str, total: Money, at: datetime) -> LedgerTransaction:
    """Book an order that showed up after its reservation was given back: stock against cash."""
    return _move(f"bought:{purchase_id}", at, "late order adopted", (Account.INVENTORY, total), (Account.CASH, -total))


def post_sale(order_id: str, revenue: Money, fee: Money, cost: Money, at: datetime) -> LedgerTransaction:
    """Book a sale: what the outlet owes us, its fee, and the cost of the units sold."""
    return _move(
        f"sale:{order_id}",
        at,
        "order imported",
        (Account.RECEIVABLE, revenue - fee),
        (Account.SELLING_FEES, fee),
        (Account.REVENUE, -revenue),
        (Account.COST_OF_GOODS, cost),
        (Account.INVENTORY, -cost),
    )


def post_postage(order_id: str, postage: Money, at: datetime) -> LedgerTransaction:
    """Book the label of a parcel."""
    return _move(f"postage:{order_id}", at, "label bought", (Account.SHIPPING, postage), (Account.CASH, -postage))


def post_fee_correction(order_id: str, statement_id: str, correction: Money, at: datetime) -> LedgerTransaction:
    """Correct a booked fee to what a statement settled; a positive `correction` is a higher fee, never zero."""
    return _move(
        f"fee:{order_id}:{statement_id}",
        at,
        "fee settled",
        (Account.SELLING_FEES, correction),
        (Account.RECEIVABLE, -correction),
    )


def post_payout(outlet: str, payout_id: str, amount: Money, at: datetime) -> LedgerTransaction:
    """Book what an outlet paid out to us."""
    return _move(
        f"payout:{outlet}:{payout_id}", at, "outlet paid out", (Account.CASH, amount), (Account.RECEIVABLE, -amount)
    )


def post_refund(return_id: str, refund: Money, fee_back: Money, at: datetime) -> LedgerTransaction:
    """Book what a buyer got back, and what the outlet returns of its fee."""
    return _move(
        f"refund:{return_id}",
        at,
        "buyer refunded",
        (Account.REFUNDS, refund),
        (Account.SELLING_FEES, -fee_back),
        (Account.RECEIVABLE, fee_back - refund),
    )


def post_restock(return_id: str, cost: Money, at: datetime) -> LedgerTransaction:
    """Take returned units back into stock at what they cost."""
    return _move(
        f"restock:{return_id}", at, "return restocked", (Account.INVENTORY, cost), (Account.COST_OF_GOODS, -cost)
    )


def post_write_off(return_id: str, cost: Money, at: datetime) -> LedgerTransaction:
    """Give up returned units: what they cost is no longer the cost of a sale but a loss of its own."""
    return _move(
        f"write-off:{return_id}", at, "return written off", (Account.WRITE_OFFS, cost), (Account.COST_OF_GOODS, -cost)
    )
