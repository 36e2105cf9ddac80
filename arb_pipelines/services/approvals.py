"""Giving leave to spend: by a written policy, best profit per dollar-day first, or by one or two people.

What belongs here: the order of steps. What a policy may approve is decided in `domain/approval.py`; an approval
spends nothing, it is read again inside the claim of `services/purchasing.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from arb_pipelines.domain.allocation import Share, Sizing, allocate
from arb_pipelines.domain.approval import (
    Approval,
    ApprovalPolicy,
    approve_by_policy,
    approve_in_person,
    needs_two_people,
)
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.opportunity import Opportunity
from arb_pipelines.domain.ports import Clock
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines.domain.stores import Books
from arb_pipelines.services.exposure import load_exposure


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """An opportunity that the policy leaves to a person or to a later run, and why."""

    opportunity: Opportunity
    refusal: Refusal


def approve_open(
    books: Books, policy: ApprovalPolicy, clock: Clock, sizing: Sizing | None = None
) -> tuple[list[Approval], list[LeftOpen]]:
    """Approve the open opportunities that the policy allows, best profit per dollar-day first.

    Args:
        books: our books.
        policy: what may be approved without a person.
        clock: the time.
        sizing: how money is divided; None approves up to the policy's number, whatever is out already.

    Returns:
        The new approvals, and what was left with the reason.
    """
    now = clock.now()
    room = policy.max_open - books.approvals.count_open(now)
    approved: list[Approval] = []
    left: list[LeftOpen] = []
    opportunities = books.opportunities.load_open(now)
    shares = _shares(books, opportunities, sizing, now)
    for opportunity in sorted(opportunities, key=lambda o: (-o.profit_per_dollar_day, o.opportunity_id)):
        full = Refusal("policy_max_open", f"policy {policy.name} allows {policy.max_open} open approvals")
        decided = _decide(opportunity, policy, shares, now) if len(approved) < room else full
        if isinstance(decided, Approval) and books.approvals.insert(decided, most_open=policy.max_open):
            approved.append(decided)
            continue
        detail = f"{opportunity.opportunity_id} has an approval, or another run used up what the policy allows"
        taken = Refusal("already_approved", detail)
        left.append(LeftOpen(opportunity, decided if isinstance(decided, Refusal) else taken))
    return approved, left


def _shares(
    books: Books, opportunities: Sequence[Opportunity], sizing: Sizing | None, now: datetime
) -> Mapping[str, Share] | None:
    if sizing is None:
        return None
    exposed = load_exposure(books, sizing.bankroll.currency, now)
    return allocate(opportunities, sizing.rules, sizing.bankroll, exposed)


def _decide(
    opportunity: Opportunity, policy: ApprovalPolicy, shares: Mapping[str, Share] | None, now: datetime
) -> Approval | Refusal:
    share = shares[opportunity.opportunity_id] if shares is not None else None
    if share is not None and share.units < 1:
        return Refusal("policy_no_share", f"no money is divided to it: {share.bound} is the bound")
    return approve_by_policy(opportunity, policy, now)


def approve_by_person(
    books: Books,
    opportunity_id: str,
    *,
    ceiling: Money,
    quantity: int,
    by: str,
    clock: Clock,
    valid_for: timedelta,
    two_person_above: Money | None = None,
    watch_only: bool = False,
) -> Approval | Refusal:
    """Keep a person's approval of one opportunity, or say why it cannot be given.

    Above `two_person_above` the first person's approval is kept as a proposal and refused with `one_more_person`;
    another person's approval of the same ceiling and quantity makes it one.

    Args:
        books: our books.
        opportunity_id: what is approved.
        ceiling: the most that one unit may cost with shipping and tax.
        quantity: how many units, 1 or more.
        by: who approves.
        clock: the time.
        valid_for: how long the approval can be used.
        two_person_above: the most (ceiling x quantity) that one person may approve; None: any amount.
        watch_only: the preset buys nothing.
    """
    if watch_only:
        return Refusal("watch_only", "the preset only watches; set ARB_PRESET to one that buys")
    opportunity = books.opportunities.load_one(opportunity_id)
    if opportunity is None:
        return Refusal("no_such_opportunity", f"there is no opportunity {opportunity_id!r}")
    now = clock.now()
    decided = approve_in_person(opportunity, ceiling=ceiling, quantity=quantity, by=by, now=now, valid_for=valid_for)
    if isinstance(decided, Refusal):
        return decided
    signed = replace(decided, two_person_above=two_person_above)
    if needs_two_people(decided.ceiling * decided.quantity, two_person_above):
        return books.approvals.sign(signed, now) or signed
    if books.approvals.insert(signed):
        return signed
    return Refusal("already_approved", f"{opportunity_id} has an approval; an opportunity is approved once")
