"""The ledger and the switches in memory, and the error of a broken constraint."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.exc import IntegrityError

from arb_pipelines.domain.ledger import LedgerTransaction
from arb_pipelines.domain.spend_limit import Action, ActionState


def broken_constraint(what: str) -> IntegrityError:
    """Return what SQLAlchemy raises where a constraint of the database is broken."""
    return IntegrityError(what, None, ValueError(what))


class FakeLedger:
    """Balanced transactions, each id once."""

    def __init__(self) -> None:
        self.transactions: dict[str, LedgerTransaction] = {}
        self._balances: dict[tuple[str, str], int] = {}

    def post(self, transaction: LedgerTransaction) -> bool:
        if transaction.transaction_id in self.transactions:
            return False
        self.transactions[transaction.transaction_id] = transaction
        for entry in transaction.entries:
            key = (str(entry.account), entry.amount.currency)
            self._balances[key] = self._balances.get(key, 0) + entry.amount.minor
        return True

    def post_once(self, transaction: LedgerTransaction) -> None:
        assert self.post(transaction), f"{transaction.transaction_id} was posted twice"

    def balances(self) -> dict[tuple[str, str], int]:
        return dict(self._balances)


class FakeSwitches:
    """All actions are active until put otherwise."""

    def __init__(self) -> None:
        self.states: dict[Action, ActionState] = {}

    def state_of(self, action: Action) -> ActionState:
        return self.states.get(action, ActionState.ACTIVE)

    def put(self, action: Action, state: ActionState, reason: str, by: str, at: datetime) -> None:
        self.states[action] = state
