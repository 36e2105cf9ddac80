"""A stop holds from the moment it is told, also when its switch waits its turn or was never set."""

from __future__ import annotations

from threading import Thread
from time import monotonic

import pytest
from sqlalchemy import insert

from arb_pipelines.adapters.sql.book_tables import switch_changes
from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.adapters.sql.engine import build_engine, money_transaction
from arb_pipelines.adapters.sql.switches import lock_switch
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines_tests.contracts.trade_records import approve, purchase
from arb_pipelines_tests.fakes.clock import START

WAIT_S = 20.0


def refusal_of_a_claim(books: SqlBooks) -> str | None:
    refusal = books.purchases.claim(purchase(approve(books)), [], START)
    return refusal.code if refusal else None


@pytest.mark.postgres
def test_a_stop_is_told_while_a_claim_still_holds_the_switch(postgres_url: str) -> None:
    books, engine = open_books(postgres_url), build_engine(postgres_url)
    books.switches.put(Action.BUY, ActionState.ACTIVE, "a test", "me", START)
    stop = Thread(target=books.switches.put, args=(Action.BUY, ActionState.HALTED, "a test", "me", START))
    with money_transaction(engine) as claim:
        assert lock_switch(claim, Action.BUY, "paper", START)[0] is ActionState.ACTIVE
        stop.start()
        deadline = monotonic() + WAIT_S
        while books.switches.state_of(Action.BUY) is ActionState.ACTIVE and monotonic() < deadline:
            pass
        assert books.switches.state_of(Action.BUY) is ActionState.HALTED
        assert stop.is_alive(), "the switch itself waits for the open claim"
    stop.join(WAIT_S)
    assert refusal_of_a_claim(books) == "buy_halted"
    books.close()
    engine.dispose()


def test_a_stop_whose_process_died_in_between_still_stops(books: SqlBooks) -> None:
    books.switches.put(Action.BUY, ActionState.ACTIVE, "a test", "me", START)
    told = {"action": "buy", "state": "halted", "reason": "a test", "set_by": "me", "at": START}
    with money_transaction(books._engine) as connection:
        connection.execute(insert(switch_changes).values(**told))
    assert books.switches.state_of(Action.BUY) is ActionState.HALTED
    assert refusal_of_a_claim(books) == "buy_halted"
    books.switches.put(Action.BUY, ActionState.ACTIVE, "mended", "me", START)
    assert books.purchases.claim(purchase(books.approvals.load_usable(START)[0]), [], START) is None
