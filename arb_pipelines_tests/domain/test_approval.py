"""Leave to spend: what a policy and a person may give, and when it can no longer be used."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from arb_pipelines.domain.approval import Approval, ApprovalPolicy, approve_by_policy, approve_in_person
from arb_pipelines.domain.money import Money
from arb_pipelines.domain.spend_limit import Refusal
from arb_pipelines_tests.contracts.trade_records import approval, opportunity, usd
from arb_pipelines_tests.fakes.clock import START

POLICY = ApprovalPolicy("paper", usd(5_000), 10, timedelta(minutes=30))


def test_a_policy_approves_one_unit_with_a_little_room() -> None:
    """Two per cent over the read cost, so that a rounding at the checkout does not spoil the purchase."""
    leave = approve_by_policy(opportunity(), POLICY, START)
    assert isinstance(leave, Approval)
    assert (leave.ceiling, leave.quantity, leave.approved_by) == (usd(2_040), 1, "policy:paper")
    assert leave.expires_at == START + timedelta(minutes=30)


@pytest.mark.parametrize(
    "changes, policy, ceiling",
    [
        ({"max_cost": usd(2_010)}, {}, 2_010),
        ({}, {"max_unit_cost": usd(2_020)}, 2_020),
        ({}, {"ceiling_slack_percent": 0}, 2_000),
    ],
)
def test_the_room_never_passes_max_cost_or_the_policy(
    changes: dict[str, Any], policy: dict[str, Any], ceiling: int
) -> None:
    """The ceiling is the least of the three."""
    leave = approve_by_policy(opportunity(**changes), replace(POLICY, **policy), START)
    assert isinstance(leave, Approval)
    assert leave.ceiling == usd(ceiling)


def test_a_policy_leaves_to_a_person_what_may_be_recalled_and_where_no_machine_may_order() -> None:
    """A person may look at the notice; a site's class binds a policy that names its sites."""
    doubted = opportunity(risk_flags=("recall_unknown",))
    refusal = approve_by_policy(doubted, POLICY, START)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "recall_unknown"
    terms = {"ceiling": usd(2_000), "quantity": 1, "by": "ann", "valid_for": timedelta(minutes=1)}
    assert isinstance(approve_in_person(doubted, now=START, **terms), Approval)  # type: ignore[arg-type]
    elsewhere = approve_by_policy(opportunity(), replace(POLICY, sites=frozenset({"shop-2"})), START)
    assert isinstance(elsewhere, Refusal)
    assert elsewhere.code == "policy_site_class"
    assert isinstance(approve_by_policy(opportunity(), replace(POLICY, sites=frozenset({"shop-1"})), START), Approval)


@pytest.mark.parametrize(
    "policy, code",
    [
        ({"max_unit_cost": usd(1_999)}, "policy_amount"),
        ({"max_unit_cost": Money(5_000, "EUR")}, "policy_currency"),
        ({"two_person_above": usd(2_039)}, "policy_two_people"),
        ({"two_person_above": Money(9_000, "EUR")}, "policy_two_people"),
    ],
)
def test_what_a_policy_leaves_to_a_person(policy: dict[str, Any], code: str) -> None:
    """Dearer things and other currencies."""
    refusal = approve_by_policy(opportunity(), replace(POLICY, **policy), START)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code


def by_person(**changes: Any) -> Approval | Refusal:
    given = {"ceiling": usd(2_500), "quantity": 2, "by": "desk", "now": START, "valid_for": timedelta(hours=1)}
    return approve_in_person(opportunity(), **(given | changes))


def test_a_person_binds_ceiling_and_quantity() -> None:
    """And the approval names who gave it."""
    leave = by_person()
    assert isinstance(leave, Approval)
    assert (leave.ceiling, leave.quantity, leave.approved_by) == (usd(2_500), 2, "person:desk")


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"ceiling": usd(3_001)}, "over_max_cost"),
        ({"ceiling": usd(0)}, "over_max_cost"),
        ({"ceiling": Money(2_500, "EUR")}, "currency_differs"),
        ({"quantity": 0}, "nothing_approved"),
        ({"valid_for": timedelta(0)}, "nothing_approved"),
        ({"by": " "}, "nobody"),
    ],
)
def test_what_a_person_cannot_approve(changes: dict[str, Any], code: str) -> None:
    """More than the opportunity bears, nothing at all, or in nobody's name."""
    refusal = by_person(**changes)
    assert isinstance(refusal, Refusal)
    assert refusal.code == code


def test_an_approval_is_used_once_and_expires() -> None:
    """At the very end of its time it is over."""
    leave = approval(opportunity())
    assert leave.refuse_at(START) is None
    assert leave.refuse_at(leave.expires_at - timedelta(seconds=1)) is None
    expired, used = leave.refuse_at(leave.expires_at), replace(leave, used_at=START).refuse_at(START)
    assert expired is not None
    assert used is not None
    assert (expired.code, used.code) == ("approval_expired", "approval_used")
