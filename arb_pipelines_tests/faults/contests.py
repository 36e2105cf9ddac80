"""What the eight racing processes are asked to do, and what comes of it.

What belongs here: a race for one budget, its baseline, and the hand on the kill switch under load.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.domain.spend_limit import Action, ActionState
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, points
from arb_pipelines_tests.faults.marketplace import TOP
from arb_pipelines_tests.faults.seeding import insert_approvals

CEILING = 2_500
OVER_SPENT = "SELECT sum(minor) FROM baseline_spend GROUP BY budget"
RUNNING_S, HALTED_S = 0.12, 0.05


class Race:
    """Eight processes that start together."""

    def __init__(self, **race: Any) -> None:
        """Bring them to the start."""
        command = [sys.executable, "-m", "arb_pipelines_tests.faults.racers"]
        self._process = subprocess.Popen(command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in, self._out = self._process.stdin, self._process.stdout
        self._say(json.dumps(race))
        assert self._out.readline() == "ready\n"
        self._say("go")

    def finish(self) -> list[dict[str, Any]]:
        """End it and return what each process tells."""
        self._say("stop")
        told: list[dict[str, Any]] = json.loads(self._out.readline())
        self._in.close()
        self._process.wait(timeout=60)
        self._out.close()
        errors = [one["error"] for one in told if "error" in one]
        assert not errors, errors
        return told

    def _say(self, line: str) -> None:
        self._in.write(line + "\n")
        self._in.flush()


def approve_many(books_url: str, count: int) -> None:
    """Put approved opportunities into empty books, at a ceiling of 25.00 each."""
    now = datetime.now(UTC)
    found = [opportunity(number, scrape_id=f"scrape-{number}", observed_at=now) for number in range(count)]
    books = open_books(books_url)
    books.price_history.insert(
        points(*({"scrape_id": one.scrape_id, "offer_key": one.offer_key, "observed_at": now} for one in found))
    )
    books.opportunities.store(found, [])
    insert_approvals(books, [approval(one, now, expires_at=now + timedelta(days=1)) for one in found])
    books.close()


@dataclass(slots=True)
class RaceFigures:
    """What a race spent."""

    limit_minor: int
    claimed: int
    spent_minor: int
    over_limit_minor: int
    codes: dict[str, int]
    broken_invariants: dict[str, int]


def race_for_a_budget(books_url: str, offers: int) -> RaceFigures:
    """Let eight processes claim `offers` approvals with room for half of them."""
    approve_many(books_url, offers)
    limit = offers // 2 * CEILING
    told = Race(books=books_url, act="claim_all", limit=limit).finish()
    codes = {code: sum(one.get(code, 0) for one in told) for one in told for code in one}
    books = open_books(books_url)
    spent = books.ledger.balances().get(("reserved", "USD"), 0)
    broken = books.broken_invariants()
    books.close()
    return RaceFigures(limit, codes.get("claimed", 0), spent, max(0, spent - limit), codes, broken)


def race_by_check_then_act(books_url: str, budgets: int = 30, claims: int = 6) -> int:
    """Return by how many cents, over all budgets, eight processes that check and then act pass their limit."""
    books = open_books(books_url)
    with books._engine.begin() as connection:
        connection.execute(text("CREATE TABLE baseline_spend (budget integer, minor integer)"))
    limit = 8 * claims // 2
    Race(books=books_url, act="check_then_act", limit=limit, budgets=budgets, claims=claims, minor=1).finish()
    with books._engine.begin() as connection:
        spent = [int(row[0]) for row in connection.execute(text(OVER_SPENT))]
        connection.execute(text("DROP TABLE baseline_spend"))
    books.close()
    return sum(max(0, one - limit) for one in spent)


@dataclass(slots=True)
class HaltFigures:
    """Seconds from calling `halt` to the last claim that still succeeded, and to the return of the call."""

    halts: int
    claims: int
    claims_after_return: int
    last_claim_s_p50: float
    last_claim_s_p99: float
    returned_s_p99: float
    broken_invariants: dict[str, int]


def halt_under_load(books_url: str, halts: int, offers: int) -> HaltFigures:
    """Halt and resume buying while eight processes claim without end."""
    approve_many(books_url, offers)
    books = open_books(books_url)
    race = Race(books=books_url, act="claim_on", limit=10**12)
    called, returned, resumed = [], [], []
    for _ in range(halts):
        time.sleep(RUNNING_S)
        called.append(time.monotonic())
        books.switches.put(Action.BUY, ActionState.HALTED, "a test", "test", datetime.now(UTC))
        returned.append(time.monotonic())
        time.sleep(HALTED_S)
        resumed.append(time.monotonic())
        books.switches.put(Action.BUY, ActionState.ACTIVE, "a test", "test", datetime.now(UTC))
    told = race.finish()
    assert all(one["left"] for one in told), "a process ran out of approvals"
    instants = sorted(instant for one in told for instant in one["instants"])
    last = [
        max([instant - begun for instant in instants if begun <= instant < end], default=0.0)
        for begun, end in zip(called, resumed, strict=True)
    ]
    waits = sorted(end - begun for begun, end in zip(called, returned, strict=True))
    after = sum(any(end + 0.02 < one < again for one in instants) for end, again in zip(returned, resumed, strict=True))
    broken = books.broken_invariants()
    books.close()
    last.sort()
    return HaltFigures(
        halts, len(instants), after, _percentile(last, 50), _percentile(last, 99), _percentile(waits, 99), broken
    )


def _percentile(ordered: list[float], percent: int) -> float:
    """Return the smallest value that `percent` of all do not exceed."""
    return round(ordered[max(0, -(-len(ordered) * percent // 100) - 1)], 4)
