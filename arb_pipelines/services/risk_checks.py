"""Asking every risk rule again just before something is bought, and locking what losses call for.

What belongs here: loading what the rules need. The rules are `domain/submit_rules.py` and `domain/locks.py`; a lock
binds inside the claim, whoever set it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import polars as pl

from arb_pipelines.domain.approval import Approval
from arb_pipelines.domain.locks import LossRules, RiskLock, locks_after
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.domain.stores import Books
from arb_pipelines.domain.submit_rules import SubmitRules, refuse_submit

SubmitCheck = Callable[[Approval], Refusal | None]


def update_locks(books: Books, losses: LossRules, now: datetime) -> list[RiskLock]:
    """Keep the locks that the latest sales set and return every lock that has not ended."""
    books.locks.insert(locks_after(books.locks.load_results(now - losses.memory), losses, now))
    return books.locks.load_active(now)


def build_submit_check(books: Books, rules: SubmitRules, losses: LossRules, clock: Clock) -> SubmitCheck:
    """Return the check for one run of purchases; building it brings the locks up to date.

    Predictions, verdicts of people and outlets' answers are those of the moment it is built; the decision, what was
    refused since and the time are read for each approval.
    """
    update_locks(books, losses, clock.now())
    predictions = books.predictions.load()
    revoked = _revoked_matches(books)
    asked = replace(rules, eligibility=books.eligibility.load())

    def check(approval: Approval) -> Refusal | None:
        decision = books.opportunities.load_one(approval.opportunity_id)
        outlet = decision.outlet if decision else ""
        return refuse_submit(
            approval,
            decision,
            predictions.get((approval.product_id, approval.condition, outlet)),
            asked,
            clock.now(),
            match_revoked=(approval.offer_key, approval.product_id) in revoked,
            refused_since=books.opportunities.find_refusal(approval.offer_key),
        )

    return check


def _revoked_matches(books: Books) -> set[tuple[str, str]]:
    feedback = pl.DataFrame(books.products.load_feedback())
    if feedback.is_empty():
        return set()
    wrong = feedback.filter(pl.col("verdict") == "wrong")
    return set(wrong.select("offer_key", "product_id").iter_rows())
