"""Purchases and the money reserved for them.

What belongs here: the purchases repository; every state change is compare-and-set and posts what it settles in
the same transaction. Claiming is `claims.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, insert, select, true, update

from arb_pipelines.adapters.sql.claims import ClaimRefusedError, claim_in
from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.ledger import post_once
from arb_pipelines.adapters.sql.purchase_tables import purchase_events, purchases
from arb_pipelines.domain.ledger import LedgerTransaction, post_adopted, post_bought, post_release
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.purchase import OPEN_STATES, TRANSITIONS, Purchase, PurchaseState
from arb_pipelines.domain.spend_limit import Refusal, SpendLimit


class SqlPurchases:
    """Fulfils `domain.stores.Purchases`."""

    def __init__(self, engine: Engine, mode: str) -> None:
        """Keep the engine and the mode the books must be of."""
        self._engine = engine
        self._mode = mode

    def claim(self, purchase: Purchase, limits: Sequence[SpendLimit], now: datetime) -> Refusal | None:
        """Insert the intent, reserve its ceiling, use its approval and post the ledger line, all or nothing.

        Returns why it was refused (codes: `claims.claim_in`), or None when claimed.

        Raises:
            ValueError: the purchase is not a fresh claim of something.
        """
        if purchase.state is not PurchaseState.CLAIMED or purchase.quantity < 1 or purchase.reserved.minor < 1:
            raise ValueError(f"{purchase.purchase_id} is not a claim: {purchase.state}, {purchase.reserved}")
        try:
            with money_transaction(self._engine) as connection:
                claim_in(connection, purchase, limits, now, self._mode)
        except ClaimRefusedError as refused:
            return refused.refusal
        return None

    def advance(
        self,
        purchase_id: str,
        *,
        expected: Sequence[PurchaseState],
        state: PurchaseState,
        now: datetime,
        shop_order_id: str | None = None,
        total: Money | None = None,
        reason: str | None = None,
    ) -> bool:
        """Compare-and-set a state and post what it settles or releases; False if the state was another.

        Raises:
            ValueError: the state machine has no such step, or `bought` comes without a total in its currency.
            sqlalchemy.exc.IntegrityError: another purchase already has this shop's order.
        """
        _check_step(expected, state, total)
        with money_transaction(self._engine) as connection:
            query = select(purchases).where(purchases.c.purchase_id == purchase_id).with_for_update()
            row = connection.execute(query).mappings().one_or_none()
            if row is None or row["state"] not in expected:
                return False
            was = purchase_of(row)
            changes: dict[str, Any] = {"state": state.value, "changed_at": now, "reason": reason}
            changes |= {"shop_order_id": shop_order_id} if shop_order_id is not None else {}
            changes |= _committed(was, state, total)
            unchanged = (purchases.c.purchase_id == purchase_id) & (purchases.c.state == was.state.value)
            if connection.execute(update(purchases).where(unchanged).values(**changes)).rowcount != 1:
                return False
            event = {"purchase_id": purchase_id, "old_state": was.state.value, "state": state.value}
            connection.execute(insert(purchase_events).values(**event, reason=reason, at=now))
            _post(connection, was, state, total, now)
        return True

    def mark_delivered(self, purchase_id: str, delivered_at: datetime) -> bool:
        """Record that the goods arrived; False if already recorded or not bought."""
        arrived = (purchases.c.purchase_id == purchase_id) & _in_transit()
        with money_transaction(self._engine) as connection:
            marked = update(purchases).where(arrived).values(delivered_at=delivered_at)
            return connection.execute(marked).rowcount == 1

    def load(self, states: Sequence[PurchaseState] = ()) -> list[Purchase]:
        """Return purchases, in the given states or all, oldest first."""
        return self._load(purchases.c.state.in_([state.value for state in states]) if states else true())

    def load_in_transit(self) -> list[Purchase]:
        """Return bought purchases whose goods have not arrived, oldest first."""
        return self._load(_in_transit())

    def _load(self, condition: ColumnElement[bool]) -> list[Purchase]:
        query = select(purchases).where(condition).order_by(purchases.c.claimed_at, purchases.c.purchase_id)
        with self._engine.connect() as connection:
            return [purchase_of(row) for row in connection.execute(query).mappings()]


def _in_transit() -> ColumnElement[bool]:
    return (purchases.c.state == PurchaseState.BOUGHT.value) & purchases.c.delivered_at.is_(None)


def _check_step(expected: Sequence[PurchaseState], state: PurchaseState, total: Money | None) -> None:
    illegal = [old.value for old in expected if state not in TRANSITIONS[old]]
    if illegal or not expected:
        raise ValueError(f"a purchase cannot go from {', '.join(illegal) or 'nothing'} to {state.value}")
    if state is PurchaseState.BOUGHT and (total is None or total.minor < 0):
        raise ValueError("a purchase is bought only at a known total")


def _committed(was: Purchase, state: PurchaseState, total: Money | None) -> dict[str, Any]:
    """Return what counts against the limits from now on, and the total where there is one."""
    if total is not None and total.currency != was.reserved.currency:
        raise ValueError(f"{was.purchase_id} was reserved in {was.reserved.currency}, its total is {total}")
    if state is PurchaseState.BOUGHT and total is not None:
        return {"committed_minor": total.minor, "total_minor": total.minor}
    return {} if state in OPEN_STATES else {"committed_minor": 0}


def _post(connection: Connection, was: Purchase, state: PurchaseState, total: Money | None, now: datetime) -> None:
    posting: LedgerTransaction | None = None
    if state is PurchaseState.BOUGHT and total is not None:
        late = was.state is PurchaseState.NOT_PLACED
        adopted = post_adopted(was.purchase_id, total, now) if late and total.minor else None
        posting = adopted if late else post_bought(was.purchase_id, was.reserved, total, now)
    elif state not in OPEN_STATES:
        posting = post_release(was.purchase_id, was.reserved, now)
    if posting is not None:
        post_once(connection, posting)


def purchase_of(row: RowMapping) -> Purchase:
    """Return the purchase that a row keeps."""
    total, bid, currency = row["total_minor"], row["bid_minor"], row["currency"]
    plain = {name: row[name] for name in Purchase.__dataclass_fields__ if name in row}
    return Purchase(
        **{**plain, "state": PurchaseState(row["state"])},
        reserved=Money(row["reserved_minor"], currency),
        total=None if total is None else Money(total, currency),
        bid=None if bid is None else Money(bid, currency),
    )
