"""The double-entry books.

What belongs here: the ledger repository, and posting inside another repository's transaction.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, func, insert, select

from arb_pipelines.adapters.sql.book_tables import ledger_entries, ledger_transactions
from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.adapters.sql.frames import insert_into
from arb_pipelines.domain.ledger import LedgerTransaction


class DoublePostingError(RuntimeError):
    """An event that must happen once is already in the ledger: the books and the states disagree."""


class SqlLedger:
    """Fulfils `domain.stores.Ledger`."""

    def __init__(self, engine: Engine) -> None:
        """Keep the engine."""
        self._engine = engine

    def post(self, transaction: LedgerTransaction) -> bool:
        """Post a transaction; False if its id is already posted."""
        with money_transaction(self._engine) as connection:
            return _insert(connection, transaction)

    def balances(self) -> dict[tuple[str, str], int]:
        """Return minor units by (account, currency)."""
        columns = (ledger_entries.c.account, ledger_entries.c.currency)
        query = select(*columns, func.sum(ledger_entries.c.amount_minor)).group_by(*columns)
        with self._engine.connect() as connection:
            return {(account, currency): int(total) for account, currency, total in connection.execute(query)}


def post_once(connection: Connection, transaction: LedgerTransaction) -> None:
    """Post inside the caller's transaction.

    Raises:
        DoublePostingError: the event is already posted.
    """
    if not _insert(connection, transaction):
        raise DoublePostingError(f"{transaction.transaction_id} is already in the ledger; run `arb verify`")


def _insert(connection: Connection, transaction: LedgerTransaction) -> bool:
    header = insert_into(connection, ledger_transactions).values(
        transaction_id=transaction.transaction_id, occurred_at=transaction.occurred_at, memo=transaction.memo
    )
    if connection.execute(header.on_conflict_do_nothing()).rowcount != 1:
        return False
    lines = [
        {
            "transaction_id": transaction.transaction_id,
            "line": line,
            "account": entry.account.value,
            "amount_minor": entry.amount.minor,
            "currency": entry.amount.currency,
        }
        for line, entry in enumerate(transaction.entries)
    ]
    connection.execute(insert(ledger_entries), lines)
    return True
