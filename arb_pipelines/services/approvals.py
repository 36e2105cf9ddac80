"""Giving leave to spend: by a written policy, best profit a day first, or by a person.

What belongs here: the order of steps. What a policy may approve is decided in `domain/approval.py`; an approval
spends nothing, it is read again inside the claim of `services/purchasing.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from arb_pipelines.domain.approval import Approval, ApprovalPolicy, approve_by_policy, approve_in_person
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.domain.stores import Books


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """An opportunity that the policy leaves to a person or to a later run, and why."""

    opportunity: Opportunity
    refusal: Refusal


def approve_open(books: Books, policy: ApprovalPolicy, clock: Clock) -> tuple[list[Approval], list[LeftOpen]]:
    """Approve the open opportunities that the policy allows, best profit a day first.

    Returns:
        The new approvals, and what was left with the reason.
    """
    now = clock.now()
    room = policy.max_open - books.approvals.count_open(now)
    approved: list[Approval] = []
    left: list[LeftOpen] = []
    opportunities = books.opportunities.load_open(now)
    for opportunity in sorted(opportunities, key=lambda o: (-o.profit_per_day, o.opportunity_id)):
        full = Refusal("policy_max_open", f"policy {policy.name} allows {policy.max_open} open approvals")
        decided = approve_by_policy(opportunity, policy, now) if len(approved) < room else full
        if isinstance(decided, Approval) and books.approvals.insert(decided):
            approved.append(decided)
            continue
        taken = Refusal("already_approved", f"{opportunity.opportunity_id} has an approval")
        left.append(LeftOpen(opportunity, decided if isinstance(decided, Refusal) else taken))
    return approved, left


def approve_by_person(
    books: Books,
    opportunity_id: str,
    *,
    ceiling: Money,
    quantity: int,
    by: str,
    clock: Clock,
    valid_for: timedelta,
) -> Approval | Refusal:
    """Keep a person's approval of one opportunity, or say why it cannot be given.

    Args:
        books: our books.
        opportunity_id: what is approved.
        ceiling: the most that one unit may cost with shipping and tax.
        quantity: how many units, 1 or more.
        by: who approves.
        clock: the time.
        valid_for: how long the approval can be used.
    """
    opportunity = books.opportunities.load_one(opportunity_id)
    if opportunity is None:
        return Refusal("no_such_opportunity", f"there is no opportunity {opportunity_id!r}")
    decided = approve_in_person(
        opportunity, ceiling=ceiling, quantity=quantity, by=by, now=clock.now(), valid_for=valid_for
    )
    if isinstance(decided, Refusal) or books.approvals.insert(decided):
        return decided
    return Refusal("already_approved", f"{opportunity_id} has an approval; an opportunity is approved once")
