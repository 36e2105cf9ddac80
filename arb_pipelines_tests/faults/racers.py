"""Eight processes at one budget: the real claim, the baseline that checks and then acts, and claiming without end.

What belongs here: the child side and its warm parent. Run as `python -m arb_pipelines_tests.faults.racers`: one JSON
race in, one line `ready` out when all children stand at the start, a line in starts them, one JSON list out.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from random import Random
from typing import Any

from sqlalchemy import text

from arb_pipelines.adapters.sql.books import SqlBooks, open_books
from arb_pipelines.adapters.sql.engine import money_transaction
from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.purchase import claim_of, purchase_id_for
from arb_pipelines_tests.faults.jobs import limits_of

PROCESSES = 8
AGAIN_S = 0.0005
CHECK = "SELECT coalesce(sum(minor), 0) FROM baseline_spend WHERE budget = :budget"
ACT = "INSERT INTO baseline_spend (budget, minor) VALUES (:budget, :minor)"


def claim_all(books: SqlBooks, race: dict[str, Any], worker: int, usable: list[Approval]) -> Any:
    """Claim every approval in an order of our own; return how often each code came back."""
    Random(worker).shuffle(usable)
    codes: Counter[str] = Counter()
    for leave in usable:
        now = datetime.now(UTC)
        refusal = books.purchases.claim(claim_of(leave, purchase_id_for(leave), now), limits_of(race["limit"]), now)
        codes[refusal.code if refusal else "claimed"] += 1
    return dict(codes)


def check_then_act(books: SqlBooks, race: dict[str, Any], _worker: int, _usable: list[Approval]) -> Any:
    """Look whether there is room, then spend: the baseline, on a table of its own."""
    for budget in range(race["budgets"]):
        for _ in range(race["claims"]):
            with books._engine.connect() as connection:
                spent = int(connection.scalar(text(CHECK), {"budget": budget}) or 0)
            if spent + race["minor"] <= race["limit"]:
                with money_transaction(books._engine) as connection:
                    connection.execute(text(ACT), {"budget": budget, "minor": race["minor"]})
    return {}


def claim_on(books: SqlBooks, race: dict[str, Any], worker: int, usable: list[Approval]) -> Any:
    """Claim our share until we are told to stop; return the instants at which a claim had succeeded."""
    stop = [False]
    signal.signal(signal.SIGTERM, lambda *_: stop.__setitem__(0, True))
    instants, refused = [], 0
    waiting = usable[worker::PROCESSES]
    while waiting and not stop[0]:
        now = datetime.now(UTC)
        wanted = claim_of(waiting[-1], purchase_id_for(waiting[-1]), now)
        refusal = books.purchases.claim(wanted, limits_of(race["limit"]), now)
        if refusal is None:
            instants.append(time.monotonic())
            waiting.pop()
        elif refusal.code == "buy_halted":
            refused += 1
            time.sleep(AGAIN_S)
        else:
            raise AssertionError(refusal)
    return {"instants": instants, "refused": refused, "left": len(waiting)}


ACTS = {"claim_all": claim_all, "check_then_act": check_then_act, "claim_on": claim_on}


def be_racer(race: dict[str, Any], worker: int, start: int, out: int, ready: int) -> None:
    """Open the books, stand at the start, race, tell; never returns."""
    books = open_books(race["books"])
    usable = sorted(books.approvals.load_usable(datetime.now(UTC)), key=lambda leave: leave.approval_id)
    os.write(ready, b".")
    os.read(start, 1)  # ends when the parent closes its end
    try:
        told = ACTS[race["act"]](books, race, worker, usable)
    except Exception as error:  # noqa: BLE001 - told to the test, which fails on it
        told = {"error": f"{type(error).__name__}: {error}"[:500]}
    with os.fdopen(out, "w") as pipe:
        pipe.write(json.dumps(told))
    books.close()
    os._exit(0)


def main() -> None:
    """Run one race."""
    race = json.loads(sys.stdin.readline())
    starting, start = os.pipe()
    readying, ready = os.pipe()
    outs = [os.pipe() for _ in range(PROCESSES)]
    children = []
    for worker, (_, out) in enumerate(outs):
        child = os.fork()
        if child == 0:
            os.close(start)
            be_racer(race, worker, starting, out, ready)
        children.append(child)
        os.close(out)
    for _ in range(PROCESSES):
        os.read(readying, 1)
    print("ready", flush=True)
    sys.stdin.readline()
    os.close(start)
    sys.stdin.readline()  # the end of the race, for those that race without end
    if race["act"] == "claim_on":
        for child in children:
            os.kill(child, signal.SIGTERM)
    told = []
    for reading, _ in outs:
        with os.fdopen(reading) as pipe:
            told.append(json.loads(pipe.read()))
    for child in children:
        os.waitpid(child, 0)
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
