"""The stores of what follows a sale, and of what a listing says: returns, settled fees, price suggestions, sheets.

What belongs here: typing protocols only; `adapters/sql` fulfils them. Lots, listings and orders are `stores.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from arb_pipelines.domain.money import Money
from arb_pipelines.domain.product_sheet import ProductSheet
from arb_pipelines.domain.repricing import PriceChange
from arb_pipelines.domain.return_case import ReturnCase, ReturnState
from arb_pipelines.domain.settlement import Again


class Returns(Protocol):
    """What buyers send back; each method is one transaction."""

    def open(self, return_id: str, order_id: str, units: int, reason: str, at: datetime) -> ReturnCase | None:
        """Open a return of units of an order; None if the id is already kept.

        Raises:
            LookupError: no such order.
            ReturnRefusedError: more units than are left of the order.
        """

    def advance(self, return_id: str, *, expected: Sequence[ReturnState], state: ReturnState, at: datetime) -> bool:
        """Compare-and-set a state; restocking and writing off post their ledger lines, restocking adds the units.

        Raises:
            ValueError: no expected state may be followed by this one.
        """

    def refund(self, return_id: str, refund: Money, fee_back: Money, at: datetime) -> bool:
        """Record the refund and post it; False if the return is already refunded.

        Raises:
            LookupError: no such return.
            ReturnRefusedError: more than was paid.
        """

    def load(self, states: Sequence[ReturnState] = ()) -> list[ReturnCase]:
        """Return the cases, in the given states or all, oldest first."""


class Settlements(Protocol):
    """Fees as outlets settle them."""

    def settle_fee(
        self, order_id: str, fee: Money, statement_id: str, at: datetime, again: Again | None = None
    ) -> Money | None:
        """Set an order's fee to what a statement says and post the correction; return it (it may be zero).

        None if this statement has settled the order already.

        Raises:
            LookupError: no such order.
            AlreadySettledError: another real statement has, and `again` does not say what this one means.
            MoneyError: the fee is in another currency than the sale.
        """


class PriceSuggestions(Protocol):
    """The first run of a repricing rule at an outlet, which suggests and changes nothing."""

    def has_run(self, outlet: str, rule: str) -> bool:
        """Return whether the rule has made its first run."""

    def store_first(self, outlet: str, rule: str, changes: Sequence[PriceChange], at: datetime) -> bool:
        """Keep the suggestions of the first run; False if another run was first."""

    def load(self, outlet: str, rule: str) -> list[PriceChange]:
        """Return what the first run suggested, by SKU."""


class ProductSheets(Protocol):
    """What we say of a product to buyers."""

    def put(self, sheet: ProductSheet, by: str, at: datetime) -> None:
        """Keep a sheet; a newer one replaces an older one."""

    def load(self) -> dict[str, ProductSheet]:
        """Return the sheets by product_id."""
