"""Two claims that meet: on PostgreSQL the second waits; without the locks it would overspend."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from arb_pipelines.adapters.sql import claims
from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.adapters.sql.claims import ClaimRefusedError, claim_in
from arb_pipelines.adapters.sql.engine import build_engine, money_transaction
from arb_pipelines.domain.spend_limit import ActionState, SpendLimit
from arb_pipelines_tests.contracts.trade_records import approve, purchase, usd
from arb_pipelines_tests.fakes.clock import START

LIMITS = [SpendLimit("total", usd(2_500), timedelta(days=1))]
WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")

pytestmark = pytest.mark.postgres


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    opened = build_engine(postgres_url)
    yield opened
    opened.dispose()


def meet(engine: Engine, postgres_url: str) -> str:
    """Claim in one transaction, claim another offer while it is open, and return how the second ended."""
    books = open_books(postgres_url)
    first, second = (purchase(approve(books, number)) for number in (1, 2))
    with ThreadPoolExecutor(1) as pool:
        with money_transaction(engine) as connection:
            claim_in(connection, first, LIMITS, START, "paper")
            other: Future[str] = pool.submit(claim_second, books, second)
            with engine.connect() as watcher:
                # Polls until the second has met a lock of the first or has ended without one.
                while not other.done() and not watcher.scalar(WAITING):
                    watcher.rollback()
        ended = other.result(timeout=30)
    books.close()
    return ended


def claim_second(books: SqlBooks, second: Any) -> str:
    try:
        refusal = books.purchases.claim(second, LIMITS, START)
    except ClaimRefusedError as error:
        return error.refusal.code
    return "claimed" if refusal is None else refusal.code


def test_the_second_waits_and_is_refused(engine: Engine, postgres_url: str) -> None:
    assert meet(engine, postgres_url) == "spend_limit"


def test_the_budget_lock_alone_would_do(engine: Engine, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "lock_switch", lambda *_: (ActionState.ACTIVE, "not locked"))
    assert meet(engine, postgres_url) == "spend_limit"


def test_without_both_locks_it_overspends(engine: Engine, postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failing baseline: the sum is read before the other claim commits."""
    monkeypatch.setattr(claims, "lock_switch", lambda *_: (ActionState.ACTIVE, "not locked"))
    monkeypatch.setattr(claims, "_lock_budget", create_budget_without_lock)
    assert meet(engine, postgres_url) == "claimed"
    books = open_books(postgres_url)
    assert books.broken_invariants() == {"I2_spent_within_limit": 1}
    books.close()


def create_budget_without_lock(connection: Any, key: str, limit: SpendLimit, now: object) -> None:
    """Insert the row in a transaction of its own and lock nothing; an INSERT that meets the row would wait, too."""
    if connection.scalar(text("SELECT count(*) FROM budgets")):
        return
    with money_transaction(connection.engine) as apart:
        apart.execute(
            text(
                "INSERT INTO budgets (budget_key, scope, window_s, currency, limit_minor, used_minor, changed_at) "
                "VALUES (:key, :scope, NULL, :currency, :limit, 0, :now) ON CONFLICT DO NOTHING"
            ),
            {
                "key": key,
                "scope": limit.scope,
                "currency": limit.limit.currency,
                "limit": limit.limit.minor,
                "now": now,
            },
        )


def test_the_database_itself_refuses_a_budget_over_its_limit(engine: Engine, postgres_url: str) -> None:
    meet(engine, postgres_url)
    with pytest.raises(Exception, match="used_within_limit"), money_transaction(engine) as connection:
        connection.execute(text("UPDATE budgets SET used_minor = limit_minor + 1"))
