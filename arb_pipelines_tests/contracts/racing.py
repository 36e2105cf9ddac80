"""One racing worker: claims every approved offer in an order of its own and prints what it got as JSON.

What belongs here: the child process of `test_books_racing.py`; run as `python -m arb_pipelines_tests.contracts.racing`.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from arb_pipelines.adapters.sql.books import open_books
from arb_pipelines.domain.spend_limit import SpendLimit
from arb_pipelines_tests.contracts.trade_records import purchase, usd
from arb_pipelines_tests.fakes.clock import START


def race(url: str, worker: int, limit_minor: int) -> dict[str, int]:
    """Return how many claims ended with each code (`claimed` when it was made)."""
    books = open_books(url)
    books.migrate()
    approvals = books.approvals.load_usable(START)
    random.Random(worker).shuffle(approvals)
    limits = [
        SpendLimit("total", usd(limit_minor), timedelta(days=1)),
        SpendLimit("site:*", usd(limit_minor), None),
        SpendLimit("product:*", usd(limit_minor), timedelta(days=7)),
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    codes: Counter[str] = Counter()
    for approval in approvals:
        wanted = replace(purchase(approval), purchase_id=f"{worker}-{approval.approval_id}")
        refusal = books.purchases.claim(wanted, limits, START)
        codes[refusal.code if refusal else "claimed"] += 1
    books.close()
    return dict(codes)


if __name__ == "__main__":
    print(json.dumps(race(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
