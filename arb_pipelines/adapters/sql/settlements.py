"""Fees as outlets settle them: the order's fee, its ledger correction and the statement in one transaction.

What belongs here: the settlements repository.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine, select, update

from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.adapters.sql.ledger import post_once
from arb_pipelines.adapters.sql.sale_tables import orders
from arb_pipelines.adapters.sql.selling_tables import fee_settlements
from arb_pipelines.domain.ledger import post_fee_correction
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.settlement import Again, fee_after


class SqlSettlements:
    """Fulfils `domain.sale_stores.Settlements`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

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
        mine, by = orders.c.order_id == order_id, fee_settlements.c
        with money_transaction(self._engine) as connection:
            booked = select(orders.c.fee_minor, orders.c.currency).where(mine).with_for_update()
            row = connection.execute(booked).one_or_none()
            if row is None:
                raise LookupError(f"no order {order_id}")
            earlier = connection.scalars(select(by.statement_id).where(by.order_id == order_id)).all()
            if statement_id in earlier:
                return None
            before = Money(row.fee_minor, row.currency)
            whole = fee_after(before, fee, earlier, again)
            correction = whole - before
            values = {"order_id": order_id, "statement_id": statement_id, "currency": fee.currency, "settled_at": at}
            amounts = {"fee_minor": fee.minor, "correction_minor": correction.minor}
            line = insert_into(connection, fee_settlements).values(**values, **amounts).on_conflict_do_nothing()
            if connection.execute(line).rowcount != 1:
                return None
            connection.execute(update(orders).where(mine).values(fee_minor=whole.minor, fee_estimated=False))
            if correction.minor:
                post_once(connection, post_fee_correction(order_id, statement_id, correction, at))
        return correction
